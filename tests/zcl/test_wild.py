"""What devices in the field send against the letter of the standard, and how it is read."""

import pytest

from ota_engine.errors import PeerError
from ota_engine.zcl import general, hot, ota
from ota_engine.zcl.status import Status

IDENTITY = "1d12 8400 04030201"
BLOCK = f"{IDENTITY} 30000000 30"

READ: list[tuple[str, int, str, ota.OtaCommand]] = [
    (
        "block request promises a MinimumBlockPeriod and leaves it out",
        0x03,
        f"02 {BLOCK}",
        ota.ImageBlockRequest(2, 0x121D, 0x0084, 0x01020304, 48, 48),
    ),
    (
        "block request with address promises a MinimumBlockPeriod and leaves it out",
        0x03,
        f"03 {BLOCK} 0100000000000000",
        ota.ImageBlockRequest(3, 0x121D, 0x0084, 0x01020304, 48, 48, 1),  # type: ignore[arg-type]
    ),
    (
        "block request with unknown field-control bits",
        0x03,
        f"fc {BLOCK}",
        ota.ImageBlockRequest(0xFC, 0x121D, 0x0084, 0x01020304, 48, 48),
    ),
    (
        "block request with a field that an unknown bit announces",
        0x03,
        f"06 {BLOCK} 3c00 ffffffff",
        ota.ImageBlockRequest(6, 0x121D, 0x0084, 0x01020304, 48, 48, None, 60),
    ),
    (
        "query with unknown field-control bits and padding",
        0x01,
        f"80 {IDENTITY} 0000",
        ota.QueryNextImageRequest(0x80, 0x121D, 0x0084, 0x01020304),
    ),
    ("upgrade end that failed, status alone", 0x06, "95", ota.UpgradeEndRequest(0x95)),
    (
        "upgrade end with padding",
        0x06,
        f"00 {IDENTITY} 00",
        ota.UpgradeEndRequest(0, 0x121D, 0x0084, 0x01020304),
    ),
    (
        "no image available, with the fields of an image all the same",
        0x02,
        f"98 {IDENTITY} 00000200",
        ota.QueryNextImageResponse(0x98),
    ),
    (
        "malformed command as the status of a block response",
        0x05,
        "80",
        ota.ImageBlockResponse(0x80),
    ),
    ("abort with padding", 0x05, "95 0000", ota.ImageBlockResponse(0x95)),
    (
        "block longer than its length octet says",
        0x05,
        f"00 {IDENTITY} 30000000 02 616263",
        ota.ImageBlockResponse(0, 0x121D, 0x0084, 0x01020304, 48, b"ab"),
    ),
    (
        "status no standard lists",
        0x02,
        "c1",
        ota.QueryNextImageResponse(0xC1),
    ),
]

REFUSED: list[tuple[str, int, str]] = [
    ("half a MinimumBlockPeriod", 0x03, f"02 {BLOCK} 3c"),
    ("half an address", 0x03, f"01 {BLOCK} 01000000"),
    ("hardware version promised and left out", 0x01, f"01 {IDENTITY}"),
    ("upgrade end that succeeded, status alone", 0x06, "00"),
    ("upgrade end that failed, with half an image identity", 0x06, "96 1d12 8400"),
    ("block shorter than its length octet says", 0x05, f"00 {IDENTITY} 30000000 03 6162"),
    ("wait without times", 0x05, "97"),
    ("wait with half a MinimumBlockPeriod", 0x05, "97 00000000 0a000000 2c"),
    ("image found, nothing said of it", 0x02, "00"),
    ("notify longer than its payload type says", 0x00, "00 64 00"),
    ("notify of a reserved payload type", 0x00, "04 64"),
    ("nothing at all", 0x03, ""),
]


@pytest.mark.parametrize(
    ("command", "octets", "record"), [row[1:] for row in READ], ids=[row[0] for row in READ]
)
def test_wild_input_is_read(command: int, octets: str, record: ota.OtaCommand) -> None:
    assert ota.decode(command, bytes.fromhex(octets)) == record


@pytest.mark.parametrize(
    ("command", "octets"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_broken_input_is_malformed(command: int, octets: str) -> None:
    with pytest.raises(PeerError) as caught:
        ota.decode(command, bytes.fromhex(octets))
    assert caught.value.status == Status.MALFORMED_COMMAND


def test_the_wild_block_request_can_also_be_sent_so_that_an_emulator_may_send_it() -> None:
    request = ota.ImageBlockRequest(2, 0x121D, 0x0084, 0x01020304, 48, 48)
    frame = bytes.fromhex(f"01 2a 03 02 {BLOCK}")
    assert hot.encode_block_request(0x2A, request) == frame
    assert hot.decode_block_request(frame) == request


def test_a_default_response_of_malformed_command_is_read_like_any_other() -> None:
    assert general.decode(0x0B, bytes.fromhex("05 80")) == general.DefaultResponse(0x05, 0x80)


def test_an_unknown_command_is_unsupported() -> None:
    with pytest.raises(PeerError) as caught:
        ota.decode(0x0A, b"")
    assert caught.value.status == Status.UNSUP_CLUSTER_COMMAND
