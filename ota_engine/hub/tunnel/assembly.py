"""Messages found again in the pieces of one tunnel; knows GB-HRGP's octet and where messages end.

A message begins with a piece of its own, behind the octet that says what it is, and ends with a
piece. Nothing in a piece says which one it is: the sender waits for each to be acknowledged before
it sends the next, and a piece that comes twice is known by its sequence number and its octets
(ADR 0031).
"""

from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

from ota_engine.errors import PeerError
from ota_engine.gbcs.extent import message_length
from ota_engine.hub.tunnel.bounds import Allowance
from ota_engine.times import Monotonic
from ota_engine.zcl.status import Status

GET: Final = 0x01  # GB-HRGP (GBCS v1, page 109): have you a message for me?
GET_RESPONSE: Final = 0x02  # here is one, or none; the octet after it says how many more wait
PUT: Final = 0x03  # here is one
#: Seconds for which a piece is known again. Its sender repeats it for 80 s at most (the emulated
#: devices; the hub for 24 s), and a radio delivers a frame no later than 15 s after it took it.
MEMORY: Final = 120.0


class Get(NamedTuple):
    """The other end asks for a message."""


class IncomingMessage(NamedTuple):
    """A message came.

    Attributes:
        octets: the message; none when the other end was asked and has none.
        more: how many wait besides, None unless the other end was asked.
    """

    octets: bytes
    more: int | None


Found: TypeAlias = Get | IncomingMessage


class Recent:
    """The pieces that came last; at most one of each of the 256 sequence numbers."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[int, tuple[Monotonic, int]] = {}  # oldest first

    @property
    def empty(self) -> bool:
        """Whether no piece has come."""
        return not self._pieces

    def knows(self, sequence: int, data: bytes, now: Monotonic) -> bool:
        """Say whether this piece came before; from now on it has."""
        while self._pieces:
            oldest = next(iter(self._pieces))
            if now - self._pieces[oldest][0] <= MEMORY:
                break
            del self._pieces[oldest]
        digest = crc32(data)
        if sequence in self._pieces and self._pieces[sequence][1] == digest:
            return True
        self._pieces.pop(sequence, None)
        self._pieces[sequence] = now, digest
        return False


class Assembly:
    """Puts the messages of one tunnel together.

    Args:
        longest: octets of the longest message taken.
        allowance: the octets that all assemblies together may hold.
    """

    __slots__ = ("_allowance", "_longest", "_more", "_octets")

    def __init__(self, longest: int, allowance: Allowance) -> None:
        self._longest = longest
        self._allowance = allowance
        self._octets = bytearray()
        self._more: int | None = None

    @property
    def begun(self) -> bool:
        """Whether a message is incomplete."""
        return bool(self._octets)

    def clear(self) -> None:
        """Forget the message that is incomplete."""
        self._allowance.give(len(self._octets))
        self._octets.clear()

    def take(self, data: bytes) -> Found | None:
        """Take the next piece; returns what is complete with it.

        Raises:
            PeerError: INSUFFICIENT_SPACE for more octets than the message has or we hold,
                MALFORMED_COMMAND for what is neither a message nor a request for one. The message
                under way is forgotten then, and the tunnel is of no use any more.
        """
        try:
            return self._append(data) if self.begun else self._first(data)
        except PeerError:
            self.clear()
            raise

    def _first(self, data: bytes) -> Found | None:
        kind = data[:1]
        if data == bytes((GET,)):
            return Get()
        if kind == bytes((PUT,)) and len(data) > 1:
            self._more = None
            return self._append(data[1:])
        if kind == bytes((GET_RESPONSE,)) and len(data) > 1:
            self._more = data[1]
            return self._append(data[2:]) if len(data) > 2 else IncomingMessage(b"", data[1])
        raise PeerError(
            f"{len(data)} octets of a tunnel begin with none of get, get-response and put",
            Status.MALFORMED_COMMAND,
        )

    def _append(self, data: bytes) -> IncomingMessage | None:
        if not self._allowance.take(len(data)):
            raise PeerError("no room for more messages in pieces", Status.INSUFFICIENT_SPACE)
        self._octets += data
        length = message_length(bytes(self._octets))
        if max(length or 0, len(self._octets)) > self._longest:
            raise PeerError(
                f"the message is longer than {self._longest} octets", Status.INSUFFICIENT_SPACE
            )
        if length is None or len(self._octets) < length:
            return None
        if len(self._octets) > length:
            raise PeerError(
                f"{len(self._octets) - length} octets follow the end of the message",
                Status.INSUFFICIENT_SPACE,
            )
        message = IncomingMessage(bytes(self._octets), self._more)
        self.clear()
        return message
