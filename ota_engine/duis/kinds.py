"""What single fields of DUIS may hold, both ways: text to value and value to text (DUIS schema 5.4).

A kind reads a text and writes a value, or says in a ``ValueError`` why it cannot. What it writes it
reads again as the same value. Texts of fields are short but for images and lists of devices.
"""

import binascii
import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol, cast

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.requests import RequestId
from ota_engine.times import Utc

EUI_CHARACTERS: Final = 23
_SPACE: Final = " \t\r\n"  # of XML
_SHOWN: Final = 40
_EUI: Final = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){7}", re.ASCII)
# A list is compared as a whole with what it looks like when all its digits are zeros.
_OUTLINE: Final = b"00-00-00-00-00-00-00-00,"
_DIGITS_ALIKE: Final = bytes.maketrans(b"123456789abcdefABCDEF", b"0" * 21)
_NO_SPACE: Final = {ord(space): None for space in _SPACE}
_MOST_DIGITS: Final = 9  # of a second, before they are rounded
_MOMENT: Final = re.compile(
    r"([1-9]\d{3})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_DAY: Final = re.compile(r"([1-9]\d{3})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_BEFORE_PADDING: Final = ("", "AEIMQUYcgkosw048", "AQgw")  # base64: the bits left over are zero
# Characters that XML 1.0 cannot hold at all.
_NO_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FieldKind(Protocol):
    """One kind of field."""

    def read(self, text: str) -> Any:
        """Value of a text; ``ValueError`` where it has none."""

    def write(self, value: Any) -> str:
        """Text of a value; ``ValueError`` where it has none."""


def shown(text: str) -> str:
    """Quote what a document said, short and printable."""
    return ascii(text[:_SHOWN]) + ("..." if len(text) > _SHOWN else "")


class TextField(NamedTuple):
    """``xs:string`` between two lengths."""

    least: int = 0
    most: int = 1 << 16

    def read(self, text: str) -> str:
        """As it is; spaces count."""
        if not self.least <= len(text) <= self.most:
            raise ValueError(f"{shown(text)} has not {self.least} to {self.most} characters")
        return text

    def write(self, value: str) -> str:
        """As it is."""
        if _NO_XML.search(value):
            raise ValueError(f"{shown(value)} holds a character that XML has not")
        return self.read(value)


class WordField(NamedTuple):
    """One of some words."""

    words: frozenset[str]

    def read(self, text: str) -> str:
        """The word."""
        if text not in self.words:
            raise ValueError(f"{shown(text)} is none of the words of this field")
        return text

    def write(self, value: str) -> str:
        """The word."""
        return self.read(value)


def words(text: str) -> WordField:
    """Kind of a field that holds one of these words, written with blanks between."""
    return WordField(frozenset(text.split()))


class EuiField(NamedTuple):
    """``EUI``: octets with dashes, of either case."""

    def read(self, text: str) -> Eui64:
        """The identity."""
        text = text.strip(_SPACE)
        if not _EUI.fullmatch(text):
            raise ValueError(f"{shown(text)} is no EUI-64 with dashes")
        return Eui64(int(text.replace("-", ""), 16))

    def write(self, value: Eui64) -> str:
        """In upper case."""
        return format_eui64(value)


class EuiListField(NamedTuple):
    """``DeviceIDList``: one identity or more with commas between, and no blank."""

    most: int

    def read(self, text: str) -> tuple[Eui64, ...]:
        """In the order of the document, with doubles."""
        count = (len(text) + 1) // (EUI_CHARACTERS + 1)
        if count > self.most:
            raise ValueError(f"{count} devices: no list has more than {self.most}")
        octets = text.encode("ascii", "replace")
        if octets.translate(_DIGITS_ALIKE) != _OUTLINE * (count - 1) + _OUTLINE[:-1]:
            wrong = next((part for part in text.split(",") if not _EUI.fullmatch(part)), "")
            raise ValueError(f"{shown(wrong)} in the list is no EUI-64 with dashes")
        numbers = bytes.fromhex(octets.translate(None, b"-,").decode("ascii"))
        return cast("tuple[Eui64, ...]", struct.unpack(f">{count}Q", numbers))

    def write(self, value: Sequence[Eui64]) -> str:
        """In upper case."""
        if not 1 <= len(value) <= self.most:
            raise ValueError(f"{len(value)} devices: a list has 1 to {self.most}")
        return ",".join(map(format_eui64, value))


class RequestIdField(NamedTuple):
    """``RequestIDType`` and ``ResponseIDType``."""

    def read(self, text: str) -> RequestId:
        """Both identities and the counter."""
        text = text.strip(_SPACE)
        parts = text.split(":")
        if len(parts) != 3 or not all(_EUI.fullmatch(part) for part in parts[:2]):
            raise ValueError(f"{shown(text)} is no request id: it is EUI-64:EUI-64:counter")
        return RequestId.parse(text)

    def write(self, value: RequestId) -> str:
        """In upper case."""
        return value.text


def _decoded(text: str) -> bytes:
    from pybase64 import b64decode  # noqa: PLC0415 - of an extra that only documents need

    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"{shown(text)} is no base64") from None


class OctetsField(NamedTuple):
    """``xs:base64Binary``."""

    most: int = 1 << 16

    def read(self, text: str) -> bytes:
        """The octets; white space between characters is passed over."""
        try:
            octets = _decoded(text)
        except ValueError:  # most have no white space: it is looked for only then
            text = text.translate(_NO_SPACE)
            octets = _decoded(text)
        padding = len(text[-2:]) - len(text[-2:].rstrip("="))
        if padding and text[-1 - padding] not in _BEFORE_PADDING[padding]:
            raise ValueError("base64 whose last bits are not zero")
        if len(octets) > self.most:
            raise ValueError(f"longer than {self.most} octets")
        return octets

    def write(self, value: bytes) -> str:
        """In one line."""
        if len(value) > self.most:
            raise ValueError(f"longer than {self.most} octets")
        return binascii.b2a_base64(value, newline=False).decode("ascii")


class HexField(NamedTuple):
    """``xs:hexBinary`` of a fixed length."""

    length: int

    def read(self, text: str) -> bytes:
        """The octets."""
        text = text.strip(_SPACE)
        if not re.fullmatch(r"[0-9A-Fa-f]*", text, re.ASCII) or len(text) != 2 * self.length:
            raise ValueError(f"{shown(text)} is not {self.length} octets in hexadecimal digits")
        return bytes.fromhex(text)

    def write(self, value: bytes) -> str:
        """In upper case."""
        return self.read(value.hex()).hex().upper()


class AlertCodeField(NamedTuple):
    """An alert code: ``xs:hexBinary`` of two octets, as a number."""

    codes: frozenset[int] = frozenset()

    def read(self, text: str) -> int:
        """The number."""
        return self._checked(int.from_bytes(HexField(2).read(text)))

    def write(self, value: int) -> str:
        """Four digits."""
        if not 0 <= value < 1 << 16:
            raise ValueError(f"{value} is no alert code of two octets")
        return f"{self._checked(value):04X}"

    def _checked(self, code: int) -> int:
        if self.codes and code not in self.codes:
            raise ValueError(f"{code:04X} is no alert code for this place")
        return code


class NumberField(NamedTuple):
    """An integer in a range."""

    least: int = 0
    most: int = (1 << 32) - 1

    def read(self, text: str) -> int:
        """The number; a sign and leading zeros are allowed, as in XML."""
        text = text.strip(_SPACE)
        if not re.fullmatch(r"[+-]?[0-9]{1,24}", text, re.ASCII):
            raise ValueError(f"{shown(text)} is no whole number")
        return self._checked(int(text))

    def write(self, value: int) -> str:
        """In the shortest form."""
        return str(self._checked(value))

    def _checked(self, value: int) -> int:
        if not self.least <= value <= self.most:
            raise ValueError(f"{value} is not between {self.least} and {self.most}")
        return value


class DigitsField(NamedTuple):
    """A positive number that is a name: as it is written, leading zeros too."""

    most: int

    def read(self, text: str) -> str:
        """The digits."""
        text = text.strip(_SPACE)
        if not (text.isascii() and text.isdigit() and text.strip("0") and len(text) <= self.most):
            raise ValueError(f"{shown(text)} is no positive number of {self.most} digits or fewer")
        return text

    def write(self, value: str) -> str:
        """The digits."""
        return self.read(value)


class FlagField(NamedTuple):
    """``xs:boolean``."""

    def read(self, text: str) -> bool:
        """``true``, ``1``, ``false`` or ``0``."""
        text = text.strip(_SPACE)
        if text not in ("true", "1", "false", "0"):
            raise ValueError(f"{shown(text)} is neither true nor false")
        return text in ("true", "1")

    def write(self, value: bool) -> str:
        """As a word."""
        return "true" if value else "false"


class MomentField(NamedTuple):
    """``xs:dateTime``; without a zone it is UTC, as all of DUIS is."""

    digits: int = 3  # written after the second

    def read(self, text: str) -> Utc:
        """The time, to the millisecond, as it is written."""
        text = text.strip(_SPACE)
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise ValueError(f"{shown(text)} is no date and time")
        year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
        fraction = (found[7] or "").ljust(_MOST_DIGITS, "0")
        midnight = (hour, minute, second, int(fraction)) == (24, 0, 0, 0)
        try:
            whole = datetime(year, month, day, 0 if midnight else hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise ValueError(f"{shown(text)} is no date and time") from None
        seconds = round(whole.timestamp()) + midnight * 86_400 - _offset_s(found[8], text)
        thousandths = seconds * 1000 + (int(fraction) + 500_000) // 1_000_000
        _moment(thousandths // 1000)
        return Utc(thousandths / 1000)

    def write(self, value: Utc) -> str:
        """To the millisecond, shorter where ``digits`` say all."""
        thousandths = round(value * 1000)
        moment = _moment(thousandths // 1000)
        fraction = f"{thousandths % 1000:03d}"
        kept = max(self.digits, len(fraction.rstrip("0")))
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction[:kept]}Z"


class DayField(NamedTuple):
    """``xs:date``, as the beginning of that day in UTC."""

    def read(self, text: str) -> Utc:
        """Of whichever zone: the day that is named."""
        text = text.strip(_SPACE)
        found = _DAY.fullmatch(text)
        if found is None:
            raise ValueError(f"{shown(text)} is no date")
        try:
            day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
        except ValueError:
            raise ValueError(f"{shown(text)} is no date") from None
        return Utc(day.timestamp())

    def write(self, value: Utc) -> str:
        """With the zone, as samples have it."""
        return f"{_moment(value):%Y-%m-%d}Z"


def _moment(seconds: float) -> datetime:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"{seconds} s is no time of the calendar") from None
    if moment.year < 1000:
        raise ValueError(f"{seconds} s is no time of the calendar")
    return moment


def _offset_s(zone: str | None, text: str) -> int:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        raise ValueError(f"{shown(text)} has no such zone")
    return (-1 if zone[0] == "-" else 1) * (hours * 3600 + minutes * 60)
