"""DLMS access requests, responses and alerts of meters, field by field; judges nothing.

Knows the encoding (Green Book, access service; A-XDR) and the few objects a firmware person meets by
name. What it cannot read to the last octet stays opaque, it is not an error.
"""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from ota_engine.errors import PeerError
from ota_engine.gbcs.envelope import DATE_TIME_BYTES, DateTime, parse_date_time
from ota_engine.gbcs.meters import INVOKE_ID_MASK

REQUEST, RESPONSE, NOTIFICATION = 0xD9, 0xDA, 0x0F
MAX_DEPTH: Final = 16  # of arrays and structures in one another
MAX_ITEMS: Final = 4096  # values of one payload
ACTIONS: Final = {1: "get", 2: "set", 3: "action", 4: "get with selection"}
RESULTS: Final[Mapping[int, str]] = MappingProxyType(  # data-access-result and action-result
    {
        0: "success",
        1: "hardware fault",
        2: "temporary failure",
        3: "read or write denied",
        4: "object undefined",
        9: "object class inconsistent",
        11: "object unavailable",
        12: "type unmatched",
        13: "scope of access violated",
        14: "data block unavailable",
        15: "long get aborted",
        16: "no long get in progress",
        17: "long set aborted",
        18: "no long set in progress",
        19: "data block number invalid",
        250: "other reason",
    }
)
OBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0-0:0.2.1.255": "firmware version",
        "0-0:1.0.0.255": "clock",
        "0-0:42.0.0.255": "logical device name",
        "0-0:96.1.1.255": "device identity",
        "0-0:96.3.10.255": "supply switch",
    }
)
# tag -> what to unpack; all big-endian
_NUMBERS: Final = {
    0x05: ">i",
    0x06: ">I",
    0x0F: ">b",
    0x10: ">h",
    0x11: ">B",
    0x12: ">H",
    0x14: ">q",
    0x15: ">Q",
    0x16: ">B",
}
_DATED: Final = {0x19: 12, 0x1A: 5, 0x1B: 4}

DlmsValue: TypeAlias = "bool | int | str | list[DlmsValue] | None"


class DlmsItem(NamedTuple):
    """One thing a request asks for.

    Attributes:
        action: ``get``, ``set``, ``action``, ``get with selection``.
        class_id: COSEM class.
        obis: the object's name, written as A-B:C.D.E.F.
        attribute: number of the attribute or method.
        meaning: the object in words; None for one without a name here.
        value: what is written, or given to the method.
    """

    action: str
    class_id: int
    obis: str
    attribute: int
    meaning: str | None
    value: DlmsValue


class DlmsResult(NamedTuple):
    """One thing a response answers.

    Attributes:
        action: as in the request.
        result: DLMS data-access-result.
        result_name: the same in words.
        value: what was read; octets in hexadecimal.
    """

    action: str
    result: int
    result_name: str
    value: DlmsValue


class DlmsRequest(NamedTuple):
    """An access request.

    Attributes:
        invoke_id: the low 24 bits of the originator counter.
        items: what is asked for.
        octets: the payload.
    """

    invoke_id: int
    items: tuple[DlmsItem, ...]
    octets: bytes


class DlmsResponse(NamedTuple):
    """An access response.

    Attributes:
        invoke_id: as in the request.
        items: what is answered, in the order of the request.
        octets: the payload.
    """

    invoke_id: int
    items: tuple[DlmsResult, ...]
    octets: bytes


class DlmsAlert(NamedTuple):
    """A data notification that alerts.

    Attributes:
        alert_code: the event.
        invoke_id: the low 24 bits of the alert's counter.
        time: of the device's clock.
        content: what the use case adds, in hexadecimal; empty for nothing.
        octets: the payload.
    """

    alert_code: int
    invoke_id: int
    time: DateTime
    content: str
    octets: bytes


class _Reader:
    """Octets taken from the front."""

    def __init__(self, octets: bytes) -> None:
        self._octets, self._at, self._left = octets, 0, MAX_ITEMS

    def take(self, count: int) -> bytes:
        found = self._octets[self._at : self._at + count]
        if len(found) < count:
            raise PeerError("the payload ends inside a value")
        self._at += count
        return found

    def octet(self) -> int:
        return self.take(1)[0]

    def expect(self, octets: bytes) -> None:
        if self.take(len(octets)) != octets:
            raise PeerError("an octet is not what this use case has")

    def length(self) -> int:
        first = self.octet()
        return first if first < 0x80 else int.from_bytes(self.take(first & 0x7F))

    def rest(self) -> bytes:
        return self.take(len(self._octets) - self._at)

    def end(self) -> None:
        if self._at < len(self._octets):
            raise PeerError("the payload goes on behind what this use case has")

    def data(self, depth: int = 0) -> DlmsValue:
        """One value, whatever is in it."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise PeerError("more values, or deeper ones, than any use case has")
        tag = self.octet()
        if tag == 0x00:
            return None
        if tag in (0x01, 0x02):
            return [self.data(depth + 1) for _ in range(self.length())]
        return self._plain(tag)

    def _plain(self, tag: int) -> DlmsValue:
        if tag == 0x03:
            return bool(self.octet())
        if tag in _NUMBERS:
            form = _NUMBERS[tag]
            number: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
            return number
        if tag == 0x04:
            return self.take((self.length() + 7) // 8).hex()
        if tag == 0x09:
            return self.take(self.length()).hex()
        if tag in (0x0A, 0x0C):
            return self.take(self.length()).decode("utf-8", "backslashreplace")
        if tag in _DATED:
            return self.take(_DATED[tag]).hex()
        raise PeerError(f"DLMS data of tag {tag:02X} is not read here")


def read_request(octets: bytes) -> DlmsRequest:
    """Read an access request.

    Raises:
        PeerError: it is none that is understood to the last octet.
    """
    reader = _Reader(octets)
    invoke = _head(reader, REQUEST)
    asked = [_specification(reader) for _ in range(reader.length())]
    if reader.length() != len(asked):
        raise PeerError("as many values as specifications are expected")
    items = tuple(item._replace(value=_both(item.value, reader.data())) for item in asked)
    reader.end()
    return DlmsRequest(invoke, items, octets)


def _both(selection: DlmsValue, value: DlmsValue) -> DlmsValue:
    return value if selection is None else [selection, value]


def _specification(reader: _Reader) -> DlmsItem:
    choice = reader.octet()
    if choice not in ACTIONS:
        raise PeerError("an access specification of an unknown kind")
    class_id, obis, attribute = struct.unpack(">H6sb", reader.take(9))
    selection = [reader.octet(), reader.data()] if choice == 4 else None
    a, b, c, d, e, f = obis
    name = f"{a}-{b}:{c}.{d}.{e}.{f}"
    return DlmsItem(ACTIONS[choice], class_id, name, attribute, OBJECTS.get(name), selection)


def read_response(octets: bytes) -> DlmsResponse:
    """Read an access response.

    Raises:
        PeerError: it is none that is understood to the last octet.
    """
    reader = _Reader(octets)
    invoke = _head(reader, RESPONSE)
    reader.expect(b"\x00")  # no request specification is repeated
    found = [reader.data() for _ in range(reader.length())]
    if reader.length() != len(found):
        raise PeerError("as many results as values are expected")
    items = []
    for value in found:
        choice, result = reader.take(2)
        if choice not in (1, 2, 3):
            raise PeerError("an access result of an unknown kind")
        items.append(DlmsResult(ACTIONS[choice], result, result_name(result), value))
    reader.end()
    return DlmsResponse(invoke, tuple(items), octets)


def read_alert(octets: bytes) -> DlmsAlert:
    """Read a data notification of an event.

    Raises:
        PeerError: it is none.
    """
    reader = _Reader(octets)
    invoke = _head(reader, NOTIFICATION)
    reader.expect(b"\x02")
    reader.length()
    reader.expect(b"\x12")
    code = int.from_bytes(reader.take(2))
    reader.expect(bytes((0x09, DATE_TIME_BYTES)))
    time = parse_date_time(reader.take(DATE_TIME_BYTES))
    return DlmsAlert(code, invoke, time, reader.rest().hex(), octets)


def _head(reader: _Reader, tag: int) -> int:
    reader.expect(bytes((tag,)))
    invoke = int.from_bytes(reader.take(4)) & INVOKE_ID_MASK
    reader.expect(b"\x00")  # no date-time
    return invoke


def result_name(result: int) -> str:
    """A data-access-result in words."""
    return RESULTS.get(result, "unknown")
