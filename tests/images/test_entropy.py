"""Fill, code and ciphertext told apart by their randomness."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.payloads.entropy import bits_per_byte, fill_byte, surely_within


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


@pytest.mark.parametrize("seed", range(20))
def test_ciphertext_shows_in_every_sample(seed: int) -> None:
    assert bits_per_byte(memoryview(random.Random(seed).randbytes(60_000))) > 7.9


@given(
    st.integers(1, 256),
    st.sampled_from((1, 48, 300, 1024, 1025, 9000)),
    st.integers(0, 64),
    st.tuples(st.floats(0, 8), st.floats(0, 8)),
)
def test_what_is_surely_within_two_bounds_is_so_when_it_is_counted(
    values: int, size: int, seed: int, bounds: tuple[float, float]
) -> None:
    draw = random.Random(seed)
    mostly = draw.random()  # how much of it is one value
    octets = bytes(0 if draw.random() < mostly else draw.randrange(values) for _ in range(size))
    if surely_within(memoryview(octets), *bounds):
        assert bounds[0] < bits_per_byte(memoryview(octets)) < bounds[1]


@pytest.mark.parametrize(
    ("data", "sure"),
    [
        (b"", False),
        (b"\xff" * 9000, False),
        (bytes(range(150)) * 60, True),
        (random.Random(4).randbytes(9000), False),
    ],
)
def test_code_is_told_from_fill_and_ciphertext_by_how_many_values_it_has(
    data: bytes, sure: bool
) -> None:
    assert surely_within(memoryview(data), 1.0, 7.9) is sure
