"""Digests over OTA files: AES-MMO, the integrity code, SHA-256; knows no keys and no policy."""

import hashlib
import struct
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB

from images.elements import HEAD_BYTES, SubElement, Tag
from images.model import OtaImage

BLOCK_BYTES: Final = 16
INTEGRITY_CODE_BYTES: Final = 16
SHORT_MESSAGE_BITS: Final = 1 << 16  # shorter messages end in a 16-bit length (Zigbee B.6)

_BLOCK: Final = struct.Struct(f"{BLOCK_BYTES}s")
_ECB: Final = ECB()  # noqa: S305 - Matyas-Meyer-Oseas is built on the bare block cipher


class Convention(Enum):
    """How vendors compute the image integrity code; A is the standard's and what we build."""

    A = "everything before the element, correct padding"
    B = "everything before the code, the element's own tag and length included"
    C = "everything before the element, length truncated to 16 bits in the padding"


def aes_mmo(message: bytes | memoryview) -> bytes:
    """Hash with AES-128 in Matyas-Meyer-Oseas mode (Zigbee specification B.6).

    Args:
        message: any length below 2**32 bits.

    Returns:
        16 bytes.
    """
    view = memoryview(message)
    whole = len(view) - len(view) % BLOCK_BYTES
    return _finish(_chain(bytes(BLOCK_BYTES), view[:whole]), view[whole:], len(view))


def manufacturer_image_hash(manufacturer_image: bytes | memoryview) -> bytes:
    """SHA-256 over a Manufacturer Image, as GBCS CS06 carries it."""
    return hashlib.sha256(manufacturer_image).digest()


def integrity_code(before_element: bytes | memoryview) -> bytes:
    """The code to store in element 0x0003, over all bytes before that element (convention A)."""
    return aes_mmo(before_element)


def recognise_integrity(image: OtaImage, element: SubElement) -> Convention | None:
    """Find the convention under which an image's integrity code is right.

    Args:
        image: the image that holds ``element``.
        element: its element 0x0003.

    Returns:
        The convention, or None when the code is wrong under all of them.
    """
    end = element.offset - HEAD_BYTES
    if element.tag != Tag.IMAGE_INTEGRITY_CODE or element.clipped:
        return None
    whole = end - end % BLOCK_BYTES
    # The three conventions differ in the tail and its padding only: one pass serves them all.
    state = _chain(bytes(BLOCK_BYTES), image.ota[:whole])
    tail = image.ota[whole:end]
    if _finish(state, tail, end) == element.data:
        return Convention.A
    if _finish(state, image.ota[whole : element.offset], element.offset) == element.data:
        return Convention.B
    if _finish(state, tail, end, short=True) == element.data:
        return Convention.C
    return None


def _chain(state: bytes, blocks: bytes | memoryview) -> bytes:
    """Run whole blocks: each state is the key under which the next block is encrypted."""
    from_bytes, aes = int.from_bytes, AES128(state)
    encryptor = Cipher(aes, _ECB).encryptor
    for (block,) in _BLOCK.iter_unpack(blocks):
        aes.key = state  # one cipher, keyed anew per block: half the time of making one each
        state = (from_bytes(encryptor().update(block)) ^ from_bytes(block)).to_bytes(BLOCK_BYTES)
    return state


def _finish(
    state: bytes, tail: bytes | memoryview, length: int, *, short: bool | None = None
) -> bytes:
    """Pad and hash the rest of a message of ``length`` bytes."""
    bits = length * 8
    if short if short is not None else bits < SHORT_MESSAGE_BITS:
        end = (bits & 0xFFFF).to_bytes(2)
    else:
        end = bits.to_bytes(4) + bytes(2)
    fill = -(len(tail) + 1 + len(end)) % BLOCK_BYTES
    padded = bytes(tail) + b"\x80" + bytes(fill) + end
    whole = len(padded) - len(padded) % BLOCK_BYTES
    return _chain(state, padded[:whole])
