"""What vendors put around an OTA file: knows their wrappers and trailers, never guesses.

The OTA header is looked for only where a wrapper's own fields say it is. Searching for the magic
would find the constant inside the firmware's own OTA client, which nearly half of all images hold.
"""

import hashlib
import struct
import zlib
from typing import Final, Literal, NamedTuple

from images.errors import ImageError
from images.header import MAGIC

Container = Literal["ikea", "legrand", "thirdreality"]
TrailingKind = Literal["crc32", "fill-ff", "fill-00", "ikea", "legrand", "unknown"]

IKEA_MAGIC: Final[bytes] = b"NGIS"
IKEA_HEAD: Final = struct.Struct("<4s12xII")  # magic, .., offset and size of the inner file
IKEA_OFFSET_AT: Final = 16
LEGRAND_HEAD_BYTES: Final = 4  # size of the inner file, little-endian
LEGRAND_TAIL_BYTES: Final = 17
THIRD_REALITY_BYTES: Final = 152  # SHA-512 of all that follows it, .., length, ..
THIRD_REALITY_HASH_BYTES: Final = 64
THIRD_REALITY_LENGTH: Final = struct.Struct("<68xI")
CRC32_BYTES: Final = 4
APPLE_DOUBLE: Final[bytes] = b"\x00\x05\x16\x07"


class Unwrapped(NamedTuple):
    """Where the OTA file lies in the file on disk, and in whose wrapper."""

    offset: int
    end: int
    container: Container | None


class Trailing(NamedTuple):
    """Bytes after the OTA file, which no client ever sees.

    Attributes:
        offset: in the file on disk.
        length: in bytes, to the end of the file.
        kind: what the bytes are, by rule; ``unknown`` when no rule fits. A ``crc32`` may follow
            padding of 0xFF, which it covers.
    """

    offset: int
    length: int
    kind: TrailingKind


def unwrap(file: memoryview) -> Unwrapped:
    """Find the OTA file.

    Raises:
        ImageError: there is none at the start, nor where a known wrapper points.
    """
    size = len(file)
    if file[:4] == MAGIC:
        return Unwrapped(0, size, None)
    if file[:4] == IKEA_MAGIC:
        return _ikea(file)
    if _is_legrand(file):
        return Unwrapped(LEGRAND_HEAD_BYTES, size - LEGRAND_TAIL_BYTES, "legrand")
    if _is_third_reality(file):
        return Unwrapped(THIRD_REALITY_BYTES, size, "thirdreality")
    raise _not_ota(file)


def _ikea(file: memoryview) -> Unwrapped:
    if len(file) < IKEA_HEAD.size:
        raise ImageError("the file ends inside its IKEA container head", len(file))
    _, offset, size = IKEA_HEAD.unpack_from(file)
    if file[offset : offset + 4] != MAGIC:
        raise ImageError(
            f"the IKEA container points to byte {offset}, where no OTA header is", IKEA_OFFSET_AT
        )
    return Unwrapped(offset, min(offset + size, len(file)), "ikea")


def _is_legrand(file: memoryview) -> bool:
    around = LEGRAND_HEAD_BYTES + LEGRAND_TAIL_BYTES
    inner = int.from_bytes(file[:LEGRAND_HEAD_BYTES], "little")
    return inner + around == len(file) and file[LEGRAND_HEAD_BYTES : 2 * 4] == MAGIC


def _is_third_reality(file: memoryview) -> bool:
    if file[THIRD_REALITY_BYTES : THIRD_REALITY_BYTES + 4] != MAGIC:
        return False
    (length,) = THIRD_REALITY_LENGTH.unpack_from(file)
    if length + THIRD_REALITY_HASH_BYTES != len(file):
        return False
    digest = hashlib.sha512(file[THIRD_REALITY_HASH_BYTES:]).digest()
    return file[:THIRD_REALITY_HASH_BYTES] == digest


def _not_ota(file: memoryview) -> ImageError:
    if not len(file):
        return ImageError("the file is empty", 0)
    if file[:4] == MAGIC[::-1]:
        return ImageError("the magic is byte-swapped: an OTA file is little-endian throughout", 0)
    if file[:4] == APPLE_DOUBLE:
        return ImageError(
            "no image: what macOS keeps of another file (AppleDouble, ._ in front)", 0
        )
    if MAGIC.startswith(file[:4]):
        return ImageError(f"the file ends inside the OTA header: {len(file)} bytes", len(file))
    return ImageError("not an OTA file: no OTA header here, and no known vendor container", 0)


def trailing(file: memoryview, ota_end: int, unwrapped: Unwrapped) -> Trailing | None:
    """Name what follows the OTA file that ends at ``ota_end`` of the file on disk."""
    length = len(file) - ota_end
    if not length:
        return None
    if unwrapped.container in ("ikea", "legrand"):
        return Trailing(ota_end, length, unwrapped.container)
    return Trailing(ota_end, length, _kind(file, ota_end, unwrapped.offset))


def _kind(file: memoryview, start: int, ota_start: int) -> TrailingKind:
    tail = bytes(file[start:])
    if not tail.strip(b"\xff"):
        return "fill-ff"
    if not tail.strip(b"\x00"):
        return "fill-00"
    padding, stored = tail[:-CRC32_BYTES], tail[-CRC32_BYTES:]
    if len(stored) == CRC32_BYTES and not padding.strip(b"\xff"):
        crc = zlib.crc32(file[ota_start : len(file) - CRC32_BYTES])
        # Both forms are in use: with the final inversion and without it (JAMCRC).
        if int.from_bytes(stored, "little") in (crc, crc ^ 0xFFFFFFFF):
            return "crc32"
    return "unknown"
