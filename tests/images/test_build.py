import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import ImageError, ImageSpec, build, parse
from images.digests import Convention, recognise_integrity
from images.names import named_identity, recommended_name
from tests.images.samples import FIRMWARE, element, gb, header, key_pair, octets, plain

SPEC = ImageSpec(
    manufacturer_code=0x121D, image_type=0x0084, file_version=0x01020304, header_string="sample"
)
GB = replace(SPEC, layout="gb", minimum_hardware_version=0x0100, maximum_hardware_version=0x0200)


def optional(highest: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(0, highest))


@st.composite
def specs(draw: st.DrawFn) -> ImageSpec:
    hardware = draw(st.one_of(st.none(), st.tuples(st.integers(0, 99), st.integers(99, 0xFFFF))))
    return ImageSpec(
        manufacturer_code=draw(st.integers(0, 0xFFFE)),
        image_type=draw(st.integers(0, 0xFFC3)),
        file_version=draw(st.integers(0, 0xFFFFFFFE)),
        header_string=draw(
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=32)
        ),
        zigbee_stack_version=draw(st.integers(0, 3)),
        security_credential_version=draw(optional(3)),
        upgrade_file_destination=draw(
            st.one_of(st.none(), st.integers(1, (1 << 64) - 2)),
        ),
        minimum_hardware_version=None if hardware is None else hardware[0],
        maximum_hardware_version=None if hardware is None else hardware[1],
        elements=tuple(
            draw(
                st.lists(st.tuples(st.integers(0xF000, 0xFFFF), st.binary(max_size=9)), max_size=3)
            )
        ),
        integrity=draw(st.booleans()),
    )


@given(specs(), st.binary(min_size=1, max_size=60))
def test_what_is_built_parses_to_what_was_asked_for(spec: ImageSpec, payload: bytes) -> None:
    image = parse(build(payload, spec))
    assert image.layout == "zcl"
    for name in image.header._fields:
        if hasattr(spec, name) and name != "header_string":
            assert getattr(image.header, name) == getattr(spec, name)
    assert image.header.header_text == spec.header_string
    assert image.header.total_image_size == len(image.file)
    assert bytes(image.elements[0].data) == payload
    own = [(piece.tag, bytes(piece.data)) for piece in image.elements[1:] if piece.tag != 3]
    assert tuple(own) == spec.elements
    code = image.element(3)
    assert (code is not None) is spec.integrity
    assert code is None or recognise_integrity(image, code) is Convention.A


def test_a_plain_file_byte_for_byte() -> None:
    assert build(FIRMWARE, SPEC) == plain()


def test_an_unsigned_gb_file_byte_for_byte() -> None:
    assert build(FIRMWARE, GB) == gb()


def test_a_signed_gb_file_ends_in_the_trailer() -> None:
    private, _ = key_pair()
    built = build(FIRMWARE, replace(GB, sign_key=private, force_replace=True))
    assert built[60:-64] == FIRMWARE + b"\x01\x40"
    image = parse(built)
    assert (image.layout, octets(image.manufacturer_image)) == ("gb", FIRMWARE)


def test_the_same_arguments_give_the_same_bytes() -> None:
    private, _ = key_pair()
    spec = replace(GB, sign_key=private)
    assert build(FIRMWARE, spec) == build(FIRMWARE, spec)


def test_gb_without_a_range_is_for_every_hardware() -> None:
    spec = replace(GB, minimum_hardware_version=None, maximum_hardware_version=None)
    read = parse(build(FIRMWARE, spec)).header
    assert (read.minimum_hardware_version, read.maximum_hardware_version) == (0, 0xFFFF)


def test_a_picture_file_carries_picture_data() -> None:
    image = parse(build(b"jpeg", replace(SPEC, image_type=0xFFC3)))
    assert [piece.tag for piece in image.elements] == [0x0004]


def test_the_integrity_code_comes_last() -> None:
    built = build(FIRMWARE, replace(SPEC, integrity=True, elements=((0xF000, b"x"),)))
    assert [piece.tag for piece in parse(built).elements] == [0, 0xF000, 3]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"manufacturer_code": 0xFFFF}, "wildcard"),
        ({"manufacturer_code": -1}, "outside"),
        ({"image_type": 0xFFC4}, "reserved"),
        ({"file_version": 0xFFFFFFFF}, "any version"),
        ({"zigbee_stack_version": 4}, "outside"),
        ({"security_credential_version": 4}, "outside"),
        ({"upgrade_file_destination": 0}, "names no device"),
        ({"upgrade_file_destination": (1 << 64) - 1}, "one device"),
        ({"minimum_hardware_version": 1}, "both"),
        ({"maximum_hardware_version": 1}, "both"),
        ({"minimum_hardware_version": 2, "maximum_hardware_version": 1}, "exceeds"),
        ({"minimum_hardware_version": 0x10000, "maximum_hardware_version": 0x10000}, "outside"),
        ({"header_string": "x" * 33}, "33 characters"),
        ({"header_string": "Zähler"}, "ASCII"),
        ({"header_string": "bell\x07"}, "printable"),
        ({"elements": ((0x10000, b""),)}, "outside"),
        ({"sign_key": b"pem"}, "belong to layout gb"),
        ({"force_replace": True}, "belong to layout gb"),
    ],
)
def test_a_value_that_makes_no_good_file_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        replace(SPEC, **change)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"elements": ((0xF000, b""),)}, "belong to layout zcl"),
        ({"integrity": True}, "belong to layout zcl"),
        ({"force_replace": True}, "give a signing key"),
    ],
)
def test_what_does_not_belong_to_gb_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        replace(GB, **change)


def test_an_empty_payload_is_refused() -> None:
    with pytest.raises(ImageError, match="empty"):
        build(b"", SPEC)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "121D-0084-01020304.zigbee"),
        ("PPMID 1.2", "121D-0084-01020304-PPMID_1.2.zigbee"),
        ("../../etc/passwd\x00", "121D-0084-01020304-etc_passwd.zigbee"),
    ],
)
def test_the_recommended_name(text: str, name: str) -> None:
    assert recommended_name(SPEC, text) == name
    assert named_identity(name) == (0x121D, 0x0084, 0x01020304)


@pytest.mark.parametrize(
    "name", ["firmware.ota", "121D-0084-010203.zigbee", "121D-0084-010203045.x"]
)
def test_other_names_claim_nothing(name: str) -> None:
    assert named_identity(name) is None


def test_our_hand_made_header_and_the_builder_agree_on_every_optional_field() -> None:
    spec = replace(
        SPEC,
        security_credential_version=3,
        upgrade_file_destination=0x00DB1234567890A4,
        minimum_hardware_version=1,
        maximum_hardware_version=2,
    )
    fields = struct.pack("<BQHH", 3, 0x00DB1234567890A4, 1, 2)
    body = element(0, FIRMWARE)
    assert build(FIRMWARE, spec) == header(body, control=7, optional=fields) + body
