"""The engine: takes events and the time, returns effects; composes the pure rooms and does no I/O.

A shell owns one engine. It passes every event with its own time to ``handle``, calls ``wake`` when
``next_wake`` has come, and carries out the effects in order: a ``Persist`` is committed before any
``Send`` behind it leaves.
"""

from collections.abc import Mapping

from ota_engine.delivery.config import DeliveryConfig
from ota_engine.delivery.orders import Order
from ota_engine.delivery.server import OtaServer
from ota_engine.delivery.status import SessionStatus, statuses
from ota_engine.events import (
    ClockObserved,
    Effect,
    Joined,
    Left,
    LinkDown,
    LinkEvent,
    LinkUp,
    Packet,
    SendFailed,
)
from ota_engine.records import Snapshot

DEFAULT = DeliveryConfig()
NOTHING = Snapshot()


class Engine:
    """Delivery of firmware to the devices of one or more links."""

    def __init__(self, config: DeliveryConfig = DEFAULT, snapshot: Snapshot = NOTHING) -> None:
        """``snapshot`` is what the store remembers of an earlier run."""
        self.delivery = OtaServer(config, snapshot)
        self._estate = self.delivery.estate

    def handle(self, event: LinkEvent | ClockObserved | Order, now: float) -> list[Effect]:
        """Take one event that happened at monotonic ``now`` seconds.

        Raises:
            LocalError: an operator's order names something that is not there.
        """
        delivery = self.delivery
        kind = type(event)
        if kind is Packet:
            delivery.receive(event, now)  # type: ignore[arg-type] # told by type(), not isinstance
            return self._estate.drain()
        match event:
            case Joined():
                delivery.joined(event, now)
            case Left():
                delivery.left(event, now)
            case LinkUp():
                delivery.link_up(event, now)
            case LinkDown():
                delivery.link_down(event, now)
            case SendFailed():
                delivery.send_failed(event, now)
            case ClockObserved():
                delivery.clock_observed(event, now)
            case Packet():
                delivery.receive(event, now)
            case _:
                delivery.order(event, now)
        return self._estate.drain()

    def status(self) -> list[SessionStatus]:
        """View every session as it stands."""
        return statuses(self._estate)

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted since this engine began, by name."""
        return self._estate.counters

    @property
    def next_wake(self) -> float:
        """When ``wake`` is due next, monotonic seconds; infinite when nothing is pending."""
        return self._estate.timers.next_due

    def wake(self, now: float) -> list[Effect]:
        """Do what is due."""
        self.delivery.wake(now)
        return self._estate.drain()
