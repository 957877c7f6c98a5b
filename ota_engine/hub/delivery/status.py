"""What a person sees of every delivery: a frozen view, taken on demand."""

from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.hub.delivery.estate import Estate
from ota_engine.records import SessionState


class SessionStatus(NamedTuple):
    """One device and one image, now. Times are monotonic seconds, sizes octets."""

    device: Eui64
    sha256: str
    state: SessionState
    reason: str
    since: float
    last_heard: float
    offset: int
    size: int
    blocks: int
    retries: int
    attempt: int
    version_before: int | None
    version_after: int | None
    file_version: int
    assigned_utc: float = 0.0


def statuses(estate: Estate) -> list[SessionStatus]:
    """View every session, in the order devices were named; the radio's state goes before its own."""
    return [
        SessionStatus(
            peer.eui64,
            session.image.sha256,
            session.state,
            session.reason,
            session.since,
            peer.last_heard,
            session.offset,
            session.image.size,
            session.blocks,
            session.retries,
            session.attempt,
            session.version_before,
            session.version_after,
            session.image.key.file_version,
            session.assignment.created_utc,
        )
        for peer, session in estate.sessions()
    ]


class DeviceStatus(NamedTuple):
    """One device as it described itself; ``None`` where it has not.

    Attributes:
        last_heard: monotonic seconds, 0 when it was not heard in this run.
        told_at: when it last said in this run which version it runs, minus infinity if never.
    """

    device: Eui64
    endpoint: int
    manufacturer_code: int | None
    image_type: int | None
    file_version: int | None
    hardware_version: int | None
    on_battery: bool
    last_heard: float
    told_at: float


def device_status(estate: Estate, device: Eui64) -> DeviceStatus | None:
    """View one device, None if nothing is known of it."""
    peer = estate.peers.get(device) or estate.strangers.get(device)
    if peer is None:
        return None
    return DeviceStatus(
        peer.eui64,
        peer.endpoint,
        peer.manufacturer_code,
        peer.image_type,
        peer.file_version,
        peer.hardware_version,
        peer.on_battery,
        peer.last_heard,
        peer.told_at,
    )
