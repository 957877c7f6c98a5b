"""Windows that the operator gives, and the times that suppliers choose within them, or earlier.

In a home of two suppliers the earliest chosen time that clashes with nothing in the calendar holds, and
the other one is told. Where nobody chose, or nothing that was chosen can hold, the operator's default
does. Times may be chosen ahead for homes that are not in the campaign yet: they may join it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.calendar.diary import clash, homes_of, refuse_stranger
from ota_engine.fleet.calendar.rows import (
    CalendarEntry,
    HomeDiary,
    HomeStep,
    Slot,
    UpgradeWindow,
)
from ota_engine.fleet.calendar.windows import ANYTIME, StepHours, is_blackout
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.rows import Ask, RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind, StatusSchedule
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text

AHEAD_S: Final = 6 * 3_600.0  # a hub is told its time so long before; until then it may change


@dataclass(frozen=True, slots=True)
class SetWindow:
    """When a step of a campaign may be done; see ``UpgradeWindow``."""

    campaign: str
    step: HomeStep
    from_utc: float
    until_utc: float
    default_utc: float | None = None
    choose_by_utc: float | None = None


@dataclass(frozen=True, slots=True)
class ChooseSlots:
    """A supplier chooses, or changes, the time of a step in some of its homes.

    Attributes:
        campaign: of which.
        step: which.
        slots: pairs of a home and a time.
    """

    campaign: str
    step: HomeStep
    slots: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class DropSlots:
    """A supplier has no wish any more for some homes: the default counts."""

    campaign: str
    step: HomeStep
    homes: tuple[str, ...]


def choice_clock(campaign: str, step: HomeStep, revision: int) -> str:
    """Name the clock within which suppliers choose."""
    return f"{campaign}/{step}/choice/{revision}"


def keys_of(campaign: str, step: HomeStep, home: Home) -> Iterable[Ask]:
    """Name the slots that may count in a home."""
    return (RowKey(Slot, (campaign, home.home, step, party)) for party in home.suppliers)


def chosen(campaign: str, step: HomeStep, home: Home, work: Work) -> list[Slot]:
    """Read the slots of those who answer for a home now, the earliest first.

    Raises:
        RowsWanted: they are not loaded.
    """
    found = (work.get(Slot, campaign, home.home, step, party) for party in home.suppliers)
    return sorted(
        (slot for slot in found if slot is not None), key=lambda slot: (slot.at_utc, slot.party)
    )


def holding(
    wished: Iterable[Slot], entries: Iterable[CalendarEntry], utc: Utc, hours: StepHours
) -> Slot | None:
    """Say which chosen time holds: the earliest that clashes with nothing.

    A download may also begin later than was chosen, but then it must not clash. A chosen time for the
    activation that is over counts no more. The hours are for whoever does not choose; days on which
    nothing begins are for all.

    Args:
        wished: as ``chosen`` gives them.
        entries: of the home's calendar.
        utc: now.
        hours: of the step.
    """
    entries = tuple(entries)
    for slot in wished:
        at = Utc(max(utc, slot.at_utc))
        missed = at > slot.at_utc and slot.step is HomeStep.ACTIVATION
        busy = clash(entries, slot.step, at, hours.lasts_s) is not None
        if not (missed or busy or is_blackout(hours, at)):
            return slot
    return None


def _set(act: SetWindow, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(StatusSchedule, act.campaign) is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.campaign}: no such campaign was approved: look at its id"
        )
    default = act.from_utc if act.default_utc is None else act.default_utc
    if not act.from_utc <= default < act.until_utc or act.until_utc <= utc:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            "a window begins, has its default and ends, in that order, and ends later than now:"
            " correct its times",
        )
    earlier = work.get(UpgradeWindow, act.campaign, act.step)
    revision = earlier.revision + 1 if earlier else 1
    work.put(
        UpgradeWindow(
            act.campaign,
            act.step,
            act.from_utc,
            act.until_utc,
            act.default_utc,
            act.choose_by_utc,
            revision,
        )
    )
    suppliers = with_role(work, SUPPLIERS)
    text = f"{act.step} of {act.campaign}: choose a time until {utc_text(Utc(act.until_utc))}"
    body = {"campaign": act.campaign, "step": act.step, "from_utc": act.from_utc}
    body |= {"until_utc": act.until_utc, "default_utc": act.default_utc}
    announce(work, NoticeKind.SLOT, f"campaign:{act.campaign}", suppliers, text, body, utc)
    if earlier is not None:
        old = choice_clock(act.campaign, act.step, earlier.revision)
        for party in suppliers:
            clocks.met(work, old, party, utc)
    if act.choose_by_utc is not None:
        clock = choice_clock(act.campaign, act.step, revision)
        duty = f"choose times for the {act.step} of {act.campaign}"
        subject = f"campaign:{act.campaign}"
        clocks.start(work, clock, suppliers, subject, duty, utc, act.choose_by_utc)
    return f"window for the {act.step} of {act.campaign} is set"


def _choose(act: ChooseSlots, actor: Actor, work: Work, utc: Utc) -> str:
    window = _window(work, act.campaign, act.step)
    times = dict(act.slots)
    if len(times) != len(act.slots):
        raise DecisionRefused(
            RefusalCode.CONTENT, "a home is named twice: give one time for each home"
        )
    for name, at in times.items():
        if not utc <= at <= window.until_utc:
            raise DecisionRefused(
                RefusalCode.CONTENT,
                f"{name}: {utc_text(Utc(at))} is not between now and the end of the window,"
                f" {utc_text(Utc(window.until_utc))}: choose another time",
            )
    homes = homes_of(work, times, actor)
    for home in homes:
        refuse_stranger(home, actor)
        at = times[home.home]
        due = at if act.step is HomeStep.DOWNLOAD else utc  # an earlier time may count at once
        work.put(Slot(act.campaign, home.home, act.step, actor.party, at, actor.person, due))
    clocks.met(work, choice_clock(act.campaign, act.step, window.revision), actor.party, utc)
    clashing = _tell(act.campaign, act.step, homes, actor, work, utc)
    text = f"times for the {act.step} of {counted(len(homes), 'home')} are chosen"
    if clashing:
        text += f"; {len(clashing):,} clash with the calendar: {', '.join(clashing[:3])}"
    return text


def _drop(act: DropSlots, actor: Actor, work: Work, utc: Utc) -> str:
    _window(work, act.campaign, act.step)
    homes = homes_of(work, act.homes, actor)
    names = [(act.campaign, home.home, act.step, actor.party) for home in homes]
    work.require(RowKey(Slot, name) for name in names)
    rows = [row for name in names if (row := work.get(Slot, *name)) is not None]
    if not rows:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{actor.party} has chosen no time for any of these homes: leave them out",
        )
    for row in rows:
        work.drop(row)
    _tell(act.campaign, act.step, homes, actor, work, utc)
    return f"times for the {act.step} of {counted(len(rows), 'home')} are dropped"


def _window(work: Work, campaign: str, step: HomeStep) -> UpgradeWindow:
    found = work.get(UpgradeWindow, campaign, step)
    if found is None:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{campaign} has no window for its {step} yet: ask the operator for one",
        )
    return found


def _tell(
    campaign: str, step: HomeStep, homes: Iterable[Home], actor: Actor, work: Work, utc: Utc
) -> list[str]:
    """Tell the other suppliers which time holds now in their homes.

    Returns:
        homes in which the party's own time clashes.
    """
    homes = tuple(homes)
    work.require(ask for home in homes for ask in keys_of(campaign, step, home))
    work.require(RowKey(HomeDiary, (home.home,)) for home in homes)
    told: dict[str, list[dict[str, object]]] = {}
    clashing = []
    for home in homes:
        diary = work.get(HomeDiary, home.home)
        entries = diary.calendar if diary else ()
        slots = chosen(campaign, step, home, work)
        slot = holding(slots, entries, utc, ANYTIME)
        mine = [one for one in slots if one.party == actor.party]
        if mine and holding(mine, entries, utc, ANYTIME) is None:
            clashing.append(home.home)
        row: dict[str, object] = {
            "home": home.home,
            "at_utc": slot.at_utc if slot else None,
            "party": slot.party if slot else "",
        }
        for party in home.suppliers:
            if party != actor.party:
                told.setdefault(party, []).append(row)
    for party, rows in told.items():
        text = f"{actor.party} changed times for the {step} of {len(rows):,} of your homes"
        body = {"campaign": campaign, "step": step, "homes": rows}
        announce(work, NoticeKind.SLOT, f"campaign:{campaign}", [party], text, body, utc)
    return clashing


_WINDOW: Final = about("window", UpgradeWindow)

ACTS: Final = {
    SetWindow: ActRow(frozenset({PartyRole.OPERATOR}), *_WINDOW, _set),
    ChooseSlots: ActRow(SUPPLIERS, *_WINDOW, _choose),
    DropSlots: ActRow(SUPPLIERS, *_WINDOW, _drop),
}
