"""Rule 5: news when a release is available, and regularly at every stage, not only on change.

Source: the users' requirements (002): notify of availability; regular updates at each stage.
"""

import json

from ota_engine.fleet.campaigns.steering import AbortCampaign, ScheduleStatus
from ota_engine.fleet.kernel.decisions import SUPPLIERS
from ota_engine.fleet.notices.rows import NoticeKind, StatusSchedule
from ota_engine.fleet.parties.rows import Party
from tests.fleet.estate import DAY
from tests.fleet.town import Town


def reports(town: Town, party: str) -> list[str]:
    """Those that come by schedule."""
    told = town.notices(NoticeKind.STATUS, party=party)
    return [notice.notice for notice in told if "/status/" in notice.notice]


def test_availability_is_told_to_every_supplier_also_to_one_without_a_home_in_it() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    told = {notice.party for notice in town.notices(NoticeKind.AVAILABLE)}
    suppliers = {
        party.party for party in town.rows(Party) if not set(party.roles).isdisjoint(SUPPLIERS)
    }
    assert told == suppliers >= {"east", "west", "north"}


def test_a_report_comes_every_week_though_nothing_has_changed() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.pass_time(22 * DAY)
    assert reports(town, "west") == ["c1/status/1", "c1/status/2", "c1/status/3"]


def test_a_report_gives_the_homes_of_each_phase_by_state_and_reason() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.pass_time(14 * DAY)
    body = json.loads(town.notices(NoticeKind.STATUS, party="east")[-1].body)
    (phase,) = body["phases"]
    assert phase["homes"] == [["waiting", "notice has not reached east", 1]]


def test_a_new_stage_is_told_at_once() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.deliver()
    town.pass_time(6.9 * DAY)
    assert town.notices(NoticeKind.STATUS, party="west") == []
    town.pass_time(0.1 * DAY)
    texts = [told.text for told in town.notices(NoticeKind.STATUS, party="west")]
    assert "c1 is running: phase all begins" in texts


def test_the_operator_may_have_reports_more_often() -> None:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.decide("olive", ScheduleStatus("c1", 1))
    town.pass_time(5.5 * DAY)
    assert len(reports(town, "east")) == 5


def test_reports_every_zero_days_are_refused() -> None:
    town = Town()
    town.campaign()
    assert "1 or more" in town.refused("olive", ScheduleStatus("c1", 0))


def test_the_last_report_says_that_the_campaign_is_over() -> None:
    town = Town()
    town.campaign()
    town.decide("olive", AbortCampaign("c1"))
    town.pass_time(30 * DAY)
    assert reports(town, "east") == ["c1/status/1"]
    (told,) = [one for one in town.notices(NoticeKind.STATUS) if one.notice == "c1/status/1"][:1]
    assert json.loads(told.body)["state"] == "aborted"
    assert town.row(StatusSchedule, campaign="c1").due_utc is None
