"""Windows and chosen times: what is refused, what a new window changes, and how rates still count."""

import pytest

from ota_engine.fleet.calendar.diary import MOST_HOMES, BookCalendar
from ota_engine.fleet.calendar.rows import EntryKind, HomeDiary, HomeStep, Slot
from ota_engine.fleet.calendar.slots import ChooseSlots, DropSlots, SetWindow
from ota_engine.fleet.campaigns.rows import CampaignPhase, MemberState
from ota_engine.fleet.inventory.registration import TenancyTold
from ota_engine.fleet.notices.rows import NoticeKind, PartyClock
from ota_engine.times import Utc
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.town import Town, one_phase

DOWNLOAD = HomeStep.DOWNLOAD


def on(day: float) -> float:
    return BEGIN + day * DAY


@pytest.fixture
def town() -> Town:
    town = Town()
    town.home("h1", "east")
    town.campaign()
    town.deliver()
    return town


def test_a_window_is_for_a_campaign_that_was_approved(town: Town) -> None:
    act = SetWindow("c9", DOWNLOAD, on(10), on(20))
    assert "no such campaign was approved" in town.refused("olive", act)


def test_a_new_window_asks_anew_and_stops_the_clock_of_the_old_one(town: Town) -> None:
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(20), on(30), choose_by_utc=on(5)))
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(20), on(40), choose_by_utc=on(15)))
    town.pass_time(6 * DAY)
    assert town.notices(NoticeKind.LATE, party="east") == []
    clocks = [row for row in town.rows(PartyClock, party="east") if "/choice/" in row.clock]
    assert [row.due_utc for row in clocks] == [None, on(15)]


def test_a_window_that_is_over_makes_a_home_wait_until_another_one_is_set(town: Town) -> None:
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(2), on(5)))
    town.pass_time(8 * DAY)
    assert town.member("h1").reason == "the window for its download is over"
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(8), on(20)))
    town.pass_time(1.1 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_who_has_chosen_nothing_has_nothing_to_take_back(town: Town) -> None:
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(10), on(20)))
    assert "has chosen no time" in town.refused("eve", DropSlots("c1", DOWNLOAD, ("h1",)))


def test_a_home_that_nobody_knows_is_named(town: Town) -> None:
    act = BookCalendar("e", ("h1", "h7"), EntryKind.PRICE, on(1), on(2))
    assert town.refused("eve", act).startswith("h7: there is no such home")


@pytest.mark.parametrize("number", [0, MOST_HOMES + 1])
def test_a_decision_is_about_one_home_at_least_and_not_about_too_many(
    town: Town, number: int
) -> None:
    homes = tuple(f"h{one}" for one in range(number))
    act = BookCalendar("e", homes, EntryKind.PRICE, on(1), on(2))
    assert f"name 1 to {MOST_HOMES:,} in one decision" in town.refused("olive", act)


def test_the_day_after_a_change_of_tenancy_is_kept_free(town: Town) -> None:
    town.happen(TenancyTold("h1", Utc(on(7))))
    town.pass_time(7.5 * DAY)
    assert town.member("h1").reason == "calendar: change of tenancy"
    town.pass_time(0.7 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_change_that_was_long_ago_keeps_nothing_free(town: Town) -> None:
    town.happen(TenancyTold("h1", Utc(on(-7))))
    assert town.rows(HomeDiary) == []


def test_homes_whose_time_has_come_keep_the_rate_of_their_phase() -> None:
    town = Town()
    homes = tuple(f"h{number}" for number in range(10))
    for home in homes:
        town.home(home, "east")
    phase = {"name": "all", "homes": None, "per_hour": 2, "at_once": 100}
    town.campaign(policy=one_phase(phases=[phase]))
    town.deliver()
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(20), on(40)))
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, tuple((home, on(10)) for home in homes)))
    town.pass_time(10 * DAY + 60)
    begun = town.row(CampaignPhase, campaign="c1").begun
    assert 1 <= begun <= 3
    assert len(town.instructions()) == begun
    town.pass_time(DAY)
    assert len(town.instructions()) == 10
    assert all(slot.due_utc is None for slot in town.rows(Slot))


def test_a_chosen_time_begins_no_home_of_a_phase_that_has_not_begun() -> None:
    town = Town()
    for number in range(4):
        town.home(f"h{number}", "east")
    phases = [
        {"name": "pilot", "homes": 1, "gate": {"sample": 1}},
        {"name": "mass", "homes": None},
    ]
    town.campaign(policy=one_phase(phases=phases))
    town.deliver()
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(8), on(40)))
    homes = tuple((f"h{number}", on(8)) for number in range(4))
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, homes))
    town.pass_time(12 * DAY)
    assert [town.member(told.home).phase for told in town.instructions()] == [1]
