"""What happens to orders, commands and alerts when things come together that nobody planned together."""

from dataclasses import replace

from images.eui64 import Eui64
from ota_engine.duis.requests import (
    CANCELLATION,
    DeviceDetails,
    OtherRequest,
    ReadInventory,
    RequestId,
    UpdateInventory,
)
from ota_engine.fleet.inventory.arrivals import DeviceTold
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import (
    InstalledDevice,
    InventoryStatus,
    Particulars,
    VersionSource,
)
from ota_engine.fleet.orders.rows import CommandState, DeliveryState, DeviceCommand, DeviceOrder
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.orders import messages
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
HUB = device(DUAL, "CHF")
PPMID = device(DUAL, "PPMID")
SENT = f"sr/{RequestId(ELEC, HCALCS, 1_000).text}"
LATER = Utc(1_800_010_000.0)


def move(street: Street, target: Eui64, home: str) -> None:
    row = street.row(InstalledDevice, device=target)
    street.happen(DeviceTold(target, home, row.kind, row.variant, row.status))


def test_a_dated_reading_of_a_device_that_moved_to_another_home_is_taken_back_and_told() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12, LATER)
    move(street, HCALCS, FAR)
    street.pass_time(20_000)
    assert street.told(Verb.READ) == []
    assert [one.code for one in street.documents(ELEC)] == ["E4"]
    assert street.row(DeviceCommand).state is CommandState.WITHDRAWN


def test_a_dated_reading_follows_its_device_to_another_home_of_the_same_supplier() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12, LATER)
    move(street, HCALCS, OWN)
    street.pass_time(20_000)
    assert [one.home for one in street.told(Verb.READ)] == [OWN]


def test_a_command_for_a_device_that_moved_follows_its_supplier_then() -> None:
    street = Street()
    draft = street.draft(ELEC, HCALCS, 1_000).response
    move(street, HCALCS, OWN)
    command = content_of(draft).payload[:-1] + b"\x40" + bytes(64)
    assert street.send(ELEC, HCALCS, 1_000, command).code == "I99"
    assert street.row(DeviceCommand).home == OWN


def test_no_user_says_which_firmware_a_hub_runs() -> None:
    street = Street()
    body = UpdateInventory(HUB, details=DeviceDetails(firmware_version="0002012F"))
    answer = street.ask_duis(ELEC, "8.4", body)
    assert answer.response.code.startswith("E0804"), answer.response.code
    assert street.row(InstalledDevice, device=HUB).version == OLD


def test_a_hub_that_says_for_the_first_time_what_was_registered_has_activated_nothing() -> None:
    street = Street()
    row = street.row(InstalledDevice, device=HUB)
    street.put(replace(row, version_source=VersionSource.REGISTRATION))
    street.pass_time(60)
    street.hub_says(HubWord.VERSION, HUB, version=OLD)
    assert street.alerts(ELEC) == []


def test_what_a_campaign_brings_to_a_device_moves_no_order_of_a_user() -> None:
    street = Street()
    street.order(ELEC, PPMID, ppmid=True)
    street.hub_says(HubWord.REACHED, PPMID, "campaign-1")
    street.hub_says(HubWord.TRANSFERRED, PPMID, "campaign-1")
    assert street.row(DeviceOrder).state is DeliveryState.ORDERED
    assert street.alerts(ELEC) == []


def test_a_receipt_of_another_image_ends_no_order() -> None:
    street = Street()
    esme = device(DUAL, "ESME")
    street.order(ELEC, esme)
    street.hub_says(HubWord.ALERT, esme, message=messages.receipt(esme, ELEC, 7, 0x8F1C))
    assert street.row(DeviceOrder).state is DeliveryState.ORDERED


def test_a_reading_takes_no_drafts_place() -> None:
    street = Street()
    draft = street.draft(ELEC, HCALCS, 1_000).response
    first = street.read_version(ELEC, HCALCS, 1_000)
    command = content_of(draft).payload[:-1] + b"\x40" + bytes(64)
    second = street.send(ELEC, HCALCS, 1_000, command)
    assert first.code != "I99"
    assert second.code == "I99"


def test_a_home_is_found_by_its_meter_point_though_another_supplier_claims_the_same() -> None:
    street = Street()
    street.put(Particulars(FAR, mpan="1012345678901"))
    body = UpdateInventory(PPMID, meter_point=("ImportMPxN", "1012345678901"))
    street.ask_duis(ELEC, "8.4", body)
    asked = ReadInventory(mpxn="1012345678901")
    for user, home in ((ELEC, DUAL), (NEW, FAR)):
        found = content_of(street.ask_duis(user, "8.2", asked).response)
        assert found.devices[0].device == device(home, "CHF")
    everyone = street.ask_duis(NETWORK, "8.2", asked).response
    assert everyone.code == "E080201"  # it sees both, and cannot tell which is meant


def test_a_gas_supplier_names_no_electricity_meter_point() -> None:
    street = Street()
    street.put(Particulars(DUAL, mpan="1012345678901"))
    body = UpdateInventory(PPMID, meter_point=("ImportMPxN", "1012345678902"))
    answer = street.ask_duis(GAS, "8.4", body)
    assert answer.response.code.startswith("E"), answer.response.code


def test_a_gas_user_says_nothing_of_the_supply_of_electricity() -> None:
    street = Street()
    body = OtherRequest("UpdateSecurityCredentialsCoS", None)
    other = Eui64(ELEC + 1)
    answer = street.ask_duis(other, "6.23", body, command_variant=1, target=device(OWN, "ESME"))
    assert answer.response.code == "E4"


def test_a_command_that_no_hub_has_sent_yet_is_sent_no_more_for_the_losing_supplier() -> None:
    street = Street()
    street.activate(ELEC, HCALCS, 1_000)
    street.pass_time(60)
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", street.utc))
    (withdrawn,) = street.told(Verb.WITHDRAW)
    assert (withdrawn.campaign, withdrawn.number, withdrawn.gateway) == (SENT, 2, "gate")
    assert street.row(DeviceCommand).state is CommandState.SENT  # the hub may have sent it
    street.hub_says(HubWord.REFUSED, HCALCS, SENT, reason="taken back")
    assert [one.code for one in street.documents(ELEC)] == ["E20"]
    assert street.row(InstalledDevice, device=HCALCS).status == "Commissioned"


def test_a_command_that_nobody_waits_for_any_more_is_not_sent_by_a_gateway_that_comes_back() -> (
    None
):
    street = Street()
    street.activate(ELEC, HCALCS, 1_000)
    street.pass_time(3 * 86_400)
    assert [one.campaign for one in street.told(Verb.WITHDRAW)] == [SENT]
    assert street.row(InstalledDevice, device=HCALCS).status == "Suspended"
    street.hub_says(HubWord.REFUSED, HCALCS, SENT, reason="taken back")
    assert [one.code for one in street.documents(ELEC) if one.request_id] == ["E21", "E20"]
    assert street.row(InstalledDevice, device=HCALCS).status == "Commissioned"


def test_a_command_of_a_supplier_that_stays_is_not_taken_back() -> None:
    street = Street()
    street.activate(GAS, HCALCS, 1_000)
    street.pass_time(60)
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", street.utc))
    assert street.told(Verb.WITHDRAW) == []


def test_a_dated_reading_of_a_device_that_is_in_use_no_longer_is_taken_back_and_told() -> None:
    street = Street()
    street.read_version(ELEC, HCALCS, 12, LATER)
    row = street.row(InstalledDevice, device=HCALCS)
    street.put(replace(row, status=InventoryStatus.DECOMMISSIONED))
    street.pass_time(20_000)
    assert street.told(Verb.READ) == []
    assert [one.code for one in street.documents(ELEC)] == ["E5"]


def test_a_time_that_devices_take_for_a_cancellation_is_refused() -> None:
    street = Street()
    end_of_times = Utc(253_402_300_799.0)  # 9999-12-31T23:59:59, of GBCS
    assert street.draft(ELEC, HCALCS, 1, end_of_times).response.code == "E43"
    assert street.draft(ELEC, HCALCS, 2, CANCELLATION).response.code == "I0"


def test_a_dated_change_of_supplier_is_cancelled_by_the_time_of_cancellation() -> None:
    street = Street()
    ahead = Utc(street.utc + 1_000)
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", ahead))

    def claim(at: Utc) -> str:
        body = OtherRequest("UpdateSecurityCredentialsCoS", at)
        target = device(DUAL, "ESME")
        return street.ask_duis(NEW, "6.23", body, command_variant=1, target=target).response.code

    assert claim(CANCELLATION) == "E43"  # there is none yet
    assert claim(Utc(street.utc + 2_000)) == "I99"
    assert claim(CANCELLATION) == "I99"
    assert street.row(DeviceCommand).state is CommandState.CANCELLED
    assert len(street.told(Verb.SUPPLIER)) == 1
    street.pass_time(3_000)
    assert street.alerts(NEW) == []


def test_a_tenancy_that_no_device_can_be_told_or_that_is_cancelled_is_refused() -> None:
    street = Street()

    def tell(since: str, at: Utc | None = None) -> str:
        fields = (("RestrictionDateTime", since),)
        body = OtherRequest("RestrictAccessForChangeOfTenancy", at, fields)
        target = device(DUAL, "ESME")
        return street.ask_duis(ELEC, "3.2", body, command_variant=1, target=target).response.code

    assert tell("9999-12-31T00:00:00.00Z") == "E43"
    assert tell("2027-01-20T00:00:00.00Z", CANCELLATION) == "E43"
    assert street.told(Verb.TENANCY) == []
    assert tell("2027-01-20T00:00:00.00Z") == "I99"
