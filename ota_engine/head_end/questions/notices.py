"""What can be asked of notices: what parties are told, and how far each has come."""

from dataclasses import dataclass
from typing import Any, Final

from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState, PartyClock
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.paging import bounded, cursor, cut, place, refuse_other
from ota_engine.head_end.questions.scope import home_party, refuse_other_party
from ota_engine.store.backends.database import Dialect
from ota_engine.store.fleet.sets import count_of, rows_of


@dataclass(frozen=True, slots=True)
class AskNotices:
    """What parties are told, the latest first.

    Attributes:
        party: to this party alone; empty for all that the viewer may see.
        state: text of ``NoticeState``; empty for all.
        kind: text of ``NoticeKind``; empty for all.
        subject: as ``kind:id``; empty for all.
        homes: those, too, that are one for each home that runs a release.
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    party: str = ""
    state: str = ""
    kind: str = ""
    subject: str = ""
    homes: bool = True
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class NoticeList:
    """Notices, on this page and in all."""

    items: tuple[Notice, ...]
    total: int
    more: str


@dataclass(frozen=True, slots=True)
class AskClocks:
    """What parties have to do in time, and whether they did; those that run first."""

    subject: str = ""


@dataclass(frozen=True, slots=True)
class ClockList:
    """Clocks of parties that the viewer may see."""

    items: tuple[PartyClock, ...]


def _notices(asked: AskNotices, view: View) -> NoticeList:
    most = bounded(asked.most)
    after = place(asked.after, float, str, str)
    driver = view.desk.store.driver
    with view.desk.store.reading():
        party = refuse_other_party(view, asked.party)
        ending, given = _ending(asked, party, driver.dialect)
        total = count_of(driver, Notice, ending, given)
        if after is not None:
            ending += " AND (-r.created_utc, r.notice, r.party) > (-:utc, :notice, :to)"
            given |= dict(zip(("utc", "notice", "to"), after, strict=True))
        ending += " ORDER BY r.created_utc DESC, r.notice, r.party LIMIT :most"
        found = list(rows_of(driver, Notice, ending, given | {"most": most + 1}))
    items, goes_on = cut(found, most)
    last = items[-1] if goes_on else None
    more = "" if last is None else cursor(last.created_utc, last.notice, last.party)
    return NoticeList(items, total, more)


def _ending(asked: AskNotices, party: str, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    """Write the end of a statement, without a page of it."""
    refuse_other(asked.state, NoticeState)
    refuse_other(asked.kind, NoticeKind)
    given: dict[str, Any] = {}
    conditions = ["true"] if asked.homes else ["r.kind <> 'activated'"]
    by = "party_created_utc" if party and not asked.subject else "subject_party"
    index = "" if asked.homes else dialect.by_index(f"ix_notices_some_{by}")
    for name, value in (
        ("party", party),
        ("state", asked.state),
        ("kind", asked.kind),
        ("subject", asked.subject),
    ):
        if value:
            given[name] = value
            conditions.append(f"r.{name} = :{name}")
    return f"{index} WHERE {' AND '.join(conditions)}", given


def _clocks(asked: AskClocks, view: View) -> ClockList:
    party = home_party(view)
    conditions = ["true"]
    if party:
        conditions.append("r.party = :party")
    if asked.subject:
        conditions.append("r.subject = :subject")
    ending = f"WHERE {' AND '.join(conditions)} ORDER BY r.due_utc IS NULL, r.due_utc, r.clock"
    given = {"party": party, "subject": asked.subject}
    with view.desk.store.reading():
        return ClockList(tuple(rows_of(view.desk.store.driver, PartyClock, ending, given)))


QUESTIONS: Final[Questions] = {
    AskNotices: QuestionRow("notices", _notices, NoticeList),
    AskClocks: QuestionRow("clocks", _clocks, ClockList),
}
