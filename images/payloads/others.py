"""Payload formats known by magic and length only: TI OAD, NXP, Telink.

Lengths that do not fit are unusual, not grave: these formats are told from few bytes, and their
makers' tools pad and append what no document names.
"""

import struct
import zlib
from typing import Final

from images.payloads.facts import PayloadDefect, PayloadFacts

# TI: image header of on-chip and off-chip OAD; identifier, CRC-32, .., length, .., version
TI_IDENTIFIERS: Final = frozenset(
    (b"OAD IMG ", b"CC13x2R1", b"CC26x2R1", b"CC13xxR1", b"CC26xxR1", b"CC13x4  ", b"CC26x4  ")
)
TI_LENGTH: Final = struct.Struct("<24xI4x4s")

# NXP JN51xx flash header; NXP K32W and JN5189: vector table with marker and boot block
JN51_MAGIC: Final[bytes] = bytes.fromhex("123456781122334455667788")
K32W_MARKER: Final = 0x98447902
K32W_VECTORS: Final = struct.Struct("<36xIII")  # marker, image type, offset of the boot block
K32W_BOOT_BLOCK: Final = struct.Struct("<IIII")  # marker, identifier, address, size
K32W_BOOT_MARKER: Final = 0xBB0110BB

TELINK_MAGIC: Final[bytes] = b"KNLT"
TELINK_MAGIC_AT: Final = 8
TELINK_SIZE: Final = struct.Struct("<24xI")


def ti_oad(data: memoryview) -> PayloadFacts | None:
    """Look at a TI OAD image; None if it is none."""
    if data[:8] not in TI_IDENTIFIERS or len(data) < TI_LENGTH.size:
        return None
    length, version = TI_LENGTH.unpack_from(data)
    return PayloadFacts(
        "TI OAD", _length_defects(data, length, 24), None, version=version.hex(" ").upper()
    )


def jn51(data: memoryview) -> PayloadFacts | None:
    """Look at an NXP JN51xx image; None if it is none."""
    return (
        PayloadFacts("NXP JN51xx", checked=None) if data[: len(JN51_MAGIC)] == JN51_MAGIC else None
    )


def k32w(data: memoryview) -> PayloadFacts | None:
    """Look at an NXP K32W or JN5189 image; None if it is none."""
    if len(data) < K32W_VECTORS.size:
        return None
    marker, _, block = K32W_VECTORS.unpack_from(data)
    if marker != K32W_MARKER:
        return None
    if block + K32W_BOOT_BLOCK.size > len(data):
        text = "the boot block lies outside the payload"
        defect = PayloadDefect(44, text, f"below {len(data)}", str(block), grave=False)
        return PayloadFacts("NXP K32W", (defect,), None)
    boot_marker, _, _, size = K32W_BOOT_BLOCK.unpack_from(data, block)
    if boot_marker != K32W_BOOT_MARKER:
        text = "no boot block where the vector table points"
        expected, actual = f"{K32W_BOOT_MARKER:#010x}", f"{boot_marker:#010x}"
        return PayloadFacts(
            "NXP K32W", (PayloadDefect(block, text, expected, actual, grave=False),), None
        )
    return PayloadFacts("NXP K32W", _too_long(data, size, block + 12), None)


def telink(data: memoryview) -> PayloadFacts | None:
    """Look at a Telink image; None if it is none."""
    if data[TELINK_MAGIC_AT : TELINK_MAGIC_AT + 4] != TELINK_MAGIC or len(data) < TELINK_SIZE.size:
        return None
    (size,) = TELINK_SIZE.unpack_from(data)
    defects = _too_long(data, size, 24)
    return PayloadFacts("Telink", defects, checked=not defects and _ends_in_crc(data, size))


def _ends_in_crc(data: memoryview, size: int) -> bool:
    """Whether the last word of the stated size, or of the payload, is the CRC of what precedes."""
    for end in {size, len(data)}:
        if end > TELINK_SIZE.size:
            crc = zlib.crc32(data[: end - 4])
            if int.from_bytes(data[end - 4 : end], "little") in (crc, crc ^ 0xFFFFFFFF):
                return True
    return False


def _length_defects(data: memoryview, length: int, place: int) -> tuple[PayloadDefect, ...]:
    if length == len(data):
        return ()
    text = "the payload states another length than it has"
    return (PayloadDefect(place, text, f"{len(data)} bytes", f"{length} bytes", grave=False),)


def _too_long(data: memoryview, length: int, place: int) -> tuple[PayloadDefect, ...]:
    return _length_defects(data, length, place) if length > len(data) else ()
