"""How random a payload is, which tells fill, code and ciphertext apart; knows no format."""

from collections import Counter
from math import log, log2
from typing import Final

PIECES: Final = 64
PIECE_BYTES: Final = 16
SAMPLE_BYTES: Final = PIECES * PIECE_BYTES  # says the same of ciphertext and fill as the whole
BIAS: Final = 1 / (2 * log(2))  # bits per value seen, over the sample's size (Miller, Madow)
# n * log2(n) for every count a sample can hold
_TERMS: Final = (0.0, *(count * log2(count) for count in range(1, SAMPLE_BYTES + 1)))


def bits_per_byte(data: memoryview) -> float:
    """Shannon entropy of the byte histogram, 0 to 8, from an even sample of large payloads."""
    if len(data) <= SAMPLE_BYTES:
        sample = bytes(data)
    else:
        step = len(data) // PIECES
        starts = range(0, PIECES * step, step)
        sample = b"".join([data[start : start + PIECE_BYTES] for start in starts])
    if not sample:
        return 0.0
    size, counts = len(sample), Counter(sample)
    # Rounding may leave a little less than nothing for a sample of one value.
    plain = max(log2(size) - sum(map(_TERMS.__getitem__, counts.values())) / size, 0.0)
    # A sample shows less randomness than the whole; a payload read in full shows what it has.
    return plain if size == len(data) else min(plain + BIAS * (len(counts) - 1) / size, 8.0)


def fill_byte(data: memoryview) -> int | None:
    """The byte the whole payload consists of, or None."""
    first = bytes(data[:1])
    return first[0] if first and not bytes(data).strip(first) else None
