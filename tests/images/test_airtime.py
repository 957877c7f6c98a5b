"""Air time of frames against the standard's figures, exact to the microsecond."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import airtime

SYMBOL_US = 16  # 62,500 symbols a second


def test_a_frame_takes_the_symbols_that_the_standard_gives_each_of_its_parts() -> None:
    octets = airtime.PHY_OCTETS + 100
    symbols = (
        8 + 12 + 2 * octets + 12 + 2 * (6 + 5) + 40
    )  # CCA, turns, frame, acknowledgement, LIFS
    assert airtime.attempt_us(100) == symbols * SYMBOL_US
    assert airtime.frame_us(100) - airtime.attempt_us(100) == Fraction(7, 2) * 20 * SYMBOL_US


@pytest.mark.parametrize(("data", "milliseconds"), [(16, 18.62), (48, 19.65), (63, 20.13)])
def test_a_block_takes_the_published_time_with_its_mean_back_offs(
    data: int, milliseconds: float
) -> None:
    assert airtime.block_us(data) / 1000 == pytest.approx(milliseconds, abs=0.005)


@given(st.integers(0, 82), st.integers(1, 6), st.sampled_from((0, airtime.APS_SECURITY_OCTETS)))
def test_every_hop_costs_the_same_again_and_every_octet_its_own_time(
    data: int, hops: int, security: int
) -> None:
    one = airtime.block_exchange_time(data, 1, security)
    assert airtime.block_exchange_time(data, hops, security) == pytest.approx(hops * one, rel=1e-12)
    longer = airtime.block_us(data + 1, security) - airtime.block_us(data, security)
    assert longer == airtime.OCTET_US
    assert airtime.block_us(data, security) - airtime.block_us(data) == 4 * 32 * security


@given(st.integers(0, 1 << 24), st.integers(1, 6), st.integers(1, 82), st.booleans())
def test_an_image_takes_as_long_as_its_blocks(
    size: int, hops: int, block: int, aps_security: bool
) -> None:
    security = airtime.APS_SECURITY_OCTETS if aps_security else 0
    exact = Fraction(ceil(Fraction(size, block)) * hops * airtime.block_us(block, security), 10**6)
    found = airtime.delivery_seconds(size, hops, block, aps_security=aps_security)
    assert found == pytest.approx(float(exact))
