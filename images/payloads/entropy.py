"""How random a payload is, which tells fill, code and ciphertext apart; knows no format."""

from collections import Counter
from math import log2
from typing import Final

SAMPLE_BYTES: Final = 4096  # a histogram of more says the same to a twentieth of a bit
# n * log2(n) for every count a sample can hold
_TERMS: Final = (0.0, *(count * log2(count) for count in range(1, 2 * SAMPLE_BYTES + 1)))


def bits_per_byte(data: memoryview) -> float:
    """Shannon entropy of the byte histogram, 0 to 8, from an even sample of large payloads."""
    step = len(data) // SAMPLE_BYTES
    sample = bytes(data[:: step | 1])  # an odd step does not stay in one byte lane
    if not sample:
        return 0.0
    terms = sum(map(_TERMS.__getitem__, Counter(sample).values()))
    return log2(len(sample)) - terms / len(sample)


def fill_byte(data: memoryview) -> int | None:
    """The byte the whole payload consists of, or None."""
    first = bytes(data[:1])
    return first[0] if first and not bytes(data).strip(first) else None
