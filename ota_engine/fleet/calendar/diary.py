"""The calendar of each home: what else goes on there, booked by parties; a clash defers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.calendar.rows import CalendarEntry, EntryKind, HomeDiary, HomeStep
from ota_engine.fleet.inventory.acts import homes_named
from ota_engine.fleet.inventory.registration import REGISTRATION, SupplierTold, TenancyTold
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc
from ota_engine.wording import counted

MOST_HOMES: Final = 20_000  # in one decision
CHANGE_S: Final = (
    86_400.0  # kept free before and after a change of supplier, and after one of tenancy
)

_BOTH: Final = frozenset(HomeStep)
_ACTIVATION: Final = frozenset({HomeStep.ACTIVATION})

#: Which steps of an upgrade each kind of entry stands in the way of.
CLASHES: Final[Mapping[EntryKind, frozenset[HomeStep]]] = {
    EntryKind.SUPPLIER_CHANGE: _BOTH,
    EntryKind.TENANCY_CHANGE: _BOTH,
    EntryKind.PRICE: _ACTIVATION,  # a few commands, which a delivery leaves room for
    EntryKind.TARIFF: _ACTIVATION,
    EntryKind.SUPPLIER_FIRMWARE: _BOTH,
    EntryKind.DATA_UPLOAD: _BOTH,
    EntryKind.TOP_UP: _ACTIVATION,
}


@dataclass(frozen=True, slots=True)
class BookCalendar:
    """Something else goes on in some homes; an entry with that id is replaced.

    Attributes:
        entry: id, chosen by the party.
        homes: pseudonyms.
        kind: text of ``EntryKind``.
        from_utc: when it begins.
        until_utc: when it is over.
    """

    entry: str
    homes: tuple[str, ...]
    kind: str
    from_utc: float
    until_utc: float


@dataclass(frozen=True, slots=True)
class ClearCalendar:
    """It does not go on in those homes after all."""

    entry: str
    homes: tuple[str, ...]


def homes_of(work: Work, homes: Iterable[str], actor: Actor) -> list[Home]:
    """Read homes for which a party may speak: its own, or any where it is the operator.

    Raises:
        DecisionRefused: there are none or too many, one is unknown, or is not the party's.
    """
    found = homes_named(work, dict.fromkeys(homes), MOST_HOMES)
    if PartyRole.OPERATOR not in actor.roles:
        for home in found:
            refuse_stranger(home, actor)
    return found


def refuse_stranger(home: Home, actor: Actor) -> None:
    """Let a supplier decide for its own homes only.

    Raises:
        DecisionRefused: the party does not answer for the home.
    """
    if actor.party not in home.suppliers:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{actor.party} does not answer for home {home.home} now: leave it out",
        )


def clash(
    entries: Iterable[CalendarEntry], step: HomeStep, at: float, lasts_s: float
) -> CalendarEntry | None:
    """Find what stands in the way of a step at a time: the entry that is over last."""
    until = at + lasts_s
    found = [
        entry
        for entry in entries
        if entry.from_utc <= until
        and at < entry.until_utc
        and step in CLASHES[EntryKind(entry.kind)]
    ]
    return max(found, key=lambda entry: entry.until_utc, default=None)


def gained(work: Work, home: str, campaign: str, party: str, notice: str) -> None:
    """Note by which notice a party that came to answer for a home is told of a campaign."""
    diary = work.get(HomeDiary, home) or HomeDiary(home)
    others = [one for one in diary.gained if tuple(one[:2]) != (campaign, party)]
    work.put(replace(diary, gained=(*others, (campaign, party, notice))))


def supplier_told(event: SupplierTold, work: Work, utc: Utc) -> None:
    """Keep the home free around a change of supplier that registration data tell of."""
    if work.get(Home, event.home) is None or event.from_utc + CHANGE_S <= utc:
        return
    diary = work.get(HomeDiary, event.home) or HomeDiary(event.home)
    entry = f"{event.fuel}/{event.from_utc:.0f}"
    kept = [one for one in diary.calendar if (one.entry, one.party) != (entry, REGISTRATION)]
    if not event.withdrawn:
        from_utc, until_utc = event.from_utc - CHANGE_S, event.from_utc + CHANGE_S
        kept.append(
            CalendarEntry(
                entry, EntryKind.SUPPLIER_CHANGE, REGISTRATION, from_utc, until_utc, "registration"
            )
        )
    _write(work, diary, kept, utc)


def tenancy_told(event: TenancyTold, work: Work, utc: Utc) -> None:
    """Keep the home free on the day of a change of tenancy."""
    if work.get(Home, event.home) is None or event.from_utc + CHANGE_S <= utc:
        return
    diary = work.get(HomeDiary, event.home) or HomeDiary(event.home)
    entry = f"tenancy/{event.from_utc:.0f}"
    kept = [one for one in diary.calendar if (one.entry, one.party) != (entry, REGISTRATION)]
    until_utc = event.from_utc + CHANGE_S
    kept.append(
        CalendarEntry(
            entry,
            EntryKind.TENANCY_CHANGE,
            REGISTRATION,
            event.from_utc,
            until_utc,
            "registration",
        )
    )
    _write(work, diary, kept, utc)


def _book(act: BookCalendar, actor: Actor, work: Work, utc: Utc) -> str:
    try:
        kind = EntryKind(act.kind)
    except ValueError:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{act.kind!a} is no kind of entry: give one of {', '.join(EntryKind)}",
        ) from None
    if not utc < act.until_utc or not act.from_utc < act.until_utc:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"entry {act.entry} is over before it begins, or now: mend its times",
        )
    homes = homes_of(work, act.homes, actor)
    entry = CalendarEntry(act.entry, kind, actor.party, act.from_utc, act.until_utc, actor.reason)
    for diary in _diaries(work, homes):
        _write(work, diary, [*_others(diary, act.entry, actor), entry], utc)
    return f"{kind} is booked in {counted(len(homes), 'home')}"


def _clear(act: ClearCalendar, actor: Actor, work: Work, utc: Utc) -> str:
    homes = homes_of(work, act.homes, actor)
    cleared = 0
    for diary in _diaries(work, homes):
        kept = _others(diary, act.entry, actor)
        if len(kept) < len(diary.entries):
            _write(work, diary, kept, utc)
            cleared += 1
    if not cleared:
        raise DecisionRefused(
            RefusalCode.STATE, f"none of the homes has an entry {act.entry}: look at its id"
        )
    return f"entry {act.entry} is cleared in {counted(cleared, 'home')}"


def _diaries(work: Work, homes: Iterable[Home]) -> list[HomeDiary]:
    names = [home.home for home in homes]
    work.require(RowKey(HomeDiary, (name,)) for name in names)
    return [work.get(HomeDiary, name) or HomeDiary(name) for name in names]


def _others(diary: HomeDiary, entry: str, actor: Actor) -> list[CalendarEntry]:
    """All entries but one of this party; another party's with the same id stays."""
    return [one for one in diary.calendar if (one.entry, one.party) != (entry, actor.party)]


def _write(work: Work, diary: HomeDiary, entries: Iterable[CalendarEntry], utc: Utc) -> None:
    """Keep the entries of a home that are not over; the decisions keep the others."""
    kept = sorted((one for one in entries if one.until_utc > utc), key=lambda one: one.from_utc)
    work.put(replace(diary, entries=tuple(map(tuple, kept)), due_utc=utc))


def _subject(act: BookCalendar | ClearCalendar) -> str:
    return f"calendar:{act.entry}"


_BOOKERS: Final = SUPPLIERS | {PartyRole.OPERATOR}

ACTS: Final = {
    BookCalendar: ActRow(_BOOKERS, _subject, no_revision, _book),
    ClearCalendar: ActRow(_BOOKERS, _subject, no_revision, _clear),
}
