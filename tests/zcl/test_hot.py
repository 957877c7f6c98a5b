"""The struct twins say what the construct layouts say, for any record and any octets."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl import hot, ota
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.status import Status
from tests.zcl import records
from tests.zcl.records import ANY_PAYLOAD, U8
from tests.zcl.test_ota import CONTRADICTIONS, TOO_LARGE

DECODERS: dict[int, Callable[[bytes], ota.OtaCommand]] = {
    ota.Command.QUERY_NEXT_IMAGE_REQUEST: hot.decode_query_next_image_request,
    ota.Command.QUERY_NEXT_IMAGE_RESPONSE: hot.decode_query_next_image_response,
    ota.Command.IMAGE_BLOCK_REQUEST: hot.decode_block_request,
    ota.Command.IMAGE_PAGE_REQUEST: hot.decode_page_request,
    ota.Command.IMAGE_BLOCK_RESPONSE: hot.decode_block_response,
    ota.Command.UPGRADE_END_REQUEST: hot.decode_upgrade_end_request,
    ota.Command.UPGRADE_END_RESPONSE: hot.decode_upgrade_end_response,
}
ENCODERS: dict[type[Any], Callable[[int, Any], bytes]] = {
    ota.QueryNextImageRequest: hot.encode_query_next_image_request,
    ota.QueryNextImageResponse: hot.encode_query_next_image_response,
    ota.ImageBlockRequest: hot.encode_block_request,
    ota.ImagePageRequest: hot.encode_page_request,
    ota.UpgradeEndRequest: hot.encode_upgrade_end_request,
    ota.UpgradeEndResponse: hot.encode_upgrade_end_response,
}
TWINNED = st.one_of(
    records.query_requests(),
    records.QUERY_RESPONSES,
    records.block_requests(),
    records.page_requests(),
    records.END_REQUESTS,
    records.END_RESPONSES,
)


def truth(sequence: int, record: ota.OtaCommand) -> bytes:
    """The frame as the layouts and the header codec make it."""
    command = ota.command_of(record)
    client = command in ota.CLIENT_COMMANDS
    return cluster_frame(
        command,
        sequence,
        ota.encode(record),
        from_server=not client,
        disable_default_response=not client,
    )


def outcome(decode: Callable[..., ota.OtaCommand], *arguments: Any) -> object:
    """What a decoder made of its octets: the record with its type, or the status to answer."""
    try:
        record = decode(*arguments)
    except PeerError as error:
        return error.status
    return type(record), record


@given(U8, TWINNED)
def test_a_twin_writes_the_octets_of_the_truth(sequence: int, record: ota.OtaCommand) -> None:
    assert ENCODERS[type(record)](sequence, record) == truth(sequence, record)


@given(sequence=U8, block=records.BLOCKS)
def test_the_data_twin_writes_the_octets_of_the_truth(
    sequence: int, block: ota.ImageBlockResponse
) -> None:
    _, manufacturer, image_type, version, offset, data, *_ = block
    assert manufacturer is not None and image_type is not None
    assert version is not None and offset is not None and data is not None
    image = hot.block_image(manufacturer, image_type, version)
    assert hot.encode_block(image, sequence, offset, data) == truth(sequence, block)


@given(U8, records.WAITS)
def test_the_wait_twin_writes_the_octets_of_the_truth(
    sequence: int, wait: ota.ImageBlockResponse
) -> None:
    assert wait.current_time is not None and wait.request_time is not None
    frame = hot.encode_block_wait(
        sequence, wait.current_time, wait.request_time, wait.minimum_block_period
    )
    assert frame == truth(sequence, wait)


@given(command=st.sampled_from(sorted(DECODERS)), sequence=U8, payload=ANY_PAYLOAD)
def test_a_twin_reads_any_octets_as_the_truth_does(
    command: int, sequence: int, payload: bytes
) -> None:
    frame = bytes((0x01, sequence, command)) + payload
    assert outcome(DECODERS[command], frame) == outcome(ota.decode, command, payload)


@pytest.mark.parametrize("command", sorted(DECODERS))
@pytest.mark.parametrize("length", range(3))
def test_a_frame_shorter_than_its_header_is_malformed(command: int, length: int) -> None:
    with pytest.raises(PeerError) as caught:
        DECODERS[command](bytes(length))
    assert caught.value.status == Status.MALFORMED_COMMAND


@pytest.mark.parametrize(
    "record", [record for record in CONTRADICTIONS + TOO_LARGE if type(record) in ENCODERS]
)
def test_a_twin_refuses_to_send_what_the_truth_refuses(record: ota.OtaCommand) -> None:
    with pytest.raises(LocalError):
        ENCODERS[type(record)](0, record)


def test_the_data_twin_refuses_a_block_longer_than_its_length_octet() -> None:
    with pytest.raises(LocalError):
        hot.encode_block(hot.block_image(1, 2, 3), 0, 4, bytes(256))


def test_the_data_twin_refuses_an_image_whose_type_has_more_than_16_bits() -> None:
    with pytest.raises(LocalError):
        hot.block_image(1, 0x1_0000, 3)


def test_the_wait_twin_refuses_a_time_beyond_32_bits() -> None:
    with pytest.raises(LocalError):
        hot.encode_block_wait(0, 0, 1 << 32)


def test_the_per_block_path_never_imports_construct() -> None:
    program = (
        "import sys; import ota_engine.zcl.hot, ota_engine.zcl.frame, ota_engine.zcl.general; "
        "sys.exit('construct' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
