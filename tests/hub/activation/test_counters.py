"""Counters never come twice: not after a crash, not from an old copy."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.der import MAX_COUNTER
from ota_engine.hub.activation.counters import Counters, next_counter
from ota_engine.records import CounterRecord
from ota_engine.times import Utc

SUPPLIER, OTHER = Eui64(0x90B3_D51F_4001_0000), Eui64(0x90B3_D51F_4003_0000)


@given(st.lists(st.floats(-1e9, 1e12), min_size=2, max_size=50), st.integers(0, 2**40))
def test_counters_increase_whatever_the_clock_does(clocks: list[float], first: int) -> None:
    record = CounterRecord(SUPPLIER, first)
    for utc in clocks:
        drawn = next_counter(record, Utc(utc))
        assert drawn.last > record.last
        record = drawn


@pytest.mark.parametrize("seed", range(5))
def test_a_store_restored_from_an_old_copy_repeats_none(seed: int) -> None:
    random = Random(seed)
    copy = record = CounterRecord(SUPPLIER, 0)
    utc, used = 1_767_225_600.0, set()
    for number in range(200):
        utc += random.expovariate(1.0) + 0.001
        record = next_counter(record, Utc(utc))
        assert record.last not in used
        used.add(record.last)
        if number % 50 == 10:
            copy = record
        if number % 50 == 49:
            record = copy


def test_many_in_the_same_moment_are_all_different() -> None:
    record, seen = CounterRecord(SUPPLIER, 0), set()
    for _ in range(1000):
        record = next_counter(record, Utc(1_767_225_600.0))
        seen.add(record.last)
    assert len(seen) == 1000


def test_a_counter_is_stored_before_it_is_handed_out() -> None:
    stored: list[CounterRecord] = []
    counters = Counters([CounterRecord(SUPPLIER, 41)], stored.append)
    assert counters.draw(SUPPLIER, Utc(0.0)) == 42
    assert counters.draw(OTHER, Utc(0.0)) == 1
    assert stored == [CounterRecord(SUPPLIER, 42), CounterRecord(OTHER, 1)]


def test_the_last_counter_is_the_last() -> None:
    with pytest.raises(LocalError, match="used up"):
        next_counter(CounterRecord(SUPPLIER, MAX_COUNTER), Utc(0.0))
