"""Who may order firmware for which devices, and what the others of a list become (11.1, 11.4)."""

from ota_engine.duis.responses import FirmwareWarning, UpgradeRequested
from ota_engine.fleet.orders.rows import DeliveryState, DeviceOrder
from ota_engine.fleet.port import Verb
from tests.fleet.orders.street import (
    DUAL,
    ELEC,
    FAR,
    GAS,
    NETWORK,
    OWN,
    Street,
    content_of,
    device,
)


def test_an_order_is_acknowledged_and_its_hub_is_told() -> None:
    street = Street()
    response = street.order(ELEC, device(DUAL, "HCALCS"))
    assert (response.code, content_of(response)) == ("I99", None)
    (told,) = street.told(Verb.ASSIGN)
    row = street.row(DeviceOrder)
    assert told.campaign == row.name
    assert row.state is DeliveryState.ORDERED
    assert (told.gateway, told.home, told.device) == ("gate", DUAL, device(DUAL, "HCALCS"))
    assert told.commanded


def test_either_supplier_of_a_home_may_order_for_its_ppmid_and_the_other_one_is_told() -> None:
    street = Street()
    assert street.order(GAS, device(DUAL, "PPMID"), ppmid=True).code == "I99"
    assert street.alerts(ELEC) == [UpgradeRequested("PPMID", "0002012F", (device(DUAL, "PPMID"),))]
    assert street.alerts(GAS) == []


def test_meters_are_ordered_for_by_the_supplier_of_their_fuel_alone() -> None:
    street = Street()
    esme, gsme = device(DUAL, "ESME"), device(DUAL, "GSME")
    response = street.order(ELEC, esme, gsme)
    assert response.code == "W110101"
    assert content_of(response) == FirmwareWarning(invalid=(gsme,))
    assert [row.device for row in street.rows(DeviceOrder)] == [esme]
    assert street.order(GAS, gsme).code == "I99"


def test_a_user_of_another_role_may_not_order() -> None:
    street = Street()
    assert street.order(NETWORK, device(DUAL, "HCALCS")).code == "E2"


def test_another_suppliers_device_looks_like_an_unknown_one() -> None:
    street = Street()
    response = street.order(ELEC, device(OWN, "HCALCS"), device(FAR, "HCALCS"))
    assert content_of(response) == FirmwareWarning(invalid=(device(FAR, "HCALCS"),))
