"""Fault: clocks set back and forth by days. No home begins early, and a person is asked."""

from ota_engine.fleet.calendar.timekeeping import ConfirmTime
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.campaigns.steering import AbortCampaign
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.fleet.town import Town


def told() -> Town:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.deliver()
    return town


def set_clock(town: Town, days: float) -> None:
    """Set the clock by some days, and let the fleet look at it."""
    town.utc = Utc(town.utc + days * DAY)
    town.desk.wake(town.utc)


def test_a_clock_set_forward_begins_no_home_before_its_notice_has_run() -> None:
    town = told()
    town.pass_time(DAY)
    set_clock(town, +8)
    assert town.instructions() == []
    (asked,) = town.notices(NoticeKind.HELD, party="dcc")
    assert asked.text == (
        "no home begins: it was 2027-01-16 08:00:00 UTC when last seen, and is"
        " 2027-01-24 08:00:00 UTC; set the clock right if it is wrong, and confirm the time"
    )
    town.pass_time(3 * DAY)
    assert town.member("h1").reason == "the time is in doubt"


def test_a_clock_that_is_set_right_again_is_confirmed_and_homes_begin_when_their_notice_has_run() -> (
    None
):
    town = told()
    town.pass_time(DAY)
    set_clock(town, +8)
    set_clock(town, -8)
    town.decide("olive", ConfirmTime())
    town.pass_time(5.9 * DAY)
    assert town.instructions() == []
    town.pass_time(10 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_after_a_time_away_a_person_confirms_the_time_and_homes_begin() -> None:
    town = told()
    set_clock(town, +8)
    town.decide("olive", ConfirmTime())
    town.pass_time(1.5 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_clock_set_back_begins_no_home_and_makes_none_wait_for_ever() -> None:
    town = told()
    town.pass_time(6 * DAY)
    set_clock(town, -4)
    town.pass_time(4.9 * DAY)
    assert town.instructions() == []
    town.pass_time(2.2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_notice_that_arrived_while_the_clock_was_ahead_counts_from_no_earlier_than_it_did() -> (
    None
):
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.utc = Utc(town.utc + DAY)
    town.deliver()
    town.utc = Utc(town.utc - DAY)
    town.pass_time(7.9 * DAY)
    assert town.instructions() == []


def test_a_time_that_nobody_doubts_is_not_confirmed() -> None:
    town = told()
    assert "nothing to confirm" in town.refused("olive", ConfirmTime())


def test_a_fleet_that_is_awake_never_doubts_the_time() -> None:
    town = told()
    town.pass_time(400 * DAY)
    assert town.notices(NoticeKind.HELD) == []


def test_between_campaigns_nobody_need_look_at_the_time() -> None:
    town = told()
    town.decide("olive", AbortCampaign("c1"))
    town.pass_time(60)
    town.utc = Utc(town.utc + 40 * DAY)
    town.campaign("c2", "r2", version=0x0003_0000)
    town.deliver()
    town.pass_time(7.5 * DAY)
    assert town.member("h1", "c2").state is MemberState.OFFERED
    assert town.notices(NoticeKind.HELD) == []


def test_a_second_campaign_makes_nobody_forget_that_the_time_is_in_doubt() -> None:
    town = told()
    town.utc = Utc(town.utc + 40 * DAY)
    town.campaign("c2", "r2", version=0x0003_0000)
    town.deliver()
    town.pass_time(8 * DAY)
    assert town.instructions() == []
