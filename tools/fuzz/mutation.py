"""Makes new inputs out of old ones: damages octets, numbers, words, lengths and order; knows no format."""

import random
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

MOST_CHANGES: Final = 6
MOST_REPEATS: Final = 20_000  # of a piece: deep nesting, and walks that never end
LONGEST_WORD: Final = 60  # octets of a constant that is put into inputs; above it, it is prose

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
    b"true",
    b"-1",
    b"0.5",
    b"1e999",
    b"9" * 400,
    b"\x00",
    b"\xff",
    b"\n",
    b"\r\n",
    b",",
    b"<a/>",
    b"<!---->",
    b"</",
    b"&#13;",
    b" a=''",
    b"%00",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
    b"2026-03-29T01:30:00Z",
)


class Given(NamedTuple):
    """What a change may take from.

    Attributes:
        draw: the only source of chance, so that a seed tells the whole run.
        corpus: inputs from which pieces may be taken over.
        largest: octets of an input.
        words: what stands in the code that reads the inputs, as octets.
    """

    draw: random.Random
    corpus: list[bytes]
    largest: int
    words: Sequence[bytes] = TEXTS

    def below(self, number: int) -> int:
        """A number from 0 to ``number`` - 1; in a third of the time of ``randrange``."""
        return int(self.draw.random() * number)


Change = Callable[[Given, bytearray], None]


def words_of(constants: Iterable[str | bytes | int]) -> tuple[bytes, ...]:
    """What stands in code, as it may stand in an input."""
    made = dict.fromkeys(TEXTS)
    for constant in constants:
        if isinstance(constant, int):
            made.update(dict.fromkeys(_numbers(constant)))
        else:
            octets = (
                constant if isinstance(constant, bytes) else constant.encode("utf-8", "replace")
            )
            if 0 < len(octets) <= LONGEST_WORD:
                made[octets] = None
    return tuple(made)


def _numbers(number: int) -> Iterable[bytes]:
    """A number in text and in the fewest octets of both orders."""
    yield str(number).encode()
    for size in (1, 2, 4, 8):
        if 0 <= number < 1 << 8 * size:
            yield number.to_bytes(size, "little")
            yield number.to_bytes(size, "big")
            return


def mutate(given: Given, data: bytes) -> bytes:
    """Give ``data`` with one to six changes, fewer more often than many."""
    changed = bytearray(data)
    draw = given.draw.random
    for _ in range(1 + int(draw() * draw() * MOST_CHANGES)):
        _CHANGES[int(draw() * len(_CHANGES))](given, changed)
    return bytes(changed[: given.largest])


def _span(given: Given, data: bytearray) -> slice:
    """A piece of the data: mostly short, sometimes all of it."""
    start = given.below(len(data) + 1)
    longest = len(data) - start
    most = (1, 2, 4, 8, 64, longest)[given.below(6)]
    return slice(start, start + given.below(min(longest, most) + 1))


def _place(given: Given, data: bytearray, room: int) -> int:
    """Where so many octets may be written; half the time within the first hundred, the header."""
    last = max(len(data) - room, 0)
    return given.below((min(last, 100) if given.draw.random() < 0.5 else last) + 1)


def _flip(given: Given, data: bytearray) -> None:
    if data:
        data[_place(given, data, 1)] ^= 1 << given.below(8)


def _octet(given: Given, data: bytearray) -> None:
    if data:
        data[_place(given, data, 1)] = given.below(ONE_OCTET)


def _short(given: Given, data: bytearray) -> None:
    which = given.below(len(EDGES) + 1)
    number = EDGES[which] if which < len(EDGES) else len(data) % TWO_OCTETS
    place = _place(given, data, 2)
    data[place : place + 2] = struct.pack("<>"[given.below(2)] + "H", number)


def _long(given: Given, data: bytearray) -> None:
    near = max(len(data) + given.below(141) - 70, 0)
    number = (*WIDE_EDGES, len(data), near)[given.below(len(WIDE_EDGES) + 2)]
    place = _place(given, data, 4)
    data[place : place + 4] = struct.pack("<>"[given.below(2)] + "I", number)


def _add(given: Given, data: bytearray) -> None:
    """Raise or lower a number where it stands."""
    size = (1, 2, 4)[given.below(3)]
    if len(data) < size:
        return
    place = _place(given, data, size)
    little = given.draw.random() < 0.5
    number = int.from_bytes(data[place : place + size], "little" if little else "big")
    number = (number + given.below(81) - 40) % (1 << 8 * size)
    data[place : place + size] = number.to_bytes(size, "little" if little else "big")


def _cut(given: Given, data: bytearray) -> None:
    del data[_span(given, data)]


def _truncate(given: Given, data: bytearray) -> None:
    del data[given.below(len(data) + 1) :]


def _insert(given: Given, data: bytearray) -> None:
    place = given.below(len(data) + 1)
    data[place:place] = given.draw.randbytes(1 + given.below(70))


def _repeat(given: Given, data: bytearray) -> None:
    piece = data[_span(given, data)][:64] or b"["
    which = given.below(12)  # the longest is slow, and one in a while shows what it shows
    times = 2 if which < 7 else 20 if which < 11 else min(MOST_REPEATS, given.largest // len(piece))
    place = given.below(len(data) + 1)
    data[place:place] = piece * times


def _move(given: Given, data: bytearray) -> None:
    span = _span(given, data)
    piece = data[span]
    del data[span]
    place = given.below(len(data) + 1)
    data[place:place] = piece


def _splice(given: Given, data: bytearray) -> None:
    other = bytearray(given.corpus[given.below(len(given.corpus))])
    data[_span(given, data)] = other[_span(given, other)]


def _fill(given: Given, data: bytearray) -> None:
    span = _span(given, data)
    data[span] = (b"\x00", b"\xff", b"[", b" ")[given.below(4)] * (span.stop - span.start)


def _say(given: Given, data: bytearray) -> None:
    """Put in a word, or write it over what stands there."""
    word = given.words[given.below(len(given.words))]
    place = given.below(len(data) + 1)
    data[place : place + (len(word) if given.draw.random() < 0.5 else 0)] = word


def _say_instead(given: Given, data: bytearray) -> None:
    """Put a word in the place of one that stands there."""
    start = stop = given.below(len(data) + 1)
    while start and data[start - 1] in _LETTERS:
        start -= 1
    while stop < len(data) and data[stop] in _LETTERS:
        stop += 1
    data[start:stop] = given.words[given.below(len(given.words))]


_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")

_CHANGES: Final[tuple[Change, ...]] = (
    _flip,
    _octet,
    _octet,
    _short,
    _long,
    _add,
    _cut,
    _truncate,
    _insert,
    _repeat,
    _move,
    _splice,
    _splice,
    _fill,
    _say,
    _say_instead,
)
