"""Deadlines by key: the last one set holds, and what no longer holds takes no room."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.hub.activation.deadlines import SLACK, Deadlines

TIMES = st.floats(0.0, 1000.0) | st.just(inf)


@given(st.lists(st.tuples(st.integers(0, 3), TIMES)))
def test_each_key_is_due_once_at_the_time_set_last(calls: list[tuple[int, float]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    last: dict[int, float] = {}
    for key, due in calls:
        deadlines.set(key, due)
        last[key] = due
    wanted = {key: due for key, due in last.items() if due < inf}
    assert deadlines.next_due == min(wanted.values(), default=inf)
    assert all(deadlines.is_set(key) is (key in wanted) for key in range(4))
    popped = []
    while (due_key := deadlines.pop_due(1000.0)) is not None:
        popped.append(due_key)
    assert popped == sorted(wanted, key=lambda key: (wanted[key], key))
    assert deadlines.next_due == inf


def test_nothing_is_due_too_early() -> None:
    deadlines: Deadlines[int] = Deadlines()
    deadlines.set(1, 5.0)
    assert deadlines.pop_due(4.999) is None
    assert deadlines.pop_due(5.0) == 1
    assert deadlines.pop_due(9.0) is None


def test_a_deadline_that_moves_for_ever_takes_no_more_room() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for step in range(100_000):
        deadlines.set(step % 2, 1e6 - step * 1e-3)
        assert len(deadlines) <= 3 * SLACK + 1
