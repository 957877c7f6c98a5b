"""Rule 6: suppliers set date and time within the operator's period, or earlier; else its default holds.

Source: the users' requirements (002); both of a home's suppliers may choose.
"""

import json

import pytest

from ota_engine.fleet.calendar.diary import BookCalendar
from ota_engine.fleet.calendar.rows import EntryKind, HomeStep
from ota_engine.fleet.calendar.slots import ChooseSlots, DropSlots, SetWindow
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.notices.rows import NoticeKind, PartyClock
from ota_engine.fleet.port import HubWord, Verb
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.rollout import phase, policy
from tests.fleet.town import Town

ACTIVATION = HomeStep.ACTIVATION
DOWNLOAD = HomeStep.DOWNLOAD


def on(day: float) -> float:
    return BEGIN + day * DAY


def opened(step: HomeStep, *suppliers: str) -> Town:
    """A window from day 20 to 40, with a default on day 30."""
    town = Town()
    town.home("h1", *(suppliers or ("east", "west")))
    town.campaign()
    town.deliver()
    town.decide("olive", SetWindow("c1", step, on(20), on(40), on(30), on(15)))
    return town


def ordered(town: Town) -> float:
    """The day for which the hub of the home was told to activate."""
    town.pass_time(7.5 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    town.pass_time(40 * DAY)
    (told,) = [told for told in town.instructions() if told.verb is Verb.ACTIVATE]
    assert told.at_utc is not None
    return (told.at_utc - BEGIN) / DAY


def test_without_a_choice_the_operators_default_holds() -> None:
    assert ordered(opened(ACTIVATION)) == 30


def test_a_chosen_time_within_the_window_holds() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(25.5)),)))
    assert ordered(town) == 25.5


def test_a_supplier_may_choose_a_time_before_the_window() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(12)),)))
    assert ordered(town) == 12


def test_of_two_suppliers_the_earlier_time_holds_and_the_other_one_is_told() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(28)),)))
    town.decide("will", ChooseSlots("c1", ACTIVATION, (("h1", on(24)),)))
    told = [one.text for one in town.notices(NoticeKind.SLOT, party="east")]
    assert "west changed times for the activation of 1 of your homes" in told
    assert ordered(town) == 24


def test_the_other_supplier_is_told_which_time_holds() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(28)),)))
    (told,) = [
        told for told in town.notices(NoticeKind.SLOT, party="west") if "changed" in told.text
    ]
    assert json.loads(told.body)["homes"] == [{"home": "h1", "at_utc": on(28), "party": "east"}]


def test_an_earlier_time_that_clashes_with_the_others_calendar_does_not_hold() -> None:
    town = opened(ACTIVATION)
    town.decide("will", BookCalendar("t", ("h1",), EntryKind.TARIFF, on(23), on(25)))
    text = town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(24)),)))
    assert text.endswith("1 clash with the calendar: h1")
    town.decide("will", ChooseSlots("c1", ACTIVATION, (("h1", on(28)),)))
    assert ordered(town) == 28


def test_a_default_that_clashes_is_put_off_to_the_end_of_what_is_in_the_way() -> None:
    town = opened(ACTIVATION)
    town.decide("will", BookCalendar("t", ("h1",), EntryKind.TARIFF, on(29), on(33)))
    assert ordered(town) == 33


def test_a_time_may_be_changed_and_the_later_choice_counts() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(22)),)))
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(35)),)))
    assert ordered(town) == 35


def test_a_time_may_be_changed_to_an_earlier_one_while_the_home_waits_for_it() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(39)),)))
    town.pass_time(7.5 * DAY)
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(9)),)))
    town.pass_time(2 * DAY)
    (told,) = [told for told in town.instructions() if told.verb is Verb.ACTIVATE]
    assert told.at_utc == on(9)


def test_a_dropped_choice_gives_the_default_back() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(22)),)))
    town.decide("eve", DropSlots("c1", ACTIVATION, ("h1",)))
    assert ordered(town) == 30


def test_the_download_has_a_time_of_its_own() -> None:
    town = opened(DOWNLOAD)
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, (("h1", on(10)),)))
    town.pass_time(9.9 * DAY)
    assert town.member("h1").state is MemberState.WAITING
    town.pass_time(0.2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_supplier_triggers_a_download_earlier_than_it_had_chosen() -> None:
    town = opened(DOWNLOAD)
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, (("h1", on(39)),)))
    town.pass_time(10 * DAY)
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, (("h1", on(10)),)))
    town.pass_time(0.1 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


def test_a_chosen_time_does_not_shorten_the_notice() -> None:
    town = opened(DOWNLOAD)
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, (("h1", on(3)),)))
    town.pass_time(6.9 * DAY)
    assert town.instructions() == []
    town.pass_time(1.2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED


@pytest.mark.parametrize("day", [-1, 41])
def test_a_time_in_the_past_or_after_the_window_is_refused(day: float) -> None:
    town = opened(ACTIVATION)
    act = ChooseSlots("c1", ACTIVATION, (("h1", on(day)),))
    assert "choose another time" in town.refused("eve", act)


def test_one_bad_home_among_many_refuses_them_all_and_is_named() -> None:
    town = opened(ACTIVATION)
    town.home("h2", "north")
    act = ChooseSlots("c1", ACTIVATION, (("h1", on(25)), ("h2", on(25))))
    assert "does not answer for home h2" in town.refused("eve", act)
    assert ordered(town) == 30


def test_a_home_that_is_named_twice_is_refused() -> None:
    town = opened(ACTIVATION)
    act = ChooseSlots("c1", ACTIVATION, (("h1", on(25)), ("h1", on(26))))
    assert "one time for each home" in town.refused("eve", act)


def test_there_is_nothing_to_choose_before_the_operator_has_given_a_window() -> None:
    town = Town()
    town.home("h1")
    town.campaign()
    act = ChooseSlots("c1", ACTIVATION, (("h1", on(25)),))
    assert "ask the operator" in town.refused("eve", act)


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    town = opened(ACTIVATION)
    act = SetWindow("c1", ACTIVATION, on(40), on(20))
    assert "in that order" in town.refused("olive", act)


def test_who_does_not_choose_in_time_is_told_so_and_the_default_holds() -> None:
    town = opened(ACTIVATION)
    town.decide("eve", ChooseSlots("c1", ACTIVATION, (("h1", on(25)),)))
    town.pass_time(16 * DAY)
    clocks = {row.party: row for row in town.rows(PartyClock) if "/choice/" in row.clock}
    assert not clocks["east"].late
    assert clocks["west"].late
    assert [told.text for told in town.notices(NoticeKind.LATE, party="west")] == [
        "west was to choose times for the activation of c1 in time, and has not"
    ]


def test_a_chosen_download_begins_by_the_rate_of_its_phase_though_nobody_has_looked_at_that() -> (
    None
):
    town = Town()
    town.home("h1", "east")
    town.home("h2", "east")
    town.campaign(policy=policy(phase("first", 2, per_hour=1), phase("all")))
    town.deliver()
    town.decide("olive", SetWindow("c1", DOWNLOAD, on(20), on(40), on(30), on(15)))
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, (("h1", on(39)), ("h2", on(8)))))
    town.pass_time(8.1 * DAY)
    assert town.member("h2").state is MemberState.OFFERED
    town.decide("eve", ChooseSlots("c1", DOWNLOAD, (("h1", on(10)),)))
    town.pass_time(2 * DAY)
    assert town.member("h1").state is MemberState.OFFERED
