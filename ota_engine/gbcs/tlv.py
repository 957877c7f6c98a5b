"""DER as tags and octets, for payloads that are read and never written; knows no shape.

The payloads of firmware have typed shapes in ``ota_engine.gbcs.der``. Here any value is walked, one
level at a time; what is not minimal DER raises.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ota_engine.errors import PeerError

INTEGER, BIT_STRING, OCTET_STRING, NULL = 0x02, 0x03, 0x04, 0x05
ENUMERATED, GENERALIZED_TIME, SEQUENCE = 0x0A, 0x18, 0x30
MAX_VALUES: Final = 4096  # in one sequence


class Value(NamedTuple):
    """One value.

    Attributes:
        tag: its tag octet.
        content: its content octets.
        encoded: all of it, tag and length included.
    """

    tag: int
    content: bytes
    encoded: bytes

    @property
    def number(self) -> int:
        """The content as a number, where it is one.

        Raises:
            PeerError: it is no INTEGER or ENUMERATED, or negative.
        """
        if self.tag not in (INTEGER, ENUMERATED):
            raise PeerError(f"tag {self.tag:02X} is no number")
        if not self.content or self.content[0] & 0x80:
            raise PeerError("a number is empty or negative")
        return int.from_bytes(self.content)

    @property
    def time(self) -> datetime:
        """The content as a moment in UTC.

        Raises:
            PeerError: it is no time of whole seconds.
        """
        try:
            found = datetime.strptime(self.content.decode("ascii"), "%Y%m%d%H%M%SZ")
        except ValueError:
            raise PeerError("a time is not written as YYYYMMDDhhmmssZ") from None
        if self.tag != GENERALIZED_TIME:
            raise PeerError(f"tag {self.tag:02X} is no time")
        return found.replace(tzinfo=UTC)

    def octets(self, size: int | None = None) -> bytes:
        """The content of an OCTET STRING.

        Raises:
            PeerError: it is none, or of another size.
        """
        if self.tag != OCTET_STRING or (size is not None and len(self.content) != size):
            raise PeerError(f"tag {self.tag:02X} with {len(self.content)} octets is not expected")
        return self.content


class TlvValues:
    """The values of a sequence, taken one after the other."""

    def __init__(self, content: bytes) -> None:
        self._left = list(values(content))[::-1]

    @classmethod
    def of(cls, octets: bytes) -> "TlvValues":
        """The values in a SEQUENCE that fills the octets.

        Raises:
            PeerError: it is none.
        """
        found = list(values(octets))
        if len(found) != 1 or found[0].tag != SEQUENCE:
            raise PeerError("the payload is not one sequence")
        return cls(found[0].content)

    def take(self, tag: int | None = None) -> Value:
        """The next value.

        Raises:
            PeerError: there is none, or it has another tag.
        """
        if not self._left or tag not in (None, self._left[-1].tag):
            raise PeerError("a value is missing, or of another kind")
        return self._left.pop()

    def has(self, tag: int) -> bool:
        """Whether the next value has this tag."""
        return bool(self._left) and self._left[-1].tag == tag

    def maybe(self, tag: int) -> Value | None:
        """The next value where it has this tag, else None and nothing is taken."""
        return self._left.pop() if self.has(tag) else None

    def inside(self) -> "TlvValues":
        """The values in the sequence that is next.

        Raises:
            PeerError: the next value is none.
        """
        return TlvValues(self.take(SEQUENCE).content)

    def each(self) -> "Iterator[TlvValues]":
        """The sequences in the sequence that is next.

        Raises:
            PeerError: there are other things in it.
        """
        return self.inside().list()

    def list(self) -> "Iterator[TlvValues]":
        """The sequences that are left.

        Raises:
            PeerError: there are other things among them.
        """
        while self._left:
            yield self.inside()

    def end(self) -> None:
        """Raise ``PeerError`` where anything is left."""
        if self._left:
            raise PeerError(f"{len(self._left)} values more than the use case has")


def values(octets: bytes) -> Iterator[Value]:
    """Walk values that fill the octets.

    Raises:
        PeerError: a length is not the shortest, or leads beyond the end.
    """
    at = count = 0
    while at < len(octets):
        at, value = _value(octets, at)
        count += 1
        if count > MAX_VALUES:
            raise PeerError(f"more than {MAX_VALUES} values in one sequence")
        yield value


def _value(octets: bytes, at: int) -> tuple[int, Value]:
    head = octets[at : at + 2]
    if len(head) < 2:
        raise PeerError("the payload ends inside a value")
    length, start = head[1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(octets[start : start + size]), start + size
        shortest = (length.bit_length() + 7) // 8
        if not 1 <= size <= 3 or size != shortest or length < 0x80:
            raise PeerError("a length is not written in the shortest form")
    if start + length > len(octets):
        raise PeerError("a value leads beyond the end of the payload")
    end = start + length
    return end, Value(head[0], octets[start:end], octets[at:end])
