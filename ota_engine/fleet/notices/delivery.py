"""What becomes of a notice, and since when a party knows."""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.rows import replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks
from ota_engine.fleet.notices.life import NOTICES, NoticeStep
from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState
from ota_engine.times import Utc
from ota_engine.wording import counted, one_line

LEAST_NOTICE_S: Final = 7 * 86_400.0  # SEC Appendix AB, clause 5.2
CLOCKED: Final = frozenset({NoticeKind.AVAILABLE, NoticeKind.GAINED, NoticeKind.EMERGENCY})


class NoticeDelivered(NamedTuple):
    """A party's endpoint has taken a notice."""

    notice: str
    party: str


class NoticeUndelivered(NamedTuple):
    """A notice could not be brought to a party.

    Attributes:
        notice: its name.
        party: whom it was for.
        trouble: why, in the words of whoever tried.
        given_up: nobody will try again by itself.
    """

    notice: str
    party: str
    trouble: str
    given_up: bool


@dataclass(frozen=True, slots=True)
class RequeueNotices:
    """Notices that were given up are to be brought to a party once more."""

    party: str


def delivered(event: NoticeDelivered, work: Work, utc: Utc) -> None:
    """Note that a party knows; the first time counts."""
    notice = work.get(Notice, event.notice, event.party)
    state = NOTICES.turn(notice.state, NoticeStep.DELIVER) if notice else None
    if notice is None or state is None:
        return
    work.put(replaced(notice, state=state, delivered_utc=utc, trouble=""))
    if notice.kind in CLOCKED:
        clocks.met(work, notice.notice, notice.party, utc)


def undelivered(event: NoticeUndelivered, work: Work) -> None:
    """Note why a notice has not reached its party."""
    notice = work.get(Notice, event.notice, event.party)
    step = NoticeStep.GIVE_UP if event.given_up else NoticeStep.FAIL
    state = NOTICES.turn(notice.state, step) if notice else None
    if notice is None or state is None:
        return
    work.put(replace(notice, state=state, trouble=one_line(event.trouble)))


def known_since(work: Work, notice: str, party: str) -> float | None:
    """Since when a party knows of something; None while it does not."""
    row = work.get(Notice, notice, party)
    return None if row is None else row.delivered_utc


def _requeue(act: RequeueNotices, actor: Actor, work: Work, utc: Utc) -> str:
    dead = work.select(Notice, state=NoticeState.DEAD, party=act.party)
    if not dead:
        raise DecisionRefused(
            RefusalCode.STATE, f"no notice to {act.party} was given up: nothing to bring again"
        )
    for notice in dead:
        state = NOTICES.turn(notice.state, NoticeStep.REQUEUE)
        work.put(replace(notice, state=state or notice.state))
    return f"on the way to {act.party} again: {counted(len(dead), 'notice')}"


def _subject(act: RequeueNotices) -> str:
    return f"party:{act.party}"


ACTS: Final = {
    RequeueNotices: ActRow(frozenset({PartyRole.OPERATOR}), _subject, no_revision, _requeue)
}
