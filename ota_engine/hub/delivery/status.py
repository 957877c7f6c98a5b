"""What a person sees of every delivery: a frozen view, taken on demand."""

from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.hub.delivery.download import Session
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.devices import Firmware
from ota_engine.records import SessionState
from ota_engine.times import LONG_AGO, Monotonic, Utc


class SessionStatus(NamedTuple):
    """One device and one image, now. Times are monotonic seconds, sizes octets."""

    device: Eui64
    sha256: str
    state: SessionState
    reason: str
    since: Monotonic
    last_heard: Monotonic
    offset: int
    size: int
    blocks: int
    retries: int
    attempt: int
    version_before: int | None
    version_after: int | None
    file_version: int
    assigned_utc: Utc = Utc(0.0)
    manufacturer_code: int = 0
    image_type: int = 0

    @property
    def firmware(self) -> tuple[int, int]:
        """Manufacturer code and image type: the firmware of the device that it is for."""
        return self.manufacturer_code, self.image_type


def statuses(transfers: Transfers) -> list[SessionStatus]:
    """View every session, in the order devices were named; the radio's state goes before its own."""
    return [_status(peer, session) for peer, session in transfers.sessions()]


def statuses_of(transfers: Transfers, device: Eui64) -> list[SessionStatus]:
    """View the sessions of one device."""
    peer = transfers.named(device)
    return [] if peer is None else [_status(peer, one) for one in peer.sessions.values()]


def _status(peer: Peer, session: Session) -> SessionStatus:
    return SessionStatus(
        peer.eui64,
        session.image.sha256,
        session.state,
        session.reason,
        session.since,
        peer.last_heard,
        session.offset,
        session.served.size,
        session.blocks,
        session.retries,
        session.attempt,
        session.version_before,
        session.version_after,
        session.image.key.file_version,
        session.assignment.created_utc,
        session.image.key.manufacturer_code,
        session.image.key.image_type,
    )


class DeviceStatus(NamedTuple):
    """One device as it described itself.

    Attributes:
        device: who it is.
        endpoint: where its client is spoken to while it is not known which of several is meant.
        firmwares: what it said of each of its firmwares, in the order they were first told.
        on_battery: it says that it lives on its battery now.
        last_heard: monotonic seconds, 0 when it was not heard in this run.
    """

    device: Eui64
    endpoint: int
    firmwares: tuple[Firmware, ...]
    on_battery: bool
    last_heard: Monotonic
    model: str | None
    maker: str | None

    def firmware(self, manufacturer_code: int, image_type: int) -> Firmware | None:
        """What it said of one of its firmwares, None if nothing."""
        target = (manufacturer_code, image_type)
        return next((one for one in self.firmwares if one.target == target), None)

    @property
    def told_at(self) -> Monotonic:
        """When it last said in this run what it runs, minus infinity if never."""
        return max((one.told_at for one in self.firmwares), default=LONG_AGO)


def device_status(transfers: Transfers, device: Eui64) -> DeviceStatus | None:
    """View one device, None if nothing is known of it."""
    peer = transfers.peer(device)
    if peer is None:
        return None
    seen = peer.device
    return DeviceStatus(
        seen.eui64,
        seen.endpoint,
        tuple(seen.firmwares.values()),
        seen.on_battery,
        peer.last_heard,
        seen.model,
        seen.maker,
    )
