"""Who answers for a home: what registration data tell of suppliers and tenants, now or for later.

A change that is told for a future time waits in its row, which wakes the fleet then. One that is told
late takes its place in the history and changes who answers now only where nobody followed.
"""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from ota_engine.fleet.inventory.happenings import Happening, SupplierChanged, TenancyChanged
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.rows import Fuel, Responsibility, Tenancy
from ota_engine.times import Utc

REGISTRATION = "registration data"  # who told, in the audit trail


class SupplierTold(NamedTuple):
    """Registration data name the supplier of a home from a time on.

    Attributes:
        home: pseudonym.
        fuel: of which.
        party: who; empty for nobody.
        from_utc: from when.
        withdrawn: True where a change told before will not come.
    """

    home: str
    fuel: Fuel
    party: str
    from_utc: Utc
    withdrawn: bool = False


class TenancyTold(NamedTuple):
    """Registration data say that other people live in a home from a time on."""

    home: str
    from_utc: Utc


def supplier_told(event: SupplierTold, work: Work, utc: Utc) -> list[Happening]:
    """Take what registration data say of a supplier; the same told twice counts once."""
    if work.get(Home, event.home) is None:
        _note(work, "supplier of an unknown home", event.home)
        return []
    known = work.get(Responsibility, event.home, event.fuel, event.from_utc)
    if event.withdrawn:
        if known is not None and known.due_utc is not None:
            work.drop(known)
            _note(work, "change of supplier withdrawn", event.home, fuel=event.fuel)
        return []
    if known is not None and known.party == event.party:
        return []
    row = Responsibility(event.home, event.fuel, event.from_utc, event.party)
    if event.from_utc > utc:
        work.put(replace(row, due_utc=event.from_utc))
        _note(work, "change of supplier ahead", event.home, fuel=event.fuel, to=event.party)
        return []
    work.put(row)
    return _put_in_order(event.home, event.fuel, work, utc)


def supplier_due(row: Responsibility, work: Work, utc: Utc) -> list[Happening]:
    """Let a change take effect whose time has come."""
    work.put(replace(row, due_utc=None))
    if work.get(Home, row.home) is None:
        return []
    return _put_in_order(row.home, row.fuel, work, utc)


def _put_in_order(name: str, fuel: Fuel, work: Work, utc: Utc) -> list[Happening]:
    """Let each who answered do so until the next one did, and the last one now."""
    rows = [
        row
        for row in work.select(Responsibility, home=name, fuel=fuel, order=("from_utc",))
        if row.due_utc is None
    ]
    for row, following in pairwise(rows):
        if row.until_utc != following.from_utc:
            work.put(replace(row, until_utc=following.from_utc))
    last = rows[-1]
    if last.until_utc is not None:
        work.put(replace(last, until_utc=None))
    home = work.get(Home, name)
    assert home is not None  # noqa: S101 - seen by whoever calls
    losing = home.electricity if fuel is Fuel.ELECTRICITY else home.gas
    if losing == last.party:
        return []
    work.put(_supplied(home, fuel, last.party))
    since = Utc(last.from_utc)
    _note(
        work,
        "change of supplier",
        name,
        fuel=fuel,
        losing=losing,
        gaining=last.party,
        from_utc=since,
    )
    return [SupplierChanged(name, fuel, losing, last.party, since)]


def _supplied(home: Home, fuel: Fuel, party: str) -> Home:
    if fuel is Fuel.ELECTRICITY:
        return replace(home, electricity=party)
    return replace(home, gas=party)


def tenancy_told(event: TenancyTold, work: Work, utc: Utc) -> list[Happening]:
    """Take what registration data say of tenants; the same told twice counts once."""
    if work.get(Home, event.home) is None:
        _note(work, "tenancy of an unknown home", event.home)
        return []
    if work.get(Tenancy, event.home, event.from_utc) is not None:
        return []
    if event.from_utc > utc:
        work.put(Tenancy(event.home, event.from_utc, event.from_utc))
        return []
    return tenancy_due(Tenancy(event.home, event.from_utc), work, utc)


def tenancy_due(row: Tenancy, work: Work, utc: Utc) -> list[Happening]:
    """Let a change of tenancy take effect."""
    work.put(replace(row, due_utc=None))
    _note(work, "change of tenancy", row.home, from_utc=row.from_utc)
    return [TenancyChanged(row.home, Utc(row.from_utc))]


def responsible(work: Work, home: str, fuel: Fuel, utc: Utc) -> str:
    """Say who answers or answered for a home at a time; empty for nobody."""
    party = ""
    for row in work.select(Responsibility, home=home, fuel=fuel, order=("from_utc",)):
        if row.from_utc <= utc:
            party = row.party
    return party


def _note(work: Work, action: str, home: str, **detail: object) -> None:
    work.note(REGISTRATION, action, f"home:{home}", **detail)
