"""A device takes no counter twice, restarted or not."""

import pytest

from emulators.gbcs.replay import ReplayGuard
from images.eui64 import Eui64
from ota_engine.gbcs.der import MAX_COUNTER
from ota_engine.records import CounterRecord

SUPPLIER, OTHER = Eui64(0x90B3_D51F_4001_0000), Eui64(0x90B3_D51F_4003_0000)


@pytest.mark.parametrize(
    ("counter", "taken"),
    [(999, False), (1000, False), (1001, True), (MAX_COUNTER, True), (MAX_COUNTER + 1, False)],
)
def test_a_device_takes_larger_counters_only(counter: int, taken: bool) -> None:
    guard = ReplayGuard((CounterRecord(SUPPLIER, 1000),))
    assert guard.accept(SUPPLIER, counter) is taken
    assert guard.accept(SUPPLIER, counter) is False


def test_a_device_counts_each_originator_by_itself() -> None:
    guard = ReplayGuard()
    assert guard.accept(SUPPLIER, 1000)
    assert guard.accept(OTHER, 0)
    assert not guard.accept(OTHER, 0)


def test_a_restart_forgets_no_counter() -> None:
    guard = ReplayGuard()
    guard.accept(OTHER, 7)
    guard.accept(SUPPLIER, 1000)
    restarted = ReplayGuard(guard.state)
    assert not restarted.accept(SUPPLIER, 1000)
    assert restarted.state == guard.state
