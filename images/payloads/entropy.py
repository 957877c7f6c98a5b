"""How random a payload is, which tells fill, code and ciphertext apart; knows no format."""

from collections import Counter
from math import log, log2
from typing import Final

PIECES: Final = 32
PIECE_BYTES: Final = 64
SAMPLE_BYTES: Final = PIECES * PIECE_BYTES  # more says the same to a twentieth of a bit
GLANCE_BYTES: Final = 16  # of each piece, where less may do
# A glance above 4 bits means a sample above 1, for entropy is concave; ciphertext shows 7.5 here.
CODE_BITS: Final = (4.1, 7.0)
BIAS: Final = 1 / (2 * log(2))  # bits per value seen, over the sample's size (Miller, Madow)
# n * log2(n) for every count a sample can hold: less than one byte more in each piece
_TERMS: Final = (0.0, *(n * log2(n) for n in range(1, SAMPLE_BYTES + PIECES)))


def bits_per_byte(data: memoryview) -> float:
    """Shannon entropy of the byte histogram, 0 to 8, from an even sample of large payloads."""
    sample = _sample(data, PIECE_BYTES)
    if not sample:
        return 0.0
    size, counts = len(sample), Counter(sample)
    plain = _entropy(size, counts)
    # A sample shows less randomness than the whole; a payload read in full shows what it has.
    return plain if size == len(data) else min(plain + BIAS * (len(counts) - 1) / size, 8.0)


def looks_like_code(data: memoryview) -> bool:
    """Whether a quarter of the sample rules out that all of it shows fill or ciphertext."""
    sample = _sample(data, GLANCE_BYTES)
    if not sample:
        return False
    low, high = CODE_BITS
    return low < _entropy(len(sample), Counter(sample)) < high


def _sample(data: memoryview, piece_bytes: int) -> bytes:
    """Pieces spread evenly over the data, or all of it if that is no more."""
    step = len(data) // PIECES
    if step <= piece_bytes:
        return bytes(data)
    starts = range(0, PIECES * step, step)
    return b"".join([data[start : start + piece_bytes] for start in starts])


def _entropy(size: int, counts: Counter[int]) -> float:
    # Rounding may leave a little less than nothing for a sample of one value.
    return max(log2(size) - sum(map(_TERMS.__getitem__, counts.values())) / size, 0.0)


def fill_byte(data: memoryview) -> int | None:
    """The byte the whole payload consists of, or None."""
    first = bytes(data[:1])
    return first[0] if first and not bytes(data).strip(first) else None
