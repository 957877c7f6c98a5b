"""What users read of homes and say of devices (8.2, 8.4, 12.2)."""

from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    DeviceDetails,
    DevicePrenotification,
    ReadInventory,
    UpdateInventory,
)
from ota_engine.duis.responses import Inventory, InventoryDevice
from ota_engine.duis.variants import UserRole
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus, Particulars
from ota_engine.fleet.orders.rows import Prenotified, ServiceInbox, ServiceUser
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.times import Utc
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    FAR,
    GAS,
    NETWORK,
    NEW,
    OLD,
    OWN,
    Street,
    content_of,
    device,
)

HCALCS = device(DUAL, "HCALCS")
AHEAD = Eui64(0x00DB_1234_5678_AAAA)
MPAN = "2000000000006"


def seen(street: Street, user: Eui64, body: ReadInventory) -> tuple[InventoryDevice, ...]:
    response = street.ask_duis(user, "8.2", body).response
    assert response.code == "I0", response.code
    found = content_of(response)
    assert isinstance(found, Inventory)
    return found.devices


def refusal(street: Street, user: Eui64, body: ReadInventory) -> str:
    return street.ask_duis(user, "8.2", body).response.code


def test_any_device_shows_its_whole_home() -> None:
    street = Street()
    devices = seen(street, ELEC, ReadInventory(device=HCALCS))
    assert [one.device_type for one in devices] == [
        "CHF",
        "GPF",
        "ESME",
        "GSME",
        "PPMID",
        "HCALCS",
        "IHD",
    ]
    assert {one.status for one in devices} == {"Commissioned"}


def test_the_gas_proxy_bears_what_its_hub_runs() -> None:
    street = Street()
    hub, proxy = seen(street, ELEC, ReadInventory(device=device(DUAL, "CHF")))[:2]
    assert replace(proxy, device=hub.device, device_type="CHF") == hub
    assert hub.firmware_version == f"{OLD:08X}"
    assert seen(street, ELEC, ReadInventory(device=proxy.device))[0] == hub


def test_a_suspended_device_is_shown_so() -> None:
    street = Street()
    row = street.row(InstalledDevice, device=HCALCS)
    street.put(replace(row, status=InventoryStatus.SUSPENDED))
    found = {one.device: one for one in seen(street, ELEC, ReadInventory(device=HCALCS))}
    assert found[HCALCS].status == "Suspended"


def test_a_home_is_found_by_its_meter_points_property_and_address() -> None:
    street = Street()
    street.put(Particulars(DUAL, MPAN, "1234567890", "100", "12, AB1 2CD"))
    for body in (
        ReadInventory(mpxn=MPAN),
        ReadInventory(mpxn="1234567890"),
        ReadInventory(uprn="100"),
        ReadInventory(post_code="AB1 2CD", address="12"),
    ):
        assert HCALCS in [one.device for one in seen(street, ELEC, body)]
    assert refusal(street, ELEC, ReadInventory(uprn="101")) == "E080201"


def test_no_answer_names_a_meter_point_or_an_address() -> None:
    street = Street()
    street.put(Particulars(DUAL, MPAN, "1234567890", "100", "12, AB1 2CD"))
    seen(street, ELEC, ReadInventory(mpxn=MPAN))
    for row in street.rows(ServiceInbox):
        assert MPAN not in row.content
        assert "AB1 2CD" not in row.content


def test_a_home_of_another_supplier_looks_like_none() -> None:
    street = Street()
    there = refusal(street, ELEC, ReadInventory(device=device(FAR, "ESME")))
    nowhere = refusal(street, ELEC, ReadInventory(device=Eui64(9)))
    assert there == nowhere == "E080201"


def test_a_supplier_that_is_about_to_answer_sees_the_home() -> None:
    street = Street()
    body = ReadInventory(device=HCALCS)
    assert refusal(street, NEW, body) == "E080201"
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", Utc(street.utc + 1_000)))
    assert len(seen(street, NEW, body)) == 7


def test_a_supplier_that_answers_no_longer_sees_the_home_no_longer() -> None:
    street = Street()
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", street.utc))
    assert refusal(street, ELEC, ReadInventory(device=HCALCS)) == "E080201"


@pytest.mark.parametrize("role", UserRole)
def test_users_of_every_role_read_the_inventory_of_homes_that_they_may_see(role: UserRole) -> None:
    street = Street()
    row = street.row(ServiceUser, user=NETWORK)
    street.put(replace(row, role=role))
    assert len(seen(street, NETWORK, ReadInventory(device=HCALCS))) == 7


def test_a_home_with_more_devices_than_fit_shows_seventeen() -> None:
    street = Street()
    row = street.row(InstalledDevice, device=HCALCS)
    street.put(*(replace(row, device=Eui64(row.device + 0x1000 + n)) for n in range(20)))
    assert len(seen(street, ELEC, ReadInventory(device=HCALCS))) == 17


# --- 12.2 ---------------------------------------------------------------------------------------


def announced(street: Street, user: Eui64 = ELEC, **changes: object) -> str:
    body = replace(
        DevicePrenotification(AHEAD, "Maker", "HCALCS", "HCALCS", firmware_version="00010000"),
        **changes,  # type: ignore[arg-type] # fields of the row
    )
    return street.ask_duis(user, "12.2", body).response.code


def test_a_device_that_will_be_installed_is_shown_to_who_announced_it() -> None:
    street = Street()
    assert announced(street) == "I99"
    (found,) = seen(street, ELEC, ReadInventory(device=AHEAD))
    assert (found.status, found.firmware_version) == ("Pending", "00010000")
    assert refusal(street, GAS, ReadInventory(device=AHEAD)) == "E080201"


def test_an_announced_device_gets_no_firmware_before_it_is_commissioned() -> None:
    street = Street()
    announced(street)
    response = street.order(ELEC, AHEAD, HCALCS)
    assert content_of(response).not_commissioned == (AHEAD,)
    response = street.order(GAS, AHEAD, device(DUAL, "GSME"))
    assert content_of(response).invalid == (AHEAD,)


def test_a_device_that_is_known_is_not_announced() -> None:
    street = Street()
    announced(street)
    assert announced(street) == "E120203"
    assert announced(street, device=HCALCS) == "E120203"


def test_a_hub_and_its_gas_proxy_have_ids_of_their_own() -> None:
    street = Street()
    assert announced(street, device_type="CHF", model="CHF", gpf=AHEAD) == "E120201"
    assert announced(street, device_type="CHF", model="CHF", gpf=Eui64(AHEAD + 1)) == "I99"


def test_a_product_that_nobody_listed_is_not_announced() -> None:
    street = Street()
    assert announced(street, model="other") == "E120201"
    assert announced(street, firmware_version="one") == "E120201"


# --- 8.4 ----------------------------------------------------------------------------------------


def updated(street: Street, user: Eui64, body: UpdateInventory) -> str:
    return street.ask_duis(user, "8.4", body).response.code


def test_a_responsible_supplier_corrects_the_status_of_a_device() -> None:
    street = Street()
    body = UpdateInventory(HCALCS, status="InstalledNotCommissioned")
    assert updated(street, NEW, body) == "E4"
    assert updated(street, GAS, body) == "I99"
    row = street.row(InstalledDevice, device=HCALCS)
    assert (row.status, row.home, row.version) == (InventoryStatus.INSTALLED, DUAL, OLD)


def test_a_hub_has_statuses_of_its_own() -> None:
    street = Street()
    hub = device(DUAL, "CHF")
    assert updated(street, ELEC, UpdateInventory(hub, status="Pending")) == "E080405"
    assert updated(street, ELEC, UpdateInventory(HCALCS, hub_status="Withdrawn")) == "E080405"
    assert updated(street, ELEC, UpdateInventory(hub, hub_status="Withdrawn")) == "I99"


def test_details_of_a_device_are_corrected() -> None:
    street = Street()
    street.pass_time(60)
    details = DeviceDetails(firmware_version="2012F")
    assert updated(street, ELEC, UpdateInventory(HCALCS, details=details)) == "I99"
    assert street.row(InstalledDevice, device=HCALCS).version == 0x0002_012F
    details = DeviceDetails(model="nobody's")
    assert updated(street, ELEC, UpdateInventory(HCALCS, details=details)) == "E080405"


def test_a_meter_point_is_kept_where_it_can_be_erased() -> None:
    street = Street()
    esme = device(OWN, "ESME")
    body = UpdateInventory(esme, meter_point=("ImportMPxN", MPAN))
    assert updated(street, ELEC, body) == "I99"
    assert street.row(Particulars, home=OWN).mpan == MPAN
    with street.store.reading():
        assert not [row for row in street.store.trail() if MPAN in repr(row)]


def test_an_announced_device_is_forgotten_by_who_announced_it() -> None:
    street = Street()
    announced(street)
    assert updated(street, GAS, UpdateInventory(AHEAD, delete=True)) == "E4"
    assert updated(street, ELEC, UpdateInventory(AHEAD, status="Pending")) == "E080405"
    assert updated(street, ELEC, UpdateInventory(AHEAD, delete=True)) == "I99"
    assert street.rows(Prenotified) == []
    assert updated(street, ELEC, UpdateInventory(AHEAD, delete=True)) == "E19"


def test_a_device_that_stands_in_a_home_is_not_deleted() -> None:
    assert updated(Street(), ELEC, UpdateInventory(HCALCS, delete=True)) == "E080405"
