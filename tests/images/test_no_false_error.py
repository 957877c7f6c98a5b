"""Sound files of every shape that is made here or known from vendors: no rule calls one of them wrong."""

import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageSpec, Severity, build, lint
from images.building import BuildLayout
from tests.images.samples import element, key_pair, ota
from tests.images.test_containers import ikea, legrand, third_reality
from tests.tiers import examples

KEY, _ = key_pair()
firmwares = st.binary(min_size=64, max_size=600)
u16 = st.integers(0, 0xFFFE)


@st.composite
def specs(draw: st.DrawFn) -> ImageSpec:
    """Whatever ``zota image build`` can be asked for."""
    layout: BuildLayout = draw(st.sampled_from(("zcl", "gb")))
    low = draw(st.none() | u16)
    return ImageSpec(
        manufacturer_code=draw(u16),
        image_type=draw(st.integers(0, 0xFFBF)),
        file_version=draw(st.integers(1, 0xFFFFFFFE)),
        layout=layout,
        header_string=draw(st.text("abcdefgh 0123456789.-", max_size=32)),
        upgrade_file_destination=draw(st.none() | st.integers(1, 2**64 - 2)),
        minimum_hardware_version=low,
        maximum_hardware_version=None if low is None else draw(st.integers(low, 0xFFFF)),
        elements=draw(tags) if layout == "zcl" else (),
        integrity=layout == "zcl" and draw(st.booleans()),
        sign_key=KEY if layout == "gb" and draw(st.booleans()) else None,
    )


tags = st.lists(
    st.tuples(st.integers(0xF000, 0xFFFF), st.binary(max_size=40)),
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(tuple)


def errors(data: bytes) -> list[str]:
    """What is called an error, as one reads it."""
    found = lint(data).findings
    return [f"{one.rule} {one.message}" for one in found if one.severity is Severity.ERROR]


@examples(400)
@given(firmwares, specs())
def test_a_file_that_was_built_here_has_no_error(firmware: bytes, spec: ImageSpec) -> None:
    assert errors(build(firmware, spec)) == []


def crc32(data: bytes) -> bytes:
    return data + struct.pack("<I", zlib.crc32(data))


WRAPPED: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda data: data,
    "a CRC-32 after it": crc32,
    "fill after it": lambda data: data + b"\xff" * 64,
    "zeros after it": lambda data: data + bytes(16),
    "IKEA's container": ikea,
    "Legrand's container": legrand,
    "Third Reality's container": third_reality,
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
@examples(60)
@given(firmwares, specs())
def test_what_vendors_put_around_a_file_is_no_error(
    wrap: Callable[[bytes], bytes], firmware: bytes, spec: ImageSpec
) -> None:
    assert errors(wrap(build(firmware, spec))) == []


@examples(100)
@given(firmwares, st.integers(0x0010, 0x00FF))
def test_a_reserved_tag_after_the_firmware_is_no_error(firmware: bytes, tag: int) -> None:
    assert errors(ota(element(0, firmware) + element(tag, b"a vendor's own"))) == []
