"""What a target is, and what must hold of any refusal; knows no format."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

LONGEST_LINE: Final = 1_000  # characters of what a person is told


class Target(NamedTuple):
    """One thing to fuzz.

    Attributes:
        seeds: good inputs, and interesting bad ones.
        run: takes any bytes; raises where something does not hold.
        modules: of ours that it is about, by dotted name, with all that lies below them.
        share: of the time, against the others.
        largest: octets of an input; parsers that fall for a length fall for a small file.
    """

    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[bytes], None]
    modules: tuple[str, ...]
    share: int = 2
    largest: int = 1 << 16


def one_line(error: Exception) -> None:
    """A refusal is one line that can be shown."""
    text = str(error)
    assert text and text.isprintable() and len(text) <= LONGEST_LINE, repr(text)
