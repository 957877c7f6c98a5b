"""Fault: daylight saving. Hours of a window are those that clocks on the wall show."""

from datetime import UTC, datetime

import pytest

from ota_engine.fleet.calendar.local_time import local_of
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.fleet.town import Town, one_phase

NIGHT = {"begins": "01:00", "ends": "03:00"}


def activated_on(day: datetime, window: dict[str, str]) -> datetime:
    """Let a home hold its image at noon of a day, and say what clocks show at its activation."""
    town = Town()
    town.utc = Utc(day.replace(hour=12, tzinfo=UTC).timestamp() - 8 * DAY)
    town.home("h1")
    town.campaign(policy=one_phase(activation_window=window))
    town.deliver()
    town.pass_time(8 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    town.pass_time(2 * DAY)
    (told,) = [told for told in town.instructions() if told.verb is Verb.ACTIVATE]
    assert told.at_utc is not None
    return local_of(Utc(told.at_utc))


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (datetime(2027, 1, 20), "2027-01-21T01:00:00"),
        (datetime(2027, 7, 20), "2027-07-21T01:00:00"),
        (datetime(2027, 3, 27), "2027-03-28T02:00:00"),  # 01:00 to 02:00 is not there
        (datetime(2027, 10, 30), "2027-10-31T01:00:00"),  # the first of the two
        (datetime(2028, 2, 28), "2028-02-29T01:00:00"),  # a leap day
        (datetime(2028, 2, 29), "2028-03-01T01:00:00"),
        (datetime(2027, 2, 28), "2027-03-01T01:00:00"),
    ],
)
def test_a_home_activates_as_the_window_opens_by_the_clocks_on_the_wall(
    day: datetime, shown: str
) -> None:
    assert activated_on(day, NIGHT).isoformat() == shown


def test_a_window_that_ends_in_the_hour_that_is_not_there_opens_the_night_after() -> None:
    hour = {"begins": "01:15", "ends": "01:45"}
    assert activated_on(datetime(2027, 3, 27), hour).isoformat() == "2027-03-29T01:15:00"


def test_seven_days_of_notice_are_seven_times_24_hours_also_when_clocks_change() -> None:
    town = Town()
    town.utc = Utc(datetime(2027, 3, 25, 12, tzinfo=UTC).timestamp())
    town.home("h1")
    town.campaign()
    town.deliver()
    town.pass_time(7 * DAY - 1)
    assert town.instructions() == []
    town.pass_time(1)
    assert len(town.instructions()) == 1
