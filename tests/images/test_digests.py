import hashlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from images import parse
from images.digests import (
    Convention,
    aes_mmo,
    integrity_code,
    manufacturer_image_hash,
    recognise_integrity,
)
from tests.images.samples import FIRMWARE, element, ota


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        ("c0", "ae3a102a28d43ee0d4a09e22788b206c"),
        ("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "a7977e88bc0b61e8210827109a228f2d"),
    ],
)
def test_aes_mmo_vectors_of_the_standard(message: str, digest: str) -> None:
    assert aes_mmo(bytes.fromhex(message)).hex() == digest


def reference(message: bytes, *, long: bool) -> bytes:
    """B.6 as prose: pad with 1, zeros and the bit length, then chain."""
    bits = len(message) * 8
    padded = message + b"\x80"
    while len(padded) % 16 != (10 if long else 14):
        padded += b"\x00"
    padded += bits.to_bytes(4) + b"\x00\x00" if long else (bits & 0xFFFF).to_bytes(2)
    state = bytes(16)
    for at in range(0, len(padded), 16):
        block = padded[at : at + 16]
        encryptor = Cipher(algorithms.AES(state), modes.ECB()).encryptor()  # noqa: S305
        state = bytes(a ^ b for a, b in zip(encryptor.update(block), block, strict=True))
    return state


@given(st.binary(max_size=80))
def test_short_messages_end_in_a_16_bit_length(message: bytes) -> None:
    assert aes_mmo(message) == reference(message, long=False)


@pytest.mark.parametrize("size", [8191, 8192, 8193, 8201, 8202, 8203, 8207, 8208])
def test_from_8192_bytes_on_messages_end_in_a_32_bit_length(size: int) -> None:
    message = (bytes(range(251)) * 40)[:size]
    assert aes_mmo(message) == reference(message, long=size >= 8192)


@given(st.binary(max_size=100))
def test_a_view_hashes_like_its_bytes(message: bytes) -> None:
    assert aes_mmo(memoryview(message)) == aes_mmo(message)


def coded(payload: bytes, convention: Convention | None) -> bytes:
    """A file whose integrity code follows the convention; a wrong code for None."""
    data = ota(element(0, payload) + element(3, bytes(16)))
    before = data[:-22]
    code = {
        Convention.A: reference(before, long=len(before) >= 8192),
        Convention.B: reference(data[:-16], long=len(data) - 16 >= 8192),
        Convention.C: reference(before, long=False),
        None: bytes(16),
    }[convention]
    return data[:-16] + code


@pytest.mark.parametrize("convention", [*Convention, None])
@pytest.mark.parametrize("size", [9000, 9003, 9011])
def test_the_integrity_code_is_recognised_under_each_convention(
    convention: Convention | None, size: int
) -> None:
    image = parse(coded((FIRMWARE * 60)[:size], convention))
    assert recognise_integrity(image, image.elements[-1]) is convention


def test_a_small_file_needs_no_long_padding_so_a_and_c_agree() -> None:
    image = parse(coded(FIRMWARE, Convention.C))
    assert recognise_integrity(image, image.elements[-1]) is Convention.A


def test_one_changed_byte_breaks_the_integrity_code() -> None:
    data = bytearray(coded(FIRMWARE, Convention.A))
    data[100] ^= 1
    image = parse(bytes(data))
    assert recognise_integrity(image, image.elements[-1]) is None


def test_only_the_integrity_element_is_an_integrity_code() -> None:
    image = parse(coded(FIRMWARE, Convention.A))
    assert recognise_integrity(image, image.elements[0]) is None


def test_a_clipped_integrity_code_is_no_code() -> None:
    image = parse(coded(FIRMWARE, Convention.A)[:-1])
    assert recognise_integrity(image, image.elements[-1]) is None


def test_the_code_to_build_with_is_convention_a() -> None:
    message = os.urandom(9000)
    assert integrity_code(message) == reference(message, long=True)


def test_the_manufacturer_image_hash_is_sha_256() -> None:
    assert manufacturer_image_hash(memoryview(FIRMWARE)) == hashlib.sha256(FIRMWARE).digest()
