"""Who lives in an emulated estate: parties, persons, variants, homes and hubs, all from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

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
    """

    homes: int
    seed: int
    version: int = 0x0001_0000
    suppliers: int = 4
    regions: tuple[str, ...] = ("North", "Central", "South")
    configurations: tuple[tuple[str, int], ...] = (("set-a", 60), ("set-b", 30), ("set-c", 10))


def people(spec: EstateSpec) -> list[Any]:
    """Parties, persons and the variant of the hubs."""
    rows: list[Any] = [
        Party("dcc", "Operator", (PartyRole.OPERATOR, PartyRole.APPROVER), endpoint="dcc"),
        Person("olive", "dcc", "Olive", ""),
        Person("peter", "dcc", "Peter", ""),
        Variant("hub-1", "CHF", "Maker", "Hub", "1"),
    ]
    for number in range(1, spec.suppliers + 1):
        roles = PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER
        rows.append(
            Party(f"supplier-{number}", f"Supplier {number}", roles, endpoint=f"supplier-{number}")
        )
    return rows


def homes(spec: EstateSpec) -> Iterator[Home | InstalledDevice]:
    """Every home with its hub."""
    draw = random.Random(spec.seed)
    names = [name for name, _ in spec.configurations]
    weights = [weight for _, weight in spec.configurations]
    for number in range(spec.homes):
        home = f"h{number:08d}"
        electricity = f"supplier-{draw.randint(1, spec.suppliers)}"
        gas = electricity if draw.random() < 0.7 else f"supplier-{draw.randint(1, spec.suppliers)}"
        yield Home(
            home,
            draw.choice(spec.regions),
            "estate",
            HomeStatus.COMPLETE,
            draw.choices(names, weights)[0],
            electricity,
            gas,
        )
        yield InstalledDevice(
            Eui64(FIRST_HUB + number),
            home,
            "CHF",
            "hub-1",
            InventoryStatus.COMMISSIONED,
            spec.version,
            VersionSource.DEVICE,
            0.0,
            "4.1",
        )
