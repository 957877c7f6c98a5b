"""How random a payload is, which tells fill, code and ciphertext apart; knows no format."""

from collections import Counter
from math import log, log2
from typing import Final

PIECES: Final = 64
PIECE_BYTES: Final = 16
SAMPLE_BYTES: Final = PIECES * PIECE_BYTES  # says the same of ciphertext and fill as the whole
EVERY_OCTET: Final = bytes(range(256))
BIAS: Final = 1 / (2 * log(2))  # bits per value seen, over the sample's size (Miller, Madow)
# n * log2(n) for every count a sample can hold
_TERMS: Final = (0.0, *(count * log2(count) for count in range(1, SAMPLE_BYTES + 1)))


def bits_per_byte(data: memoryview) -> float:
    """Shannon entropy of the byte histogram, 0 to 8, from an even sample of large payloads."""
    sample = _sample(data)
    if not sample:
        return 0.0
    size, counts = len(sample), Counter(sample)
    # Rounding may leave a little less than nothing for a sample of one value.
    plain = max(log2(size) - sum(map(_TERMS.__getitem__, counts.values())) / size, 0.0)
    return min(plain + _unseen(len(counts), size, len(data)), 8.0)


def surely_within(data: memoryview, low: float, high: float) -> bool:
    """Whether ``bits_per_byte`` lies between two bounds for certain, told without a histogram.

    So many different values have the least bits when one of them fills the rest of the sample, and
    the most when all are alike; code lies well between, at a tenth of the time it takes to count.
    """
    sample = _sample(data)
    size, different = len(sample), len(EVERY_OCTET) - len(EVERY_OCTET.translate(None, sample))
    if not sample:
        return False
    unseen = _unseen(different, size, len(data))
    least = log2(size) - _TERMS[size - different + 1] / size + unseen
    return low < least and log2(different) + unseen < high


def _sample(data: memoryview) -> bytes:
    """All of a small payload, pieces from all over a large one."""
    if len(data) <= SAMPLE_BYTES:
        return bytes(data)
    step = len(data) // PIECES
    starts = range(0, PIECES * step, step)
    return b"".join([data[start : start + PIECE_BYTES] for start in starts])


def _unseen(different: int, size: int, whole: int) -> float:
    """Bits that a sample of so many different values shows less than the whole; 0 for the whole."""
    return 0.0 if size == whole else BIAS * (different - 1) / size


def fill_byte(data: memoryview) -> int | None:
    """The byte the whole payload consists of, or None."""
    first = bytes(data[:1])
    return first[0] if first and not bytes(data).strip(first) else None
