"""What listens at a TCP address that gave us no radio: asks it once more, with a plain socket.

Knows one frame of ASH (Silicon Labs UG101: RST, and RSTACK that answers it) and how peers end a
connection. A radio library cannot tell these cases apart: it meets all of them as a time-out, or as
a port that vanished under its hands.
"""

from binascii import crc_hqx
from enum import Enum

import trio

RESET = b"\x1a\xc0\x38\xbc\x7e"  # CANCEL, then RST: what a host says first
FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20  # octets of ASH framing, UG101 4.2
RSTACK = b"\xc1\x02"  # control octet and ASH version 2
RSTACK_OCTETS = 5  # with the reset code and the CRC
PATIENCE = 2.0  # seconds; a dongle restarts in less than one
ENOUGH = 4096  # octets after which no radio can be hoped for
CHUNK = 1024


class Manner(Enum):
    """How a peer behaves towards a host that asks it to restart."""

    UNREACHABLE = "no connection"
    HANGS_UP = "hangs up"
    SILENT = "says nothing"
    FOREIGN = "says what no radio says"
    RESTARTS = "restarts as asked"


async def manner(address: str, question: bytes = RESET, patience: float = PATIENCE) -> Manner:
    """Ask what listens at an address to restart, and tell what it does.

    Args:
        address: ``host:port``.
        question: what to say to it; empty to say nothing.
        patience: seconds to wait for its answer.
    """
    host, _, port = address.rpartition(":")
    heard = bytearray()
    with trio.move_on_after(patience) as connecting:
        try:
            stream = await trio.open_tcp_stream(host.strip("[]"), int(port))
        except OSError:
            return Manner.UNREACHABLE
    if connecting.cancelled_caught:
        return Manner.UNREACHABLE
    async with stream:
        with trio.move_on_after(patience):
            try:
                await stream.send_all(question)
                while len(heard) < ENOUGH and not restarts(heard):
                    octets = await stream.receive_some(CHUNK)
                    if not octets:
                        return Manner.FOREIGN if heard else Manner.HANGS_UP
                    heard += octets
            except trio.BrokenResourceError:
                return Manner.FOREIGN if heard else Manner.HANGS_UP
    if not heard:
        return Manner.SILENT
    return Manner.RESTARTS if restarts(heard) else Manner.FOREIGN


def restarts(octets: bytes | bytearray) -> bool:
    """Whether a whole RSTACK is among these octets."""
    return any(_is_rstack(_unescape(frame)) for frame in octets.split(bytes((FLAG,)))[:-1])


def _is_rstack(frame: bytes) -> bool:
    if len(frame) != RSTACK_OCTETS or not frame.startswith(RSTACK):
        return False
    return crc_hqx(frame[:-2], 0xFFFF) == int.from_bytes(frame[-2:], "big")


def _unescape(frame: bytes | bytearray) -> bytes:
    plain, flip = bytearray(), 0
    for octet in frame:
        if octet == ESCAPE:
            flip = FLIP
        else:
            plain.append(octet ^ flip)
            flip = 0
    return bytes(plain)
