"""The fields of EZSP frames: from octets to named values and back.

Pure. A layout is written ``"status:status nwk:u16 message:bytes"``; which fields a frame has is
``commands``' to know. Numbers are little-endian throughout.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, NamedTuple, TypeAlias

from emulators.ncp.status import EMBER, EZSP, UNMAPPED, EmberStatus

FieldValues: TypeAlias = dict[str, Any]  # what a field holds is its kind's to say


class TruncatedError(Exception):
    """A frame ends before its fields do."""


class ApsFrame(NamedTuple):
    """EmberApsFrame."""

    profile: int
    cluster: int
    source_endpoint: int
    destination_endpoint: int
    options: int
    group: int
    sequence: int


class NetworkParameters(NamedTuple):
    """EmberNetworkParameters."""

    extended_pan_id: int
    pan_id: int
    tx_power: int
    channel: int
    join_method: int
    manager: int
    update_id: int
    channels: int


class SecurityState(NamedTuple):
    """EmberInitialSecurityState."""

    bitmask: int
    preconfigured_key: bytes
    network_key: bytes
    network_key_sequence: int
    trust_center: int


class MulticastEntry(NamedTuple):
    """EmberMulticastTableEntry."""

    group: int = 0
    endpoint: int = 0
    network: int = 0


class WireType(NamedTuple):
    """How one kind of field is read (value, octets used) and written."""

    read: Callable[[bytes], tuple[Any, int]]
    write: Callable[[Any], bytes]


def _number(code: str) -> WireType:
    struct = Struct("<" + code)

    def read(data: bytes) -> tuple[Any, int]:
        if len(data) < struct.size:
            raise TruncatedError
        return struct.unpack_from(data)[0], struct.size

    return WireType(read, struct.pack)


def _record(record: Callable[..., Any], code: str) -> WireType:
    struct = Struct("<" + code)

    def read(data: bytes) -> tuple[Any, int]:
        if len(data) < struct.size:
            raise TruncatedError
        return record(*struct.unpack_from(data)), struct.size

    return WireType(read, lambda value: struct.pack(*value))


def _fixed(size: int) -> WireType:
    def read(data: bytes) -> tuple[Any, int]:
        if len(data) < size:
            raise TruncatedError
        return data[:size], size

    return WireType(read, bytes)


def _counted(code: str) -> WireType:
    struct = Struct("<" + code)

    def read(data: bytes) -> tuple[Any, int]:
        if len(data) < struct.size:
            raise TruncatedError
        end = struct.size + struct.unpack_from(data)[0]
        if len(data) < end:
            raise TruncatedError
        return data[struct.size : end], end

    return WireType(read, lambda value: struct.pack(len(value)) + value)


def _status_octet(words: Mapping[EmberStatus, int]) -> WireType:
    return WireType(
        lambda data: (data[0], 1) if data else (0, 0),
        lambda status: bytes((words.get(status, UNMAPPED),)),
    )


_RECORDS: dict[str, WireType] = {
    "aps": _record(ApsFrame, "HHBBHHB"),
    "network": _record(NetworkParameters, "QHBBBHBL"),
    "security": _record(SecurityState, "H16s16sBQ"),
    "multicast": _record(MulticastEntry, "HBB"),
}
_KINDS: dict[str, WireType] = {
    "u8": _number("B"),
    "s8": _number("b"),
    "u16": _number("H"),
    "u32": _number("L"),
    "eui64": _number("Q"),
    "bool": _number("?"),
    "key": _fixed(16),
    "context": _fixed(18),  # sl_zb_sec_man_context_t
    "key_data": _fixed(12),  # sl_zb_sec_man_aps_key_metadata_t
    "bytes": _counted("B"),
    "bytes32": _counted("L"),
    "rest": WireType(lambda data: (data, len(data)), bytes),
    "sl": _number("L"),
    **_RECORDS,
}
_NARROW = {"status": _status_octet(EMBER), "ezsp": _status_octet(EZSP)}
_WIDE = {"status": _number("L"), "ezsp": _number("L")}
WIDE_STATUS_SINCE = 14  # the version that put sl_status_t everywhere


class EzspLayout:
    """The fields of one frame in one protocol version.

    Args:
        text: ``name:kind`` pairs; a name that ends in ``?`` may be left out at the end.
        version: of the protocol; it decides how wide a status is.
    """

    __slots__ = ("_fields",)

    def __init__(self, text: str, version: int) -> None:
        kinds = _KINDS | (_WIDE if version >= WIDE_STATUS_SINCE else _NARROW)
        self._fields: list[tuple[str, bool, WireType]] = []
        for field in text.split():
            name, _, kind = field.partition(":")
            self._fields.append((name.rstrip("?"), name.endswith("?"), kinds[kind]))

    def read(self, data: bytes) -> FieldValues:
        """Take the fields out of a frame; what follows them is ignored, as the NCP does.

        Raises:
            TruncatedError: fields are missing.
        """
        values: FieldValues = {}
        for name, optional, kind in self._fields:
            if optional and not data:
                continue
            values[name], used = kind.read(data)
            data = data[used:]
        return values

    def write(self, values: Mapping[str, Any]) -> bytes:
        """Put values into a frame; every field but optional ones must be there."""
        return b"".join(
            kind.write(values[name])
            for name, optional, kind in self._fields
            if not (optional and name not in values)
        )
