"""Whether the time can be what it is said to be: a clock that was set by days is noticed.

The fleet sees the time once a day. When it is more than a day and a half from what was seen last, on
either side, the clock was set or the fleet was away: nobody knows whether the days of a notice have
passed. No home begins until a person has said that the time is right.
"""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.calendar.rows import TimeMark
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind, StatusSchedule
from ota_engine.times import DAY_S, Utc
from ota_engine.wording import utc_text

LEAP_S: Final = 1.5 * DAY_S
MARK: Final = RowKey(TimeMark, ("time",))

_OPERATORS: Final = frozenset({PartyRole.OPERATOR})


@dataclass(frozen=True, slots=True)
class ConfirmTime:
    """A person has looked: the time is what the fleet takes it for."""

    mark: str = "time"


def begin(work: Work, utc: Utc) -> None:
    """Watch the time from now on, unless it is watched because some campaign is under way.

    Between campaigns nobody need look, and no notice runs that a clock could shorten.
    """
    mark = work.get(*_MARK)
    running = work.select(StatusSchedule, at_most={"due_utc": float("inf")}, limit=1)
    if mark is None or not running:
        revision = mark.revision if mark else 1
        work.put(TimeMark("time", utc, utc + DAY_S, "", revision))


def in_doubt(work: Work, utc: Utc) -> bool:
    """Whether the time may be wrong by days; tells the operator when it first is.

    Raises:
        RowsWanted: ``MARK`` is not loaded.
    """
    mark = work.get(*_MARK)
    if mark is None:
        return False
    doubt = _doubt(mark, utc)
    if bool(doubt) != bool(mark.doubt):
        due(mark, work, utc)
    return bool(doubt)


def due(mark: TimeMark, work: Work, utc: Utc) -> None:
    """See the time."""
    doubt = _doubt(mark, utc)
    if not doubt:
        work.put(replace(mark, seen_utc=utc, due_utc=utc + DAY_S, doubt=""))
        return
    work.put(replace(mark, doubt=doubt, due_utc=None))
    work.note("fleet", "time in doubt", "time:time", doubt=doubt)
    announce(
        work,
        NoticeKind.HELD,
        "time:time",
        with_role(work, _OPERATORS),
        f"no home begins: {doubt}; set the clock right if it is wrong, and confirm the time",
        {"seen_utc": mark.seen_utc, "utc": utc},
        utc,
    )


def _doubt(mark: TimeMark, utc: Utc) -> str:
    if abs(utc - mark.seen_utc) <= LEAP_S:
        return ""
    return f"it was {utc_text(Utc(mark.seen_utc))} when last seen, and is {utc_text(utc)}"


def _confirm(act: ConfirmTime, actor: Actor, work: Work, utc: Utc) -> str:
    mark = work.get(*_MARK)
    if mark is None or not (mark.doubt or _doubt(mark, utc)):
        raise DecisionRefused(RefusalCode.STATE, "nobody doubts the time: nothing to confirm")
    work.put(TimeMark("time", utc, utc + DAY_S, "", mark.revision + 1))
    return f"the time is {utc_text(utc)}"


def _subject(act: ConfirmTime) -> str:
    return "time:time"


def _revision(act: ConfirmTime, work: Work) -> int | None:
    mark = work.get(*_MARK)
    return None if mark is None else mark.revision


_MARK: Final = (TimeMark, "time")
ACTS: Final = {ConfirmTime: ActRow(_OPERATORS, _subject, _revision, _confirm)}
