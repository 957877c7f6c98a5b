"""What a device says of the devices it knows: join details, and the device log of a Gas Proxy.

Knows CS07, GCS59 and GCS62, and joining and unjoining (CS03, CS04) by their answers. A payload of any
other shape stays opaque, it is not an error.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from images.eui64 import format_eui64
from ota_engine.gbcs import tlv
from ota_engine.gbcs.tlv import TlvValues

EUI64_BYTES: Final = 8
DEVICE_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "GSME", 1: "ESME", 2: "CHF", 3: "GPF", 4: "HCALCS", 5: "PPMID", 6: "type 2"}
)
JOIN_METHODS: Final[Mapping[int, str]] = MappingProxyType(
    {0: "method A, initiator", 1: "method A, responder", 2: "method B", 3: "method C"}
)
READ_CODES: Final[Mapping[int, str]] = MappingProxyType({0: "success", 1: "read failure"})
UNJOIN_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "success", 1: "not in the device log", 2: "other failure"}
)
JOIN_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "success",
        1: "invalid message code for method and role",
        2: "invalid method and role",
        3: "incompatible with an existing entry",
        4: "device log full",
        5: "write failure",
        6: "key agreement: no resources",
        7: "key agreement: unknown issuer",
        8: "key agreement: unsupported suite",
        9: "key agreement: bad message",
        10: "key agreement: bad key confirmation",
        11: "certificate invalid or missing",
        12: "no partner link key received",
        13: "no answer to the key establishment",
    }
)


class LogEntry(NamedTuple):
    """One device of a log.

    Attributes:
        device: EUI-64 in text.
        device_type: what it is.
        outcome: what came of restoring it; None where nothing is restored.
    """

    device: str
    device_type: str
    outcome: str | None = None


class JoinDetailsRead(NamedTuple):
    """CS07 response: the devices one is joined to.

    Attributes:
        status: whether they could be read, in words.
        entries: the devices.
        octets: the payload.
    """

    status: str
    entries: tuple[LogEntry, ...]
    octets: bytes


class DeviceLog(NamedTuple):
    """GCS59 command or response, GCS62 alert: the device log of a Gas Proxy.

    Attributes:
        entries: its devices.
        alert_code: of GCS62; None elsewhere.
        time: of the backup; None elsewhere.
        octets: the payload.
    """

    entries: tuple[LogEntry, ...]
    alert_code: int | None
    time: datetime | None
    octets: bytes


class JoinDevice(NamedTuple):
    """CS03 command: join another device.

    Attributes:
        method: how, and in which role.
        device: EUI-64 of the other one, in text.
        device_type: what it is.
        octets: the payload.
    """

    method: str
    device: str
    device_type: str
    octets: bytes


class UnjoinDevice(NamedTuple):
    """CS04 command: leave another device.

    Attributes:
        device: EUI-64 of the other one, in text.
        octets: the payload.
    """

    device: str
    octets: bytes


class JoinOutcome(NamedTuple):
    """CS03 or CS04 response.

    Attributes:
        status: what came of it, in words.
        octets: the payload.
    """

    status: str
    octets: bytes


def read_join_details(octets: bytes) -> JoinDetailsRead:
    """Read a CS07 response.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    status = READ_CODES.get(content.take(tlv.INTEGER).number, "unknown")
    entries = tuple(map(_entry, content.each())) if content.has(tlv.SEQUENCE) else ()
    content.end()
    return JoinDetailsRead(status, entries, octets)


def read_restore(octets: bytes) -> DeviceLog:
    """Read a GCS59 command.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    entries = tuple(map(_entry, content.each()))
    content.end()
    return DeviceLog(entries, None, None, octets)


def read_restored(octets: bytes) -> DeviceLog:
    """Read a GCS59 response.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    entries = []
    for found in content.each():
        entry = _entry(found.inside())
        outcome = JOIN_CODES.get(found.take(tlv.INTEGER).number, "unknown")
        found.end()
        entries.append(entry._replace(outcome=outcome))
    content.end()
    return DeviceLog(tuple(entries), None, None, octets)


def read_backup(octets: bytes) -> DeviceLog:
    """Read a GCS62 alert.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    code, time = content.take(tlv.INTEGER).number, content.take().time
    entries = tuple(map(_entry, content.each()))
    content.end()
    return DeviceLog(entries, code, time, octets)


def read_join(octets: bytes) -> JoinDevice:
    """Read a CS03 command.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    method = JOIN_METHODS.get(content.take(tlv.INTEGER).number, "unknown")
    device = _eui64(content)
    kind = DEVICE_TYPES.get(content.take(tlv.INTEGER).number, "unknown")
    content.maybe(tlv.SEQUENCE)  # the other device's certificate
    content.end()
    return JoinDevice(method, device, kind, octets)


def read_unjoin(octets: bytes) -> UnjoinDevice:
    """Read a CS04 command.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues(octets)
    device = _eui64(content)
    content.end()
    return UnjoinDevice(device, octets)


def read_join_outcome(octets: bytes) -> JoinOutcome:
    """Read a CS03 response.

    Raises:
        PeerError: it has another shape.
    """
    return _coded(octets, JOIN_CODES)


def read_unjoin_outcome(octets: bytes) -> JoinOutcome:
    """Read a CS04 response.

    Raises:
        PeerError: it has another shape.
    """
    return _coded(octets, UNJOIN_CODES)


def _coded(octets: bytes, names: Mapping[int, str]) -> JoinOutcome:
    content = TlvValues(octets)
    status = names.get(content.take(tlv.INTEGER).number, "unknown")
    content.end()
    return JoinOutcome(status, octets)


def _entry(content: TlvValues) -> LogEntry:
    device, kind = _eui64(content), content.take(tlv.INTEGER).number
    content.end()
    return LogEntry(device, DEVICE_TYPES.get(kind, "unknown"))


def _eui64(content: TlvValues) -> str:
    return format_eui64(int.from_bytes(content.take().octets(EUI64_BYTES)))
