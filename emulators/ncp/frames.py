"""The octets of ASH frames (Silicon Labs UG101): flags, stuffing, checksum, randomised payload.

Pure. Knows what a frame looks like on the wire; knows nothing of sequences or timers.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from crcmod.predefined import mkPredefinedCrcFun

FLAG, ESCAPE = 0x7E, 0x7D
XON, XOFF = 0x11, 0x13
SUBSTITUTE, CANCEL = 0x18, 0x1A
RESERVED = frozenset({FLAG, ESCAPE, XON, XOFF, SUBSTITUTE, CANCEL})
FLIP = 0x20  # what an escaped octet is XORed with
MIN_DATA, MAX_DATA = 3, 128  # octets of EZSP in a DATA frame, UG101 2.2
MAX_FRAME = 1 + MAX_DATA + 2  # control, data, CRC; before stuffing
ASH_VERSION = 2

_crc = mkPredefinedCrcFun("crc-ccitt-false")


class Code(IntEnum):
    """Why an NCP reset, or stopped (UG101 table 5)."""

    UNKNOWN = 0x00
    EXTERNAL = 0x01
    POWER_ON = 0x02
    WATCHDOG = 0x03
    ASSERT = 0x06
    BOOTLOADER = 0x09
    SOFTWARE = 0x0B
    TOO_MANY_TIMEOUTS = 0x51


class Data(NamedTuple):
    """A DATA frame; ``number`` and ``acknowledged`` are modulo 8."""

    number: int
    repeated: bool
    acknowledged: int
    payload: bytes


class Ack(NamedTuple):
    """An ACK frame: ``acknowledged`` is the number expected next."""

    acknowledged: int


class Nak(NamedTuple):
    """A NAK frame: ``acknowledged`` is the number expected next, and wanted again."""

    acknowledged: int


class Rst(NamedTuple):
    """The host wants a reset."""


class RstAck(NamedTuple):
    """The NCP has reset."""

    code: int


class Error(NamedTuple):
    """The NCP has stopped until it is reset."""

    code: int


Frame: TypeAlias = Data | Ack | Nak | Rst | RstAck | Error


class BadFrameError(Exception):
    """What lies between two flags is no frame."""


def _random_octets() -> bytes:
    """The sequence with which DATA payloads are XORed, UG101 4.3."""
    register, octets = 0x42, bytearray()
    for _ in range(MAX_DATA):
        octets.append(register)
        register = register >> 1 ^ (0xB8 if register & 1 else 0)
    return bytes(octets)


_RANDOM = _random_octets()


def randomise(payload: bytes) -> bytes:
    """Spread the octets of a payload, or undo that."""
    return bytes(octet ^ noise for octet, noise in zip(payload, _RANDOM, strict=False))


def encode(frame: Frame) -> bytes:
    """Write a frame as it goes over the wire, closing flag included."""
    content = _content(frame)
    content += _crc(content).to_bytes(2, "big")
    out = bytearray()
    for octet in content:
        if octet in RESERVED:
            out += bytes((ESCAPE, octet ^ FLIP))
        else:
            out.append(octet)
    out.append(FLAG)
    return bytes(out)


def _content(frame: Frame) -> bytes:
    match frame:
        case Data(number, repeated, acknowledged, payload):
            return bytes((number << 4 | repeated << 3 | acknowledged,)) + randomise(payload)
        case Ack(acknowledged):
            return bytes((0x80 | acknowledged,))
        case Nak(acknowledged):
            return bytes((0xA0 | acknowledged,))
        case Rst():
            return b"\xc0"
        case RstAck(code):
            return bytes((0xC1, ASH_VERSION, code))
        case Error(code):
            return bytes((0xC2, ASH_VERSION, code))


def decode(content: bytes) -> Frame:
    """Read what stood between two flags, stuffing removed.

    Raises:
        BadFrameError: it is no frame.
    """
    if not 3 <= len(content) <= MAX_FRAME:
        raise BadFrameError(f"{len(content)} octets")
    body, check = content[:-2], content[-2:]
    if _crc(body).to_bytes(2, "big") != check:
        raise BadFrameError("checksum")
    control, rest = body[0], body[1:]
    if control < 0x80:
        if len(rest) < MIN_DATA:
            raise BadFrameError("DATA too short")
        return Data(control >> 4, bool(control & 8), control & 7, randomise(rest))
    return _short(control, rest)


def _short(control: int, rest: bytes) -> Frame:
    if not rest and control & 0xE0 == 0x80:
        return Ack(control & 7)
    if not rest and control & 0xE0 == 0xA0:
        return Nak(control & 7)
    if not rest and control == 0xC0:
        return Rst()
    if len(rest) == 2 and control in (0xC1, 0xC2) and rest[0] == ASH_VERSION:
        return RstAck(rest[1]) if control == 0xC1 else Error(rest[1])
    raise BadFrameError(f"control 0x{control:02X}")


class Splitter:
    """Cuts a stream of octets into frames, however it arrives.

    Each octet decides alone, so the chunks a stream comes in make no difference.
    """

    def __init__(self) -> None:
        self._content = bytearray()
        self._escaped = False
        self._spoilt = False

    def feed(self, data: bytes) -> Iterator[Frame | None]:
        """Give each frame that ends in ``data``; None for one that was damaged."""
        for octet in data:
            if octet in (XON, XOFF):
                continue  # flow control; it is for the UART and no part of any frame
            if octet == FLAG:
                if self._content or self._spoilt:
                    yield self._take()
            elif octet == CANCEL:
                self.clear()
            elif octet == SUBSTITUTE:
                self._spoilt = True
            else:
                self._append(octet)

    def clear(self) -> None:
        """Forget what came since the last flag."""
        self._content.clear()
        self._escaped = self._spoilt = False

    def _append(self, octet: int) -> None:
        if octet == ESCAPE:
            self._escaped = True
            return
        if self._escaped:
            octet ^= FLIP
            self._escaped = False
        if len(self._content) < MAX_FRAME:
            self._content.append(octet)
        else:
            self._spoilt = True

    def _take(self) -> Frame | None:
        content, spoilt = bytes(self._content), self._spoilt or self._escaped
        self.clear()
        if spoilt:
            return None
        try:
            return decode(content)
        except BadFrameError:
            return None
