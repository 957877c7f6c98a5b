import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError, OtaHeader, parse
from images.header import fields_length, parse_header
from images.layout import GB_TRAILER, HEADER, SUB_ELEMENT_HEAD, compose, dissect
from tests.images.samples import MAGIC, header, plain

U8, U16 = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
U32, U64 = st.integers(0, 0xFFFFFFFF), st.integers(0, (1 << 64) - 1)
FIELDS = list(OtaHeader._fields[:-1])


@st.composite
def headers(draw: st.DrawFn) -> OtaHeader:
    control = draw(U16)
    return OtaHeader(
        header_version=draw(U16),
        header_length=fields_length(control),
        field_control=control,
        manufacturer_code=draw(U16),
        image_type=draw(U16),
        file_version=draw(U32),
        zigbee_stack_version=draw(U16),
        header_string=draw(st.binary(min_size=32, max_size=32)),
        total_image_size=draw(U32),
        security_credential_version=draw(U8) if control & 1 else None,
        upgrade_file_destination=draw(U64) if control & 2 else None,
        minimum_hardware_version=draw(U16) if control & 4 else None,
        maximum_hardware_version=draw(U16) if control & 4 else None,
    )


@given(headers())
def test_the_struct_twin_writes_what_construct_writes(record: OtaHeader) -> None:
    assert record.serialise() == compose(HEADER, record._asdict())


@given(st.binary(min_size=52, max_size=70))
def test_the_struct_twin_reads_what_construct_reads(rest: bytes) -> None:
    data = MAGIC + rest
    try:
        expected = dissect(HEADER, data)
    except ImageError:
        with pytest.raises(ImageError, match="ends inside the OTA header"):
            parse_header(memoryview(data))
        return
    read = parse_header(memoryview(data))
    assert {name: getattr(read, name) for name in FIELDS} == {
        name: expected[name] for name in FIELDS
    }


@given(headers(), st.binary(max_size=40))
def test_parse_and_serialise_are_inverse_with_an_extension(
    record: OtaHeader, extension: bytes
) -> None:
    record = record._replace(
        header_length=record.fields_length + len(extension), extension=extension
    )
    assert parse_header(memoryview(record.serialise() + b"body")) == record


@pytest.mark.parametrize(
    ("control", "length"), [(0, 56), (1, 57), (2, 64), (4, 60), (3, 65), (5, 61), (6, 68), (7, 69)]
)
def test_header_length_follows_the_field_control(control: int, length: int) -> None:
    assert fields_length(control) == length


def test_optional_fields_come_in_the_order_of_their_bits() -> None:
    optional = struct.pack("<BQHH", 3, 0x00DB1234567890A4, 0x0100, 0x0203)
    read = parse_header(memoryview(header(control=7, optional=optional)))
    assert read[9:13] == (3, 0x00DB1234567890A4, 0x0100, 0x0203)


def test_elements_start_at_header_length_not_at_the_last_known_field() -> None:
    data = plain(length=60, optional=b"\xaa\xbb\xcc\xdd")
    image = parse(data)
    assert image.header.extension == b"\xaa\xbb\xcc\xdd"
    assert [element.offset for element in image.elements] == [66]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (b"LD6002B", "LD6002B"),
        (b" " * 32, " " * 32),
        (b"abc\x00junk", "abc\x00junk"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff\xfe bad", "\\xff\\xfe bad"),
        (b"", ""),
    ],
)
def test_header_text_drops_only_padding_and_survives_any_bytes(stored: bytes, text: str) -> None:
    assert parse_header(memoryview(header(string=stored))).header_text == text


@pytest.mark.parametrize("length", range(4, 56))
def test_a_file_that_ends_inside_the_header_says_where(length: int) -> None:
    with pytest.raises(ImageError) as caught:
        parse(header()[:length])
    assert caught.value.offset == length


@given(U16, U32)
def test_the_element_head_is_laid_out_as_declared(tag: int, length: int) -> None:
    assert compose(SUB_ELEMENT_HEAD, {"tag": tag, "length": length}) == struct.pack(
        "<HI", tag, length
    )


def test_the_gb_trailer_has_66_bytes() -> None:
    built = compose(GB_TRAILER, {"force_replace": 1, "r": b"r" * 32, "s": b"s" * 32})
    assert built == b"\x01\x40" + b"r" * 32 + b"s" * 32


def test_a_field_that_does_not_fit_is_an_image_error() -> None:
    with pytest.raises(ImageError):
        compose(SUB_ELEMENT_HEAD, {"tag": 0x10000, "length": 0})
