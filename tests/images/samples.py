"""OTA files made by hand, byte by byte, independently of the code under test."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

MAGIC = bytes.fromhex("1ef1ee0b")
SHARED = Path(__file__).parents[3] / "shared" / "data"
REAL = SHARED / "images"
SUPPLIER = SHARED / "gbcs" / "keystore" / "90b3d51f30010000-ds.pem"
FIRMWARE = bytes(range(1, 201))

needs_real_files = pytest.mark.skipif(
    not REAL.is_dir(), reason="the vendor files of ../shared/data/images are not here"
)


def header(
    body: bytes = b"",
    *,
    control: int = 0,
    optional: bytes = b"",
    length: int | None = None,
    total: int | None = None,
    version: int = 0x0100,
    manufacturer: int = 0x121D,
    image_type: int = 0x0084,
    file_version: int = 0x01020304,
    stack: int = 2,
    string: bytes = b"sample",
) -> bytes:
    """Pack a header for ``body``; lengths are right unless given."""
    size = 56 + len(optional)
    return (
        struct.pack(
            "<IHHHHHIH32sI",
            0x0BEEF11E,
            version,
            size if length is None else length,
            control,
            manufacturer,
            image_type,
            file_version,
            stack,
            string,
            size + len(body) if total is None else total,
        )
        + optional
    )


def element(tag: int, data: bytes, length: int | None = None) -> bytes:
    """Pack a sub-element; its length is right unless given."""
    return struct.pack("<HI", tag, len(data) if length is None else length) + data


def ota(body: bytes, **fields: object) -> bytes:
    """A header and its body."""
    pack: Callable[..., bytes] = header
    return pack(body, **fields) + body


def plain(**fields: object) -> bytes:
    """A good file: one upgrade image."""
    return ota(element(0, FIRMWARE), **fields)


def gb(trailer: bytes = b"", body: bytes = FIRMWARE, **fields: object) -> bytes:
    """A good GB file: bare body behind a hardware range."""
    given = {"control": 4, "optional": struct.pack("<HH", 0x0100, 0x0200), **fields}
    return ota(body + trailer, **given)


def gb_trailer(force_replace: int = 0) -> bytes:
    """A GB trailer of the right shape around no real signature."""
    return bytes((force_replace, 0x40)) + b"\x11" * 64


def key_pair(curve: ec.EllipticCurve | None = None) -> tuple[bytes, bytes]:
    """A fresh private key and its public key, both PEM."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public


def octets(view: memoryview | None) -> bytes | None:
    """The bytes of a view, to compare and to print."""
    return None if view is None else bytes(view)
