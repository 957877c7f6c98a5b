"""Who answers for which kind of device, by registration data; pure.

An electricity meter is its import supplier's, a gas meter its gas supplier's; for all else of a home with
two suppliers either one answers.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from ota_engine.duis.variants import UserRole
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.rows import ServiceUser
from ota_engine.fleet.parties.rows import Fuel

SUPPLIERS: Final = {
    Fuel.ELECTRICITY: UserRole.IMPORT_SUPPLIER,
    Fuel.GAS: UserRole.GAS_SUPPLIER,
}
_ONE_FUEL: Final = {"ESME": (Fuel.ELECTRICITY,), "GSME": (Fuel.GAS,), "GPF": (Fuel.GAS,)}
_BOTH_FUELS: Final = (Fuel.ELECTRICITY, Fuel.GAS)


class Supplied(Protocol):
    """What two parties supply: a home, or how devices stand."""

    @property
    def electricity(self) -> str:
        """Import supplier; empty for none."""

    @property
    def gas(self) -> str:
        """Gas supplier; empty for none."""


class InHome(Supplied, Protocol):
    """Devices of one kind in homes that the same parties supply."""

    @property
    def kind(self) -> str:
        """Of device."""


def fuels_of(kind: str) -> tuple[Fuel, ...]:
    """Say for which fuels a supplier answers for a kind of device."""
    return _ONE_FUEL.get(kind, _BOTH_FUELS)


def supplier_of(home: Supplied, fuel: Fuel) -> str:
    """Name the party that supplies with a fuel; empty for nobody."""
    return home.electricity if fuel is Fuel.ELECTRICITY else home.gas


def is_responsible(user: ServiceUser, home: Supplied, kind: str) -> bool:
    """Whether a user answers for a kind of device in a home."""
    return any(
        SUPPLIERS[fuel] is user.role and supplier_of(home, fuel) == user.party
        for fuel in fuels_of(kind)
    )


def answers_for(user: ServiceUser, standing: InHome) -> bool:
    """Whether a user answers for devices that stand so."""
    return is_responsible(user, standing, standing.kind)


def users_of(work: Work, party: str, fuels: Iterable[Fuel]) -> tuple[ServiceUser, ...]:
    """Name the users of a party that act for it as supplier of some fuels.

    Raises:
        RowsWanted: they are not loaded.
    """
    if not party:
        return ()
    roles = {SUPPLIERS[fuel] for fuel in fuels}
    return tuple(
        user for user in work.select(ServiceUser, party=party) if user.active and user.role in roles
    )


def responsible_users(work: Work, home: Supplied, kind: str) -> tuple[ServiceUser, ...]:
    """Name all users that answer for a kind of device in a home; see ``users_of``."""
    fuels = fuels_of(kind)
    require_users(work, (supplier_of(home, fuel) for fuel in fuels))
    return tuple(
        user for fuel in fuels for user in users_of(work, supplier_of(home, fuel), (fuel,))
    )


def require_users(work: Work, parties: Iterable[str]) -> None:
    """Have the users of parties at hand, all at once.

    Raises:
        RowsWanted: they are not loaded.
    """
    work.require(
        Select(ServiceUser, (("party", party),)) for party in dict.fromkeys(parties) if party
    )


def other_suppliers(home: Home, user: ServiceUser, kind: str) -> tuple[tuple[str, Fuel], ...]:
    """Name the parties beside a user's own that answer for a kind of device, and for which fuel."""
    return tuple(
        (party, fuel)
        for fuel in fuels_of(kind)
        if (party := supplier_of(home, fuel)) and party != user.party
    )
