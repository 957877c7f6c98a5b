"""Who lives in an emulated estate: parties, variants, homes and hubs; pure, all from a seed.

A home is drawn from the seed and its number, alone: none is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from emulators.estate.lots import Lot
from images.eui64 import Eui64
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
    VersionSource,
)
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.parties.rows import Party, Person

FIRST_HUB: Final = 0x00DB_1234_0000_0000
FIRST_NEW_HUB: Final = 0x00DB_1235_0000_0000  # of those that take the place of another
VARIANT: Final = "hub-1"
GATEWAY: Final = "estate"
OPERATOR: Final = "dcc"
BOTH_FUELS: Final = (PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER)
_ONE_SUPPLIER: Final = 0.7  # share of homes with one supplier for both fuels


@dataclass(frozen=True, slots=True)
class EstateSpec:
    """What an estate is made of.

    Attributes:
        homes: how many.
        seed: of everything that is drawn.
        version: that all hubs run at first.
        suppliers: how many.
        regions: of the communications service providers.
        configurations: ids of configuration sets with their shares.
        late_permille: share of homes, in thousandths, that are being installed when it begins.
        variant: of the hubs.
        names: ids of the suppliers, where they are known; none to make them up.
    """

    homes: int
    seed: int
    version: int = 0x0001_0000
    suppliers: int = 4
    regions: tuple[str, ...] = ("North", "Central", "South")
    configurations: tuple[tuple[str, int], ...] = (("set-a", 60), ("set-b", 30), ("set-c", 10))
    late_permille: int = 0
    variant: str = VARIANT
    names: tuple[str, ...] = ()

    @property
    def installed(self) -> int:
        """Homes whose installation is complete when it begins: those with the smallest numbers."""
        return self.homes - self.homes * self.late_permille // 1000

    @property
    def supplier_ids(self) -> tuple[str, ...]:
        """Ids of the suppliers."""
        return self.names or tuple(f"supplier-{one}" for one in range(1, self.suppliers + 1))


def people(spec: EstateSpec) -> list[Any]:
    """Have parties and persons that need not sign, and the variant of the hubs."""
    rows: list[Any] = [
        Party(OPERATOR, "Operator", (PartyRole.OPERATOR, PartyRole.APPROVER), endpoint=OPERATOR),
        Person("olive", OPERATOR, "Olive", ""),
        Person("peter", OPERATOR, "Peter", ""),
        hub_variant(spec),
    ]
    for number, name in enumerate(spec.supplier_ids, 1):
        rows.append(Party(name, f"Supplier {number}", BOTH_FUELS, endpoint=name))
    return rows


def hub_variant(spec: EstateSpec) -> Variant:
    """Have the one product that all hubs are."""
    return Variant(spec.variant, "CHF", "Maker", "Hub", "1")


def homes(spec: EstateSpec) -> Iterator[Home | InstalledDevice]:
    """Have every home with its hub."""
    for number in range(spec.homes):
        yield home(spec, number)
        yield hub(spec, number)


def home_id(number: int) -> str:
    """Name a home."""
    return f"h{number:08d}"


def home(spec: EstateSpec, number: int) -> Home:
    """Draw one home, as it is when all begins."""
    lot = Lot(spec.seed, "home", number)
    electricity = lot.pick(spec.supplier_ids)
    gas = electricity if lot.chance(_ONE_SUPPLIER) else lot.pick(spec.supplier_ids)
    return Home(
        home_id(number),
        lot.pick(spec.regions),
        GATEWAY,
        HomeStatus.COMPLETE if number < spec.installed else HomeStatus.INSTALLING,
        lot.weighted(spec.configurations),
        electricity,
        gas,
    )


def hub(spec: EstateSpec, number: int) -> InstalledDevice:
    """Draw the hub of one home, as it is when all begins."""
    return InstalledDevice(
        Eui64(FIRST_HUB + number),
        home_id(number),
        "CHF",
        spec.variant,
        InventoryStatus.COMMISSIONED,
        spec.version,
        VersionSource.DEVICE,
        0.0,
        "4.1",
    )
