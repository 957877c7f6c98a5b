"""One heap for all parts: each key is due once, in turn, and what no longer holds takes no room."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.hub.kernel.deadlines import SLACK, Alarm, Deadlines
from ota_engine.times import Monotonic

TIMES = st.floats(0.0, 1000.0) | st.just(inf)
KEYS = st.tuples(st.sampled_from([Alarm.STALL, Alarm.ORDER]), st.integers(0, 2))


def drained(deadlines: Deadlines, now: float = 1000.0) -> list[tuple[Alarm, int]]:
    found = []
    while (deadline := deadlines.pop_due(Monotonic(now))) is not None:
        found.append((deadline.alarm, deadline.key))
    return found


@given(st.lists(st.tuples(KEYS, TIMES)))
def test_a_moved_deadline_is_due_once_at_the_time_set_last(
    calls: list[tuple[tuple[Alarm, int], float]],
) -> None:
    deadlines = Deadlines()
    last: dict[tuple[Alarm, int], float] = {}
    for key, due in calls:
        deadlines.move(Monotonic(due), *key)
        if last.get(key, inf) != due:
            last.pop(key, None)  # the newest of equal times comes last
            last[key] = due
    wanted = {key: due for key, due in last.items() if due < inf}
    assert deadlines.next_due == min(wanted.values(), default=inf)
    assert all(deadlines.is_set(*key) is (key in wanted) for key in last)
    assert drained(deadlines) == sorted(wanted, key=wanted.__getitem__)
    assert deadlines.next_due == inf


@given(st.lists(st.tuples(KEYS, TIMES)))
def test_a_deadline_at_latest_is_due_once_at_the_earliest_time_asked_for(
    calls: list[tuple[tuple[Alarm, int], float]],
) -> None:
    deadlines = Deadlines()
    earliest: dict[tuple[Alarm, int], float] = {}
    for key, due in calls:
        deadlines.at_latest(Monotonic(due), *key)
        if due < earliest.get(key, inf):
            earliest.pop(key, None)
            earliest[key] = due
    assert deadlines.next_due == min(earliest.values(), default=inf)
    assert drained(deadlines) == sorted(earliest, key=earliest.__getitem__)


def test_both_meanings_live_in_one_heap() -> None:
    deadlines = Deadlines()
    deadlines.at_latest(Monotonic(5.0), Alarm.STALL, 1)
    deadlines.move(Monotonic(5.0), Alarm.ORDER, 1)
    deadlines.at_latest(Monotonic(9.0), Alarm.STALL, 1)
    deadlines.move(Monotonic(4.0), Alarm.ORDER, 1)
    assert drained(deadlines) == [(Alarm.ORDER, 1), (Alarm.STALL, 1)]


def test_equal_times_are_first_in_first_out() -> None:
    deadlines = Deadlines()
    for key in (3, 1, 2):
        deadlines.at_latest(Monotonic(7.0), Alarm.PAGE, key)
    assert [key for _, key in drained(deadlines)] == [3, 1, 2]


def test_nothing_is_due_too_early() -> None:
    deadlines = Deadlines()
    deadlines.move(Monotonic(5.0), Alarm.ORDER, 1)
    assert deadlines.pop_due(Monotonic(4.999)) is None
    assert deadlines.pop_due(Monotonic(5.0)) is not None
    assert deadlines.pop_due(Monotonic(9.0)) is None


def test_a_deadline_that_moves_for_ever_takes_no_more_room() -> None:
    deadlines = Deadlines()
    for step in range(100_000):
        deadlines.move(Monotonic(1e6 - step * 1e-3), Alarm.ORDER, step % 2)
        deadlines.at_latest(Monotonic(1e6 - step * 1e-3), Alarm.STALL, step % 2)
        assert len(deadlines) <= SLACK * 5 + 1


def test_what_was_dropped_to_save_room_leaves_the_order_as_it_was() -> None:
    deadlines = Deadlines()
    for key in range(5):
        deadlines.at_latest(Monotonic(1.0), Alarm.PAGE, key)
    for step in range(1000):
        deadlines.move(Monotonic(2.0 + step), Alarm.ORDER, 0)
    assert [key for _, key in drained(deadlines, 1e6)] == [0, 1, 2, 3, 4, 0]
