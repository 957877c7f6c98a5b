"""How the ten commands of cluster 0x0019 lie in octets; the one truth, written in construct.

Payloads only: the ZCL header is ``frame``'s, what a command means is ``delivery``'s. ``hot`` holds
faster twins of the frequent layouts, proved equal to these by test.

What arrives from real devices is read by four rules:

* Octets after a known layout are ignored: later revisions append fields, unknown field-control
  bits announce them, and peers are seen to pad. Image Notify alone must end where it says, because
  a client has to drop one of a wrong length (ZCL 11.13.3).
* Anything shorter than its layout, half a field included, is MALFORMED_COMMAND.
* A status other than SUCCESS may come alone: what would follow SUCCESS is then not read, except in
  Upgrade End Request, where it is read if it is there.
* Image Block Request may promise a MinimumBlockPeriod and end before it.
"""

from typing import Any, NamedTuple

from construct import (
    Byte,
    ConstructError,
    GreedyBytes,
    If,
    Int16ul,
    Int32ul,
    Int64ul,
    OneOf,
    Peek,
    Prefixed,
    Struct,
    Terminated,
    this,
)

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.commands import (
    CLIENT_COMMANDS,
    MINIMUM_BLOCK_PERIOD,
    QUERY_HARDWARE_VERSION,
    REQUEST_NODE_ADDRESS,
    Attribute,
    Command,
    ImageBlockRequest,
    ImageBlockResponse,
    ImageNotify,
    ImagePageRequest,
    OtaCommand,
    QueryDeviceSpecificFileRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageRequest,
    QueryNextImageResponse,
    UpgradeEndRequest,
    UpgradeEndResponse,
)
from ota_engine.zcl.status import Status

__all__ = [
    "CLIENT_COMMANDS",
    "MINIMUM_BLOCK_PERIOD",
    "QUERY_HARDWARE_VERSION",
    "REQUEST_NODE_ADDRESS",
    "Attribute",
    "Command",
    "ImageBlockRequest",
    "ImageBlockResponse",
    "ImageNotify",
    "ImagePageRequest",
    "OtaCommand",
    "QueryDeviceSpecificFileRequest",
    "QueryDeviceSpecificFileResponse",
    "QueryNextImageRequest",
    "QueryNextImageResponse",
    "UpgradeEndRequest",
    "UpgradeEndResponse",
    "command_of",
    "decode",
    "encode",
]

_SUCCEEDED = this.status == Status.SUCCESS
_WAITING = this.status == Status.WAIT_FOR_DATA
_NEXT_OCTET = "next_octet" / Peek(Byte)  # None at the end of the payload; never a record's field


def _wanted(field: str) -> Any:
    """A condition: when reading, that octets are left; when writing, that the field has a value."""
    return lambda context: (context.next_octet if context._parsing else context[field]) is not None


# ZCL 11.13.3
IMAGE_NOTIFY = Struct(
    "payload_type" / OneOf(Byte, range(4)),
    "query_jitter" / Byte,
    "manufacturer_code" / If(this.payload_type >= 1, Int16ul),
    "image_type" / If(this.payload_type >= 2, Int16ul),
    "new_file_version" / If(this.payload_type >= 3, Int32ul),
    Terminated,
)

# ZCL 11.13.4
QUERY_NEXT_IMAGE_REQUEST = Struct(
    "field_control" / Byte,
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "current_file_version" / Int32ul,
    "hardware_version" / If(this.field_control & QUERY_HARDWARE_VERSION, Int16ul),
)

# ZCL 11.13.5, and 11.13.11 which is the same
QUERY_NEXT_IMAGE_RESPONSE = Struct(
    "status" / Byte,
    "manufacturer_code" / If(_SUCCEEDED, Int16ul),
    "image_type" / If(_SUCCEEDED, Int16ul),
    "file_version" / If(_SUCCEEDED, Int32ul),
    "image_size" / If(_SUCCEEDED, Int32ul),
)

# ZCL 11.13.6
IMAGE_BLOCK_REQUEST = Struct(
    "field_control" / Byte,
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "file_version" / Int32ul,
    "file_offset" / Int32ul,
    "maximum_data_size" / Byte,
    "request_node_address" / If(this.field_control & REQUEST_NODE_ADDRESS, Int64ul),
    _NEXT_OCTET,
    "minimum_block_period"
    / If(
        this.field_control & MINIMUM_BLOCK_PERIOD,
        If(_wanted("minimum_block_period"), Int16ul),
    ),
)

# ZCL 11.13.7
IMAGE_PAGE_REQUEST = Struct(
    "field_control" / Byte,
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "file_version" / Int32ul,
    "file_offset" / Int32ul,
    "maximum_data_size" / Byte,
    "page_size" / Int16ul,
    "response_spacing" / Int16ul,
    "request_node_address" / If(this.field_control & REQUEST_NODE_ADDRESS, Int64ul),
)

# ZCL 11.13.8
IMAGE_BLOCK_RESPONSE = Struct(
    "status" / Byte,
    "manufacturer_code" / If(_SUCCEEDED, Int16ul),
    "image_type" / If(_SUCCEEDED, Int16ul),
    "file_version" / If(_SUCCEEDED, Int32ul),
    "file_offset" / If(_SUCCEEDED, Int32ul),
    "data" / If(_SUCCEEDED, Prefixed(Byte, GreedyBytes)),
    "current_time" / If(_WAITING, Int32ul),
    "request_time" / If(_WAITING, Int32ul),
    _NEXT_OCTET,
    "minimum_block_period" / If(_WAITING, If(_wanted("minimum_block_period"), Int16ul)),
)


def _names_image(context: Any) -> bool:
    """Whether an Upgrade End Request goes on after its status; only a failure may stop there."""
    return bool(_SUCCEEDED(context) or _wanted("manufacturer_code")(context))


# ZCL 11.13.9; the short form of a failure is what Silicon Labs and TI servers accept
UPGRADE_END_REQUEST = Struct(
    "status" / Byte,
    _NEXT_OCTET,
    "manufacturer_code" / If(_names_image, Int16ul),
    "image_type" / If(_names_image, Int16ul),
    "file_version" / If(_names_image, Int32ul),
)

# ZCL 11.13.9
UPGRADE_END_RESPONSE = Struct(
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "file_version" / Int32ul,
    "current_time" / Int32ul,
    "upgrade_time" / Int32ul,
)

# ZCL 11.13.10
QUERY_DEVICE_SPECIFIC_FILE_REQUEST = Struct(
    "request_node_address" / Int64ul,
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "file_version" / Int32ul,
    "current_zigbee_stack_version" / Int16ul,
)


class _Form(NamedTuple):
    """A command's record and the layout of its payload."""

    record: Any  # one of the classes of OtaCommand
    layout: Any


FORMS: dict[int, _Form] = {
    Command.IMAGE_NOTIFY: _Form(ImageNotify, IMAGE_NOTIFY),
    Command.QUERY_NEXT_IMAGE_REQUEST: _Form(QueryNextImageRequest, QUERY_NEXT_IMAGE_REQUEST),
    Command.QUERY_NEXT_IMAGE_RESPONSE: _Form(QueryNextImageResponse, QUERY_NEXT_IMAGE_RESPONSE),
    Command.IMAGE_BLOCK_REQUEST: _Form(ImageBlockRequest, IMAGE_BLOCK_REQUEST),
    Command.IMAGE_PAGE_REQUEST: _Form(ImagePageRequest, IMAGE_PAGE_REQUEST),
    Command.IMAGE_BLOCK_RESPONSE: _Form(ImageBlockResponse, IMAGE_BLOCK_RESPONSE),
    Command.UPGRADE_END_REQUEST: _Form(UpgradeEndRequest, UPGRADE_END_REQUEST),
    Command.UPGRADE_END_RESPONSE: _Form(UpgradeEndResponse, UPGRADE_END_RESPONSE),
    Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST: _Form(
        QueryDeviceSpecificFileRequest, QUERY_DEVICE_SPECIFIC_FILE_REQUEST
    ),
    Command.QUERY_DEVICE_SPECIFIC_FILE_RESPONSE: _Form(
        QueryDeviceSpecificFileResponse, QUERY_NEXT_IMAGE_RESPONSE
    ),
}
_COMMAND_OF: dict[type[Any], Command] = {
    form.record: Command(number) for number, form in FORMS.items()
}


def command_of(record: OtaCommand) -> Command:
    """Say which command identifier a record travels under."""
    return _COMMAND_OF[type(record)]


def decode(command_id: int, payload: bytes) -> OtaCommand:
    """Read the payload of one command.

    Raises:
        PeerError: UNSUP_CLUSTER_COMMAND for a command this cluster has not, MALFORMED_COMMAND for
            a payload shorter than its layout (or an Image Notify that is not exactly one).
    """
    form = FORMS.get(command_id)
    if form is None:
        raise PeerError(
            f"command 0x{command_id:02X} is not one of cluster 0x0019", Status.UNSUP_CLUSTER_COMMAND
        )
    try:
        fields = form.layout.parse(payload)
    except ConstructError:
        raise PeerError(
            f"{len(payload)} octets do not make an {form.record.__name__}", Status.MALFORMED_COMMAND
        ) from None
    record: OtaCommand = form.record(*(fields[name] for name in form.record._fields))
    return record


def encode(record: OtaCommand) -> bytes:
    """Write the payload of one command.

    Raises:
        LocalError: a value does not fit its field, or the record has a field that its status,
            payload type or field control leaves out (or lacks one that it demands).
    """
    form = FORMS[command_of(record)]
    try:
        payload: bytes = form.layout.build(record._asdict())
    except (ConstructError, TypeError) as error:
        raise LocalError(f"{record} cannot be sent: {error}".partition("\n")[0]) from None
    if decode(command_of(record), payload) != record:
        raise LocalError(f"{record} has a field that its variant of the command leaves out")
    return payload
