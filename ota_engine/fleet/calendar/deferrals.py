"""Homes that are put off because of their calendars, and who is asked once that has gone on too long.

A home is deferred, never dropped.
"""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.calendar.diary import homes_of
from ota_engine.fleet.calendar.rows import Deferral, HomeDiary
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import Notice, NoticeKind, StatusSchedule
from ota_engine.times import DAY_S, Utc
from ota_engine.wording import counted

DEFERRAL_S: Final = 60 * DAY_S  # after which somebody is asked, where nothing else was agreed

_OPERATORS: Final = frozenset({PartyRole.OPERATOR})


@dataclass(frozen=True, slots=True)
class AnswerDeferral:
    """What becomes of homes that were put off for as long as was agreed.

    Attributes:
        campaign: whose.
        homes: pseudonyms.
        until_utc: put them off until then, and ask again; None to go on whatever their calendars say.
    """

    campaign: str
    homes: tuple[str, ...]
    until_utc: float | None


def defer(work: Work, campaign: str, home: str, reason: str, utc: Utc, limit_s: float) -> None:
    """Note that a home is put off; the first time counts."""
    row = work.get(Deferral, campaign, home)
    if row is None:
        work.put(Deferral(campaign, home, reason, utc, utc + limit_s))
    elif row.reason != reason:
        work.put(replace(row, reason=reason))


def over(work: Work, campaign: str, home: str) -> None:
    """Note that nothing in the calendar is in the way any more."""
    row = work.get(Deferral, campaign, home)
    if row is not None and not row.regardless:
        work.drop(row)


def due(row: Deferral, work: Work, utc: Utc) -> None:
    """Ask what is to become of a home: the operator and its suppliers, once a day for all homes."""
    home = work.get(Home, row.home)
    diary = work.get(HomeDiary, row.home)
    reports = work.get(StatusSchedule, row.campaign)
    over = reports is None or reports.due_utc is None
    if over or not any(entry.until_utc > utc for entry in (diary.calendar if diary else ())):
        work.drop(row)  # the campaign is over, or nothing is in the way any more
        return
    work.put(replace(row, due_utc=None))
    name = f"{row.campaign}/deferred/{utc // DAY_S:.0f}"
    suppliers = home.suppliers if home else ()
    asked = dict.fromkeys((*with_role(work, _OPERATORS), *suppliers))
    work.require(RowKey(Notice, (name, party)) for party in asked)
    announce(
        work,
        NoticeKind.DEFERRED,
        f"campaign:{row.campaign}",
        [party for party in asked if work.get(Notice, name, party) is None],
        f"homes of {row.campaign} were put off for as long as was agreed: say what becomes of them",
        {"campaign": row.campaign, "day_utc": utc // DAY_S * DAY_S},
        utc,
        name=name,
    )


def _answer(act: AnswerDeferral, actor: Actor, work: Work, utc: Utc) -> str:
    homes = [home.home for home in homes_of(work, act.homes, actor)]
    work.require(RowKey(Deferral, (act.campaign, home)) for home in homes)
    for home in homes:
        row = work.get(Deferral, act.campaign, home)
        if row is None:
            raise DecisionRefused(
                RefusalCode.STATE, f"{home} is not put off in {act.campaign}: leave it out"
            )
        work.put(replace(row, due_utc=act.until_utc, regardless=act.until_utc is None))
    if act.until_utc is None:
        return f"it goes on in {counted(len(homes), 'home')}, whatever is in their calendars"
    return f"put off further: {counted(len(homes), 'home')}"


def _subject(act: AnswerDeferral) -> str:
    return f"campaign:{act.campaign}"


ACTS: Final = {AnswerDeferral: ActRow(_OPERATORS, _subject, no_revision, _answer)}
