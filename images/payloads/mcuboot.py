"""MCUboot images: knows the header, the trailing TLVs and the SHA-256 among them."""

import hashlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from images.payloads.facts import PayloadDefect, PayloadFacts

MAGIC: Final[bytes] = b"\x3d\xb8\xf3\x96"  # IMAGE_MAGIC 0x96f3b83d
# magic, load address, header size, protected TLV size, image size, flags, version
HEADER: Final = struct.Struct("<IIHHIIBBHI")
ENCRYPTED: Final = 0x0000000C  # flags: AES-128 or AES-256
TLV_INFO: Final = struct.Struct("<HH")  # magic, bytes of the whole area
TLV: Final = struct.Struct("<HH")  # type, length
TLV_MAGIC: Final = 0x6907
PROTECTED_TLV_MAGIC: Final = 0x6908
TLV_SHA256: Final = 0x10
SIGNATURE_TLVS: Final = frozenset(range(0x20, 0x26))  # RSA-2048 to Ed25519


class _Head(NamedTuple):
    magic: int
    load_address: int
    header_size: int
    protected_size: int
    image_size: int
    flags: int
    major: int
    minor: int
    revision: int
    build: int

    @property
    def hashed_end(self) -> int:
        """Where the hashed part ends: header, image, protected TLVs."""
        return self.header_size + self.image_size + self.protected_size


def mcuboot(data: memoryview) -> PayloadFacts | None:
    """Look at an MCUboot image; None if it is none."""
    if data[:4] != MAGIC or len(data) < HEADER.size:
        return None
    head = _Head(*HEADER.unpack_from(data))
    entries = dict(_entries(data, head.hashed_end))
    stored = entries.get(TLV_SHA256)
    # The digest is over the plain image: of an encrypted one it cannot be computed here.
    encrypted = bool(head.flags & ENCRYPTED)
    defects = tuple(_defects(data, head, None if encrypted else stored))
    return PayloadFacts(
        "MCUboot",
        defects,
        checked=not defects and stored is not None and not encrypted,
        signed=not SIGNATURE_TLVS.isdisjoint(entries),
        encrypted=encrypted,
        version=f"{head.major}.{head.minor}.{head.revision}+{head.build}",
    )


def _entries(data: memoryview, start: int) -> Iterator[tuple[int, bytes]]:
    if start + TLV_INFO.size > len(data):
        return
    magic, size = TLV_INFO.unpack_from(data, start)
    if magic != TLV_MAGIC:
        return
    position, end = start + TLV_INFO.size, min(start + size, len(data))
    while position + TLV.size <= end:
        kind, length = TLV.unpack_from(data, position)
        position += TLV.size
        yield kind, bytes(data[position : min(position + length, end)])
        position += length


def _defects(data: memoryview, head: _Head, stored: bytes | None) -> Iterator[PayloadDefect]:
    end = head.hashed_end
    if end > len(data):
        yield PayloadDefect(
            12,
            "the MCUboot image is longer than the payload that holds it",
            f"at most {len(data)} bytes",
            f"{end} bytes",
        )
        return
    found = int.from_bytes(data[end : end + 2], "little")
    if found != TLV_MAGIC:
        yield PayloadDefect(
            end,
            "no TLVs follow the MCUboot image",
            f"{TLV_MAGIC:#06x}",
            f"{found:#06x}",
            grave=False,
        )
    elif stored is not None and hashlib.sha256(data[:end]).digest() != stored:
        yield PayloadDefect(
            end,
            "the MCUboot image has another SHA-256 than its TLV says",
            hashlib.sha256(data[:end]).hexdigest(),
            stored.hex(),
        )
