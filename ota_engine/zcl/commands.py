"""The vocabulary of cluster 0x0019: its commands and attributes as values, not as octets.

Kept apart from the layouts so that the per-block codec (``hot``) never imports construct. A field
that a variant leaves out is ``None``. ``field_control`` is kept as received, unknown bits
included. ``status`` is a plain integer, because peers send codes no standard lists.
"""

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.zcl import basic

# Query Next Image Request, field control (ZCL 11.13.4)
QUERY_HARDWARE_VERSION: Final = 0x01
# Image Block Request and Image Page Request, field control (ZCL 11.13.6 and 11.13.7)
REQUEST_NODE_ADDRESS: Final = 0x01
MINIMUM_BLOCK_PERIOD: Final = 0x02


class Command(IntEnum):
    """Command identifiers of the OTA Upgrade cluster (ZCL 11.13)."""

    IMAGE_NOTIFY = 0x00
    QUERY_NEXT_IMAGE_REQUEST = 0x01
    QUERY_NEXT_IMAGE_RESPONSE = 0x02
    IMAGE_BLOCK_REQUEST = 0x03
    IMAGE_PAGE_REQUEST = 0x04
    IMAGE_BLOCK_RESPONSE = 0x05
    UPGRADE_END_REQUEST = 0x06
    UPGRADE_END_RESPONSE = 0x07
    QUERY_DEVICE_SPECIFIC_FILE_REQUEST = 0x08
    QUERY_DEVICE_SPECIFIC_FILE_RESPONSE = 0x09


# The commands a client sends; all others are the server's.
CLIENT_COMMANDS = frozenset(
    {
        Command.QUERY_NEXT_IMAGE_REQUEST,
        Command.IMAGE_BLOCK_REQUEST,
        Command.IMAGE_PAGE_REQUEST,
        Command.UPGRADE_END_REQUEST,
        Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST,
    }
)


class Attribute(IntEnum):
    """Attributes of the OTA client (ZCL 11.10)."""

    UPGRADE_SERVER_ID = 0x0000
    FILE_OFFSET = 0x0001
    CURRENT_FILE_VERSION = 0x0002
    CURRENT_ZIGBEE_STACK_VERSION = 0x0003
    DOWNLOADED_FILE_VERSION = 0x0004
    DOWNLOADED_ZIGBEE_STACK_VERSION = 0x0005
    IMAGE_UPGRADE_STATUS = 0x0006
    MANUFACTURER_ID = 0x0007
    IMAGE_TYPE_ID = 0x0008
    MINIMUM_BLOCK_PERIOD = 0x0009
    IMAGE_STAMP = 0x000A
    UPGRADE_ACTIVATION_POLICY = 0x000B
    UPGRADE_TIMEOUT_POLICY = 0x000C
    CLUSTER_REVISION = basic.CLUSTER_REVISION


class ImageNotify(NamedTuple):
    """Server: there may be news (0x00).

    ``payload_type`` 0 to 3 says how many of the last three fields follow; ``query_jitter`` is the
    share, 1 to 100 percent, of the hearers of a broadcast that shall query.
    """

    payload_type: int
    query_jitter: int
    manufacturer_code: int | None = None
    image_type: int | None = None
    new_file_version: int | None = None


class QueryNextImageRequest(NamedTuple):
    """Client: is there an image for me? (0x01)."""

    field_control: int
    manufacturer_code: int
    image_type: int
    current_file_version: int
    hardware_version: int | None = None


class QueryNextImageResponse(NamedTuple):
    """Server: this one, of ``image_size`` octets; or none, when the status is not SUCCESS (0x02)."""

    status: int
    manufacturer_code: int | None = None
    image_type: int | None = None
    file_version: int | None = None
    image_size: int | None = None


class ImageBlockRequest(NamedTuple):
    """Client: give me up to ``maximum_data_size`` octets from ``file_offset`` (0x03).

    ``minimum_block_period`` is in ms or s by cluster revision. It is also ``None`` where field
    control promised it and the client left it out, as some do.
    """

    field_control: int
    manufacturer_code: int
    image_type: int
    file_version: int
    file_offset: int
    maximum_data_size: int
    request_node_address: Eui64 | None = None
    minimum_block_period: int | None = None


class ImagePageRequest(NamedTuple):
    """Client: give me ``page_size`` octets in blocks ``response_spacing`` ms apart (0x04)."""

    field_control: int
    manufacturer_code: int
    image_type: int
    file_version: int
    file_offset: int
    maximum_data_size: int
    page_size: int
    response_spacing: int
    request_node_address: Eui64 | None = None


class ImageBlockResponse(NamedTuple):
    """Server: a block (SUCCESS), a wait (WAIT_FOR_DATA), or neither (0x05).

    ``current_time`` and ``request_time`` are seconds: since 2000-01-01 UTC, or relative when
    ``current_time`` is 0.
    """

    status: int
    manufacturer_code: int | None = None
    image_type: int | None = None
    file_version: int | None = None
    file_offset: int | None = None
    data: bytes | None = None
    current_time: int | None = None
    request_time: int | None = None
    minimum_block_period: int | None = None


class UpgradeEndRequest(NamedTuple):
    """Client: the download ended like this (0x06); a failure may come as its status alone."""

    status: int
    manufacturer_code: int | None = None
    image_type: int | None = None
    file_version: int | None = None


class UpgradeEndResponse(NamedTuple):
    """Server: run it at ``upgrade_time`` (0x07); times as in ``ImageBlockResponse``.

    ``upgrade_time`` 0xFFFFFFFF means: wait to be told again.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    current_time: int
    upgrade_time: int


class QueryDeviceSpecificFileRequest(NamedTuple):
    """Client: is there a file made for this very device? (0x08)."""

    request_node_address: Eui64
    manufacturer_code: int
    image_type: int
    file_version: int
    current_zigbee_stack_version: int


class QueryDeviceSpecificFileResponse(NamedTuple):
    """Server: this one; or none, when the status is not SUCCESS (0x09)."""

    status: int
    manufacturer_code: int | None = None
    image_type: int | None = None
    file_version: int | None = None
    image_size: int | None = None


OtaCommand: TypeAlias = (
    ImageNotify
    | QueryNextImageRequest
    | QueryNextImageResponse
    | ImageBlockRequest
    | ImagePageRequest
    | ImageBlockResponse
    | UpgradeEndRequest
    | UpgradeEndResponse
    | QueryDeviceSpecificFileRequest
    | QueryDeviceSpecificFileResponse
)
