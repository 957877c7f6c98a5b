"""The ZCL header (ZCL 2.4.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame, parse_header
from ota_engine.zcl.status import Status


@pytest.mark.parametrize(
    ("octets", "header"),
    [
        ("01 2a 03", ZclHeader(True, False, False, None, 0x2A, 0x03, 3)),
        ("11 2a 04", ZclHeader(True, False, True, None, 0x2A, 0x04, 3)),
        ("19 2a 05", ZclHeader(True, True, True, None, 0x2A, 0x05, 3)),
        ("00 2a 0b", ZclHeader(False, False, False, None, 0x2A, 0x0B, 3)),
        ("18 2a 0b", ZclHeader(False, True, True, None, 0x2A, 0x0B, 3)),
        ("05 1d12 2a 03", ZclHeader(True, False, False, 0x121D, 0x2A, 0x03, 5)),
        ("e1 2a 03", ZclHeader(True, False, False, None, 0x2A, 0x03, 3)),  # reserved bits
    ],
)
def test_frame_control_is_read_bit_by_bit(octets: str, header: ZclHeader) -> None:
    assert parse_header(bytes.fromhex(octets)) == header


@pytest.mark.parametrize("octets", ["", "01", "01 2a", "05 1d12 2a", "02 2a 03", "03 2a 03"])
def test_a_header_cut_short_or_of_a_reserved_type_is_malformed(octets: str) -> None:
    with pytest.raises(PeerError) as caught:
        parse_header(bytes.fromhex(octets))
    assert caught.value.status == Status.MALFORMED_COMMAND


@pytest.mark.parametrize(
    ("from_server", "quiet", "control"),
    [(False, False, 0x01), (False, True, 0x11), (True, False, 0x09), (True, True, 0x19)],
)
def test_a_cluster_frame_has_its_flags(from_server: bool, quiet: bool, control: int) -> None:
    frame = cluster_frame(3, 0x2A, b"xy", from_server=from_server, disable_default_response=quiet)
    assert frame == bytes((control, 0x2A, 3)) + b"xy"


def test_answers_disable_the_default_response_unless_told_otherwise() -> None:
    assert cluster_frame(5, 1, b"", from_server=True)[0] == 0x19
    assert general_frame(0x0B, 1, b"", from_server=True)[0] == 0x18


@given(
    command=st.integers(0, 0xFF),
    sequence=st.integers(0, 0xFF),
    from_server=st.booleans(),
    quiet=st.booleans(),
    general=st.booleans(),
)
def test_what_is_written_is_read(
    command: int, sequence: int, from_server: bool, quiet: bool, general: bool
) -> None:
    write = general_frame if general else cluster_frame
    frame = write(command, sequence, b"z", from_server=from_server, disable_default_response=quiet)
    assert parse_header(frame) == ZclHeader(
        not general, from_server, quiet, None, sequence, command, 3
    )
    assert frame[3:] == b"z"


@given(st.binary(max_size=8))
def test_any_octets_are_a_header_or_a_peer_error(frame: bytes) -> None:
    try:
        header = parse_header(frame)
    except PeerError as error:
        assert error.status == Status.MALFORMED_COMMAND
    else:
        assert header.length <= len(frame)


@pytest.mark.parametrize(("command", "sequence"), [(0x100, 0), (0, 0x100), (-1, 0)])
def test_a_command_or_sequence_beyond_one_octet_is_our_fault(command: int, sequence: int) -> None:
    with pytest.raises(LocalError):
        cluster_frame(command, sequence, b"", from_server=True)
