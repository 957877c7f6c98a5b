import random
import struct

import pytest

from images import parse
from tests.images.samples import FIRMWARE, element, gb, gb_trailer, octets, ota, plain
from tests.tiers import seeds

TELINK = struct.pack("<HIH", 0xF000, len(FIRMWARE), 0x0C01) + FIRMWARE


@pytest.mark.parametrize(
    ("data", "layout", "elements"),
    [
        (plain(), "zcl", 1),
        (ota(b""), "zcl", 0),
        (ota(element(0xCDEF, bytes(17)) + element(0, FIRMWARE)), "zcl", 2),
        (ota(element(0xF000, FIRMWARE)), "zcl", 1),
        (ota(TELINK), "telink", 1),
        (ota(TELINK + element(3, bytes(16))), "telink", 2),
        (ota(b"\x2a\x00\x01" + FIRMWARE, manufacturer=0x100B), "hue", 0),
        (ota(element(0xF000, FIRMWARE) + element(0, FIRMWARE), manufacturer=0x100B), "zcl", 2),
        (gb(gb_trailer()), "gb", 0),
        (gb(), "gb", 0),
        (ota(FIRMWARE + gb_trailer()), "gb", 0),
        (gb(gb_trailer(), body=element(0, FIRMWARE)), "gb", 1),
        (ota(b"\xe9\x06\x02\x2f\xe6\x02" + FIRMWARE), "raw", 0),
        (ota(b"\x2a\x00\x01" + FIRMWARE), "raw", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_shape_is_told_apart(data: bytes, layout: str, elements: int) -> None:
    image = parse(data)
    assert (image.layout, len(image.elements)) == (layout, elements)


def test_telink_info_bytes_are_kept_apart_from_the_data() -> None:
    piece = parse(ota(TELINK)).elements[0]
    assert (octets(piece.info), bytes(piece.data), piece.offset) == (b"\x01\x0c", FIRMWARE, 64)


@pytest.mark.parametrize("octet", [0x00, 0xFF])
@pytest.mark.parametrize("size", [66, 600, 6000])
def test_fill_is_never_taken_for_elements(octet: int, size: int) -> None:
    """A body of zeros reads as empty upgrade images without end."""
    image = parse(gb(body=bytes([octet]) * size))
    assert (image.layout, image.elements) == ("gb", ())


def test_one_empty_upgrade_image_is_an_element() -> None:
    assert len(parse(ota(element(0, b""))).elements) == 1


def test_endless_tiny_elements_stop_at_a_bound() -> None:
    image = parse(ota(element(1, b"x") * 20_000))
    assert len(image.elements) <= 4096
    assert image.serialise() == ota(element(1, b"x") * 20_000)


def test_the_magic_inside_the_firmware_is_never_a_header() -> None:
    """A GB body that holds a whole OTA file stays one file."""
    image = parse(gb(body=b"boot" + plain()))
    assert (image.layout, image.offset, len(image.elements)) == ("gb", 0, 0)


@seeds(1, 20)
def test_random_bare_firmware_behind_a_hardware_range_is_gb(seed: int) -> None:
    rng = random.Random(seed)
    layouts = [parse(gb(body=rng.randbytes(3000))).layout for _ in range(200)]
    # A random body looks like a standard element once in some 10,000 files.
    assert layouts.count("gb") >= 198


def test_signed_elements_of_any_vendor_stay_zcl() -> None:
    """An exact walk wins, even where the last bytes look like a GB trailer."""
    data = ota(element(0, FIRMWARE + gb_trailer()))
    assert parse(data).layout == "zcl"


def test_a_lying_length_in_a_standard_element_is_not_taken_for_gb() -> None:
    image = parse(gb(body=element(0, FIRMWARE, length=5000)))
    assert (image.layout, len(image.elements)) == ("zcl", 1)
