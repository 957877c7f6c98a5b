"""Fill, code and ciphertext told apart by their randomness."""

import random

import pytest

from images.payloads.entropy import bits_per_byte, fill_byte, looks_like_code


@pytest.mark.parametrize(
    ("data", "bits"),
    [
        (b"", 0.0),
        (b"\xff" * 100_000, 0.0),
        (b"ab" * 50_000, 1.0),
        (bytes(range(256)) * 4, 8.0),
        (random.Random(1).randbytes(1_000_000), 8.0),
        (random.Random(2).randbytes(5_000), 8.0),
    ],
)
def test_bits_per_byte_are_those_of_the_whole_to_a_twentieth(data: bytes, bits: float) -> None:
    assert bits_per_byte(memoryview(data)) == pytest.approx(bits, abs=0.05)


def test_the_sample_reaches_the_end() -> None:
    """Half of the payload is noise: neither half may hide the other."""
    data = bytes(100_000) + random.Random(3).randbytes(100_000)
    assert 4.5 < bits_per_byte(memoryview(data)) < 5.5
    assert bits_per_byte(memoryview(data[::-1])) == pytest.approx(
        bits_per_byte(memoryview(data)), abs=0.3
    )


@pytest.mark.parametrize(
    ("data", "octet"), [(b"", None), (b"\xff" * 9, 0xFF), (bytes(9), 0), (b"\xff\xfe", None)]
)
def test_fill_is_one_octet_throughout(data: bytes, octet: int | None) -> None:
    assert fill_byte(memoryview(data)) == octet


@pytest.mark.parametrize("size", [10, 48, 169, 500, 1702, 100_000])
def test_fill_of_any_length_has_no_less_than_no_randomness(size: int) -> None:
    assert bits_per_byte(memoryview(b"\x99" * size)) == 0.0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", False),
        (b"\xff" * 100_000, False),
        (b"ab" * 50_000, False),
        (random.Random(1).randbytes(100_000), False),
        (bytes(100_000) + random.Random(3).randbytes(100_000), True),
        (bytes(range(64)) * 4_001, True),
    ],
)
def test_a_glance_passes_neither_fill_nor_ciphertext(data: bytes, code: bool) -> None:
    assert looks_like_code(memoryview(data)) is code


def test_what_passes_a_glance_is_far_from_empty_in_full() -> None:
    """Entropy is concave: a quarter of the sample above four bits leaves no room below one."""
    draw = random.Random(4)
    for share in range(1, 17):
        piece = bytes(draw.randrange(share * 16) for _ in range(16)) + bytes(6_234)
        data = memoryview(piece * 32)
        assert not looks_like_code(data) or bits_per_byte(data) > 1.0
