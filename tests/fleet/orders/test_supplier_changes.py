"""A change of supplier in every state of an order or a command: handled, and told."""

from collections.abc import Callable

import pytest

from images.eui64 import Eui64
from ota_engine.duis.requests import OtherRequest, RequestId, UpdateFirmware
from ota_engine.duis.responses import DistributionFailure, SupplierChange, UpgradeRequested
from ota_engine.fleet.calendar.rows import HomeDiary
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.registration import SupplierTold, TenancyTold
from ota_engine.fleet.inventory.rows import HomeStatus, InstalledDevice
from ota_engine.fleet.orders.lives import LIVE
from ota_engine.fleet.orders.rows import (
    CommandState,
    DeliveryState,
    DeviceCommand,
    DeviceOrder,
    OrderBatch,
)
from ota_engine.fleet.parties.rows import Fuel, Tenancy
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.orders import messages
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    FAR,
    GAS,
    NEW,
    NEW_GAS,
    OWN,
    WANTED,
    Street,
    device,
    ordered_image,
)

HCALCS = device(DUAL, "HCALCS")
HUB = device(DUAL, "CHF")
ESME = device(DUAL, "ESME")


def lose(street: Street, fuel: Fuel = Fuel.ELECTRICITY, home: str = DUAL) -> None:
    """Let supplier-3 answer for a home from now on."""
    street.pass_time(60)
    street.happen(SupplierTold(home, fuel, "supplier-3", street.utc))


def say(*words: HubWord) -> Callable[[Street, str], None]:
    def hub(street: Street, name: str) -> None:
        for word in words:
            version = WANTED if word is HubWord.ACTIVATED else None
            street.hub_says(word, HCALCS, name, version=version)

    return hub


WAYS = {
    DeliveryState.ORDERED: say(),
    DeliveryState.ARRIVED: say(HubWord.REACHED),
    DeliveryState.HELD: say(HubWord.TRANSFERRED),
    DeliveryState.UNREACHABLE: say(HubWord.UNREACHABLE),
    DeliveryState.FAILED: say(HubWord.FAILED),
    DeliveryState.RUNNING: say(HubWord.ACTIVATED),
}


@pytest.mark.parametrize("state", WAYS)
def test_what_the_losing_supplier_ordered_is_taken_back_while_it_can_be(
    state: DeliveryState,
) -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    name = street.row(DeviceOrder).name
    WAYS[state](street, name)
    assert street.row(DeviceOrder).state is state
    lose(street)
    row = street.row(DeviceOrder)
    failures = [
        one
        for one in street.alerts(ELEC)
        if isinstance(one, DistributionFailure) and one.devices == (HCALCS,)
    ]
    if state in LIVE:
        assert row.state is DeliveryState.WITHDRAWN
        assert [one.campaign for one in street.told(Verb.WITHDRAW)] == [name]
        assert len(failures) == 1
    else:
        assert row.state is state
        assert street.told(Verb.WITHDRAW) == []


def test_an_order_that_was_not_handed_on_yet_is_not_handed_on_for_the_losing_supplier() -> None:
    street = Street()
    body = UpdateFirmware(b"", "0002012F", (HCALCS, device(OWN, "HCALCS")))
    street.ask_duis(ELEC, "11.1", body, image=ordered_image())
    assert len(street.rows(OrderBatch)) == 1
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", street.utc))
    street.pass_time(1)
    assert [one.device for one in street.told(Verb.ASSIGN)] == [device(OWN, "HCALCS")]
    (failure,) = [one for one in street.alerts(ELEC) if isinstance(one, DistributionFailure)]
    assert failure.devices == (HCALCS,)


def test_an_order_of_the_supplier_that_stays_goes_on_and_the_gaining_one_is_told() -> None:
    street = Street()
    street.order(GAS, HCALCS)
    lose(street)
    assert street.row(DeviceOrder).state is DeliveryState.ORDERED
    assert street.alerts(NEW) == [UpgradeRequested("HCALCS", "0002012F", (HCALCS,))]


def test_a_meter_concerns_the_supplier_of_its_fuel_alone() -> None:
    street = Street()
    street.order(ELEC, device(DUAL, "ESME"))
    lose(street, Fuel.GAS)
    assert street.row(DeviceOrder).state is DeliveryState.ORDERED
    assert street.alerts(NEW) == []
    lose(street)
    assert street.row(DeviceOrder).state is DeliveryState.WITHDRAWN


def test_the_losing_supplier_can_no_longer_order_and_the_gaining_one_can() -> None:
    street = Street()
    lose(street)
    assert street.order(ELEC, HCALCS).code == "E110103"
    assert street.order(NEW, HCALCS).code == "I99"


def test_a_draft_of_the_losing_supplier_is_sent_no_more() -> None:
    street = Street()
    response = street.draft(ELEC, HCALCS, 1_000).response
    lose(street)
    assert street.row(DeviceCommand).state is CommandState.WITHDRAWN
    draft = response.body.content.payload  # type: ignore[union-attr] # a pre-command
    command = draft[:-1] + b"\x40" + bytes(64)
    assert street.send(ELEC, HCALCS, 1_000, command).code == "E4"
    assert street.told(Verb.COMMAND) == []


def test_what_was_sent_is_answered_to_who_asked_and_never_to_another() -> None:
    street = Street()
    command, _ = street.activate(ELEC, HCALCS, 1_000)
    lose(street)
    name = f"sr/{RequestId(ELEC, HCALCS, 1_000).text}"
    street.hub_says(HubWord.ANSWERED, HCALCS, name, message=messages.activated(command, WANTED))
    assert [one.code for one in street.documents(ELEC)] == ["I0"]
    assert street.documents(NEW) == []
    assert street.row(InstalledDevice, device=HCALCS).version == WANTED


def test_a_suspension_after_a_change_is_told_to_who_answers_now() -> None:
    street = Street()
    street.activate(ELEC, HCALCS, 1_000)
    lose(street)
    name = f"sr/{RequestId(ELEC, HCALCS, 1_000).text}"
    street.hub_says(HubWord.UNANSWERED, HCALCS, name)
    assert len(street.alerts(NEW)) == 1
    assert street.alerts(ELEC) == []


def test_an_alert_that_comes_again_after_a_change_is_not_told_to_who_answers_now() -> None:
    street = Street()
    ppmid = device(DUAL, "PPMID")
    octets = messages.ppmid_runs(ppmid, WANTED, 5_000)
    said = street.hub_says(HubWord.ALERT, ppmid, message=octets, version=WANTED)
    lose(street)
    street.happen(said)
    assert street.alerts(NEW) == []


# --- other upheavals ----------------------------------------------------------------------------


def test_a_home_that_is_gone_gets_nothing_any_more() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    street.happen(HomeTold(DUAL, HomeStatus.GONE))
    assert street.row(DeviceOrder).state is DeliveryState.WITHDRAWN
    assert len(street.told(Verb.WITHDRAW)) == 1


def test_a_new_hub_is_told_anew_what_the_old_one_was_to_bring() -> None:
    street = Street()
    esme = device(DUAL, "ESME")
    street.order(ELEC, HCALCS, esme)
    (held,) = [row.name for row in street.rows(DeviceOrder) if row.device == esme]
    street.hub_says(HubWord.TRANSFERRED, esme, held)
    row = street.row(InstalledDevice, device=HUB)
    street.happen(DeviceTold(Eui64(0xABC), DUAL, "CHF", row.variant, row.status))
    told = [(one.device, one.number) for one in street.told(Verb.ASSIGN)]
    assert sorted(told) == sorted([(HCALCS, 1), (HCALCS, 2), (esme, 1)])


def test_a_device_that_moves_takes_no_order_along() -> None:
    street = Street()
    street.order(ELEC, HCALCS, device(DUAL, "ESME"))
    row = street.row(InstalledDevice, device=HCALCS)
    street.happen(DeviceTold(HCALCS, FAR, "HCALCS", row.variant, row.status))
    states = {one.device: one.state for one in street.rows(DeviceOrder)}
    assert states[HCALCS] is DeliveryState.WITHDRAWN
    assert states[device(DUAL, "ESME")] is DeliveryState.ORDERED


# --- 6.23 and 3.2 -------------------------------------------------------------------------------


def claim(street: Street, at: Utc | None = None, target: str = "ESME", counter: int = 500) -> str:
    body = OtherRequest("UpdateSecurityCredentialsCoS", at)
    answer = street.ask_duis(
        NEW, "6.23", body, command_variant=1, target=device(DUAL, target), counter=counter
    )
    return answer.response.code


def test_a_supplier_takes_a_home_only_from_when_registration_data_say_so() -> None:
    street = Street()
    assert claim(street) == "E4"
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", Utc(street.utc + 1_000)))
    assert claim(street, Utc(street.utc + 500), counter=501) == "E4"
    assert claim(street, Utc(street.utc + 2_000), counter=502) == "I99"
    (told,) = street.told(Verb.SUPPLIER)
    assert (told.device, told.provider, told.at_utc) == (HUB, "Supplier 3", street.utc + 2_000)
    assert street.alerts(NEW) == []
    street.pass_time(3_000)
    (request,) = {row.request for row in street.rows(DeviceCommand)}
    assert street.alerts(NEW) == [SupplierChange(RequestId.parse(request))]
    assert street.row(DeviceCommand).state is CommandState.DONE


def test_a_change_that_did_not_come_is_told_with_an_error() -> None:
    street = Street()
    from_utc = Utc(street.utc + 1_000)
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", from_utc))
    claim(street, Utc(street.utc + 2_000))
    street.happen(SupplierTold(DUAL, Fuel.ELECTRICITY, "supplier-3", from_utc, withdrawn=True))
    street.pass_time(3_000)
    (told,) = street.alerts(NEW)
    assert len(told.error) == 3
    assert street.row(DeviceCommand).state is CommandState.FAILED


def test_only_a_meter_or_a_gas_proxy_changes_its_supplier() -> None:
    assert claim(Street(), target="PPMID") == "E11"


def test_a_change_of_supplier_is_told_to_the_home_network_however_it_became_known() -> None:
    street = Street()
    lose(street)
    (told,) = street.told(Verb.SUPPLIER)
    assert (told.home, told.device, told.provider) == (DUAL, HUB, "Supplier 3")


def tenancy(street: Street, user: Eui64, since: str, target: Eui64 = ESME) -> str:
    body = OtherRequest("RestrictAccessForChangeOfTenancy", None, (("RestrictionDateTime", since),))
    answer = street.ask_duis(
        user,
        "3.2",
        body,
        command_variant=1,
        target=target,
    )
    return answer.response.code


def test_a_change_of_tenancy_is_kept_free_in_the_calendar_and_told_to_the_home_network() -> None:
    street = Street()
    assert tenancy(street, ELEC, "2027-01-20T00:00:00.00Z") == "I99"
    (told,) = street.told(Verb.TENANCY)
    assert (told.home, told.device, told.at_utc) == (DUAL, HUB, 1_800_403_200.0)
    (entry,) = street.row(HomeDiary, home=DUAL).calendar
    assert entry.kind == "change of tenancy"
    assert street.row(Tenancy).due_utc == 1_800_403_200.0
    street.pass_time(600_000)
    assert len(street.told(Verb.TENANCY)) == 1


def test_the_same_tenancy_told_by_registration_data_is_told_to_the_home_network_once() -> None:
    street = Street()
    tenancy(street, ELEC, "2027-01-20T00:00:00.00Z")
    street.happen(TenancyTold(DUAL, Utc(1_800_403_200.0)))
    street.pass_time(600_000)
    assert len(street.told(Verb.TENANCY)) == 1


def test_a_tenancy_is_told_by_who_answers_for_the_device_and_by_nobody_else() -> None:
    street = Street()
    assert tenancy(street, GAS, "2027-01-20T00:00:00.00Z") == "E4"
    assert tenancy(street, NEW, "2027-01-20T00:00:00.00Z") == "E4"
    assert tenancy(street, ELEC, "tomorrow") == "E43"
    assert street.told(Verb.TENANCY) == []


def test_a_gas_proxy_is_asked_by_its_own_id() -> None:
    street = Street()
    proxy = Eui64(HUB + 0x100)
    assert tenancy(street, ELEC, "2027-01-20T00:00:00.00Z", target=proxy) == "E4"
    assert tenancy(street, GAS, "2027-01-20T00:00:00.00Z", target=proxy) == "I99"
    street.happen(SupplierTold(DUAL, Fuel.GAS, "supplier-3", Utc(street.utc + 1_000)))
    body = OtherRequest("UpdateSecurityCredentialsCoS", Utc(street.utc + 2_000))
    answer = street.ask_duis(NEW_GAS, "6.23", body, command_variant=1, target=proxy)
    assert answer.response.code == "I99"
    street.pass_time(3_000)
    assert [type(one) for one in street.alerts(NEW_GAS)] == [SupplierChange]
    assert street.read_version(GAS, proxy, 5_000).code == "E4"
    assert street.read_version(NEW_GAS, proxy, 5_000).code == "E11"


def test_a_tenancy_that_is_told_after_the_clock_was_set_back_is_the_last_word() -> None:
    street = Street()
    assert tenancy(street, ELEC, "2027-01-20T00:00:00.00Z") == "I99"
    street.utc = Utc(street.utc - 600.0)
    street.happen(TenancyTold(DUAL, Utc(street.utc - 60.0)))
    first, last = sorted(street.told(Verb.TENANCY), key=lambda one: -(one.at_utc or 0.0))
    assert first.number < last.number
