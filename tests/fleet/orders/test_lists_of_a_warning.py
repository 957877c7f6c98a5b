"""Devices that an order passes over, each in the list that says why, without failing the rest."""

from dataclasses import replace
from typing import Any

import pytest

from images.eui64 import Eui64
from ota_engine.duis.requests import UpdateFirmware
from ota_engine.duis.responses import FirmwareWarning
from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus, Variant
from ota_engine.fleet.orders.rows import DeviceOrder, OrderRules
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    FAR,
    GAS,
    OWN,
    WANTED,
    Street,
    content_of,
    device,
    ordered_image,
)

UNKNOWN = Eui64(0x00DB_FFFF_FFFF_FFFF)
GOOD = device(OWN, "HCALCS")


def changed(street: Street, which: Eui64, **changes: Any) -> None:
    street.put(replace(street.row(InstalledDevice, device=which), **changes))


def warned(street: Street, *devices: Eui64, **changes: Any) -> FirmwareWarning:
    response = street.order(ELEC, GOOD, *devices, **changes)
    assert response.code == "W110101"
    found = content_of(response)
    assert isinstance(found, FirmwareWarning)
    assert [row.device for row in street.rows(DeviceOrder)] == [GOOD]
    return found


def test_an_unknown_device_is_invalid() -> None:
    assert warned(Street(), UNKNOWN) == FirmwareWarning(invalid=(UNKNOWN,))


def test_a_device_of_the_wrong_type_is_invalid() -> None:
    ppmid, hub = device(OWN, "PPMID"), device(OWN, "CHF")
    assert warned(Street(), ppmid, hub) == FirmwareWarning(invalid=(ppmid, hub))


def test_no_user_orders_the_firmware_of_a_smets2_hub() -> None:
    street = Street()
    assert street.order(ELEC, device(OWN, "CHF")).code == "E110103"
    assert street.order(ELEC, device(OWN, "CHF"), ppmid=True).code == "E110403"
    assert street.rows(DeviceOrder) == []


def test_an_ihd_is_not_applicable() -> None:
    ihd = device(OWN, "IHD")
    assert warned(Street(), ihd) == FirmwareWarning(not_applicable=(ihd,))


def test_a_smets1_hub_is_out_of_scope() -> None:
    street = Street()
    hub = device(OWN, "CHF")
    street.put(Variant("hub-s1", "CHF", "Maker", "Old", "1", smets=1))
    changed(street, hub, variant="hub-s1")
    assert warned(street, hub) == FirmwareWarning(not_applicable=(hub,))
    assert street.order(ELEC, hub).code == "E47"


@pytest.mark.parametrize(
    "status", [InventoryStatus.PENDING, InventoryStatus.INSTALLED, InventoryStatus.SUSPENDED]
)
def test_a_device_that_is_not_commissioned_is_listed_so(status: InventoryStatus) -> None:
    street = Street()
    other = device(DUAL, "HCALCS")
    changed(street, other, status=status)
    assert warned(street, other) == FirmwareWarning(not_commissioned=(other,))


def test_a_device_that_speaks_an_older_gbcs_is_listed_so() -> None:
    street = Street()
    other = device(DUAL, "HCALCS")
    changed(street, other, gbcs_version="3.2")
    assert warned(street, other) == FirmwareWarning(wrong_gbcs=(other,))


def test_a_device_for_which_another_order_is_under_way_is_listed_so() -> None:
    street = Street()
    other = device(DUAL, "HCALCS")
    assert street.order(GAS, other).code == "I99"
    response = street.order(ELEC, other, GOOD)
    assert content_of(response) == FirmwareWarning(in_progress=(other,))


def test_two_orders_that_come_at_once_do_not_both_get_a_device() -> None:
    street = Street()
    body = UpdateFirmware(b"", f"{WANTED:08X}", (GOOD,))
    events = [street.request(ELEC, "11.1", body, image=ordered_image()) for _ in range(2)]
    first, second = street.desk.answer(events, street.utc)
    assert (first.response.code, second.response.code) == ("I99", "W110101")
    assert content_of(second.response) == FirmwareWarning(in_progress=(GOOD,))


def test_an_image_of_another_maker_or_product_is_not_applicable() -> None:
    street = Street()
    other = device(OWN, "ESME")
    street.put(replace(street.row(Variant, variant="esme-1"), image_type=0x7))
    assert warned(street, other) == FirmwareWarning(not_applicable=(other,))


def test_an_image_that_is_too_large_for_one_kind_is_not_applicable_there() -> None:
    street = Street()
    other = device(OWN, "ESME")
    street.put(OrderRules(most_octets=(("ESME", 4_000),)))
    assert warned(street, other) == FirmwareWarning(not_applicable=(other,))
    assert street.order(ELEC, other).code == "E110106"


def test_a_version_that_nobody_listed_for_a_variant_is_not_applicable_there() -> None:
    street = Street()
    other = device(OWN, "ESME")
    street.put(Variant("esme-2", "ESME", "Maker", "E2", "1"))
    changed(street, other, variant="esme-2")
    assert warned(street, other) == FirmwareWarning(not_applicable=(other,))


def test_every_list_keeps_the_order_in_which_it_was_asked() -> None:
    others = tuple(Eui64(UNKNOWN - number) for number in (3, 1, 2))
    assert warned(Street(), *others).invalid == others


def test_an_order_that_no_device_may_have_is_refused_as_a_whole() -> None:
    street = Street()
    assert street.order(ELEC, UNKNOWN, device(FAR, "HCALCS")).code == "E110103"


def test_an_order_whose_devices_only_have_to_wait_is_answered_by_its_lists() -> None:
    street = Street()
    changed(street, GOOD, status=InventoryStatus.PENDING)
    response = street.order(ELEC, GOOD)
    assert response.code == "W110101"
    assert content_of(response) == FirmwareWarning(not_commissioned=(GOOD,))
    assert street.rows(DeviceOrder) == []
