"""What takes long to count is counted once in a while; what does not, for every answer."""

from contextlib import closing
from itertools import count
from pathlib import Path

from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.rows import Home, HomeStatus
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.asking import LOCAL, View
from ota_engine.head_end.questions.counting import LONG_S, TIMES, counted
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from tests.fleet.databases import sqlite_of
from tests.fleet.estate import Estate


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def change(estate: Estate) -> None:
    """Commit something."""
    with estate.store.transaction():
        estate.store.driver.execute("UPDATE homes SET region = region || '.'")


def test_what_is_counted_at_once_is_counted_anew_after_every_commit() -> None:
    estate, clock, numbers = Estate(1), Clock(), count(1)
    sqlite_of(estate.store)  # on a server, what others commit there counts as well
    view = View(estate.desk, LOCAL, estate.utc)
    found = []
    for _ in range(3):
        found += [counted(view, ("homes",), lambda: next(numbers), clock)[0] for _ in range(2)]
        change(estate)
    assert found == [1, 1, 2, 2, 3, 3]


def test_what_another_connection_commits_is_counted(tmp_path: Path) -> None:
    with (
        closing(FleetStore.open(tmp_path / "fleet.sqlite")) as one,
        closing(FleetStore.open(tmp_path / "fleet.sqlite")) as other,
    ):
        view = View(FleetDesk(Fleet(), one), LOCAL, Utc(0.0))
        homes = Counts(Home, ("status",))

        def told() -> int:
            with one.reading():
                found, _ = counted(view, ("homes",), lambda: one.count(homes), Clock())
                return sum(found.values())

        before = told()
        with other.transaction():
            other.insert([Home("h1", "North", "gw", HomeStatus.COMPLETE, "set-a")])
        assert (before, told()) == (0, 1)


def test_what_took_long_is_used_for_many_times_as_long_and_says_when_it_was_counted() -> None:
    estate, clock, numbers = Estate(1), Clock(), count(1)
    sqlite_of(estate.store)  # on a server, what others commit there counts as well

    def slow() -> int:
        clock.now += LONG_S
        return next(numbers)

    def at(utc: float) -> tuple[int, float]:
        return counted(View(estate.desk, LOCAL, Utc(utc)), ("homes",), slow, clock)

    assert at(100.0) == (1, 100.0)
    assert at(150.0) == (1, 150.0)  # nothing has changed since
    change(estate)
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
