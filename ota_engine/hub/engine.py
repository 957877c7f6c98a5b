"""The engine: takes events and the time, returns effects; composes the pure rooms and does no I/O.

A shell owns one engine. It passes every event with its own time to ``handle``, calls ``wake`` when
``next_wake`` has come, and carries out the effects in order: a ``Persist`` is committed before any
``Send`` behind it leaves.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    TUNNELING_CLUSTER,
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
from ota_engine.gbcs.codes import TransferCode
from ota_engine.hub.activation.activations import Activations
from ota_engine.hub.activation.hub import Transfer
from ota_engine.hub.activation.requests import ActivateImage, AskVersion, CancelOrder, OrderRequest
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.commands import OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.peer import Peer, Session
from ota_engine.hub.delivery.premises import Premises
from ota_engine.hub.delivery.server import OtaServer
from ota_engine.hub.delivery.session import TransferEnd
from ota_engine.hub.delivery.status import DeviceStatus, SessionStatus, device_status, statuses
from ota_engine.hub.tunnel.hub import HubTunnels
from ota_engine.records import ImageRecord, OrderRecord, Snapshot

DEFAULT = DeliveryConfig()
NOTHING = Snapshot()
#: What a person can ask of an engine.
EngineRequest: TypeAlias = OperatorCommand | OrderRequest
#: How a transfer ended, in the words of CCS08.
TRANSFER_CODES = {
    TransferEnd.SUCCEEDED: TransferCode.SUCCESS,
    TransferEnd.DISCARDED: TransferCode.IMAGE_DISCARDED,
    TransferEnd.WRONG_HARDWARE: TransferCode.HARDWARE_VERSION_MISMATCH,
    TransferEnd.FAILED: TransferCode.TRANSFER_FAILURE,
}


class Engine:
    """Delivery of firmware to the devices of one or more links, and orders to activate it."""

    def __init__(
        self,
        config: DeliveryConfig = DEFAULT,
        snapshot: Snapshot = NOTHING,
        security: Security | None = None,
    ) -> None:
        """Go on where an earlier run stopped.

        Args:
            config: of the delivery.
            snapshot: what the store remembers of an earlier run.
            security: keys and parties; without them no order to activate can be given.

        Raises:
            LocalError: the hub that ``security`` names has no signing key in it.
        """
        self.delivery = OtaServer(config, snapshot)
        self._estate = self.delivery.estate
        self._drain = self._estate.drain
        self._command = self.delivery.order
        self._remembered = snapshot.orders
        self._activations: Activations | None = None
        presence = self.delivery.presence
        self._handlers: dict[type[Any], Callable[[Any, float], None]] = {
            Packet: self.delivery.receive,
            Joined: presence.joined,
            Left: presence.left,
            LinkUp: presence.link_up,
            LinkDown: presence.link_down,
            SendFailed: self.delivery.send_failed,
            ClockObserved: self.delivery.clock_observed,
            ActivateImage: _no_keys,
            CancelOrder: _no_keys,
            AskVersion: _no_keys,
        }
        if security is not None:
            self._activations = self._with_activations(security, snapshot)

    def _with_activations(self, security: Security, snapshot: Snapshot) -> Activations:
        """Have every event that concerns signed messages go to them too, after the delivery."""
        activations = Activations(security, snapshot, Premises(self._estate), HubTunnels())
        handlers = self._handlers
        handlers[Joined] = _both(handlers[Joined], activations.joined)
        handlers[Left] = _both(handlers[Left], activations.left)
        handlers[LinkUp] = _both(handlers[LinkUp], activations.link_up)
        handlers[LinkDown] = _both(handlers[LinkDown], activations.link_down)
        handlers[ClockObserved] = _both(
            handlers[ClockObserved], lambda _, now: activations.clock_set(now)
        )
        handlers[SendFailed] = self._send_failed
        handlers[ActivateImage] = activations.activate
        handlers[CancelOrder] = activations.cancel
        handlers[AskVersion] = activations.read_version
        self.delivery.foreign = self._foreign
        self.delivery.neighbour = activations.wake
        if activations.hub is not None:
            self._estate.one_image_each = True
            self._estate.on_transfer = self._transferred
        return activations

    def handle(self, event: LinkEvent | ClockObserved | EngineRequest, now: float) -> list[Effect]:
        """Take one event that happened at monotonic ``now`` seconds.

        Raises:
            LocalError: what a person asks names something that is not there, or may not be.
        """
        self._handlers.get(type(event), self._command)(event, now)
        return self._drain()

    def status(self) -> list[SessionStatus]:
        """View every session as it stands."""
        return statuses(self._estate)

    def orders(self) -> tuple[OrderRecord, ...]:
        """View every order to activate as it stands, lowest numbers first."""
        return self._remembered if self._activations is None else self._activations.orders()

    def order(self, number: int) -> OrderRecord | None:
        """View one order; None if no order has this number."""
        if self._activations is not None:
            return self._activations.order(number)
        return next((order for order in self._remembered if order.number == number), None)

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
        if self._activations is None:
            return self._estate.counters
        tunnels = self._activations.counters
        return self._estate.counters | {f"tunnel_{name}": n for name, n in tunnels.items()}

    @property
    def next_wake(self) -> float:
        """When ``wake`` is due next, monotonic seconds; infinite when nothing is pending."""
        return self._estate.timers.next_due

    def wake(self, now: float) -> list[Effect]:
        """Do what is due."""
        self.delivery.wake(now)
        return self._drain()

    # --- between the rooms -------------------------------------------------------------------

    def _foreign(self, packet: Packet, now: float) -> None:
        if packet.cluster == TUNNELING_CLUSTER and self._activations is not None:
            self._activations.receive(packet, now)
        else:
            self._estate.count("foreign_cluster")

    def _send_failed(self, event: SendFailed, now: float) -> None:
        if event.send.cluster == TUNNELING_CLUSTER and self._activations is not None:
            self._activations.send_failed(event, now)
        else:
            self.delivery.send_failed(event, now)

    def _transferred(
        self, peer: Peer, session: Session, end: TransferEnd, key: str, now: float
    ) -> None:
        assert self._activations is not None and self._activations.hub is not None  # noqa: S101
        image = session.image
        self._activations.hub.transferred(
            Transfer(key, peer.eui64, image.sha256, image.key.file_version, TRANSFER_CODES[end]),
            now,
        )


def _both(
    first: Callable[[Any, float], None], second: Callable[[Any, float], None]
) -> Callable[[Any, float], None]:
    def handle(event: Any, now: float) -> None:
        first(event, now)
        second(event, now)

    return handle


def _no_keys(_: OrderRequest, __: float) -> NoReturn:
    raise LocalError("this engine has no keys to sign with: give it a key folder")
