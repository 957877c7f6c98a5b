"""Espressif application images: knows header, segments, checksum and the appended SHA-256."""

import hashlib
import struct
from collections.abc import Iterator
from functools import reduce
from operator import xor
from typing import Final

from images.payloads.facts import PayloadDefect, PayloadFacts

MAGIC: Final = 0xE9
HEADER_BYTES: Final = 24
SEGMENT: Final = struct.Struct("<II")  # load address, length
MAX_SEGMENTS: Final = 16
LAST_SPI_MODE: Final = 5
CHECKSUM_SEED: Final = 0xEF
HASH_APPENDED_AT: Final = 23
MULTIPLE: Final = 16  # bytes; checksum is the last byte of a line
SHA256_BYTES: Final = 32
XOR_BYTES: Final = 8192  # folded at a time; a power of two


def espressif(data: memoryview) -> PayloadFacts | None:
    """Look at an Espressif image; None if it is none, or only begins with the same byte."""
    if len(data) < HEADER_BYTES + SEGMENT.size or data[0] != MAGIC:
        return None
    if not 1 <= data[1] <= MAX_SEGMENTS or data[2] > LAST_SPI_MODE or data[HASH_APPENDED_AT] > 1:
        return None
    segments, end = _segments(data)
    if not segments or len(segments[0]) == 0:
        return None
    if end > len(data):
        return PayloadFacts("ESP", (_overrun(data, end),))
    line_end = end - end % MULTIPLE + MULTIPLE  # at least one byte, the checksum, follows
    hashed = bool(data[HASH_APPENDED_AT])
    if line_end + SHA256_BYTES * hashed > len(data):
        return PayloadFacts("ESP", (_overrun(data, line_end + SHA256_BYTES * hashed),))
    defects = tuple(_defects(data, segments, line_end, hashed))
    return PayloadFacts("ESP", defects, checked=not defects)


def _segments(data: memoryview) -> tuple[list[memoryview], int]:
    found: list[memoryview] = []
    position = HEADER_BYTES
    for _ in range(data[1]):
        if position + SEGMENT.size > len(data):
            return found, position + SEGMENT.size
        _, length = SEGMENT.unpack_from(data, position)
        position += SEGMENT.size
        found.append(data[position : position + length])
        position += length
    return found, position


def _overrun(data: memoryview, end: int) -> PayloadDefect:
    # Not grave: one byte of magic and lengths that do not fit may as well be another format.
    text = "the ESP image is longer than the payload that holds it"
    return PayloadDefect(1, text, f"at most {len(data)} bytes", f"{end} bytes", grave=False)


def _defects(
    data: memoryview, segments: list[memoryview], line_end: int, hashed: bool
) -> Iterator[PayloadDefect]:
    checksum = CHECKSUM_SEED ^ reduce(xor, map(_xor_of, segments), 0)
    if data[line_end - 1] != checksum:
        yield PayloadDefect(
            line_end - 1,
            "the ESP image's checksum is wrong",
            f"{checksum:#04x}",
            f"{data[line_end - 1]:#04x}",
        )
    if hashed:
        digest = hashlib.sha256(data[:line_end]).digest()
        stored = data[line_end : line_end + SHA256_BYTES]
        if stored != digest:
            yield PayloadDefect(
                line_end,
                "the ESP image's SHA-256 is wrong",
                digest.hex(),
                bytes(stored).hex(),
            )


def _xor_of(segment: memoryview) -> int:
    """Fold all bytes by exclusive or: pieces that fit into a cache, then halves of the last."""
    starts = range(0, len(segment), XOR_BYTES)
    pieces = (int.from_bytes(segment[start : start + XOR_BYTES], "little") for start in starts)
    number, bits = reduce(xor, pieces, 0), XOR_BYTES * 8
    while bits > 8:
        bits //= 2
        number = (number >> bits) ^ (number & ((1 << bits) - 1))
    return number
