"""Firmware files of several makers, made by hand, independently of the code under test."""

import hashlib
import struct
import zlib
from functools import reduce
from operator import xor

from tests.images.samples import element, ota

CODE = bytes(range(1, 129)) * 8  # 1024 bytes


def integral(body: bytes, **fields: object) -> bytes:
    """An image with a wrong integrity code: it says that there is one."""
    return ota(body + element(3, bytes(16)), **fields)


def gbl_tag(tag: int, data: bytes) -> bytes:
    return struct.pack("<II", tag, len(data)) + data


def gbl(
    *,
    flags: int = 0,
    version: int | None = 0x01020304,
    crc: int | None = None,
    end: bool = True,
    tail: bytes = b"",
) -> bytes:
    """A Gecko bootloader file."""
    body = gbl_tag(0x03A617EB, struct.pack("<II", 0x03000000, flags))
    if version is not None:
        body += gbl_tag(0xF40A0AF4, struct.pack("<III16s", 1, version, 0, b""))
    body += gbl_tag(0xFE0101FE, CODE)
    if not end:
        return body + tail
    body += struct.pack("<II", 0xFC0404FC, 4)
    return body + struct.pack("<I", zlib.crc32(body) if crc is None else crc) + tail


def ebl(*, crc: int | None = None, multiple: int = 64) -> bytes:
    """An EM35x bootloader file."""
    body = struct.pack(">HHHH", 0, 0x8C, 0x0202, 0xE350) + bytes(0x8C - 4)
    body += struct.pack(">HH", 0xFE01, len(CODE)) + CODE + struct.pack(">HH", 0xFC04, 4)
    body += struct.pack("<I", zlib.crc32(body) if crc is None else crc)
    return body + b"\xff" * (-len(body) % multiple)


def mcuboot(
    *, digest: bytes | None = None, size: int | None = None, signed: bool = False, tlvs: bool = True
) -> bytes:
    """An MCUboot image, version 1.2.3+4."""
    length = len(CODE) if size is None else size
    head = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, 32, 0, length, 0, 1, 2, 3, 4, 0)
    plain = head + CODE
    if not tlvs:
        return plain + bytes(64)
    digest = hashlib.sha256(plain).digest() if digest is None else digest
    area = struct.pack("<HH", 0x10, 32) + digest
    if signed:
        area += struct.pack("<HH", 0x22, 8) + bytes(8)
    return plain + struct.pack("<HH", 0x6907, len(area) + 4) + area


def esp(*, checksum: int | None = None, digest: bytes | None = None, length: int = 1000) -> bytes:
    """An ESP32 application with two segments and an appended digest."""
    head = struct.pack("<BBBBI16B", 0xE9, 2, 2, 0x2F, 0x40800000, *bytes(15), 1)
    body = head + struct.pack("<II", 0x42000000, len(CODE)) + CODE
    body += struct.pack("<II", 0x40800000, length) + CODE[:1000]
    if length > 1000:
        return body
    right = reduce(xor, CODE + CODE[:1000], 0xEF)
    body += bytes(-(len(body) + 1) % 16) + bytes((right if checksum is None else checksum,))
    return body + (hashlib.sha256(body).digest() if digest is None else digest)


def ti_oad(*, length: int | None = None) -> bytes:
    """A TI image with its OAD header."""
    whole = 44 + len(CODE)
    return (
        struct.pack(
            "<8sI12sIIIIHH",
            b"OAD IMG ",
            0,
            bytes(12),
            whole if length is None else length,
            0,
            1,
            0,
            44,
            0,
        )
        + CODE
    )


def k32w(*, size: int = 500, block: int = 64, marker: int = 0xBB0110BB) -> bytes:
    """An NXP K32W image."""
    vectors = bytes(36) + struct.pack("<III", 0x98447902, 0, block)
    body = vectors.ljust(64, b"\x00") + struct.pack("<IIII", marker, 1, 0x4000, size)
    return body + CODE


def jn51() -> bytes:
    """An NXP JN51xx image."""
    return bytes.fromhex("123456781122334455667788") + CODE


def telink(*, size: int | None = None, crc: bool = True) -> bytes:
    """A Telink image with its closing CRC."""
    whole = 32 + len(CODE) + 4
    body = bytes(8) + b"KNLT" + bytes(12) + struct.pack("<II", whole if size is None else size, 0)
    body += CODE
    return body + struct.pack("<I", zlib.crc32(body) ^ 0xFFFFFFFF if crc else 0)
