"""Cluster 0x0019: every command in every variant, octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl import ota
from ota_engine.zcl.status import Status
from tests.zcl.records import ANY_PAYLOAD, EVERY_RECORD

DEVICE = Eui64(0x00DB_1234_5678_90A4)
IDENTITY = "1d12 8400 04030201"  # manufacturer 0x121D, type 0x0084, version 0x01020304
EUI64_OCTETS = "a490785634 12db00"

# (payload in hex, its length as the standard's table gives it, record)
EVERY_VARIANT: list[tuple[str, int, ota.OtaCommand]] = [
    ("00 64", 2, ota.ImageNotify(0, 100)),
    ("01 32 1d12", 4, ota.ImageNotify(1, 50, 0x121D)),
    ("02 32 1d12 8400", 6, ota.ImageNotify(2, 50, 0x121D, 0x0084)),
    (f"03 01 {IDENTITY}", 10, ota.ImageNotify(3, 1, 0x121D, 0x0084, 0x01020304)),
    (f"00 {IDENTITY}", 9, ota.QueryNextImageRequest(0, 0x121D, 0x0084, 0x01020304)),
    (f"01 {IDENTITY} 0201", 11, ota.QueryNextImageRequest(1, 0x121D, 0x84, 0x01020304, 0x0102)),
    ("98", 1, ota.QueryNextImageResponse(0x98)),
    ("7e", 1, ota.QueryNextImageResponse(0x7E)),
    (
        f"00 {IDENTITY} 00000200",
        13,
        ota.QueryNextImageResponse(0, 0x121D, 0x0084, 0x01020304, 131072),
    ),
    (
        f"00 {IDENTITY} 30000000 30",
        14,
        ota.ImageBlockRequest(0, 0x121D, 0x0084, 0x01020304, 48, 48),
    ),
    (
        f"02 {IDENTITY} 30000000 30 3c00",
        16,
        ota.ImageBlockRequest(2, 0x121D, 0x0084, 0x01020304, 48, 48, None, 60),
    ),
    (
        f"01 {IDENTITY} 30000000 30 {EUI64_OCTETS}",
        22,
        ota.ImageBlockRequest(1, 0x121D, 0x0084, 0x01020304, 48, 48, DEVICE),
    ),
    (
        f"03 {IDENTITY} 30000000 30 {EUI64_OCTETS} 3c00",
        24,
        ota.ImageBlockRequest(3, 0x121D, 0x0084, 0x01020304, 48, 48, DEVICE, 60),
    ),
    (
        f"00 {IDENTITY} 00040000 20 0002 1e00",
        18,
        ota.ImagePageRequest(0, 0x121D, 0x0084, 0x01020304, 1024, 32, 512, 30),
    ),
    (
        f"01 {IDENTITY} 00040000 20 0002 1e00 {EUI64_OCTETS}",
        26,
        ota.ImagePageRequest(1, 0x121D, 0x0084, 0x01020304, 1024, 32, 512, 30, DEVICE),
    ),
    (
        f"00 {IDENTITY} 30000000 05 68656c6c6f",
        14 + 5,
        ota.ImageBlockResponse(0, 0x121D, 0x0084, 0x01020304, 48, b"hello"),
    ),
    (
        "97 00000000 0a000000",
        9,
        ota.ImageBlockResponse(0x97, current_time=0, request_time=10),
    ),
    (
        "97 00000000 00000000 2c01",
        11,
        ota.ImageBlockResponse(0x97, current_time=0, request_time=0, minimum_block_period=300),
    ),
    ("95", 1, ota.ImageBlockResponse(0x95)),
    (f"00 {IDENTITY}", 9, ota.UpgradeEndRequest(0, 0x121D, 0x0084, 0x01020304)),
    (f"96 {IDENTITY}", 9, ota.UpgradeEndRequest(0x96, 0x121D, 0x0084, 0x01020304)),
    ("95", 1, ota.UpgradeEndRequest(0x95)),
    (
        f"{IDENTITY} 00000000 ffffffff",
        16,
        ota.UpgradeEndResponse(0x121D, 0x0084, 0x01020304, 0, 0xFFFFFFFF),
    ),
    (
        f"{EUI64_OCTETS} {IDENTITY} 0200",
        18,
        ota.QueryDeviceSpecificFileRequest(DEVICE, 0x121D, 0x0084, 0x01020304, 2),
    ),
    ("98", 1, ota.QueryDeviceSpecificFileResponse(0x98)),
    (
        f"00 {IDENTITY} 00000200",
        13,
        ota.QueryDeviceSpecificFileResponse(0, 0x121D, 0x0084, 0x01020304, 131072),
    ),
]

# (command, first octet) -> lengths at which the payload is a shorter variant, not a broken one
SHORTER_VARIANTS: dict[tuple[int, int], set[int]] = {
    (ota.Command.IMAGE_BLOCK_REQUEST, 2): {14},  # the wild one, see test_wild
    (ota.Command.IMAGE_BLOCK_REQUEST, 3): {22},
    (ota.Command.IMAGE_BLOCK_RESPONSE, 0x97): {9},
    (ota.Command.UPGRADE_END_REQUEST, 0x96): {1},
}

# Records whose fields contradict their field control, status or payload type
CONTRADICTIONS: list[ota.OtaCommand] = [
    ota.ImageNotify(0, 100, 0x121D),
    ota.ImageNotify(3, 100, 0x121D, 0x0084),
    ota.ImageNotify(4, 100),
    ota.QueryNextImageRequest(1, 1, 2, 3),
    ota.QueryNextImageRequest(0, 1, 2, 3, 4),
    ota.QueryNextImageResponse(0),
    ota.QueryNextImageResponse(0x98, 1, 2, 3, 4),
    ota.ImageBlockRequest(1, 1, 2, 3, 4, 5),
    ota.ImageBlockRequest(0, 1, 2, 3, 4, 5, DEVICE),
    ota.ImageBlockRequest(1, 1, 2, 3, 4, 5, DEVICE, 60),
    ota.ImageBlockRequest(0, 1, 2, 3, 4, 5, None, 60),
    ota.ImagePageRequest(0, 1, 2, 3, 4, 5, 6, 7, DEVICE),
    ota.ImagePageRequest(1, 1, 2, 3, 4, 5, 6, 7),
    ota.ImageBlockResponse(0, 1, 2, 3, 4),
    ota.ImageBlockResponse(0, 1, 2, 3, 4, b"", 0, 0),
    ota.ImageBlockResponse(0x97),
    ota.ImageBlockResponse(0x97, current_time=0),
    ota.ImageBlockResponse(0x95, current_time=0, request_time=0),
    ota.UpgradeEndRequest(0),
    ota.UpgradeEndRequest(0x96, 1, 2),
    ota.UpgradeEndRequest(0x96, None, 2, 3),
    ota.QueryDeviceSpecificFileResponse(0x98, 1, 2, 3, 4),
]

TOO_LARGE: list[ota.OtaCommand] = [
    ota.ImageNotify(0, 0x100),
    ota.QueryNextImageRequest(0, 0x1_0000, 2, 3),
    ota.QueryNextImageResponse(0, 1, 2, 3, 0x1_0000_0000),
    ota.ImageBlockRequest(0, 1, 2, 3, -1, 5),
    ota.ImageBlockRequest(2, 1, 2, 3, 4, 5, None, 0x1_0000),
    ota.ImagePageRequest(0, 1, 2, 3, 4, 5, 0x1_0000, 7),
    ota.ImageBlockResponse(0, 1, 2, 3, 4, bytes(256)),
    ota.UpgradeEndRequest(0x100, 1, 2, 3),
    ota.UpgradeEndResponse(1, 2, 3, 4, 0x1_0000_0000),
    ota.QueryDeviceSpecificFileRequest(Eui64(1 << 64), 1, 2, 3, 4),
]


@pytest.mark.parametrize(("octets", "length", "record"), EVERY_VARIANT)
def test_each_variant_has_the_octets_of_the_standard(
    octets: str, length: int, record: ota.OtaCommand
) -> None:
    payload = bytes.fromhex(octets)
    assert len(payload) == length
    assert ota.encode(record) == payload
    assert ota.decode(ota.command_of(record), payload) == record


def test_every_command_has_a_variant_in_the_table() -> None:
    assert {ota.command_of(record) for _, _, record in EVERY_VARIANT} == set(ota.Command)


@pytest.mark.parametrize(("octets", "length", "record"), EVERY_VARIANT)
def test_a_payload_cut_short_is_malformed(octets: str, length: int, record: ota.OtaCommand) -> None:
    command, payload = ota.command_of(record), bytes.fromhex(octets)
    for cut in set(range(length)) - SHORTER_VARIANTS.get((command, payload[0]), set()):
        with pytest.raises(PeerError) as caught:
            ota.decode(command, payload[:cut])
        assert caught.value.status == Status.MALFORMED_COMMAND


@pytest.mark.parametrize("record", CONTRADICTIONS)
def test_a_record_that_contradicts_itself_is_not_sent(record: ota.OtaCommand) -> None:
    with pytest.raises(LocalError):
        ota.encode(record)


@pytest.mark.parametrize("record", TOO_LARGE)
def test_a_value_too_large_for_its_field_is_not_sent(record: ota.OtaCommand) -> None:
    with pytest.raises(LocalError) as caught:
        ota.encode(record)
    assert "\n" not in str(caught.value)


@given(EVERY_RECORD)
def test_every_record_survives_the_wire(record: ota.OtaCommand) -> None:
    assert ota.decode(ota.command_of(record), ota.encode(record)) == record


@given(command=st.integers(0, 0xFF) | st.sampled_from(ota.Command), payload=ANY_PAYLOAD)
def test_any_octets_are_a_record_or_a_peer_error(command: int, payload: bytes) -> None:
    try:
        record = ota.decode(command, payload)
    except PeerError as error:
        known = command in set(ota.Command)
        assert error.status == (Status.MALFORMED_COMMAND if known else Status.UNSUP_CLUSTER_COMMAND)
    else:
        assert ota.command_of(record) == command
        assert ota.decode(command, ota.encode(record)) == record


def test_client_and_server_commands_are_told_apart() -> None:
    client = {
        ota.command_of(record)
        for _, _, record in EVERY_VARIANT
        if type(record).__name__.endswith("Request")
    }
    assert client == ota.CLIENT_COMMANDS
