"""Images that are not taken, whatever the devices."""

from dataclasses import replace
from typing import Any

import pytest

from ota_engine.duis.requests import UpdateFirmware
from ota_engine.fleet.orders.rows import DeviceOrder, OrderRules
from ota_engine.fleet.releases.rows import CataloguedImage, CplEntry
from tests.fleet.orders.street import ELEC, HASH, OWN, WANTED, Street, device, ordered_image

HCALCS = device(OWN, "HCALCS")
PPMID = device(OWN, "PPMID")


def code(street: Street, text: str, **changes: Any) -> str:
    body = UpdateFirmware(b"", text, (HCALCS,))
    return street.ask_duis(ELEC, "11.1", body, image=ordered_image(**changes)).response.code


def test_an_image_that_is_no_gb_image_is_refused() -> None:
    street = Street()
    assert (
        code(street, "0002012F", trouble="the header counts 60 octets, there are 12") == "E110101"
    )
    assert street.rows(DeviceOrder) == []


def test_a_version_that_is_not_that_of_the_file_is_refused() -> None:
    assert code(Street(), "00020130") == "E110102"


@pytest.mark.parametrize("text", ["0002012F", "2012F", "0002012f", "2012f"])
def test_a_version_may_be_written_short_or_in_small_letters(text: str) -> None:
    assert code(Street(), text) == "I99"


@pytest.mark.parametrize("text", ["", "version", "1,2", "0002 12F", "+2012F", "2_012F"])
def test_a_version_that_is_no_number_is_refused(text: str) -> None:
    assert code(Street(), text) == "E110102"


def test_a_version_that_is_not_in_the_central_products_list_is_refused() -> None:
    street = Street()
    assert code(street, "00030000", version=0x0003_0000) == "E110102"
    street.put(CplEntry("CPL-next", "hcalcs-1", 0x0003_0000))
    assert code(street, "00030000", version=0x0003_0000) == "I99"


def test_rules_may_let_unlisted_versions_be_ordered() -> None:
    street = Street()
    street.put(OrderRules(listed_only=False))
    assert code(street, "00030000", version=0x0003_0000) == "I99"


def test_a_header_that_is_not_that_of_the_catalogue_is_refused() -> None:
    street = Street()
    image = ordered_image()
    street.put(CataloguedImage(image.sha256, 0x121D, 0x85, WANTED, True))
    assert code(street, "0002012F") == "E110101"


def test_an_image_that_the_catalogue_does_not_approve_is_refused() -> None:
    street = Street()
    street.put(CataloguedImage(ordered_image().sha256, 0x121D, 0x84, WANTED, False))
    assert code(street, "0002012F") == "E110101"


def test_another_file_of_a_listed_version_is_refused_where_the_maker_alone_makes_it() -> None:
    street = Street()
    street.put(CataloguedImage("00" * 32, 0x121D, 0x84, WANTED, True))
    response = street.order(ELEC, PPMID, ppmid=True)
    assert response.code == "E110401"
    assert street.order(ELEC, HCALCS).code == "I99"  # its supplier has signed that file itself


@pytest.mark.parametrize("ppmid", [False, True])
def test_another_manufacturer_image_of_a_listed_version_is_refused(ppmid: bool) -> None:
    street = Street()
    which = PPMID if ppmid else HCALCS
    known = CataloguedImage("00" * 32, 0x121D, 0x84, WANTED, True, "11" * 32)
    street.put(known)
    assert street.order(ELEC, which, ppmid=ppmid).code == ("E110401" if ppmid else "E110101")
    street.put(replace(known, manufacturer_hash=HASH.hex()))
    assert street.order(ELEC, which, ppmid=ppmid).code == "I99"


def test_a_list_that_names_a_device_twice_is_refused() -> None:
    street = Street()
    assert street.order(ELEC, HCALCS, HCALCS).code == "E110105"
    assert street.order(ELEC, PPMID, PPMID, ppmid=True).code == "E110405"
