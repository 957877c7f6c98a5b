"""How a push ends for one firmware of one device: the verdicts, and how a session leads to one."""

from enum import StrEnum
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.kernel.devices import Target
from ota_engine.hub.push.fitness import Fitness
from ota_engine.records import SessionState
from ota_engine.times import NEVER, Monotonic

COMMAND_WITHIN = 45.0  # seconds in which somebody may command a device to run what it holds


class PushVerdict(StrEnum):
    """How it ended for one firmware."""

    UPDATED = "updated"  # it reports the new version
    CURRENT = "already current"  # it ran that version before anything was delivered whole
    HOLDING = "holds the image"  # verified; runs it when an operator releases it
    AWAITING = "awaits its command"  # verified; runs it on a signed command only
    WOULD = "would be updated"  # of a dry run: an image fits
    PASSED_OVER = "passed over"  # nobody named it, and no image is for it
    REFUSED = "refused"  # the image does not fit it, and not a block of it was served
    FAILED = "failed"
    ABORTED = "aborted"
    UNFINISHED = "not finished"


GOOD = frozenset(
    {
        PushVerdict.UPDATED,
        PushVerdict.CURRENT,
        PushVerdict.HOLDING,
        PushVerdict.AWAITING,
        PushVerdict.WOULD,
    }
)
#: States of a session in which there is nothing left to wait for.
ENDS = {
    SessionState.UPDATED: PushVerdict.UPDATED,
    SessionState.FAILED: PushVerdict.FAILED,
    SessionState.ABORTED: PushVerdict.ABORTED,
    SessionState.HELD: PushVerdict.HOLDING,
    SessionState.AWAITING_COMMAND: PushVerdict.AWAITING,
}
#: States in which not a block was served yet, so that another image may take this one's place.
UNSTARTED = frozenset(
    {SessionState.ASSIGNED, SessionState.OFFERED, SessionState.STALLED, SessionState.FAILED}
)
FITNESS_ENDS = {
    Fitness.CURRENT: PushVerdict.CURRENT,
    Fitness.REFUSED: PushVerdict.REFUSED,
    Fitness.OTHER_KIND: PushVerdict.REFUSED,
}


class PushStanding(NamedTuple):
    """Where one firmware stands; ``verdict`` is None while it is under way.

    Attributes:
        device: whose.
        verdict: how it ended.
        reason: why it waits, or why it ended so.
        session: its delivery, None while it has none.
        running: the version it last said it runs in this run, None if it has not.
        last_heard: of the device, monotonic seconds, 0 when it was not heard in this run.
        firmware: which, None while the device has told none.
        sha256: the image chosen for it, "" while none is.
        proof: what proof of its update is missed, "" when none is.
    """

    device: Eui64
    verdict: PushVerdict | None
    reason: str
    session: SessionStatus | None
    running: int | None
    last_heard: Monotonic
    firmware: Target | None = None
    sha256: str = ""
    proof: str = ""


def is_unstarted(session: SessionStatus) -> bool:
    """Whether not a block of a session was asked for."""
    return session.state in UNSTARTED and session.blocks == 0 and session.offset == 0


def ending(session: SessionStatus, now: Monotonic, command_within: float) -> PushVerdict | None:
    """How a session has ended, None while it goes on.

    Args:
        session: as it stands.
        now: monotonic seconds.
        command_within: seconds in which a device that awaits a command may be given one.
    """
    verdict = ENDS.get(session.state)
    if verdict is PushVerdict.AWAITING and now < session.since + command_within:
        return None
    if verdict is PushVerdict.UPDATED and (session.blocks == 0 or _ran_it_before(session)):
        return PushVerdict.CURRENT
    if session.blocks == 0 and verdict is PushVerdict.FAILED:
        return PushVerdict.REFUSED
    return verdict


def _ran_it_before(session: SessionStatus) -> bool:
    """Whether a device that was not given the whole image runs what it ran."""
    return session.offset < session.size and session.version_before == session.version_after


def ends_at(session: SessionStatus, command_within: float) -> Monotonic:
    """When a session that only waits will have ended by that, monotonic seconds; else never."""
    if session.state is SessionState.AWAITING_COMMAND:
        return session.since + command_within
    return NEVER
