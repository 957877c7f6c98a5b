"""GBZ: Zigbee commands of gas devices inside GBCS messages, and their alerts; judges nothing.

Knows headers, read attributes and their answers; other ZCL payloads are shown as octets. What cannot be
read to the last octet stays opaque, it is not an error.
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from ota_engine.errors import PeerError
from ota_engine.gbcs.meters import ZIGBEE_EPOCH

PROFILE: Final = bytes.fromhex("0109")
MAX_COMPONENTS: Final = 32  # the richest use case has 31
ENCRYPTED, DATED = 0x02, 0x10  # bits of a component's control field
CLUSTERS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x0000: "Basic",
        0x0700: "Price",
        0x0702: "Metering",
        0x0703: "Messaging",
        0x0705: "Prepayment",
        0x0707: "Calendar",
        0x0708: "Device Management",
        0x0709: "Events",
    }
)
GENERAL: Final = {
    0x00: "read attributes",
    0x01: "read attributes response",
    0x0B: "default response",
}
ATTRIBUTES: Final[Mapping[tuple[int, int], str]] = MappingProxyType(
    {
        (0x0000, 0x0003): "hardware version",
        (0x0000, 0x0004): "manufacturer name",
        (0x0000, 0x0005): "model identifier",
        (0x0702, 0x0000): "consumption register",
        (0x0702, 0x0014): "supply status",
        (0x0702, 0x0205): "remaining battery days",
        (0x0702, 0x0206): "firmware version",
        (0x0702, 0x0307): "site identifier",
        (0x0702, 0x0607): "supply tamper state",
        (0x0702, 0x0608): "supply depletion state",
    }
)
STATUSES: Final[Mapping[int, str]] = MappingProxyType(  # ZCL status enumeration
    {
        0x00: "success",
        0x01: "failure",
        0x7E: "not authorized",
        0x80: "malformed command",
        0x81: "unsupported cluster command",
        0x82: "unsupported general command",
        0x85: "invalid field",
        0x86: "unsupported attribute",
        0x87: "invalid value",
        0x88: "read only",
        0x89: "insufficient space",
        0x8B: "not found",
        0x8F: "write only",
        0x92: "inconsistent",
        0x93: "action denied",
        0x94: "timeout",
        0xC0: "hardware failure",
        0xC1: "software failure",
    }
)
_SIZES: Final = {  # of ZCL types with one, in octets
    **{0x08 + size: size + 1 for size in range(8)},
    **{0x18 + size: size + 1 for size in range(8)},
    **{0x20 + size: size + 1 for size in range(8)},
    **{0x28 + size: size + 1 for size in range(8)},
    0x10: 1,  # boolean
    0x30: 1,  # enumerations
    0x31: 2,
    0xE0: 4,  # time of day, date, UTC
    0xE1: 4,
    0xE2: 4,
    0xF0: 8,  # EUI-64
}
_STRINGS: Final = frozenset((0x41, 0x42))  # octet string, character string


class GbzAttribute(NamedTuple):
    """One attribute asked for or told.

    Attributes:
        attribute: its identifier.
        meaning: the same in words; None for one without a name here.
        status: ZCL status of an answer; None in a question.
        status_name: the same in words.
        value: what was read: a number, a text, or octets in hexadecimal.
    """

    attribute: int
    meaning: str | None
    status: int | None = None
    status_name: str | None = None
    value: int | str | None = None


class GbzComponent(NamedTuple):
    """One ZCL command of a GBZ payload.

    Attributes:
        cluster: its identifier.
        cluster_name: the same in words.
        command: what it does, or its number.
        encrypted: its payload is, and is not shown.
        since: the time the component speaks from; None without one.
        attributes: of a general command about attributes.
        content: the payload of any other, in hexadecimal.
    """

    cluster: int
    cluster_name: str
    command: str
    encrypted: bool
    since: datetime | None
    attributes: tuple[GbzAttribute, ...]
    content: str


class GbzMessage(NamedTuple):
    """A GBZ command or response.

    Attributes:
        components: its ZCL commands, in order.
        octets: the payload.
    """

    components: tuple[GbzComponent, ...]
    octets: bytes


class GbzAlert(NamedTuple):
    """A GBZ alert.

    Attributes:
        alert_code: the event.
        time: of the device's clock.
        content: what the use case adds, in hexadecimal; empty for nothing.
        octets: the payload.
    """

    alert_code: int
    time: datetime
    content: str
    octets: bytes


def read_alert(octets: bytes) -> GbzAlert:
    """Read an alert of a gas device.

    Raises:
        PeerError: it is none.
    """
    if octets[:2] != PROFILE or len(octets) < 9:
        raise PeerError("no GBZ alert")
    code, seconds = struct.unpack_from(">HI", octets, 3)
    return GbzAlert(code, _time(seconds), octets[9:].hex(), octets)


def read_message(octets: bytes) -> GbzMessage:
    """Read a command or response.

    Raises:
        PeerError: it is none that is understood to the last octet.
    """
    if octets[:2] != PROFILE or len(octets) < 3 or octets[2] > MAX_COMPONENTS:
        raise PeerError("no GBZ payload")
    at, components = 3, []
    for _ in range(octets[2]):
        if len(octets) < at + 5:
            raise PeerError("the payload ends inside a component")
        control, cluster, length = struct.unpack_from(">BHH", octets, at)
        body = octets[at + 5 : at + 5 + length]
        if len(body) < length:
            raise PeerError("a component leads beyond the end of the payload")
        components.append(_component(control, cluster, body))
        at += 5 + length
    if at != len(octets):
        raise PeerError("the payload goes on behind its components")
    return GbzMessage(tuple(components), octets)


def _component(control: int, cluster: int, body: bytes) -> GbzComponent:
    encrypted, since = bool(control & ENCRYPTED), None
    if encrypted:
        body = body[2:]
    elif control & DATED:
        since, body = _time(int.from_bytes(body[:4])), body[4:]
    if len(body) < 3:
        raise PeerError("a component is shorter than a ZCL header")
    frame_control, _, command, payload = body[0], body[1], body[2], body[3:]
    general = not frame_control & 0x03
    name = GENERAL.get(command) if general else None
    attributes: tuple[GbzAttribute, ...] = ()
    if not encrypted and name == GENERAL[0x00]:
        attributes, payload = tuple(_asked(cluster, payload)), b""
    elif not encrypted and name == GENERAL[0x01]:
        attributes, payload = tuple(_told(cluster, payload)), b""
    return GbzComponent(
        cluster,
        CLUSTERS.get(cluster, "unknown"),
        name or f"command {command:02X} of the cluster",
        encrypted,
        since,
        attributes,
        payload.hex(),
    )


def _asked(cluster: int, payload: bytes) -> Iterator[GbzAttribute]:
    if len(payload) % 2:
        raise PeerError("half an attribute identifier")
    for at in range(0, len(payload), 2):
        number = int.from_bytes(payload[at : at + 2], "little")
        yield GbzAttribute(number, ATTRIBUTES.get((cluster, number)))


def _told(cluster: int, payload: bytes) -> Iterator[GbzAttribute]:
    value: int | str | None
    at = 0
    while at < len(payload):
        if len(payload) < at + 3:
            raise PeerError("the payload ends inside an attribute")
        number, status = int.from_bytes(payload[at : at + 2], "little"), payload[at + 2]
        at, value = at + 3, None
        if status == 0:
            kind = payload[at] if at < len(payload) else 0
            size, at = _value_size(payload, at)
            value, at = _shown(kind, payload[at : at + size]), at + size
        name = ATTRIBUTES.get((cluster, number))
        yield GbzAttribute(number, name, status, status_name(status), value)


def _value_size(payload: bytes, at: int) -> tuple[int, int]:
    """Octets of the value at a place, and where they begin."""
    if at >= len(payload):
        raise PeerError("the payload ends before a type")
    kind, at = payload[at], at + 1
    if kind in _STRINGS and at < len(payload):
        size, at = payload[at], at + 1
    else:
        size = _SIZES.get(kind, -1)
    if size < 0 or at + size > len(payload):
        raise PeerError(f"a value of type {kind:02X} is not read here, or cut off")
    return size, at


def _shown(kind: int, octets: bytes) -> int | str:
    """A value for people: ZCL numbers are little-endian, character strings are text."""
    if kind == 0x42:
        return octets.decode("utf-8", "backslashreplace")
    whole = 0x18 <= kind <= 0x2F or kind in (0x10, 0x30, 0x31)
    return (
        int.from_bytes(octets, "little", signed=kind >= 0x28 and kind < 0x30)
        if whole
        else octets.hex()
    )


def _time(seconds: int) -> datetime:
    return ZIGBEE_EPOCH + timedelta(seconds=seconds)


def status_name(status: int) -> str:
    """A ZCL status in words."""
    return STATUSES.get(status, "unknown")
