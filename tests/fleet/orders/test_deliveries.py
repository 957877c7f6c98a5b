"""Ordered images on their way: what hubs say, and what users hear of it."""

from images.eui64 import Eui64
from ota_engine.duis.requests import RequestId
from ota_engine.duis.responses import (
    DccAlert,
    DeliveryStatus,
    DeviceAlert,
    DistributionFailure,
    FirmwareWarning,
    HubAlert,
    PpmidAlert,
    TransferAlert,
    UpgradeRequested,
)
from ota_engine.fleet.inventory.rows import InstalledDevice
from ota_engine.fleet.orders.rows import (
    DeliveryState,
    DeviceOrder,
    ImageOrder,
    OrderBatch,
    UserDocument,
)
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.orders import messages
from tests.fleet.orders.messages import NOON
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    GAS,
    OWN,
    WANTED,
    Street,
    content_of,
    device,
    ordered_image,
)

HCALCS, PPMID, HUB = device(DUAL, "HCALCS"), device(DUAL, "PPMID"), device(DUAL, "CHF")
TEXT = f"{WANTED:08X}"


def ordered(user: Eui64 = ELEC, *, ppmid: bool = False) -> tuple[Street, str]:
    street = Street()
    which = PPMID if ppmid else HCALCS
    assert street.order(user, which, ppmid=ppmid).code == "I99"
    return street, street.row(DeviceOrder).name


def state(street: Street) -> DeliveryState:
    return street.row(DeviceOrder).state


def statuses(street: Street) -> list[bool]:
    return [one.success for one in street.alerts(ELEC) if isinstance(one, DeliveryStatus)]


def test_an_image_that_has_arrived_is_told_once_to_who_ordered() -> None:
    street, name = ordered()
    said = street.hub_says(HubWord.REACHED, HCALCS, name)
    street.happen(said)
    street.hub_says(HubWord.TRANSFERRED, HCALCS, name)
    request_id = RequestId.parse(street.row(ImageOrder).request)
    (told,) = [one for one in street.alerts(ELEC) if isinstance(one, DeliveryStatus)]
    assert told == DeliveryStatus(request_id, HUB, HCALCS, TEXT, said.utc, True)
    assert state(street) is DeliveryState.HELD
    (document,) = street.documents(ELEC)
    assert isinstance(document.body, DccAlert)
    assert (document.code, document.body.code) == ("I0", "N60")
    assert [type(one) for one in street.alerts(GAS)] == [UpgradeRequested]


def test_a_delivery_that_fails_before_it_has_begun_is_told_as_not_arrived() -> None:
    street, name = ordered()
    street.hub_says(HubWord.FAILED, HCALCS, name, reason="no room")
    assert statuses(street) == [False]
    row = street.row(DeviceOrder)
    assert (row.state, row.reason) == (DeliveryState.FAILED, "no room")


def test_a_delivery_that_fails_after_it_has_arrived_is_told_as_not_given_out() -> None:
    street, name = ordered()
    street.hub_says(HubWord.REACHED, HCALCS, name)
    street.hub_says(HubWord.FAILED, HCALCS, name)
    assert statuses(street) == [True]
    (failure,) = [one for one in street.alerts(ELEC) if isinstance(one, DistributionFailure)]
    assert failure.devices == (HCALCS,)


def test_a_device_that_is_out_of_reach_is_told_and_heard_when_it_speaks_again() -> None:
    street, name = ordered()
    street.hub_says(HubWord.UNREACHABLE, HCALCS, name)
    assert state(street) is DeliveryState.UNREACHABLE
    street.hub_says(HubWord.REACHED, HCALCS, name)
    assert state(street) is DeliveryState.ARRIVED
    assert sorted(statuses(street)) == [False, True]


def test_a_hubs_word_on_a_transfer_is_told_decoded_to_who_ordered() -> None:
    street, name = ordered()
    octets = messages.transferred(HUB, HCALCS, WANTED, 4_000)
    street.hub_says(HubWord.RECEIVED, HCALCS, name, message=octets)
    (told,) = [one for one in street.alerts(ELEC) if isinstance(one, HubAlert)]
    assert told.hub == HUB
    assert told.alert_code == 0x8F8A
    assert told.utc == NOON.timestamp()
    assert told.transfer is not None
    assert told.transfer == TransferAlert(
        HCALCS, TEXT, "FileTransferSuccess", told.transfer.request_id
    )
    assert [type(one) for one in street.alerts(GAS)] == [UpgradeRequested]


def test_every_outcome_of_a_transfer_has_its_word() -> None:
    street, name = ordered()
    for code in range(1, 5):
        octets = messages.transferred(HUB, HCALCS, WANTED, 4_000 + code, code)
        street.hub_says(HubWord.RECEIVED, HCALCS, name, message=octets)
    told = [one for one in street.alerts(ELEC) if isinstance(one, HubAlert)]
    assert {one.transfer.code for one in told if one.transfer} == {
        "FirmwareImageDiscarded",
        "HardwareVersionMismatch",
        "FileTransferFailure",
    }


def test_a_ppmid_that_runs_its_image_is_told_to_all_responsible_suppliers() -> None:
    street, name = ordered(GAS, ppmid=True)
    street.hub_says(HubWord.REACHED, PPMID, name)
    octets = messages.ppmid_runs(PPMID, WANTED, 5_000)
    street.pass_time(60)
    street.hub_says(HubWord.ALERT, PPMID, name, message=octets, version=WANTED)
    street.hub_says(HubWord.ACTIVATED, PPMID, name, message=octets, version=WANTED)
    told = PpmidAlert(PPMID, 0x8F8B, Utc(NOON.timestamp()), TEXT, True)
    for user in (ELEC, GAS):
        assert [one for one in street.alerts(user) if isinstance(one, PpmidAlert)] == [told]
    assert state(street) is DeliveryState.RUNNING
    assert street.row(InstalledDevice, device=PPMID).version == WANTED


def test_a_ppmid_that_does_not_run_its_image_is_told_and_ends_the_order() -> None:
    street, name = ordered(ELEC, ppmid=True)
    street.hub_says(HubWord.TRANSFERRED, PPMID, name)
    octets = messages.ppmid_runs(PPMID, 0x0001_0000, 5_000, code=1)
    street.hub_says(HubWord.ALERT, PPMID, name, message=octets)
    assert state(street) is DeliveryState.FAILED
    (told,) = [one for one in street.alerts(GAS) if isinstance(one, PpmidAlert)]
    assert not told.success


def test_a_meters_receipt_passes_on_to_whom_it_wrote_as_it_came() -> None:
    street = Street()
    esme = device(DUAL, "ESME")
    street.order(ELEC, esme)
    name = street.row(DeviceOrder).name
    octets = messages.receipt(esme, ELEC, 2_000)
    street.hub_says(HubWord.ALERT, esme, name, message=octets)
    street.hub_says(HubWord.ALERT, esme, name, message=octets)
    (document,) = [one for one in street.documents(ELEC) if isinstance(one.body, DeviceAlert)]
    assert document.body == DeviceAlert(0x8F72, octets)
    assert document.response_id is not None
    assert document.response_id.text.endswith(":2000")
    assert not [one for one in street.documents(GAS) if isinstance(one.body, DeviceAlert)]


def test_a_meter_that_discards_its_image_ends_the_order() -> None:
    street = Street()
    esme = device(DUAL, "ESME")
    street.order(ELEC, esme)
    name = street.row(DeviceOrder).name
    street.hub_says(HubWord.REACHED, esme, name)
    octets = messages.receipt(esme, ELEC, 2_000, 0x8F1C)
    street.hub_says(HubWord.ALERT, esme, name, message=octets)
    assert state(street) is DeliveryState.FAILED


def test_a_message_that_nobody_can_read_changes_nothing() -> None:
    street, name = ordered()
    street.hub_says(HubWord.ALERT, HCALCS, name, message=b"\xdf\x09\x00")
    assert state(street) is DeliveryState.ORDERED
    assert street.documents(ELEC) == []


def test_a_newer_order_that_says_so_takes_the_place_of_one_under_way_and_that_is_told() -> None:
    street, name = ordered()
    street.hub_says(HubWord.REACHED, HCALCS, name)
    assert street.order(ELEC, HCALCS).code == "W110101"
    newer = ordered_image(force_replace=True)
    assert street.order(ELEC, HCALCS, image=newer).code == "I99"
    rows = {row.name: row.state for row in street.rows(DeviceOrder)}
    assert rows[name] is DeliveryState.REPLACED
    assert sorted(rows.values()) == [DeliveryState.ORDERED, DeliveryState.REPLACED]
    (told,) = street.told(Verb.WITHDRAW)
    assert (told.campaign, told.number) == (name, 2)
    (failure,) = [one for one in street.alerts(ELEC) if isinstance(one, DistributionFailure)]
    assert failure.devices == (HCALCS,)
    assert failure.request_id.text in name


def test_the_other_supplier_cannot_take_the_place_of_an_order_under_way() -> None:
    street, _ = ordered()
    assert street.order(GAS, HCALCS, image=ordered_image(force_replace=True)).code == "W110101"
    assert street.told(Verb.WITHDRAW) == []


def test_an_image_that_a_device_only_holds_makes_room_for_another_order() -> None:
    street, name = ordered()
    street.hub_says(HubWord.TRANSFERRED, HCALCS, name)
    assert street.order(GAS, HCALCS).code == "I99"
    assert street.row(DeviceOrder, name=name).state is DeliveryState.REPLACED
    assert {type(one) for one in street.alerts(ELEC)} == {
        DeliveryStatus,
        DistributionFailure,
        UpgradeRequested,
    }


def test_an_image_that_nobody_can_bring_makes_room_for_another_order() -> None:
    street, name = ordered()
    street.hub_says(HubWord.UNREACHABLE, HCALCS, name)
    assert street.order(GAS, HCALCS).code == "I99"
    assert street.row(DeviceOrder, name=name).state is DeliveryState.REPLACED


def test_a_late_word_of_a_replaced_order_moves_nothing() -> None:
    street, name = ordered()
    street.order(ELEC, HCALCS, image=ordered_image(force_replace=True))
    before = len(street.rows(UserDocument))
    street.hub_says(HubWord.REACHED, HCALCS, name)
    assert street.row(DeviceOrder, name=name).state is DeliveryState.REPLACED
    assert len(street.rows(UserDocument)) == before


def test_the_devices_of_an_order_are_handed_on_in_batches() -> None:
    street = Street()
    assert street.order(ELEC, HCALCS, device(OWN, "HCALCS")).code == "I99"
    assert street.rows(OrderBatch) == []
    assert {row.device for row in street.rows(DeviceOrder)} == {HCALCS, device(OWN, "HCALCS")}
    assert {row.campaign for row in street.told(Verb.ASSIGN)} == {
        row.name for row in street.rows(DeviceOrder)
    }


def test_an_order_of_which_its_gateway_says_nothing_is_told_and_makes_room_in_the_end() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    street.pass_time(27 * 86_400)
    assert content_of(street.order(GAS, HCALCS)) == FirmwareWarning(in_progress=(HCALCS,))
    street.pass_time(2 * 86_400)
    assert street.row(DeviceOrder).state is DeliveryState.UNREACHABLE
    (told,) = street.alerts(ELEC)
    assert (told.device, told.success) == (HCALCS, False)
    assert street.order(GAS, HCALCS).code == "I99"


def test_an_order_of_which_its_gateway_has_spoken_is_waited_for() -> None:
    street = Street()
    street.order(ELEC, HCALCS)
    name = street.row(DeviceOrder).name
    street.pass_time(86_400)
    street.hub_says(HubWord.REACHED, HCALCS, name)
    street.pass_time(60 * 86_400)
    assert street.row(DeviceOrder).state is DeliveryState.ARRIVED
    assert [one.success for one in street.alerts(ELEC)] == [True]
