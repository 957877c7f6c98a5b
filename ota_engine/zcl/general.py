"""General ZCL commands (ZCL 2.5) as far as an upgrade needs them; knows no cluster's attributes.

Default Response, Read Attributes and its response, Report Attributes. A record of an attribute
holds its value as an integer, whatever its type; strings alone are held as octets.
"""

from struct import error, pack, unpack_from
from typing import NamedTuple, TypeAlias

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.status import Status

READ_ATTRIBUTES = 0x00
READ_ATTRIBUTES_RESPONSE = 0x01
REPORT_ATTRIBUTES = 0x0A
DEFAULT_RESPONSE = 0x0B

# Attribute data types, ZCL 2.6.2
BOOLEAN = 0x10
BITMAP8 = 0x18
BITMAP16 = 0x19
BITMAP32 = 0x1B
UINT8 = 0x20
UINT16 = 0x21
UINT32 = 0x23
ENUM8 = 0x30
ENUM16 = 0x31
OCTET_STRING = 0x41
CHARACTER_STRING = 0x42
UTC_TIME = 0xE2
EUI64 = 0xF0


class DefaultResponse(NamedTuple):
    """What became of a command that has no answer of its own (ZCL 2.5.12)."""

    command: int
    status: int


class ReadAttributes(NamedTuple):
    """A question for the values of these attributes (ZCL 2.5.1)."""

    attributes: tuple[int, ...]


class AttributeRecord(NamedTuple):
    """One attribute: its value, or the status that says why there is none.

    ``type`` is a data type of ZCL 2.6.2, ``None`` unless the status is SUCCESS. ``value`` is
    ``None`` also for a string, whose octets are ``string``.
    """

    attribute: int
    status: int
    type: int | None = None
    value: int | None = None
    string: bytes | None = None


class ReadAttributesResponse(NamedTuple):
    """The answer to Read Attributes (ZCL 2.5.2)."""

    records: tuple[AttributeRecord, ...]


class ReportAttributes(NamedTuple):
    """Attributes sent unasked (ZCL 2.5.11); every record has SUCCESS."""

    records: tuple[AttributeRecord, ...]


GeneralCommand: TypeAlias = (
    DefaultResponse | ReadAttributes | ReadAttributesResponse | ReportAttributes
)

COMMAND_IDS: dict[type[GeneralCommand], int] = {
    DefaultResponse: DEFAULT_RESPONSE,
    ReadAttributes: READ_ATTRIBUTES,
    ReadAttributesResponse: READ_ATTRIBUTES_RESPONSE,
    ReportAttributes: REPORT_ATTRIBUTES,
}

# Octets of a value, by data type. Floating point is carried as its bits.
_WIDTH: dict[int, int] = {
    0x00: 0,  # no data
    **{0x08 + n: n + 1 for n in range(8)},  # data8 to data64
    BOOLEAN: 1,
    **{0x18 + n: n + 1 for n in range(8)},  # map8 to map64
    **{0x20 + n: n + 1 for n in range(8)},  # uint8 to uint64
    **{0x28 + n: n + 1 for n in range(8)},  # int8 to int64
    ENUM8: 1,
    ENUM16: 2,
    0x38: 2,  # semi-precision
    0x39: 4,  # single precision
    0x3A: 8,  # double precision
    0xE0: 4,  # time of day
    0xE1: 4,  # date
    UTC_TIME: 4,
    0xE8: 2,  # cluster identifier
    0xE9: 2,  # attribute identifier
    0xEA: 4,  # BACnet object identifier
    EUI64: 8,
    0xF1: 16,  # 128-bit security key
}
_SIGNED = range(0x28, 0x30)
_STRING_LENGTH_OCTETS = {OCTET_STRING: 1, CHARACTER_STRING: 1, 0x43: 2, 0x44: 2}


def command_of(command: GeneralCommand) -> int:
    """Say which command identifier a general command travels under."""
    return COMMAND_IDS[type(command)]


def encode(command: GeneralCommand) -> bytes:
    """Write the payload of a general command.

    Raises:
        LocalError: a value does not fit its type, or the type is not one we can write.
    """
    try:
        match command:
            case DefaultResponse():
                return pack("<BB", *command)
            case ReadAttributes(attributes):
                return pack(f"<{len(attributes)}H", *attributes)
            case ReadAttributesResponse(records):
                return b"".join(_encode_answer(record) for record in records)
            case ReportAttributes(records):
                return b"".join(_encode_report(record) for record in records)
    except (error, OverflowError) as why:
        raise LocalError(f"{command} cannot be sent: {why}") from None


def decode(command_id: int, payload: bytes) -> GeneralCommand:
    """Read the payload of a general command.

    Raises:
        PeerError: UNSUP_GENERAL_COMMAND for a command not listed here, MALFORMED_COMMAND for a
            payload cut short, INVALID_VALUE for an attribute of a type without a known length.
    """
    try:
        match command_id:
            case 0x0B:  # Default Response
                return DefaultResponse(*unpack_from("<BB", payload))
            case 0x00:  # Read Attributes
                return ReadAttributes(_attributes(payload))
            case 0x01:  # Read Attributes Response
                return ReadAttributesResponse(_records(payload, with_status=True))
            case 0x0A:  # Report Attributes
                return ReportAttributes(_records(payload, with_status=False))
    except error:
        raise PeerError(
            f"general command 0x{command_id:02X} is cut short after {len(payload)} octets",
            Status.MALFORMED_COMMAND,
        ) from None
    raise PeerError(
        f"general command 0x{command_id:02X} is not supported", Status.UNSUP_GENERAL_COMMAND
    )


def _attributes(payload: bytes) -> tuple[int, ...]:
    if len(payload) % 2:
        raise error("half an attribute identifier")
    return unpack_from(f"<{len(payload) // 2}H", payload)


def _records(payload: bytes, *, with_status: bool) -> tuple[AttributeRecord, ...]:
    records = []
    position = 0
    while position < len(payload):
        (attribute,) = unpack_from("<H", payload, position)
        position += 2
        status = int(Status.SUCCESS)
        if with_status:
            (status,) = unpack_from("<B", payload, position)
            position += 1
        if status != Status.SUCCESS:
            records.append(AttributeRecord(attribute, status))
            continue
        (kind,) = unpack_from("<B", payload, position)
        value, string, position = _value(payload, position + 1, kind)
        records.append(AttributeRecord(attribute, status, kind, value, string))
    return tuple(records)


def _value(payload: bytes, position: int, kind: int) -> tuple[int | None, bytes | None, int]:
    """Read one value; return it, as a number or as a string, and where the next thing begins."""
    if kind in _STRING_LENGTH_OCTETS:
        return _string(payload, position, _STRING_LENGTH_OCTETS[kind])
    width = _WIDTH.get(kind)
    if width is None:
        raise PeerError(f"attribute type 0x{kind:02X} is not one we read", Status.INVALID_VALUE)
    octets = _slice(payload, position, width)
    value = int.from_bytes(octets, "little", signed=kind in _SIGNED)
    return value, None, position + width


def _string(payload: bytes, position: int, width: int) -> tuple[None, bytes | None, int]:
    """Read a string; a length of all ones says that there is none (ZCL 2.6.2.12)."""
    length = int.from_bytes(_slice(payload, position, width), "little")
    position += width
    if length == _no_string(width):
        return None, None, position
    return None, _slice(payload, position, length), position + length


def _no_string(width: int) -> int:
    return (1 << 8 * width) - 1


def _slice(payload: bytes, position: int, length: int) -> bytes:
    octets = payload[position : position + length]
    if len(octets) < length:
        raise error("a value is cut short")
    return octets


def _encode_answer(record: AttributeRecord) -> bytes:
    head = pack("<HB", record.attribute, record.status)
    if record.status == Status.SUCCESS:
        return head + _encode_value(record)
    if record[2:] != (None, None, None):
        raise error("only SUCCESS has a value")
    return head


def _encode_report(record: AttributeRecord) -> bytes:
    if record.status != Status.SUCCESS:
        raise error("a report has values only")
    return pack("<H", record.attribute) + _encode_value(record)


def _encode_value(record: AttributeRecord) -> bytes:
    kind = record.type
    if kind in _STRING_LENGTH_OCTETS and record.value is None:
        return pack("<B", kind) + _encode_string(record.string, _STRING_LENGTH_OCTETS[kind])
    if kind not in _WIDTH or record.value is None or record.string is not None:
        raise error("type and value do not belong together")
    return pack("<B", kind) + record.value.to_bytes(_WIDTH[kind], "little", signed=kind in _SIGNED)


def _encode_string(string: bytes | None, width: int) -> bytes:
    if string is None:
        return _no_string(width).to_bytes(width, "little")
    if len(string) >= _no_string(width):
        raise error("the string is longer than its length can say")
    return len(string).to_bytes(width, "little") + string
