"""One push: asks devices what they are, assigns what fits, and says how it ended for each.

Pure: takes views of the engine and the time, returns orders for it. A verdict is worked out afresh
from what the device says whenever it is looked at, so an end that turns out to be none (a failed
device that queries again) is none.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from math import inf
from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.hub.delivery.commands import Assign, Inquire, NotifyDevice, OperatorCommand
from ota_engine.hub.delivery.status import DeviceStatus, SessionStatus
from ota_engine.hub.push.fitness import Fitness, choose
from ota_engine.hub.push.plan import PushPlan
from ota_engine.records import AssignmentRecord, ImageRecord, SessionState

ACTOR = "zota push"
ASK_AGAIN = 5.0  # seconds after the first question; doubled every time...
ASK_AT_LEAST = 60.0  # ...up to this
COMMAND_WITHIN = 45.0  # seconds in which somebody may command a device to run what it holds
CHASE_EVERY = 10.0  # seconds between two questions to a device that has all and says nothing
EVERYONE_WITHIN = 60.0  # seconds in which a device that nobody named has to answer
UNKNOWN_ENDPOINT = 0xFF


class PushVerdict(StrEnum):
    """How it ended for one device."""

    UPDATED = "updated"  # it reports the new version
    CURRENT = "already current"  # it reported that version before anything was offered
    HOLDING = "holds the image"  # verified; runs it when an operator releases it
    AWAITING = "awaits its command"  # verified; runs it on a signed command only
    PASSED_OVER = "passed over"  # nobody named it, and no image is for it
    REFUSED = "refused"  # the image does not fit it, and not a block of it was served
    FAILED = "failed"
    ABORTED = "aborted"
    UNFINISHED = "not finished"


GOOD = frozenset(
    {PushVerdict.UPDATED, PushVerdict.CURRENT, PushVerdict.HOLDING, PushVerdict.AWAITING}
)
#: States of a session in which there is nothing left to wait for.
ENDS = {
    SessionState.UPDATED: PushVerdict.UPDATED,
    SessionState.FAILED: PushVerdict.FAILED,
    SessionState.ABORTED: PushVerdict.ABORTED,
    SessionState.HELD: PushVerdict.HOLDING,
    SessionState.AWAITING_COMMAND: PushVerdict.AWAITING,
}
FITNESS_ENDS = {
    Fitness.CURRENT: PushVerdict.CURRENT,
    Fitness.REFUSED: PushVerdict.REFUSED,
    Fitness.OTHER_KIND: PushVerdict.REFUSED,
}


class PushStanding(NamedTuple):
    """Where one device stands; ``verdict`` is None while it is under way.

    Attributes:
        reason: why it waits, or why it ended so.
        session: its delivery, None while it has none.
        running: the version it last said it runs in this run, None if it has not.
        last_heard: monotonic seconds, 0 when it was not heard in this run.
    """

    device: Eui64
    verdict: PushVerdict | None
    reason: str
    session: SessionStatus | None
    running: int | None
    last_heard: float


class _Target:
    """What the push remembers of one device."""

    __slots__ = ("ask_at", "asked", "ended", "since")

    def __init__(self) -> None:
        self.asked = 0
        self.ask_at = -inf
        self.since: float | None = None
        self.ended: tuple[PushVerdict, str] | None = None  # before anything was assigned


class Push:
    """The deliveries of one plan.

    Args:
        plan: what was asked for.
        images: the files of the plan.
        clients: endpoint and profile of the OTA clients, as far as the radio knows them.
        by_order: signed orders will be given afterwards, so a device that awaits one is done.
    """

    def __init__(
        self,
        plan: PushPlan,
        images: Sequence[ImageRecord],
        clients: Mapping[Eui64, tuple[int, int]],
        *,
        by_order: bool = False,
    ) -> None:
        self._plan = plan
        self._images = tuple(images)
        self._clients = clients
        self._command_within = 0.0 if by_order else COMMAND_WITHIN
        self._targets = {device: _Target() for device in plan.devices}

    def advance(
        self,
        look: Callable[[Eui64], DeviceStatus | None],
        sessions: Sequence[SessionStatus],
        now: float,
        utc: float,
    ) -> list[OperatorCommand]:
        """Say what has to be ordered now.

        Args:
            look: shows a device as the engine sees it.
            sessions: every session of the engine.
            now: monotonic seconds.
            utc: the same moment on the wall clock.
        """
        ours = self._sessions(sessions)
        orders: list[OperatorCommand] = []
        for device, target in self._targets.items():
            session = ours.get(device)
            if session is not None:
                orders += _chase(target, session, now)
            elif target.ended is None:
                orders += self._ask_or_assign(device, target, look(device), now, utc)
        return orders

    def standings(
        self,
        look: Callable[[Eui64], DeviceStatus | None],
        sessions: Sequence[SessionStatus],
        now: float,
    ) -> list[PushStanding]:
        """Show where every device stands at ``now``, in the order of the plan."""
        ours = self._sessions(sessions)
        return [
            self._standing(device, target, look(device), ours.get(device), now)
            for device, target in self._targets.items()
        ]

    def _sessions(self, sessions: Sequence[SessionStatus]) -> dict[Eui64, SessionStatus]:
        """The sessions of this plan; an older one of the same image was somebody else's wish."""
        plan = self._plan
        return {
            session.device: session
            for session in sessions
            if session.sha256 in plan.images and session.assigned_utc >= plan.created_utc
        }

    # --- before there is a session -----------------------------------------------------------

    def _ask_or_assign(
        self, device: Eui64, target: _Target, seen: DeviceStatus | None, now: float, utc: float
    ) -> list[OperatorCommand]:
        target.since = now if target.since is None else target.since
        if seen is None or seen.told_at < target.since:
            return self._ask(device, target, seen, now)
        fit = choose(self._images, seen, self._plan.policy)
        if fit.answer is Fitness.UNTOLD:
            return self._ask(device, target, seen, now)
        if fit.image is not None:
            return [Assign(self._wish(device, fit.image, utc), ACTOR)]
        verdict = FITNESS_ENDS[fit.answer]
        if fit.answer is Fitness.OTHER_KIND and self._plan.everyone:
            verdict = PushVerdict.PASSED_OVER
        target.ended = verdict, fit.reason
        return []

    def _ask(
        self, device: Eui64, target: _Target, seen: DeviceStatus | None, now: float
    ) -> list[OperatorCommand]:
        """Ask again now and then; one that answers but does not say all is notified, so it queries."""
        assert target.since is not None  # noqa: S101 - set by the caller
        if self._plan.everyone and now >= target.since + EVERYONE_WITHIN:
            target.ended = PushVerdict.PASSED_OVER, _silence(seen, target.since)
            return []
        if now < target.ask_at:
            return []
        target.ask_at = now + min(ASK_AGAIN * 2**target.asked, ASK_AT_LEAST)
        target.asked += 1
        if target.asked > 1 and seen is not None and seen.endpoint != UNKNOWN_ENDPOINT:
            return [NotifyDevice(device, actor=ACTOR)]
        return [Inquire(device, *self._clients.get(device, (UNKNOWN_ENDPOINT, 0)), actor=ACTOR)]

    def _wish(self, device: Eui64, image: ImageRecord, utc: float) -> AssignmentRecord:
        plan = self._plan
        return AssignmentRecord(
            device=device,
            sha256=image.sha256,
            policy=plan.policy,
            activation=plan.activation,
            activation_delay=0,
            activation_utc=plan.activation_utc,
            created_utc=max(utc, plan.created_utc),
        )

    # --- standings ---------------------------------------------------------------------------

    def _standing(
        self,
        device: Eui64,
        target: _Target,
        seen: DeviceStatus | None,
        session: SessionStatus | None,
        now: float,
    ) -> PushStanding:
        running = seen.file_version if seen is not None and seen.told_at > -inf else None
        heard = seen.last_heard if seen is not None else 0.0
        if session is not None:
            verdict, reason = _ending(session, now, self._command_within), session.reason
        elif target.ended is not None:
            verdict, reason = target.ended
        else:
            verdict, reason = None, _silence(seen, target.since or 0.0)
        return PushStanding(device, verdict, reason, session, running, heard)


def _chase(target: _Target, session: SessionStatus, now: float) -> list[OperatorCommand]:
    """Ask a device that has the whole image and does not say what it does with it."""
    silent = session.state in (SessionState.VERIFYING, SessionState.STALLED)
    if not silent or session.offset < session.size:
        return []
    if now < max(target.ask_at, session.since + CHASE_EVERY):
        return []
    target.ask_at = now + CHASE_EVERY
    return [Inquire(session.device, actor=ACTOR)]


def _ending(session: SessionStatus, now: float, command_within: float) -> PushVerdict | None:
    verdict = ENDS.get(session.state)
    if verdict is PushVerdict.AWAITING and now < session.since + command_within:
        return None
    if session.blocks == 0 and verdict is PushVerdict.UPDATED:
        return PushVerdict.CURRENT
    if session.blocks == 0 and verdict is PushVerdict.FAILED:
        return PushVerdict.REFUSED
    return verdict


def _silence(seen: DeviceStatus | None, since: float) -> str:
    """Why a device cannot be assigned anything yet."""
    if seen is None or seen.last_heard < since or not seen.last_heard:
        return "asked what it runs; not heard yet: is it on, and in range?"
    if seen.told_at < since:
        return "asked what it runs; has not answered yet"
    return "asked for its manufacturer and image type; has not told them yet"
