"""What takes long to count is counted once in a while; what does not, for every answer."""

from itertools import count

from ota_engine.head_end.questions.asking import LOCAL, View
from ota_engine.head_end.questions.counting import LONG_S, TIMES, counted
from ota_engine.times import Utc
from tests.fleet.estate import Estate


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_counted_at_once_is_counted_every_time() -> None:
    estate, clock, numbers = Estate(1), Clock(), count(1)
    view = View(estate.desk, LOCAL, estate.utc)
    found = [counted(view, ("homes",), lambda: next(numbers), clock)[0] for _ in range(3)]
    assert found == [1, 2, 3]


def test_what_took_long_is_used_for_many_times_as_long_and_says_when_it_was_counted() -> None:
    estate, clock, numbers = Estate(1), Clock(), count(1)

    def slow() -> int:
        clock.now += LONG_S
        return next(numbers)

    def at(utc: float) -> tuple[int, float]:
        return counted(View(estate.desk, LOCAL, Utc(utc)), ("homes",), slow, clock)

    assert at(100.0) == (1, 100.0)
    assert at(200.0) == (1, 100.0)
    clock.now += LONG_S * TIMES - 0.01
    assert at(300.0) == (1, 100.0)
    clock.now += 0.02
    assert at(400.0) == (2, 400.0)


def test_what_is_counted_for_one_party_is_not_told_to_another() -> None:
    estate, clock = Estate(1), Clock()

    def slow(value: str) -> str:
        clock.now += 1.0
        return value

    view = View(estate.desk, LOCAL, estate.utc)
    assert counted(view, ("homes", "east"), lambda: slow("e"), clock)[0] == "e"
    assert counted(view, ("homes", "west"), lambda: slow("w"), clock)[0] == "w"
    assert counted(view, ("homes", "east"), lambda: slow("x"), clock)[0] == "e"
    other = View(Estate(1).desk, LOCAL, estate.utc)
    assert counted(other, ("homes", "east"), lambda: slow("y"), clock)[0] == "y"
