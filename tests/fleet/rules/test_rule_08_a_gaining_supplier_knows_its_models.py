"""Rule 8: a gaining supplier sees each gained model's versions, images, paths and contact.

Source: document 002 (TABASC) and SECMP0056. Notices to a gaining supplier stand in other tests of this
rule; one party with two ids stands in tests/fleet/parties.
"""

from dataclasses import replace

from ota_engine.fleet.inventory.registration import SupplierTold, responsible
from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus, Variant
from ota_engine.fleet.parties.acts import ChangeParty
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.releases.gaining import GainedModel, gained_models
from ota_engine.store.fleet.gains import gained_devices
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY, VERSION, Estate


def gained(estate: Estate, party: str, days: float = 1) -> tuple[GainedModel, ...]:
    with estate.store.reading():
        until = Utc(BEGIN + days * DAY)
        found = gained_devices(estate.store.driver, party, Utc(BEGIN - DAY), until)
    return estate.read(lambda work: gained_models(work, found))


def changed(estate: Estate, home: str, party: str, fuel: Fuel = Fuel.GAS, days: float = 0) -> None:
    estate.happen(SupplierTold(home, fuel, party, Utc(BEGIN + days * DAY)))


def test_each_model_comes_with_versions_images_paths_and_contact() -> None:
    estate = Estate(5)
    estate.put(Variant("hub-1", "CHF", "Maker", "Hub", "1", maker="maker"))
    estate.decide("ada", ChangeParty("maker", "Maker", ("manufacturer",), (), "firmware@maker"))
    estate.approved_release()
    first, second, *_ = estate.rows(InstalledDevice)
    estate.put(replace(first, version=VERSION), replace(second, version=None))
    for number in range(3):
        changed(estate, f"h{number:08d}", "supplier-4")
    (model,) = gained(estate, "supplier-4")
    assert (model.variant.model, model.contact) == ("Hub", "firmware@maker")
    assert model.versions == ((0x10000, 1), (VERSION, 1), (None, 1))
    assert model.images == {VERSION: f"{VERSION:064x}"}
    assert model.paths == {VERSION: "CPL-hub-1-00010000 (mandatory, maker)"}


def test_a_home_gained_for_both_fuels_counts_once() -> None:
    estate = Estate(1)
    changed(estate, "h00000000", "supplier-4")
    changed(estate, "h00000000", "supplier-4", Fuel.ELECTRICITY)
    (model,) = gained(estate, "supplier-4")
    assert model.versions == ((0x10000, 1),)


def test_a_change_that_is_still_ahead_is_seen_before_it_comes() -> None:
    estate = Estate(1)
    changed(estate, "h00000000", "supplier-4", days=5)
    assert not gained(estate, "supplier-4")
    assert len(gained(estate, "supplier-4", days=6)) == 1


def test_what_another_supplier_gained_or_what_stands_there_no_longer_is_not_seen() -> None:
    estate = Estate(1)
    changed(estate, "h00000000", "supplier-4")
    assert not gained(estate, "supplier-3")
    estate.put(replace(estate.row(InstalledDevice), status=InventoryStatus.WITHDRAWN))
    assert not gained(estate, "supplier-4")


def test_who_answered_at_any_time_is_known() -> None:
    estate = Estate(1)
    changed(estate, "h00000000", "supplier-3", days=-9)
    changed(estate, "h00000000", "supplier-4", days=-2)

    def at(days: float) -> str:
        utc = Utc(BEGIN + days * DAY)
        return estate.read(lambda work: responsible(work, "h00000000", Fuel.GAS, utc))

    assert [at(-10), at(-5), at(0)] == ["", "supplier-3", "supplier-4"]
