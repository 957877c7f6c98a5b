"""Fault: the supplier of a home changes, in every state that the home can have in a campaign."""

from collections.abc import Callable, Mapping
from typing import Final

import pytest

from ota_engine.fleet.calendar.rows import HomeStep
from ota_engine.fleet.calendar.slots import SetWindow
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.inventory.arrivals import HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.port import HubWord, Verb
from tests.fleet.estate import BEGIN, DAY
from tests.fleet.town import Town, one_phase


def planned(town: Town) -> None:
    town.deliver()


def waiting(town: Town) -> None:
    town.pass_time(7.5 * DAY)


def offered(town: Town) -> None:
    town.deliver()
    town.pass_time(7.5 * DAY)


def reached(town: Town) -> None:
    offered(town)
    town.say("h1", HubWord.REACHED)


def transferred(town: Town) -> None:
    """It holds the image, and its time to activate is days away."""
    reached(town)
    act = SetWindow("c1", HomeStep.ACTIVATION, BEGIN + 20 * DAY, BEGIN + 60 * DAY)
    town.decide("olive", act)
    town.say("h1", HubWord.TRANSFERRED)


def scheduled(town: Town) -> None:
    """Its hub was told a time that has not come."""
    transferred(town)
    town.pass_time(BEGIN + 20 * DAY - town.utc - 3_600)


def activated(town: Town) -> None:
    reached(town)
    town.say("h1", HubWord.TRANSFERRED)
    town.say("h1", HubWord.ACTIVATED)


def failed(town: Town) -> None:
    reached(town)
    town.say("h1", HubWord.FAILED, reason="no room")


def unreachable(town: Town) -> None:
    offered(town)
    town.pass_time(15 * DAY)


def left(town: Town) -> None:
    town.happen(HomeTold("h1", HomeStatus.GONE))
    offered(town)


WAYS: Final[Mapping[MemberState, Callable[[Town], None]]] = {
    MemberState.PLANNED: planned,
    MemberState.WAITING: waiting,
    MemberState.OFFERED: offered,
    MemberState.REACHED: reached,
    MemberState.TRANSFERRED: transferred,
    MemberState.SCHEDULED: scheduled,
    MemberState.ACTIVATED: activated,
    MemberState.FAILED: failed,
    MemberState.UNREACHABLE: unreachable,
    MemberState.LEFT: left,
}
ENDED: Final = (MemberState.ACTIVATED, MemberState.FAILED, MemberState.LEFT)
LOADING: Final = (MemberState.OFFERED, MemberState.REACHED)


def changed_in(state: MemberState) -> Town:
    town = Town()
    town.home("h1", "east")
    town.campaign(policy=one_phase(attempts=1))
    WAYS[state](town)
    assert town.member("h1").state is state
    town.change_supplier("h1", "west")
    return town


def test_every_state_is_shown() -> None:
    assert set(WAYS) == set(MemberState)


@pytest.mark.parametrize("state", MemberState)
def test_the_gaining_supplier_is_told_unless_the_home_has_come_to_its_end(
    state: MemberState,
) -> None:
    told = [notice.party for notice in changed_in(state).notices(NoticeKind.GAINED)]
    assert told == ([] if state in ENDED else ["west"])


@pytest.mark.parametrize("state", [MemberState.PLANNED, MemberState.WAITING])
def test_a_home_that_has_not_begun_begins_after_the_gaining_suppliers_seven_days(
    state: MemberState,
) -> None:
    town = changed_in(state)
    town.pass_time(10 * DAY)
    assert town.instructions() == []
    town.deliver()
    town.pass_time(6.9 * DAY)
    assert town.instructions() == []
    town.pass_time(1.2 * DAY)
    assert [told.verb for told in town.instructions()] == [Verb.ASSIGN]


@pytest.mark.parametrize("state", LOADING)
def test_a_home_that_loads_goes_on_loading_and_activates_after_those_seven_days(
    state: MemberState,
) -> None:
    town = changed_in(state)
    assert [told.verb for told in town.instructions()] == [Verb.ASSIGN]
    town.say("h1", HubWord.REACHED)
    town.say("h1", HubWord.TRANSFERRED)
    assert town.member("h1").reason == "notice has not reached west"
    town.deliver()
    town.pass_time(6.9 * DAY)
    assert [told.verb for told in town.instructions()] == [Verb.ASSIGN]
    town.pass_time(1.2 * DAY)
    assert [told.verb for told in town.instructions()][:2] == [Verb.ASSIGN, Verb.ACTIVATE]


@pytest.mark.parametrize("state", [MemberState.TRANSFERRED, MemberState.SCHEDULED])
def test_a_home_that_holds_the_image_activates_after_those_seven_days(state: MemberState) -> None:
    town = changed_in(state)
    if state is MemberState.SCHEDULED:
        assert town.member("h1").state is MemberState.TRANSFERRED
        assert town.instructions()[-1].verb is Verb.RECALL
    before = town.member("h1").orders
    town.pass_time(20 * DAY)
    assert town.member("h1").orders == before
    town.deliver()
    town.pass_time(6.9 * DAY)
    assert town.member("h1").orders == before
    town.pass_time(1.2 * DAY)
    told = [one.verb for one in town.instructions() if one.number > before]
    assert told[:1] == [Verb.ACTIVATE]


@pytest.mark.parametrize("state", ENDED)
def test_a_home_that_has_come_to_its_end_stays_as_it_is(state: MemberState) -> None:
    town = changed_in(state)
    before = town.member("h1")
    town.deliver()
    town.pass_time(20 * DAY)
    assert town.member("h1") == before


def test_a_home_that_was_unreachable_and_speaks_again_waits_for_the_gaining_supplier() -> None:
    town = changed_in(MemberState.UNREACHABLE)
    town.say("h1", HubWord.TRANSFERRED)
    assert town.member("h1").reason == "notice has not reached west"
