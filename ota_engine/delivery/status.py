"""What a person sees of every delivery: a frozen view, taken on demand."""

from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.delivery.estate import Estate
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
        )
        for peer, session in estate.sessions()
    ]
