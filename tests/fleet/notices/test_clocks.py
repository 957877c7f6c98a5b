"""Clocks of parties: met in time, late, or stopped with what they were for."""

import pytest

from ota_engine.fleet.calendar.diary import BookCalendar
from ota_engine.fleet.calendar.rows import EntryKind
from ota_engine.fleet.campaigns.steering import AbortCampaign
from ota_engine.fleet.notices.rows import NoticeKind, PartyClock
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.town import Town


@pytest.fixture
def town() -> Town:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    return town


def test_a_clock_that_is_met_is_not_late(town: Town) -> None:
    town.deliver("east")
    town.pass_time(5 * DAY)
    clock = town.row(PartyClock, clock="c1/available", party="east")
    assert (clock.met_utc, clock.late, clock.due_utc) == (BEGIN, False, None)


def test_a_clock_that_is_met_too_late_stays_late(town: Town) -> None:
    town.pass_time(5 * DAY)
    town.deliver("east")
    clock = town.row(PartyClock, clock="c1/available", party="east")
    assert (clock.met_utc, clock.late) == (BEGIN + 5 * DAY, True)


def test_lateness_is_told_once(town: Town) -> None:
    town.pass_time(30 * DAY)
    told = [one for one in town.notices(NoticeKind.LATE, party="east") if "c1" in one.notice]
    assert len(told) == 1


def test_nobody_is_late_for_a_campaign_that_is_over(town: Town) -> None:
    town.decide("olive", AbortCampaign("c1"))
    town.pass_time(30 * DAY)
    assert town.notices(NoticeKind.LATE) == []


def test_nobody_is_asked_about_homes_that_a_campaign_put_off_and_is_over(town: Town) -> None:
    town.deliver()
    far = BookCalendar("e", ("h1",), EntryKind.DATA_UPLOAD, BEGIN, BEGIN + 400 * DAY)
    town.decide("eve", far)
    town.pass_time(9 * DAY)
    town.decide("olive", AbortCampaign("c1"))
    town.pass_time(100 * DAY)
    assert town.notices(NoticeKind.DEFERRED) == []
