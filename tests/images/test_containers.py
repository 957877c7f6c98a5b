import hashlib
import struct
import zlib

import pytest

from images import ImageError, parse
from tests.images.samples import plain

OTA = plain()


def ikea(inner: bytes = OTA, *, offset: int = 44, size: int | None = None) -> bytes:
    head = b"NGIS" + bytes(12) + struct.pack("<II", offset, len(inner) if size is None else size)
    return head.ljust(44, b"\x00") + inner + b"signature"


def legrand(inner: bytes = OTA) -> bytes:
    return struct.pack("<I", len(inner)) + inner + bytes(17)


def third_reality(inner: bytes = OTA) -> bytes:
    rest = struct.pack("<II", 1, 0) + bytes(80) + inner
    rest = rest[:4] + struct.pack("<I", len(rest)) + rest[8:]
    return hashlib.sha512(rest).digest() + rest


@pytest.mark.parametrize(
    ("data", "container", "offset"),
    [
        (OTA, None, 0),
        (ikea(), "ikea", 44),
        (legrand(), "legrand", 4),
        (third_reality(), "thirdreality", 152),
    ],
)
def test_a_wrapper_is_removed(data: bytes, container: str | None, offset: int) -> None:
    image = parse(data)
    assert (image.container, image.offset) == (container, offset)
    assert image.ota == OTA
    assert image.serialise() == data


@pytest.mark.parametrize(
    ("data", "kind", "length"),
    [(ikea(), "ikea", 9), (legrand(), "legrand", 17)],
)
def test_a_wrapper_s_own_tail_is_named(data: bytes, kind: str, length: int) -> None:
    trailing = parse(data).trailing
    assert trailing is not None
    assert (trailing.kind, trailing.length) == (kind, length)
    assert trailing.offset + trailing.length == len(data)


def test_what_a_wrapper_holds_beyond_the_declared_size_trails_with_its_tail() -> None:
    """Some IKEA wrappers count more bytes than the header inside declares."""
    trailing = parse(legrand(OTA + b"odd")).trailing
    assert trailing is not None
    assert (trailing.kind, trailing.length) == ("legrand", 20)


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        (b"\xff" * 9, "fill-ff"),
        (b"\x00" * 9, "fill-00"),
        (zlib.crc32(OTA).to_bytes(4, "little"), "crc32"),
        ((zlib.crc32(OTA) ^ 0xFFFFFFFF).to_bytes(4, "little"), "crc32"),
        (b"\xff\xff" + zlib.crc32(OTA + b"\xff\xff").to_bytes(4, "little"), "crc32"),
        ((zlib.crc32(OTA) ^ 1).to_bytes(4, "little"), "unknown"),
        (b"x", "unknown"),
    ],
)
def test_trailing_bytes_are_named(tail: bytes, kind: str) -> None:
    trailing = parse(OTA + tail).trailing
    assert trailing == (len(OTA), len(tail), kind)
    assert parse(OTA + tail).ota == OTA


@pytest.mark.parametrize(
    "data",
    [
        b"NGIS",
        ikea(offset=0),
        ikea(offset=0xFFFFFFFF),
        legrand(b"no ota file here at all"),
        legrand()[:-1],
        third_reality()[:-1],
        third_reality()[:-1] + b"!",
    ],
)
def test_a_wrapper_around_nothing_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        parse(data)


def test_a_wrapper_with_a_size_beyond_the_file_still_shows_what_is_there() -> None:
    image = parse(ikea(size=0xFFFFFFFF))
    assert image.ota == OTA
