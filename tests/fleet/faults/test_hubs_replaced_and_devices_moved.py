"""Hubs replaced and devices moved to another home, told one by one or in a list of thousands.

What becomes of their campaigns stands in tests/fleet/campaigns.
"""

from images.eui64 import format_eui64
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, InventoryStatus
from tests.fleet.imports.lists import (
    DEVICES,
    FIRST,
    ImportingEstate,
    device_lines,
    home,
    home_lines,
)

NEW = 0xCC_0000_0000_0001


def filled(count: int = 3) -> ImportingEstate:
    estate = ImportingEstate()
    estate.take(ImportKind.HOMES, home_lines(count))
    estate.take(ImportKind.DEVICES, device_lines(count))
    return estate


def actions(estate: ImportingEstate) -> list[str]:
    with estate.store.reading():
        return [row.record.action for row in estate.store.trail()]


def test_a_list_with_a_new_hub_takes_the_old_one_out_of_its_place() -> None:
    estate = filled()
    estate.take(ImportKind.DEVICES, [DEVICES, f"ref-1,{format_eui64(NEW)},hub-1,1,,"])
    found = {row.device: row.status for row in estate.rows(InstalledDevice, home=home(1))}
    assert found == {
        FIRST + 2: InventoryStatus.DECOMMISSIONED,
        NEW: InventoryStatus.COMMISSIONED,
    }
    assert "hub replaced" in actions(estate)


def test_a_list_that_swaps_the_hubs_of_two_homes_leaves_one_in_each() -> None:
    estate = filled(2)
    first, second = format_eui64(FIRST), format_eui64(FIRST + 2)
    lines = [DEVICES, f"ref-1,{first},hub-1,1,,", f"ref-0,{second},hub-1,1,,"]
    report = estate.take(ImportKind.DEVICES, lines)
    assert report.taken, estate.bad
    found = {row.home: (row.device, row.status) for row in estate.rows(InstalledDevice)}
    assert found == {
        home(0): (FIRST + 2, InventoryStatus.COMMISSIONED),
        home(1): (FIRST, InventoryStatus.COMMISSIONED),
    }
    assert actions(estate).count("device moved") == 2


def test_both_homes_of_a_moved_device_have_the_configuration_sets_that_they_make() -> None:
    estate = filled(2)
    estate.take(ImportKind.DEVICES, [DEVICES, f"ref-1,{format_eui64(FIRST)},hub-1,1,,"])
    assert estate.row(Home, home=home(0)).configuration == ""
    assert estate.row(Home, home=home(1)).configuration != ""
