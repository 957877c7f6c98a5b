"""An estate that somebody has: a copy of a fleet's database to rehearse on; the original is only read.

Homes, hubs, parties and paths are those of the file. Persons are not: whoever decides in a rehearsal has
an emulated key, which is put into the copy.
"""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from emulators.estate.cast import SECOND, WRITER, person_of
from emulators.estate.paperwork import stated_paths
from emulators.estate.scenario import Scenario
from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.calendar.rows import TimeMark
from ota_engine.fleet.calendar.timekeeping import ConfirmTime
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, Variant
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.releases.rows import CplEntry
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import place_at

if TYPE_CHECKING:
    from emulators.estate.rehearsal import Rehearsal

_HUB: Final = "CHF"
_GIVE: Final = (
    "give the fleet.sqlite of a state folder; of a fleet on a server zota estate backup, then zota"
    " estate restore without --database, makes one"
)


def copy_estate(path: Path, copy: Path) -> None:
    """Copy the database of a fleet as it is now, whoever writes to it.

    Raises:
        StoreError: it is none, or cannot be read.
    """
    if not path.is_file():
        try:
            place_at(str(path))
        except StoreError:  # a URL; it may hold a password, and is not told
            raise StoreError(f"this is no file: {_GIVE}") from None
        raise StoreError(f"{path}: there is no such file: {_GIVE}")
    try:
        source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        target = sqlite3.connect(copy)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: no database of a fleet can be read here ({error})") from error


def suited(scenario: Scenario, store: FleetStore) -> Scenario:
    """Let a scenario be about the homes of a database.

    Raises:
        LocalError: it has no homes, or not the variant that the scenario means.
    """
    with store.reading():
        homes = sum(store.count(Counts(Home, ("status",))).values())
        sets = store.count(Counts(Home, ("configuration",)))
        variant = _variant(scenario, store)
        versions = store.count(Counts(InstalledDevice, ("version",), (("variant", variant),)))
        suppliers = tuple(party.party for party in store.select(Select(Party)) if _supplies(party))
    known = {version: many for (version,), many in versions.items() if version is not None}
    if not homes or not known:
        raise LocalError(f"the estate has no homes with hubs of {variant}: import them first")
    estate = replace(
        scenario.estate,
        homes=homes,
        version=max(known, key=lambda version: (known[version], version)),
        names=suppliers,
        variant=variant,
        configurations=tuple((str(name), many) for (name,), many in sorted(sets.items())),
        late_permille=0,
    )
    return replace(scenario, estate=estate)


def _variant(scenario: Scenario, store: FleetStore) -> str:
    hubs: list[str] = [row.variant for row in store.select(Select(Variant)) if row.kind == _HUB]
    wanted = scenario.estate.variant
    if wanted in hubs:
        return wanted
    if len(hubs) != 1:
        told = ", ".join(hubs) or "none"
        raise LocalError(f"the estate has no hubs of {wanted}: write variant in [estate]: {told}")
    return hubs[0]


def _supplies(party: Party) -> bool:
    return not SUPPLIERS.isdisjoint(map(PartyRole, party.roles))


class GivenHomes:
    """The homes of a database.

    Args:
        store: that they are in.
    """

    def __init__(self, store: FleetStore) -> None:
        self._store = store
        with store.reading():
            store.driver.execute(
                "CREATE TEMP TABLE rehearsed_homes (number INTEGER PRIMARY KEY, home TEXT)"
            )
            store.driver.execute(
                "INSERT INTO rehearsed_homes"
                " SELECT row_number() OVER (ORDER BY home) - 1, home FROM homes"
            )

    def name_of(self, number: int) -> str:
        """Name a home by its number, from 0."""
        text = "SELECT home FROM rehearsed_homes WHERE number = ?"
        (name,) = self._store.driver.execute(text, (number,)).fetchone()
        return str(name)

    def settle(self, rehearsal: "Rehearsal") -> None:
        """Let emulated persons decide for the parties there are, and know a path from every version."""
        store, cast, spec = self._store, rehearsal.cast, rehearsal.scenario.estate
        with store.transaction():
            operator = _operator(store)
            persons = [(WRITER, operator), (SECOND, operator)]
            persons += [(person_of(party), party) for party in spec.supplier_ids]
            store.insert(
                Person(one, party, "emulated", cast.public_key(one), changed="rehearsed")
                for one, party in persons
            )
            store.insert(self._paths(rehearsal.scenario))
            watched = bool(store.select(Select(TimeMark)))
        if watched:
            rehearsal.decide(WRITER, ConfirmTime(), "the rehearsal has a time of its own")

    def _paths(self, scenario: Scenario) -> list[object]:
        variant = scenario.estate.variant
        wanted = Counts(InstalledDevice, ("version",), (("variant", variant),))
        entries = {
            entry.version: entry.cpl
            for entry in self._store.select(Select(CplEntry, (("variant", variant),)))
        }
        versions = {
            entries.get(version, f"CPL-{version:08X}"): version
            for (version,) in self._store.count(wanted)
            if version is not None
        }
        return stated_paths(variant, versions | {one.cpl: one.version for one in scenario.releases})


def _operator(store: FleetStore) -> str:
    for party in store.select(Select(Party)):
        if {PartyRole.OPERATOR, PartyRole.APPROVER} <= set(map(PartyRole, party.roles)):
            return str(party.party)
    raise LocalError("nobody in the estate is operator and approver: register the party first")
