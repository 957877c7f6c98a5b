"""A home holds a place from its assignment on; a test for each way in which it gives it back."""

import pytest

from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.campaigns.steering import KeepHome
from ota_engine.fleet.inventory.arrivals import HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.port import HubWord
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, policy


@pytest.fixture
def town() -> RollOutTown:
    """One home, assigned."""
    found = RollOutTown(1)
    found.begin()
    assert found.places() == {"North": 1, "gw": 1}
    return found


def test_an_end_frees_the_place(town: RollOutTown) -> None:
    town.finish("h1")
    assert town.state("h1") is MemberState.ACTIVATED
    assert not town.places()


def test_a_home_that_has_the_image_and_waits_for_its_time_frees_the_place(
    town: RollOutTown,
) -> None:
    town.transfer("h1")
    assert not town.places()


def test_a_stall_frees_the_place(town: RollOutTown) -> None:
    town.say("h1", HubWord.REACHED)
    assert town.places() == {"North": 1, "gw": 1}
    town.pass_time(3 * DAY)
    assert town.state("h1") is MemberState.WAITING
    assert not town.places()


def test_silence_frees_the_place(town: RollOutTown) -> None:
    town.pass_time(14 * DAY)
    assert town.state("h1") is MemberState.UNREACHABLE
    assert not town.places()


def test_a_failed_attempt_frees_the_place_while_it_waits_for_the_next(town: RollOutTown) -> None:
    town.say("h1", HubWord.FAILED, reason="the image did not verify")
    assert town.state("h1") is MemberState.WAITING
    assert not town.places()
    town.pass_time(DAY + HOUR)
    assert town.places() == {"North": 1, "gw": 1}


def test_leaving_frees_the_place(town: RollOutTown) -> None:
    town.happen(HomeTold("h1", HomeStatus.GONE))
    assert town.state("h1") is MemberState.LEFT
    assert not town.places()


def test_a_home_that_is_put_off_frees_the_place(town: RollOutTown) -> None:
    town.decide("eve", KeepHome("c1", "h1", Utc(town.utc + 3 * DAY)))
    assert town.state("h1") is MemberState.WAITING
    assert not town.places()
    town.pass_time(3 * DAY + HOUR)
    assert town.state("h1") is MemberState.OFFERED


def test_no_more_homes_than_places_at_a_gateway_are_under_way() -> None:
    town = RollOutTown(5)
    town.begin(policy(per_gateway=2))
    assert len(town.in_state(MemberState.OFFERED)) == 2
    assert {town.member(home).reason for home in town.in_state(MemberState.WAITING)} == {
        "its gateway has no place free"
    }
    first, second = town.in_state(MemberState.OFFERED)
    town.transfer(first, second)
    town.pass_time(2 * HOUR)
    assert len(town.in_state(MemberState.OFFERED)) == 2
    town.check_sums()


def test_no_more_homes_than_places_in_a_region_are_under_way() -> None:
    town = RollOutTown(3)
    town.home("far", region="South", gateway="other")
    town.begin(policy(per_region=1))
    offered = town.in_state(MemberState.OFFERED)
    assert len(offered) == 2
    assert "far" in offered
    assert town.places() == {"North": 1, "South": 1, "gw": 1, "other": 1}
