"""General commands (ZCL 2.5): default response, read and report attributes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl import general
from ota_engine.zcl.general import (
    AttributeRecord,
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
    ReportAttributes,
)
from ota_engine.zcl.status import Status
from tests.zcl.records import SUCCESS, U8, U16, of

EVERY_COMMAND: list[tuple[int, str, general.GeneralCommand]] = [
    (0x0B, "03 98", DefaultResponse(0x03, 0x98)),
    (0x00, "0200 fdff", ReadAttributes((0x0002, 0xFFFD))),
    (0x00, "", ReadAttributes(())),
    (
        0x01,
        "0200 00 23 04030201 0700 86 fdff 00 21 0300",
        ReadAttributesResponse(
            (
                AttributeRecord(0x0002, 0, general.UINT32, 0x01020304),
                AttributeRecord(0x0007, 0x86),
                AttributeRecord(0xFFFD, 0, general.UINT16, 3),
            )
        ),
    ),
    (
        0x0A,
        "0600 30 03 0000 f0 a490785634 12db00",
        ReportAttributes(
            (
                AttributeRecord(0x0006, 0, general.ENUM8, 3),
                AttributeRecord(0x0000, 0, general.EUI64, 0x00DB1234567890A4),
            )
        ),
    ),
]

EVERY_TYPE: list[tuple[int, str, int]] = [
    (general.BOOLEAN, "01", 1),
    (general.BITMAP8, "80", 0x80),
    (general.BITMAP16, "0180", 0x8001),
    (general.BITMAP32, "01000080", 0x80000001),
    (general.UINT8, "ff", 0xFF),
    (general.UINT16, "3412", 0x1234),
    (0x22, "563412", 0x123456),
    (general.UINT32, "78563412", 0x12345678),
    (0x28, "ff", -1),
    (0x29, "feff", -2),
    (0x2B, "00000080", -(1 << 31)),
    (general.ENUM8, "04", 4),
    (general.ENUM16, "0100", 1),
    (general.UTC_TIME, "00000010", 0x10000000),
    (general.EUI64, "0807060504030201", 0x0102030405060708),
    (0xF1, "01" + "00" * 14 + "80", 0x80000000000000000000000000000001),
]

STRINGS: list[tuple[int, str, bytes | None]] = [
    (general.CHARACTER_STRING, "03 616263", b"abc"),
    (general.OCTET_STRING, "00", b""),
    (general.CHARACTER_STRING, "ff", None),  # a string that has no value
    (0x43, "0100 7a", b"z"),
    (0x44, "ffff", None),
]


@pytest.mark.parametrize(("command_id", "octets", "command"), EVERY_COMMAND)
def test_each_command_has_the_octets_of_the_standard(
    command_id: int, octets: str, command: general.GeneralCommand
) -> None:
    payload = bytes.fromhex(octets)
    assert general.command_of(command) == command_id
    assert general.encode(command) == payload
    assert general.decode(command_id, payload) == command


@pytest.mark.parametrize(("kind", "octets", "value"), EVERY_TYPE)
def test_a_number_of_each_type_is_read_and_written(kind: int, octets: str, value: int) -> None:
    report = ReportAttributes((AttributeRecord(0x4000, 0, kind, value),))
    payload = bytes((0x00, 0x40, kind)) + bytes.fromhex(octets)
    assert general.decode(general.REPORT_ATTRIBUTES, payload) == report
    assert general.encode(report) == payload


@pytest.mark.parametrize(("kind", "octets", "string"), STRINGS)
def test_a_string_of_each_type_is_read_and_written(
    kind: int, octets: str, string: bytes | None
) -> None:
    report = ReportAttributes((AttributeRecord(0x0005, 0, kind, None, string),))
    payload = bytes((0x05, 0x00, kind)) + bytes.fromhex(octets)
    assert general.decode(general.REPORT_ATTRIBUTES, payload) == report
    assert general.encode(report) == payload


@pytest.mark.parametrize(
    ("command_id", "octets", "status"),
    [
        (0x0B, "03", Status.MALFORMED_COMMAND),
        (0x00, "02", Status.MALFORMED_COMMAND),
        (0x01, "0200 00", Status.MALFORMED_COMMAND),
        (0x01, "0200 00 23 040302", Status.MALFORMED_COMMAND),
        (0x01, "0200", Status.MALFORMED_COMMAND),
        (0x0A, "0600 42 05 6162", Status.MALFORMED_COMMAND),
        (0x0A, "0600 48 00", Status.INVALID_VALUE),  # an array
        (0x0A, "0600 ff", Status.INVALID_VALUE),  # the unknown type
        (0x02, "", Status.UNSUP_GENERAL_COMMAND),
        (0x16, "", Status.UNSUP_GENERAL_COMMAND),
    ],
)
def test_what_cannot_be_read_has_its_status(command_id: int, octets: str, status: Status) -> None:
    with pytest.raises(PeerError) as caught:
        general.decode(command_id, bytes.fromhex(octets))
    assert caught.value.status == status


def test_octets_after_a_default_response_are_ignored() -> None:
    assert general.decode(0x0B, bytes.fromhex("03 00 ff")) == DefaultResponse(3, 0)


@pytest.mark.parametrize(
    "command",
    [
        DefaultResponse(0x100, 0),
        ReadAttributes((0x1_0000,)),
        ReadAttributesResponse((AttributeRecord(1, 0x86, general.UINT8, 1),)),
        ReadAttributesResponse((AttributeRecord(1, 0),)),
        ReportAttributes((AttributeRecord(1, 0x86),)),
        ReportAttributes((AttributeRecord(1, 0, general.UINT8, 0x100),)),
        ReportAttributes((AttributeRecord(1, 0, general.UINT8, -1),)),
        ReportAttributes((AttributeRecord(1, 0, general.UINT8, None, b"a"),)),
        ReportAttributes((AttributeRecord(1, 0, general.CHARACTER_STRING, 1),)),
        ReportAttributes((AttributeRecord(1, 0, general.CHARACTER_STRING, None, bytes(255)),)),
        ReportAttributes((AttributeRecord(1, 0, 0x48, 0),)),
    ],
)
def test_what_makes_no_sense_is_not_sent(command: general.GeneralCommand) -> None:
    with pytest.raises(LocalError):
        general.encode(command)


RECORDS = (
    of(AttributeRecord, U16, st.integers(1, 0xFF))
    | of(AttributeRecord, U16, SUCCESS, st.just(general.UINT16), U16)
    | of(
        AttributeRecord,
        U16,
        SUCCESS,
        st.just(general.CHARACTER_STRING),
        st.none(),
        st.none() | st.binary(max_size=254),
    )
)


@given(
    st.one_of(
        of(DefaultResponse, U8, U8),
        of(ReadAttributes, st.lists(U16, max_size=8).map(tuple)),
        of(ReadAttributesResponse, st.lists(RECORDS, max_size=5).map(tuple)),
    )
)
def test_every_command_survives_the_wire(command: general.GeneralCommand) -> None:
    assert general.decode(general.command_of(command), general.encode(command)) == command


@given(command_id=st.sampled_from([0x00, 0x01, 0x0A, 0x0B]) | U8, payload=st.binary(max_size=40))
def test_any_octets_are_a_command_or_a_peer_error(command_id: int, payload: bytes) -> None:
    try:
        command = general.decode(command_id, payload)
    except PeerError:
        return
    assert general.decode(command_id, general.encode(command)) == command
