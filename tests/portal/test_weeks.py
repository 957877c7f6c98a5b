"""Weeks of a home are laid out in the viewer's zone, from Monday to Sunday, over changes of the clock."""

from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.portal.weeks import CalendarMark, weeks_of
from tests.fleet.estate import BEGIN, DAY

LONDON = ZoneInfo("Europe/London")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")  # a day ahead of nearly everybody


def test_today_stands_in_the_second_of_six_weeks_that_begin_on_mondays() -> None:
    weeks = weeks_of([], BEGIN, LONDON)
    assert [len(week) for week in weeks] == [7] * 6
    assert all(week[0].day.weekday() == 0 for week in weeks)
    (today,) = [day for week in weeks for day in week if day.is_today]
    assert today in weeks[1]
    assert today.day == date(2027, 1, 15)


def test_a_day_is_one_of_the_viewers_zone() -> None:
    late = BEGIN + 10 * 3_600.0  # 18:00 UTC
    one = CalendarMark("top-up", "warn", "top-up", late, late)
    for zone, day in ((LONDON, date(2027, 1, 15)), (KIRITIMATI, date(2027, 1, 16))):
        found = [one.day for week in weeks_of([one], late, zone) for one in week if one.happenings]
        assert found == [day]


@given(st.floats(-60, 60), st.floats(0, 60), st.sampled_from([LONDON, KIRITIMATI, None]))
def test_what_goes_on_stands_on_every_day_that_it_touches_and_on_no_other(
    begins: float, lasts: float, zone: ZoneInfo | None
) -> None:
    from_utc = BEGIN + begins * DAY
    one = CalendarMark("price change", "warn", "", from_utc, from_utc + lasts * DAY)
    days = [day for week in weeks_of([one], BEGIN, zone) for day in week]
    touched = [number for number, day in enumerate(days) if day.happenings]
    assert touched == list(range(touched[0], touched[-1] + 1)) if touched else True
    assert len(touched) <= lasts + 2


def test_a_time_that_no_calendar_has_is_on_no_day() -> None:
    one = CalendarMark("window", "soft", "", 1e18, 1e19)
    assert not any(day.happenings for week in weeks_of([one], BEGIN, None) for day in week)
