"""How random a payload is, which tells fill, code and ciphertext apart; knows no format."""

from collections import Counter
from math import log2
from typing import Final

SAMPLE_BYTES: Final = 16384  # a histogram of more says the same to a hundredth of a bit


def bits_per_byte(data: memoryview) -> float:
    """Shannon entropy of the byte histogram, 0 to 8, from an even sample of large payloads."""
    step = max(1, len(data) // SAMPLE_BYTES)
    counts = Counter(bytes(data[:: step | 1]))  # an odd step does not stay in one byte lane
    total = counts.total()
    return sum(count / total * log2(total / count) for count in counts.values())


def fill_byte(data: memoryview) -> int | None:
    """The byte the whole payload consists of, or None."""
    first = bytes(data[:1])
    return first[0] if first and not bytes(data).strip(first) else None
