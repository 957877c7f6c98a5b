"""Local time of Great Britain: both changes of the clock, and the same as the time zone database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.fleet.calendar.local_time import local_of, utc_of
from ota_engine.times import Utc

LONDON = ZoneInfo("Europe/London")


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Utc:
    return Utc(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


@given(st.integers(1_600_000_000, 2_500_000_000))
def test_clocks_show_what_the_time_zone_database_says(seconds: int) -> None:
    shown = datetime.fromtimestamp(seconds, LONDON)
    assert local_of(Utc(float(seconds))) == shown.replace(tzinfo=None)
    if shown.fold == 0:
        assert utc_of(shown.replace(tzinfo=None)) == float(seconds)


def test_the_hour_that_is_not_there_means_its_end() -> None:
    assert utc_of(datetime(2027, 3, 28, 1, 30)) == utc(2027, 3, 28, 1)
    assert local_of(utc(2027, 3, 28, 1)) == datetime(2027, 3, 28, 2)


def test_the_hour_that_comes_twice_means_the_first() -> None:
    assert utc_of(datetime(2027, 10, 31, 1, 30)) == utc(2027, 10, 31, 0, 30)
    assert local_of(utc(2027, 10, 31, 1, 30)) == datetime(2027, 10, 31, 1, 30)


def test_a_summer_day_begins_before_midnight_utc() -> None:
    assert utc_of(datetime(2027, 7, 1)) == utc(2027, 6, 30, 23)
