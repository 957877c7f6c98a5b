"""What is read of an ordered image: identity, hash, and what contradicts the file."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.building import ImageSpec, build
from ota_engine.head_end.duis.ordered_image import read_ordered_image

FIRMWARE = bytes(range(1, 200))
PLAIN = build(
    FIRMWARE,
    ImageSpec(
        manufacturer_code=0x121D,
        image_type=0x86,
        file_version=0x01020304,
        layout="gb",
        minimum_hardware_version=1,
        maximum_hardware_version=0x1211,
    ),
)
SIGNED = build(
    FIRMWARE,
    ImageSpec(
        manufacturer_code=0x121D,
        image_type=0x86,
        file_version=0x01020304,
        layout="gb",
        sign_key=lambda _: bytes(range(64)),
        force_replace=True,
    ),
)
KEEPING = build(
    FIRMWARE,
    ImageSpec(
        manufacturer_code=0x121D,
        image_type=0x86,
        file_version=0x01020304,
        layout="gb",
        sign_key=lambda _: bytes(range(64)),
    ),
)
HASH = hashlib.sha256(FIRMWARE).hexdigest()


def test_an_image_of_an_11_4_is_its_manufacturer_image_alone() -> None:
    found = read_ordered_image(PLAIN, ppmid=True)
    assert found.trouble == ""
    assert found.sha256 == hashlib.sha256(PLAIN).hexdigest()
    assert found.manufacturer_hash == HASH
    assert (found.manufacturer_code, found.image_type, found.version) == (0x121D, 0x86, 0x01020304)
    assert (found.min_hardware, found.max_hardware, found.size) == (1, 0x1211, len(PLAIN))


def test_an_image_of_an_11_1_is_hashed_without_force_replace_and_signature() -> None:
    found = read_ordered_image(SIGNED, ppmid=False)
    assert (found.trouble, found.manufacturer_hash) == ("", HASH)
    assert read_ordered_image(SIGNED, ppmid=True).manufacturer_hash != HASH
    assert "signature" in read_ordered_image(PLAIN, ppmid=False).trouble


def test_an_image_of_an_11_1_says_whether_it_replaces_another_that_is_under_way() -> None:
    assert read_ordered_image(SIGNED, ppmid=False).force_replace
    assert not read_ordered_image(KEEPING, ppmid=False).force_replace
    assert not read_ordered_image(PLAIN, ppmid=True).force_replace
    assert not read_ordered_image(SIGNED, ppmid=True).force_replace, "it is firmware there"


@pytest.mark.parametrize(
    ("octets", "trouble"),
    [
        (b"", "no OTA image"),
        (b"x" * 500, "no OTA image"),
        (SIGNED[:30], "no OTA image"),
        (SIGNED[:-1], "declares"),
        (SIGNED + b"x", "declares"),
        (SIGNED[:4] + b"\x00\x02" + SIGNED[6:], "version"),
        (SIGNED[:6] + b"\x01\x00" + SIGNED[8:], "fields take more"),
    ],
)
def test_what_contradicts_the_file_is_told_in_one_line(octets: bytes, trouble: str) -> None:
    found = read_ordered_image(octets, ppmid=False)
    assert trouble in found.trouble
    assert "\n" not in found.trouble
    assert found.manufacturer_hash == ""


@given(st.binary(max_size=200), st.booleans())
def test_any_octets_are_read(octets: bytes, ppmid: bool) -> None:
    for file in (octets, SIGNED[:56] + octets):
        assert read_ordered_image(file, ppmid=ppmid).size == len(file)
