"""Pauses between tries: they grow, have an end, and stand any number of failures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.backoff import doubled, stepped


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 5.0), (1, 5.0), (2, 10.0), (3, 20.0), (4, 30.0), (10**9, 30.0)]
)
def test_a_pause_doubles_up_to_the_longest(failures: int, pause: float) -> None:
    assert doubled(5.0, 30.0, failures) == pause


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 1), (1, 1), (2, 2), (3, 9), (4, 9), (10**9, 9)]
)
def test_the_last_step_holds_for_all_that_follow(failures: int, pause: float) -> None:
    assert stepped((1, 2, 9), failures) == pause


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6), st.integers(0, 10**9))
def test_no_pause_is_shorter_than_the_one_before_or_longer_than_the_longest(
    first: float, longest: float, failures: int
) -> None:
    now, later = (doubled(first, longest, count) for count in (failures, failures + 1))
    assert 0 < now <= later <= longest
