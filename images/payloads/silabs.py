"""Silicon Labs bootloader files, GBL and the older EBL: knows their tags, ends and CRC-32."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from images.payloads.facts import PayloadDefect, PayloadFacts

GBL_MAGIC: Final[bytes] = b"\xeb\x17\xa6\x03"  # tag 0x03A617EB, the header
GBL_HEAD: Final = struct.Struct("<II")  # tag, length of the data
GBL_END: Final = 0xFC0404FC
GBL_APPLICATION: Final = 0xF40A0AF4
GBL_ENCRYPTED_DATA: Final = 0xF90707F9
GBL_SIGNATURE: Final = 0xF70A0AF7  # ECDSA P-256
GBL_FLAGS_AT: Final = 13  # second octet of the header's type: 1 for a signed file
GBL_MULTIPLE: Final = 4  # bytes; flash words

EBL_MAGIC: Final[bytes] = b"\x00\x00\x00\x8c"  # tag 0, the header, 140 bytes
EBL_HEAD: Final = struct.Struct(">HH")
EBL_END: Final = 0xFC04
EBL_MULTIPLE: Final = 64  # bytes; the bootloader's page

CRC_RESIDUE: Final = 0x2144DF1C  # CRC-32 of anything followed by its own CRC-32
MAX_TAGS: Final = 65536


class Piece(NamedTuple):
    """One tag of a bootloader file; ``end`` may lie behind the file's."""

    tag: int
    start: int  # of the tag
    data: int
    end: int


def gbl(data: memoryview) -> PayloadFacts | None:
    """Look at a GBL file; None if it is none."""
    if data[:4] != GBL_MAGIC:
        return None
    pieces = list(_walk(data, GBL_HEAD, GBL_END))
    tags = {piece.tag for piece in pieces}
    version = _application_version(data, pieces)
    defects = tuple(_defects(data, pieces, GBL_END))
    return PayloadFacts(
        "GBL",
        defects,
        checked=not defects,
        signed=GBL_SIGNATURE in tags or _signed_flag(data),
        encrypted=GBL_ENCRYPTED_DATA in tags,
        version=None if version is None else f"{version:#010x}",
        number=version,
        multiple=GBL_MULTIPLE,
        fill=_fill(data, pieces, defects),
    )


def ebl(data: memoryview) -> PayloadFacts | None:
    """Look at an EBL file; None if it is none."""
    if data[:4] != EBL_MAGIC:
        return None
    pieces = list(_walk(data, EBL_HEAD, EBL_END))
    defects = tuple(_defects(data, pieces, EBL_END))
    return PayloadFacts(
        "EBL",
        defects,
        checked=not defects,
        multiple=EBL_MULTIPLE,
        fill=_fill(data, pieces, defects),
    )


def _fill(data: memoryview, pieces: list[Piece], defects: tuple[PayloadDefect, ...]) -> int:
    """Octets behind the end tag, where they are fill and nothing else is wrong."""
    return 0 if defects else len(data) - pieces[-1].end


def _walk(data: memoryview, head: struct.Struct, end_tag: int) -> Iterator[Piece]:
    position, count = 0, 0
    while position + head.size <= len(data) and count < MAX_TAGS:
        tag, length = head.unpack_from(data, position)
        start = position + head.size
        yield Piece(tag, position, start, start + length)
        position, count = start + length, count + 1
        if tag == end_tag:
            return


def _defects(data: memoryview, pieces: list[Piece], end_tag: int) -> Iterator[PayloadDefect]:
    if not pieces:
        text = "the payload is cut off inside its first tag"
        yield PayloadDefect(0, text, f"at least {GBL_HEAD.size} bytes", f"{len(data)} bytes")
        return
    last = pieces[-1]
    if last.end > len(data):
        yield PayloadDefect(
            last.start,
            f"the payload is cut off inside tag {last.tag:#x}",
            f"{last.end - last.data} bytes",
            f"{len(data) - last.data} bytes",
        )
        return
    if last.tag != end_tag:
        yield PayloadDefect(
            last.end, "the payload has no end tag", f"tag {end_tag:#x}", "the end of the payload"
        )
        return
    residue = zlib.crc32(data[: last.end])
    if residue != CRC_RESIDUE:
        stored = bytes(data[max(last.end - 4, 0) : last.end])
        yield PayloadDefect(
            last.data,
            "the payload's CRC-32 is wrong",
            f"{zlib.crc32(data[: last.data]):08x}",
            f"{int.from_bytes(stored, 'little'):08x}",
        )
    rest = bytes(data[last.end :])
    if rest.strip(b"\xff") and rest.strip(b"\x00"):
        yield PayloadDefect(
            last.end,
            f"{len(rest)} bytes follow the end tag",
            "nothing, or fill",
            rest[:8].hex(" ").upper(),
            grave=False,
        )


def _signed_flag(data: memoryview) -> bool:
    """The header's own word on it: in an encrypted file the signature's tag is not visible."""
    return len(data) > GBL_FLAGS_AT and bool(data[GBL_FLAGS_AT] & 1)


def _application_version(data: memoryview, pieces: list[Piece]) -> int | None:
    """The version in the application tag: its second word."""
    for piece in pieces:
        if piece.tag == GBL_APPLICATION and piece.data + 8 <= min(piece.end, len(data)):
            return int.from_bytes(data[piece.data + 4 : piece.data + 8], "little")
    return None
