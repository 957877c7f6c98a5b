"""The engine: takes events and the time, returns effects; composes the pure rooms and does no I/O.

A shell owns one engine. It passes every event with its own time to ``handle``, calls ``wake`` when
``next_wake`` has come, and carries out the effects in order: a ``Persist`` is committed before any
``Send`` behind it leaves.
"""

from collections.abc import Callable, Mapping
from typing import Any

from images.eui64 import Eui64
from ota_engine.delivery.config import DeliveryConfig
from ota_engine.delivery.orders import Order
from ota_engine.delivery.server import OtaServer
from ota_engine.delivery.status import DeviceStatus, SessionStatus, device_status, statuses
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
from ota_engine.records import ImageRecord, Snapshot

DEFAULT = DeliveryConfig()
NOTHING = Snapshot()


class Engine:
    """Delivery of firmware to the devices of one or more links."""

    def __init__(self, config: DeliveryConfig = DEFAULT, snapshot: Snapshot = NOTHING) -> None:
        """``snapshot`` is what the store remembers of an earlier run."""
        self.delivery = OtaServer(config, snapshot)
        self._estate = self.delivery.estate
        self._drain = self._estate.drain
        self._order = self.delivery.order
        presence = self.delivery.presence
        self._handlers: dict[type[Any], Callable[[Any, float], None]] = {
            Packet: self.delivery.receive,
            Joined: presence.joined,
            Left: presence.left,
            LinkUp: presence.link_up,
            LinkDown: presence.link_down,
            SendFailed: self.delivery.send_failed,
            ClockObserved: self.delivery.clock_observed,
        }

    def handle(self, event: LinkEvent | ClockObserved | Order, now: float) -> list[Effect]:
        """Take one event that happened at monotonic ``now`` seconds.

        Raises:
            LocalError: an operator's order names something that is not there.
        """
        self._handlers.get(type(event), self._order)(event, now)
        return self._drain()

    def status(self) -> list[SessionStatus]:
        """View every session as it stands."""
        return statuses(self._estate)

    def device(self, device: Eui64) -> DeviceStatus | None:
        """View one device as it described itself; None if nothing is known of it."""
        return device_status(self._estate, device)

    def image(self, sha256: str) -> ImageRecord | None:
        """Look an image up in the catalogue."""
        image = self._estate.images.get(sha256)
        return None if image is None else image.record

    @property
    def link_down(self) -> str | None:
        """Why there is no radio, None while there is one."""
        return self._estate.link_down

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
        return self._drain()
