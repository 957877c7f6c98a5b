import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError, OtaImage, parse
from tests.images.samples import (
    FIRMWARE,
    MAGIC,
    element,
    gb,
    gb_trailer,
    header,
    octets,
    ota,
    plain,
)

U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
SMALL = st.integers(0, 400)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A header with any lengths before elements with any lengths, cut anywhere."""
    pieces = draw(
        st.lists(
            st.one_of(
                st.binary(max_size=20),
                st.builds(
                    element,
                    st.one_of(st.sampled_from((0, 3, 5, 0xF000)), U16),
                    st.binary(max_size=40),
                    st.one_of(st.none(), SMALL, U32),
                ),
                st.just(gb_trailer()),
                st.just(struct.pack("<HIH", 0xF000, 9, 0x0C01) + b"encrypted"),
                st.just(b"\x2a\x00\x01 Hue body"),
            ),
            max_size=6,
        )
    )
    body = b"".join(pieces)
    control = draw(st.one_of(st.sampled_from((0, 4, 7)), U16))
    size = (1 if control & 1 else 0) + (8 if control & 2 else 0) + (4 if control & 4 else 0)
    head = header(
        body,
        control=control,
        optional=draw(st.binary(min_size=size, max_size=size)),
        length=draw(st.one_of(st.none(), SMALL, U16)),
        total=draw(st.one_of(st.none(), SMALL, U32)),
        manufacturer=draw(st.one_of(st.just(0x100B), U16)),
        string=draw(st.binary(max_size=32)),
    )
    whole = head + body + draw(st.binary(max_size=20))
    return whole[: draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))]


def wrapped(data: bytes, wrapper: str) -> bytes:
    if wrapper == "ikea":
        return b"NGIS" + bytes(12) + struct.pack("<II", 30, len(data)) + bytes(6) + data + b"signed"
    if wrapper == "legrand":
        return struct.pack("<I", len(data)) + data + bytes(17)
    return data


@given(st.binary(max_size=300))
def test_any_bytes_are_an_image_or_an_image_error(data: bytes) -> None:
    try:
        image = parse(data)
    except ImageError as error:
        assert error.reason
        return
    assert image.serialise() == data


@given(damaged_files(), st.sampled_from(("bare", "ikea", "legrand")))
def test_whatever_parses_serialises_to_the_same_bytes(data: bytes, wrapper: str) -> None:
    data = wrapped(data, wrapper)
    try:
        image = parse(data)
    except ImageError:
        return
    assert image.serialise() == data
    assert_accounted_for(image)


def assert_accounted_for(image: OtaImage) -> None:
    """No byte is served twice or lost, and no view is larger than what it was cut from."""
    assert image.file[image.offset : image.offset + len(image.ota)] == image.ota
    assert len(image.ota) <= max(image.header.total_image_size, image.header.body_offset)
    after = image.trailing.length if image.trailing is not None else 0
    assert image.offset + len(image.ota) + after == len(image.file)
    for piece in image.elements:
        assert image.ota[piece.offset : piece.offset + len(piece.data)] == piece.data


@given(damaged_files())
def test_parsing_bytes_and_a_view_is_the_same(data: bytes) -> None:
    try:
        from_bytes = parse(data)
    except ImageError as error:
        with pytest.raises(ImageError, match=error.reason[:10]):
            parse(memoryview(data))
        return
    assert from_bytes == parse(memoryview(data))


def test_a_plain_file() -> None:
    image = parse(plain())
    assert (image.layout, image.container, image.trailing) == ("zcl", None, None)
    assert [(piece.tag, piece.length, piece.offset) for piece in image.elements] == [(0, 200, 62)]
    assert image.elements[0].data == FIRMWARE
    assert image.ota == plain()


def test_views_are_not_copies() -> None:
    data = plain()
    image = parse(data)
    assert image.ota.obj is data
    assert image.elements[0].data.obj is data


def test_several_elements_in_order() -> None:
    body = element(0xF000, b"abc") + element(0, FIRMWARE) + element(3, bytes(16))
    assert [piece.tag for piece in parse(ota(body)).elements] == [0xF000, 0, 3]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"# Read me", "not an OTA file"),
        (MAGIC[::-1] + bytes(60), "byte-swapped"),
        (b"prefix" + plain(), "not an OTA file"),
        (b"\x1e\xf1", "ends inside"),
    ],
)
def test_what_is_no_ota_file_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        parse(data)


def test_a_truncated_file_keeps_what_it_has() -> None:
    image = parse(plain()[:100])
    assert image.truncated
    assert image.layout == "zcl"
    assert (image.elements[0].length, len(image.elements[0].data)) == (200, 38)
    assert image.elements[0].clipped


def test_an_element_that_overruns_is_clipped_and_kept() -> None:
    image = parse(ota(element(0, FIRMWARE, length=5000)))
    assert (image.elements[0].length, bytes(image.elements[0].data)) == (5000, FIRMWARE)


def test_a_second_blob_without_a_tag_is_residue() -> None:
    blob = b"\x99" * 80
    image = parse(ota(element(0, FIRMWARE) + blob))
    assert (image.layout, len(image.elements), bytes(image.residue)) == ("zcl", 1, blob)


def test_a_size_smaller_than_the_header_serves_the_header_only() -> None:
    image = parse(plain(total=3))
    assert bytes(image.ota) == plain(total=3)[:56]
    assert image.trailing is not None
    assert image.trailing.length == 206


def test_gb_accessors() -> None:
    image = parse(gb(gb_trailer(force_replace=1)))
    assert octets(image.manufacturer_image) == FIRMWARE
    assert octets(image.signature) == b"\x11" * 64
    assert image.force_replace == 1
    unsigned = parse(gb())
    assert octets(unsigned.manufacturer_image) == FIRMWARE
    assert (unsigned.signature, unsigned.force_replace) == (None, None)


def test_only_gb_has_a_manufacturer_image() -> None:
    image = parse(plain())
    assert (image.manufacturer_image, image.manufacturer_image_hash) == (None, None)
