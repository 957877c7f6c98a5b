"""What meters say of firmware, in DLMS (ESME, Communications Hub) and in GBZ (GSME).

Knows exactly these six shapes; a payload of any other shape stays opaque, it is not an error.
"""

import struct
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from ota_engine.errors import LocalError
from ota_engine.gbcs.envelope import (
    DATE_TIME_BYTES,
    DateTime,
    parse_date_time,
    serialise_date_time,
)
from ota_engine.gbcs.opaque import Opaque

INVOKE_ID_MASK: Final = 0xFF_FFFF  # DLMS long-invoke-id: the low 24 bits of the counter
ZIGBEE_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

# access-request | flags | invoke id | no date-time | 1 get: class, OBIS, attribute | 1 null
_REQUEST: Final = struct.Struct(">BI3sH6sb2s")
# access-response | flags | invoke id | no date-time | no specification | 1 value
_RESPONSE: Final = struct.Struct(">BI3s")
_VALUE: Final = bytes.fromhex("0904")  # OCTET STRING of four
_RESULT: Final = bytes.fromhex("0101")  # one result, of a get
# profile, one component | control | cluster | length | frame control, sequence, command, attribute
_GAS: Final = struct.Struct(">HBBHHBBBH")
_GAS_REQUEST: Final = (0x0109, 1, 1, 0x0702, 5, 0x00, 0, 0x00)
_GAS_RESPONSE: Final = (0x0109, 1, 1, 0x0702)
_GAS_VALUE: Final = bytes.fromhex("004104")  # SUCCESS, octet string, of four
_LONG_INVOKE: Final = 0x20 << 24  # service class: confirmed
# data-notification | flags | invoke id | no date-time | structure of 3: u16, octets 12, octets 32
_RECEIPT_DLMS: Final = struct.Struct(">BI4sH2s12s2s32s")
_RECEIPT_GBZ: Final = struct.Struct(">HBHI2s32s")


class VersionRequest(NamedTuple):
    """ECS52 command.

    Attributes:
        invoke_id: the low 24 bits of the originator counter.
        class_id: COSEM class.
        obis: logical name, 6 octets.
        attribute: attribute number.
    """

    invoke_id: int
    class_id: int = 1
    obis: bytes = b"\x00\x00\x00\x02\x01\xff"
    attribute: int = 2


class VersionResponse(NamedTuple):
    """ECS52 response.

    Attributes:
        invoke_id: as in the request.
        firmware_version: None when it could not be read.
        result: DLMS data-access-result, 0 success.
    """

    invoke_id: int
    firmware_version: int | None
    result: int = 0


class GasVersionRequest(NamedTuple):
    """GCS38 command.

    Attributes:
        attribute: of the metering cluster.
    """

    attribute: int = 0x0206


class GasVersionResponse(NamedTuple):
    """GCS38 response.

    Attributes:
        firmware_version: None when it could not be read.
        status: ZCL status, 0 success.
        attribute: of the metering cluster.
    """

    firmware_version: int | None
    status: int = 0
    attribute: int = 0x0206


class ReceiptAlertDlms(NamedTuple):
    """0x00CE: an ESME tells whether the image it received verified.

    Attributes:
        alert_code: 8F72 verified, 8F1C not.
        invoke_id: the low 24 bits of the alert's counter.
        time: of the device's clock.
        manufacturer_image_hash: of the image.
    """

    alert_code: int
    invoke_id: int
    time: DateTime
    manufacturer_image_hash: bytes


class ReceiptAlertGbz(NamedTuple):
    """0x00CF: a GSME tells whether the image it received verified.

    Attributes:
        alert_code: 8F72 verified, 8F1C not.
        time: of the device's clock.
        manufacturer_image_hash: of the image.
    """

    alert_code: int
    time: datetime
    manufacturer_image_hash: bytes


def decode_version_request(octets: bytes) -> VersionRequest | Opaque:
    """Read an ECS52 command."""
    if len(octets) != _REQUEST.size:
        return Opaque(octets)
    _, invoke_id, _, class_id, obis, attribute, _ = _REQUEST.unpack(octets)
    found = VersionRequest(invoke_id & INVOKE_ID_MASK, class_id, obis, attribute)
    return found if encode_version_request(found) == octets else Opaque(octets)


def encode_version_request(request: VersionRequest) -> bytes:
    """Write an ECS52 command."""
    invoke_id, class_id, obis, attribute = request
    return _REQUEST.pack(
        0xD9, _long_invoke(invoke_id), b"\x00\x01\x01", class_id, obis, attribute, b"\x01\x00"
    )


def decode_version_response(octets: bytes) -> VersionResponse | Opaque:
    """Read an ECS52 response."""
    if len(octets) < _RESPONSE.size + 4:
        return Opaque(octets)
    _, invoke_id, _ = _RESPONSE.unpack_from(octets)
    value = octets[_RESPONSE.size : -len(_RESULT) - 1]
    version = int.from_bytes(value[2:]) if value[:2] == _VALUE and len(value) == 6 else None
    found = VersionResponse(invoke_id & INVOKE_ID_MASK, version, octets[-1])
    return found if encode_version_response(found) == octets else Opaque(octets)


def encode_version_response(response: VersionResponse) -> bytes:
    """Write an ECS52 response."""
    version = response.firmware_version
    value = b"\x00" if version is None else _VALUE + version.to_bytes(4)
    head = _RESPONSE.pack(0xDA, _long_invoke(response.invoke_id), b"\x00\x00\x01")
    return head + value + _RESULT + response.result.to_bytes(1)


def decode_gas_request(octets: bytes) -> GasVersionRequest | Opaque:
    """Read a GCS38 command."""
    if len(octets) != _GAS.size:
        return Opaque(octets)
    *head, attribute = _GAS.unpack(octets)
    return GasVersionRequest(_swap(attribute)) if tuple(head) == _GAS_REQUEST else Opaque(octets)


def encode_gas_request(request: GasVersionRequest) -> bytes:
    """Write a GCS38 command."""
    return _GAS.pack(*_GAS_REQUEST, _swap(request.attribute))


def decode_gas_response(octets: bytes) -> GasVersionResponse | Opaque:
    """Read a GCS38 response."""
    if len(octets) <= _GAS.size:
        return Opaque(octets)
    attribute = _swap(_GAS.unpack_from(octets)[-1])
    rest = octets[_GAS.size :]
    read = rest.startswith(_GAS_VALUE)
    version = int.from_bytes(rest[3:7]) if read else None
    found = GasVersionResponse(version, rest[0], attribute)
    return found if encode_gas_response(found) == octets else Opaque(octets)


def encode_gas_response(response: GasVersionResponse) -> bytes:
    """Write a GCS38 response."""
    version, status, attribute = response
    value = status.to_bytes(1) if version is None else _GAS_VALUE + version.to_bytes(4)
    # The length counts frame control, sequence, command and attribute, and what follows.
    return _GAS.pack(*_GAS_RESPONSE, 5 + len(value), 0x08, 0, 0x01, _swap(attribute)) + value


def decode_receipt_dlms(octets: bytes) -> ReceiptAlertDlms | Opaque:
    """Read an ESME's receipt."""
    if len(octets) != _RECEIPT_DLMS.size:
        return Opaque(octets)
    _, invoke_id, _, alert_code, _, time, _, digest = _RECEIPT_DLMS.unpack(octets)
    moment = parse_date_time(time)
    found = ReceiptAlertDlms(alert_code, invoke_id & INVOKE_ID_MASK, moment, digest)
    return found if encode_receipt_dlms(found) == octets else Opaque(octets)


def encode_receipt_dlms(alert: ReceiptAlertDlms) -> bytes:
    """Write an ESME's receipt."""
    return _RECEIPT_DLMS.pack(
        0x0F,
        _long_invoke(alert.invoke_id),
        b"\x00\x02\x03\x12",
        alert.alert_code,
        bytes((0x09, DATE_TIME_BYTES)),
        serialise_date_time(alert.time),
        b"\x09\x20",
        _digest(alert.manufacturer_image_hash),
    )


def decode_receipt_gbz(octets: bytes) -> ReceiptAlertGbz | Opaque:
    """Read a GSME's receipt."""
    if len(octets) != _RECEIPT_GBZ.size:
        return Opaque(octets)
    _, _, alert_code, seconds, _, digest = _RECEIPT_GBZ.unpack(octets)
    found = ReceiptAlertGbz(alert_code, ZIGBEE_EPOCH + timedelta(seconds=seconds), digest)
    return found if encode_receipt_gbz(found) == octets else Opaque(octets)


def encode_receipt_gbz(alert: ReceiptAlertGbz) -> bytes:
    """Write a GSME's receipt."""
    seconds = (alert.time - ZIGBEE_EPOCH) // timedelta(seconds=1)
    digest = _digest(alert.manufacturer_image_hash)
    return _RECEIPT_GBZ.pack(0x0109, 1, alert.alert_code, seconds, b"\x09\x20", digest)


def _long_invoke(invoke_id: int) -> int:
    return _LONG_INVOKE | invoke_id & INVOKE_ID_MASK


def _swap(attribute: int) -> int:
    """Turn the octets of an attribute identifier, little-endian amid big-endian fields."""
    return (attribute & 0xFF) << 8 | attribute >> 8


def _digest(digest: bytes) -> bytes:
    if len(digest) != 32:
        raise LocalError(f"a Manufacturer Image Hash has 32 octets, not {len(digest)}")
    return digest
