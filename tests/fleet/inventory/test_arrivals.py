"""What the inventory tells: installed, replaced, moved, gone."""

from images.eui64 import Eui64
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    VersionSource,
)
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, Estate

HUB = DeviceTold(
    Eui64(0xAB_0000_0000_0001), "h00000000", "CHF", "hub-1", InventoryStatus.COMMISSIONED, 0x10000
)


def test_a_hub_stands_once_with_both_its_ids() -> None:
    estate = Estate(1)
    gpf = Eui64(0xAB_0000_0000_0002)
    estate.happen(HUB._replace(gpf=gpf))
    assert estate.row(InstalledDevice, device=HUB.device).gpf == gpf
    estate.happen(HUB)
    assert estate.row(InstalledDevice, device=HUB.device).gpf == gpf


def test_a_new_hub_takes_the_place_of_the_one_before() -> None:
    estate = Estate(1)
    (old,) = estate.rows(InstalledDevice)
    estate.happen(HUB)
    assert estate.row(InstalledDevice, device=old.device).status is InventoryStatus.DECOMMISSIONED
    assert estate.row(InstalledDevice, device=HUB.device).status is InventoryStatus.COMMISSIONED


def test_a_device_that_moves_is_in_its_new_home_only() -> None:
    estate = Estate(2)
    (old,) = estate.rows(InstalledDevice, home="h00000001")
    moved = HUB._replace(device=old.device, home="h00000000")
    estate.happen(moved)
    assert not estate.rows(InstalledDevice, home="h00000001")
    with estate.store.transaction():
        actions = [row.record.action for row in estate.store.trail()]
    assert actions == ["device moved", "hub replaced"]


def test_what_a_device_said_outweighs_an_older_list() -> None:
    estate = Estate(1)
    (device,) = estate.rows(InstalledDevice)
    told = HUB._replace(device=device.device, version=0x999, version_utc=Utc(-1.0))
    estate.happen(told)
    kept = estate.row(InstalledDevice)
    assert (kept.version, kept.version_source) == (device.version, VersionSource.DEVICE)
    estate.happen(told._replace(version_utc=BEGIN))
    kept = estate.row(InstalledDevice)
    assert (kept.version, kept.version_source) == (0x999, VersionSource.REGISTRATION)


def test_a_home_that_goes_takes_its_devices_out_of_place() -> None:
    estate = Estate(1)
    estate.happen(HomeTold("h00000000", HomeStatus.GONE))
    assert estate.row(Home).status is HomeStatus.GONE
    assert estate.row(InstalledDevice).status is InventoryStatus.WITHDRAWN


def test_a_home_that_is_complete_knows_since_when() -> None:
    estate = Estate(1)
    estate.happen(HomeTold("h00000000", HomeStatus.INSTALLING))
    estate.happen(HomeTold("h00000000", HomeStatus.COMPLETE))
    assert estate.row(Home).installed_utc == BEGIN
