"""Makes new inputs out of old ones: damages octets, numbers, lengths and order; knows no format."""

import random
import struct
from collections.abc import Callable, Sequence
from typing import Final

LARGEST_INPUT: Final = 1 << 16  # octets; parsers that fall for a length fall for a small file
MOST_CHANGES: Final = 6
MOST_REPEATS: Final = 20_000  # of a piece: deep nesting, and walks that never end

# Numbers at which lengths, counts and offsets go wrong
EDGES: Final = (0, 1, 2, 4, 16, 56, 62, 64, 66, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF)
WIDE_EDGES: Final = (*EDGES, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
ONE_OCTET: Final = 1 << 8
TWO_OCTETS: Final = 1 << 16
TEXTS: Final = (
    b"[",
    b"{",
    b'"',
    b"\\u0000",
    b"null",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"\x00",
    b"\xff",
    b"<a/>",
    b"<!---->",
    b"</",
    b"&#13;",
    b" a=''",
)

Mutator = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutate(draw: random.Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """Give ``data`` with one to six changes.

    Args:
        draw: the only source of chance, so that a seed tells the whole run.
        data: what to begin with.
        corpus: inputs from which pieces may be taken over.
    """
    changed = bytearray(data)
    for _ in range(draw.randint(1, MOST_CHANGES)):
        draw.choice(_MUTATORS)(draw, changed, corpus)
    return bytes(changed[:LARGEST_INPUT])


def _span(draw: random.Random, data: bytearray) -> slice:
    """A piece of the data: mostly short, sometimes all of it."""
    start = draw.randint(0, len(data))
    longest = len(data) - start
    length = draw.randint(0, min(longest, draw.choice((1, 2, 4, 8, 64, longest))))
    return slice(start, start + length)


def _place(draw: random.Random, data: bytearray, room: int) -> int:
    """Where so many octets may be written; half the time within the first hundred, the header."""
    last = max(len(data) - room, 0)
    return draw.randint(0, min(last, 100) if draw.random() < 0.5 else last)


def _flip(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    if data:
        data[_place(draw, data, 1)] ^= 1 << draw.randrange(8)


def _octet(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    if data:
        data[_place(draw, data, 1)] = draw.randrange(ONE_OCTET)


def _short(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    number = draw.choice((*EDGES, len(data) % TWO_OCTETS))
    place = _place(draw, data, 2)
    data[place : place + 2] = struct.pack(draw.choice("<>") + "H", number)


def _long(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    near = max(len(data) + draw.randint(-70, 70), 0)
    number = draw.choice((*WIDE_EDGES, len(data), near))
    place = _place(draw, data, 4)
    data[place : place + 4] = struct.pack(draw.choice("<>") + "I", number)


def _add(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    """Raise or lower a number where it stands."""
    if len(data) >= 4:
        place = _place(draw, data, 4)
        number = int.from_bytes(data[place : place + 4], "little") + draw.randint(-40, 40)
        data[place : place + 4] = (number % (1 << 32)).to_bytes(4, "little")


def _cut(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    del data[_span(draw, data)]


def _truncate(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    del data[draw.randint(0, len(data)) :]


def _insert(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    place = draw.randint(0, len(data))
    data[place:place] = draw.choice((draw.randbytes(draw.randint(1, 70)), draw.choice(TEXTS)))


def _repeat(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    piece = data[_span(draw, data)][:64] or b"["
    times = draw.choice((2, 20, min(MOST_REPEATS, LARGEST_INPUT // len(piece))))
    place = draw.randint(0, len(data))
    data[place:place] = piece * times


def _move(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    span = _span(draw, data)
    piece = data[span]
    del data[span]
    place = draw.randint(0, len(data))
    data[place:place] = piece


def _splice(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    other = bytearray(draw.choice(corpus))
    data[_span(draw, data)] = other[_span(draw, other)]


def _fill(draw: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    span = _span(draw, data)
    data[span] = draw.choice((b"\x00", b"\xff", b"[", b" ")) * (span.stop - span.start)


_MUTATORS: Final[tuple[Mutator, ...]] = (
    _flip,
    _octet,
    _short,
    _long,
    _long,
    _add,
    _cut,
    _truncate,
    _insert,
    _repeat,
    _move,
    _splice,
    _fill,
)
