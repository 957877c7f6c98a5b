"""Struct twins of the layouts a download uses for every block; knows octets, decides nothing.

Every function works on the whole ZCL frame with a header of three octets. A decoder skips the
header: its caller has already looked at frame control and command (``frame[0]``, ``frame[2]``)
to choose it. ``ota`` holds the truth; the tests prove these equal to it for any record and any
octets. The names bound at module level are there for speed: one global look-up in place of two.
"""

from struct import Struct, error
from typing import Final

from images.eui64 import Eui64
from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.commands import (
    MINIMUM_BLOCK_PERIOD,
    QUERY_HARDWARE_VERSION,
    REQUEST_NODE_ADDRESS,
    ImageBlockRequest,
    ImageBlockResponse,
    ImagePageRequest,
    QueryNextImageRequest,
    QueryNextImageResponse,
    UpgradeEndRequest,
    UpgradeEndResponse,
)
from ota_engine.zcl.status import Status

CLIENT_CONTROL: Final = 0x01  # cluster command, client to server, default response enabled
QUIET_CONTROL: Final = 0x11  # cluster command, client to server, default response disabled
SERVER_CONTROL: Final = 0x19  # cluster command, server to client, default response disabled

# Where a variable part begins, octets into the frame
_AFTER_BLOCK_REQUEST: Final = 17
_AFTER_BLOCK_PERIOD: Final = 19  # where a period follows at once
_AFTER_PAGE_REQUEST: Final = 21
_AFTER_QUERY_REQUEST: Final = 12
_AFTER_BLOCK_HEAD: Final = 17
_AFTER_WAIT: Final = 12

_pack_block_request: Final = Struct("<BBBBHHIIB").pack
_unpack_block_request: Final = Struct("<3xBHHIIB").unpack_from
_pack_page_request: Final = Struct("<BBBBHHIIBHH").pack
_unpack_page_request: Final = Struct("<3xBHHIIBHH").unpack_from
_pack_block_head: Final = Struct("<BB10sIB").pack
_pack_block_image: Final = Struct("<BBHHI").pack
_unpack_block_head: Final = Struct("<4xHHIIB").unpack_from
_pack_wait: Final = Struct("<BBBBII").pack
_unpack_wait: Final = Struct("<4xII").unpack_from
_pack_query_request: Final = Struct("<BBBBHHI").pack
_unpack_query_request: Final = Struct("<3xBHHI").unpack_from
_pack_query_response: Final = Struct("<BBBBHHII").pack
_unpack_query_response: Final = Struct("<3xBHHII").unpack_from
_pack_end_request: Final = Struct("<BBBBHHI").pack
_unpack_end_request: Final = Struct("<3xBHHI").unpack_from
_pack_end_response: Final = Struct("<BBBHHIII").pack
_unpack_end_response: Final = Struct("<3xHHIII").unpack_from
_pack_status: Final = Struct("<BBBB").pack
_pack_u16: Final = Struct("<H").pack
_unpack_u16: Final = Struct("<H").unpack_from
_pack_u64: Final = Struct("<Q").pack
_unpack_u64: Final = Struct("<Q").unpack_from

_new: Final = tuple.__new__  # what NamedTuple's own constructor calls, without its argument parsing
_NO_ADDRESS: Final = (None,)
_NO_HARDWARE_VERSION: Final = (None,)
_NO_IMAGE: Final = (None, None, None)
_NO_IMAGE_NO_SIZE: Final = (None, None, None, None)
_NO_BLOCK: Final = (None, None, None, None, None)
_OPTIONS: Final = REQUEST_NODE_ADDRESS | MINIMUM_BLOCK_PERIOD


def _too_short(frame: bytes, name: str) -> PeerError:
    return PeerError(
        f"{len(frame)} octets do not make the frame of an {name}", Status.MALFORMED_COMMAND
    )


def _unsendable(record: object, why: object) -> LocalError:
    return LocalError(f"{record} cannot be sent: {why}")


# --- Image Block Request (ZCL 11.13.6) -----------------------------------------------------------


def encode_block_request(sequence: int, request: ImageBlockRequest) -> bytes:
    """Write the frame of an Image Block Request.

    Raises:
        LocalError: as ``ota.encode``.
    """
    control, manufacturer, image_type, version, offset, size, address, period = request
    try:
        frame = _pack_block_request(
            CLIENT_CONTROL, sequence, 0x03, control, manufacturer, image_type, version, offset, size
        )
        if address is not None or control & REQUEST_NODE_ADDRESS:
            frame += _pack_u64(_given(address, control & REQUEST_NODE_ADDRESS))
        if period is not None:
            frame += _pack_u16(_given(period, control & MINIMUM_BLOCK_PERIOD))
    except error as why:
        raise _unsendable(request, why) from None
    return frame


def _given(value: int | None, promised: int) -> int:
    """An optional field that is both promised by field control and there."""
    if value is None or not promised:
        raise error("field control and the optional fields disagree")
    return value


def read_block_request(frame: bytes) -> tuple[int, ...]:
    """Read what every Image Block Request has: all that the path of a block needs.

    Returns:
        field control, manufacturer code, image type, file version, file offset, maximum data size.

    Raises:
        PeerError: as ``decode_block_request``.
    """
    try:
        fields: tuple[int, ...] = _unpack_block_request(frame)
        options = fields[0] & _OPTIONS
        # Most clients tell their period and nothing else: no further call for them.
        if options and (options != MINIMUM_BLOCK_PERIOD or len(frame) < _AFTER_BLOCK_PERIOD):
            _block_request_options(frame, options)
    except error:
        raise _too_short(frame, "ImageBlockRequest") from None
    return fields


def decode_block_request(frame: bytes) -> ImageBlockRequest:
    """Read the frame of an Image Block Request.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    fields = read_block_request(frame)
    return _new(ImageBlockRequest, fields + _block_request_options(frame, fields[0]))


def _block_request_options(frame: bytes, control: int) -> tuple[Eui64 | None, int | None]:
    position = _AFTER_BLOCK_REQUEST
    address = period = None
    if control & REQUEST_NODE_ADDRESS:
        (address,) = _unpack_u64(frame, position)
        position += 8
    if control & MINIMUM_BLOCK_PERIOD and len(frame) > position:
        (period,) = _unpack_u16(frame, position)
    return address, period


# --- Image Page Request (ZCL 11.13.7) ------------------------------------------------------------


def encode_page_request(sequence: int, request: ImagePageRequest, *, quiet: bool = False) -> bytes:
    """Write the frame of an Image Page Request; ``quiet`` asks for no Default Response.

    Raises:
        LocalError: as ``ota.encode``.
    """
    address = request.request_node_address
    try:
        frame = _pack_page_request(
            QUIET_CONTROL if quiet else CLIENT_CONTROL, sequence, 0x04, *request[:8]
        )
        if address is not None or request.field_control & REQUEST_NODE_ADDRESS:
            frame += _pack_u64(_given(address, request.field_control & REQUEST_NODE_ADDRESS))
    except error as why:
        raise _unsendable(request, why) from None
    return frame


def decode_page_request(frame: bytes) -> ImagePageRequest:
    """Read the frame of an Image Page Request.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    try:
        fields = _unpack_page_request(frame)
        if fields[0] & REQUEST_NODE_ADDRESS:
            fields += _unpack_u64(frame, _AFTER_PAGE_REQUEST)
        else:
            fields += _NO_ADDRESS
    except error:
        raise _too_short(frame, "ImagePageRequest") from None
    return _new(ImagePageRequest, fields)


# --- Image Block Response (ZCL 11.13.8) ----------------------------------------------------------


def block_image(manufacturer_code: int, image_type: int, file_version: int) -> bytes:
    """Write what the frames of all Image Block Responses with a block of one image have in common.

    Returns:
        From command identifier to file version, 10 octets, for ``encode_block``.

    Raises:
        LocalError: a value does not fit its field.
    """
    try:
        return _pack_block_image(0x05, 0x00, manufacturer_code, image_type, file_version)
    except error as why:
        raise _unsendable("a block of this image", why) from None


def encode_block(image: bytes, sequence: int, file_offset: int, data: bytes) -> bytes:
    """Write the frame of an Image Block Response that carries up to 255 octets of a file.

    Args:
        image: what ``block_image`` wrote of the image.
        sequence: the transaction's sequence number.
        file_offset: where the octets are in the file.
        data: the octets.

    Raises:
        LocalError: a value does not fit its field.
    """
    try:
        head: bytes = _pack_block_head(SERVER_CONTROL, sequence, image, file_offset, len(data))
    except error as why:
        raise _unsendable(f"a block at offset {file_offset}", why) from None
    return head + data


def encode_block_wait(
    sequence: int, current_time: int, request_time: int, minimum_block_period: int | None = None
) -> bytes:
    """Write the frame of an Image Block Response that says WAIT_FOR_DATA.

    Raises:
        LocalError: a value does not fit its field.
    """
    try:
        frame = _pack_wait(
            SERVER_CONTROL, sequence, 0x05, Status.WAIT_FOR_DATA, current_time, request_time
        )
        if minimum_block_period is not None:
            frame += _pack_u16(minimum_block_period)
    except error as why:
        raise _unsendable(f"a wait of {request_time} s", why) from None
    return frame


def decode_block_response(frame: bytes) -> ImageBlockResponse:
    """Read the frame of an Image Block Response of any status.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    try:
        status = frame[3]
        if status == 0x00:
            return _decode_block(frame)
        if status == 0x97:
            return _decode_wait(frame)
    except (error, IndexError):
        raise _too_short(frame, "ImageBlockResponse") from None
    return ImageBlockResponse(status)


def _decode_block(frame: bytes) -> ImageBlockResponse:
    manufacturer, image_type, version, offset, size = _unpack_block_head(frame)
    end = _AFTER_BLOCK_HEAD + size
    if end > len(frame):
        raise error("the block ends before its size")
    data = frame[_AFTER_BLOCK_HEAD:end]
    return _new(
        ImageBlockResponse,
        (0x00, manufacturer, image_type, version, offset, data, None, None, None),
    )


def _decode_wait(frame: bytes) -> ImageBlockResponse:
    times = _unpack_wait(frame)
    period = _unpack_u16(frame, _AFTER_WAIT) if len(frame) > _AFTER_WAIT else (None,)
    return _new(ImageBlockResponse, (0x97, *_NO_BLOCK, *times, *period))


# --- Query Next Image Request and Response (ZCL 11.13.4 and 11.13.5) -----------------------------


def encode_query_next_image_request(sequence: int, request: QueryNextImageRequest) -> bytes:
    """Write the frame of a Query Next Image Request.

    Raises:
        LocalError: as ``ota.encode``.
    """
    control, manufacturer, image_type, version, hardware = request
    try:
        frame = _pack_query_request(
            CLIENT_CONTROL, sequence, 0x01, control, manufacturer, image_type, version
        )
        if hardware is not None or control & QUERY_HARDWARE_VERSION:
            frame += _pack_u16(_given(hardware, control & QUERY_HARDWARE_VERSION))
    except error as why:
        raise _unsendable(request, why) from None
    return frame


def decode_query_next_image_request(frame: bytes) -> QueryNextImageRequest:
    """Read the frame of a Query Next Image Request.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    try:
        fields = _unpack_query_request(frame)
        if fields[0] & QUERY_HARDWARE_VERSION:
            fields += _unpack_u16(frame, _AFTER_QUERY_REQUEST)
        else:
            fields += _NO_HARDWARE_VERSION
    except error:
        raise _too_short(frame, "QueryNextImageRequest") from None
    return _new(QueryNextImageRequest, fields)


def encode_query_next_image_response(sequence: int, response: QueryNextImageResponse) -> bytes:
    """Write the frame of a Query Next Image Response.

    Raises:
        LocalError: as ``ota.encode``.
    """
    try:
        if response.status == Status.SUCCESS:
            return _pack_query_response(SERVER_CONTROL, sequence, 0x02, *response)
        if response[1:] != _NO_IMAGE_NO_SIZE:
            raise error("only SUCCESS names an image")
        return _pack_status(SERVER_CONTROL, sequence, 0x02, response.status)
    except error as why:
        raise _unsendable(response, why) from None


def decode_query_next_image_response(frame: bytes) -> QueryNextImageResponse:
    """Read the frame of a Query Next Image Response of any status.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    try:
        status = frame[3]
        if status != 0x00:
            return QueryNextImageResponse(status)
        return _new(QueryNextImageResponse, _unpack_query_response(frame))
    except (error, IndexError):
        raise _too_short(frame, "QueryNextImageResponse") from None


# --- Upgrade End Request and Response (ZCL 11.13.9) ----------------------------------------------


def encode_upgrade_end_request(sequence: int, request: UpgradeEndRequest) -> bytes:
    """Write the frame of an Upgrade End Request; a failure without an image is its status alone.

    Raises:
        LocalError: as ``ota.encode``.
    """
    try:
        if request.status != Status.SUCCESS and request[1:] == _NO_IMAGE:
            return _pack_status(CLIENT_CONTROL, sequence, 0x06, request.status)
        return _pack_end_request(CLIENT_CONTROL, sequence, 0x06, *request)
    except error as why:
        raise _unsendable(request, why) from None


def decode_upgrade_end_request(frame: bytes) -> UpgradeEndRequest:
    """Read the frame of an Upgrade End Request; a failure may be its status alone.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    if len(frame) == 4 and frame[3] != 0x00:
        return UpgradeEndRequest(frame[3])
    try:
        return _new(UpgradeEndRequest, _unpack_end_request(frame))
    except error:
        raise _too_short(frame, "UpgradeEndRequest") from None


def encode_upgrade_end_response(sequence: int, response: UpgradeEndResponse) -> bytes:
    """Write the frame of an Upgrade End Response.

    Raises:
        LocalError: as ``ota.encode``.
    """
    try:
        return _pack_end_response(SERVER_CONTROL, sequence, 0x07, *response)
    except error as why:
        raise _unsendable(response, why) from None


def decode_upgrade_end_response(frame: bytes) -> UpgradeEndResponse:
    """Read the frame of an Upgrade End Response.

    Raises:
        PeerError: MALFORMED_COMMAND, the frame is too short.
    """
    try:
        return _new(UpgradeEndResponse, _unpack_end_response(frame))
    except error:
        raise _too_short(frame, "UpgradeEndResponse") from None
