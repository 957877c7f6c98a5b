"""What can be asked of an estate: what runs where, who takes part, what a supplier came to answer for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.rows import ConfigurationSet, Home
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.releases.gaining import GainedModel, gained_models
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.fleet.releases.versions import VariantVersions, version_report, versions_in
from ota_engine.head_end.deciding import asked as asked_of
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.counting import counted
from ota_engine.head_end.questions.scope import (
    HOMES,
    home_party,
    refuse_other_party,
    registers,
    shown_row,
    variants_seen,
)
from ota_engine.store.fleet.gains import gained_devices
from ota_engine.store.fleet.sets import count_own_homes, versions_of_own
from ota_engine.times import DAY_S, Utc


@dataclass(frozen=True, slots=True)
class AskEstate:
    """What runs where: N, N-1 and older by variant, configuration sets, homes by status."""


@dataclass(frozen=True, slots=True)
class AskParties:
    """Who takes part."""


@dataclass(frozen=True, slots=True)
class PartyList:
    """Parties, in the order of their ids; endpoints of others are left out."""

    items: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class AskPersons:
    """Which persons decide for parties."""

    party: str = ""


@dataclass(frozen=True, slots=True)
class PersonList:
    """Persons, in the order of their ids."""

    items: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class AskGained:
    """What a supplier came to answer for: models, versions, images, paths, contact.

    Attributes:
        party: the supplier.
        days: changes of so many days back.
        ahead: and those told for so many days ahead.
    """

    party: str
    days: float = 30.0
    ahead: float = 30.0


@dataclass(frozen=True, slots=True)
class GainedList:
    """Models that were gained."""

    items: tuple[GainedModel, ...]


@dataclass(frozen=True, slots=True)
class EstateReport:
    """What runs in an estate.

    Attributes:
        homes: by status of their installation.
        variants: each with its versions.
        sets: configuration sets: id, contents, homes; most homes first.
        counted_utc: when that was counted, which for very many homes is not done for every answer.
    """

    homes: Mapping[str, int]
    variants: tuple[VariantVersions, ...]
    sets: tuple[tuple[str, str, int], ...]
    counted_utc: float

    def as_values(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        return {
            "homes": dict(self.homes),
            "variants": [
                one._asdict()
                | {
                    "variant": one.variant.variant,
                    "kind": one.variant.kind,
                    "too_many": one.too_many,
                }
                for one in self.variants
            ],
            "sets": [
                {"set": name, "contents": contents, "homes": homes}
                for name, contents, homes in self.sets
            ],
        }


def estate_report(asked: AskEstate, view: View) -> EstateReport:
    """Count what runs where, by a few statements over the homes that are seen."""
    party = home_party(view)
    if not party:
        report, utc = counted(view, ("estate",), lambda: _whole(view))
    elif view.viewer.is_supplier:
        report, utc = counted(view, ("own estate", party), lambda: _own(view))
    else:
        report, utc = counted(view, ("own products", party), lambda: _made(view))
    return replace(report, counted_utc=utc)


def _made(view: View) -> EstateReport:
    seen = {one.variant for one in variants_seen(view)}
    variants = asked_of(view.desk, versions_in)
    kept = tuple(one for one in variants if one.variant.variant in seen)
    return EstateReport({}, kept, (), view.utc)


def _whole(view: View) -> EstateReport:
    store = view.desk.store
    variants = asked_of(view.desk, versions_in)
    with store.reading():
        status = store.count(Counts(Home, ("status",)))
        sets = store.count(Counts(Home, ("configuration",)))
        named = _named(view)
    return EstateReport(
        {str(one): homes for (one,), homes in status.items()},
        variants,
        _sets({str(one): homes for (one,), homes in sets.items()}, named),
        view.utc,
    )


def _own(view: View) -> EstateReport:
    """Count what runs in a supplier's homes; what it makes itself, if it does, is not counted here."""
    store, party = view.desk.store, view.viewer.party
    with store.reading():
        counts = versions_of_own(store.driver, party)
        releases = store.select(Select(FirmwareRelease))
        variants = [one for one in variants_seen(view) if one.variant in counts]
        return EstateReport(
            count_own_homes(store.driver, party, "status"),
            tuple(
                version_report(
                    variant,
                    counts[variant.variant],
                    [one for one in releases if one.variant == variant.variant],
                )
                for variant in variants
            ),
            _sets(count_own_homes(store.driver, party, "configuration"), _named(view)),
            view.utc,
        )


def _named(view: View) -> dict[str, str]:
    rows = view.desk.store.walk(Select(ConfigurationSet))
    return {row.configuration: row.contents for row in rows}


def _sets(counts: Mapping[str, int], named: Mapping[str, str]) -> tuple[tuple[str, str, int], ...]:
    found = [(name, named.get(name, ""), homes) for name, homes in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one[2], one[1], one[0])))


def _parties(asked: AskParties, view: View) -> PartyList:
    with view.desk.store.reading():
        rows = view.desk.store.select(Select(Party))
    return PartyList(tuple(shown_row(view, row) for row in rows))


def _persons(asked: AskPersons, view: View) -> PersonList:
    with view.desk.store.reading():
        party = asked.party if registers(view) else refuse_other_party(view, asked.party)
        where = (("party", party),) if party else ()
        return PersonList(tuple(view.desk.store.select(Select(Person, where))))


def _gained(asked: AskGained, view: View) -> GainedList:
    if min(asked.days, asked.ahead) < 0:
        raise LocalError("days and ahead: give days from 0 on")
    since, until = Utc(view.utc - asked.days * DAY_S), Utc(view.utc + asked.ahead * DAY_S)
    with view.desk.store.reading():
        party = refuse_other_party(view, asked.party)
        found = gained_devices(view.desk.store.driver, party, since, until)
    return GainedList(asked_of(view.desk, lambda work: gained_models(work, found)))


QUESTIONS: Final[Questions] = {
    AskEstate: QuestionRow("estate", estate_report, EstateReport, HOMES | {PartyRole.MANUFACTURER}),
    AskParties: QuestionRow("parties", _parties, PartyList),
    AskPersons: QuestionRow("persons", _persons, PersonList),
    AskGained: QuestionRow("gained/{party}", _gained, GainedList, HOMES),
}
