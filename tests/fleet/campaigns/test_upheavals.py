"""A home that vanishes, a hub that is replaced, a device that moves: in every state of a home."""

from collections.abc import Callable

import pytest

from images.eui64 import Eui64
from ota_engine.fleet.campaigns.lives import MAY_BRING
from ota_engine.fleet.campaigns.rows import DeviceToReplace, Member, MemberState
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus, InventoryStatus
from ota_engine.fleet.port import Verb
from tests.fleet.estate import DAY, VERSION
from tests.fleet.rollout import HOUR, RollOutTown
from tests.fleet.town import OLD_VERSION

NEW_HUB = Eui64(0x00DB_9999_0000_0001)

STATES: dict[MemberState, Callable[[RollOutTown], None]] = {
    MemberState.OFFERED: lambda town: None,
    MemberState.REACHED: lambda town: town.reach("h1"),
    MemberState.SCHEDULED: lambda town: town.transfer("h1"),
    MemberState.ACTIVATED: lambda town: town.finish("h1"),
    MemberState.FAILED: lambda town: town.fail("h1"),
    MemberState.UNREACHABLE: lambda town: town.pass_time(15 * DAY),
}


def town_in(state: MemberState) -> RollOutTown:
    town = RollOutTown(1)
    town.begin()
    STATES[state](town)
    assert town.state("h1") is state
    return town


def hub(town: RollOutTown, home: str, version: int = OLD_VERSION, variant: str = "hub-1") -> None:
    commissioned = InventoryStatus.COMMISSIONED
    town.happen(DeviceTold(NEW_HUB, home, "CHF", variant, commissioned, version, town.utc))


@pytest.mark.parametrize("state", STATES)
def test_a_home_that_vanishes_leaves_from_wherever_it_stands(state: MemberState) -> None:
    town = town_in(state)
    town.happen(HomeTold("h1", HomeStatus.GONE))
    ended = state is MemberState.ACTIVATED
    assert town.state("h1") is (MemberState.ACTIVATED if ended else MemberState.LEFT)
    assert len(town.told(Verb.WITHDRAW)) == (1 if state in MAY_BRING else 0)
    assert not town.places()
    town.check_sums()


@pytest.mark.parametrize("state", STATES)
def test_a_new_hub_begins_anew_from_wherever_the_old_one_stood(state: MemberState) -> None:
    town = town_in(state)
    hub(town, "h1")
    member = town.member("h1")
    assert member.device == NEW_HUB
    assert member.state is MemberState.PLANNED
    assert member.used == 0
    assert not town.rows(DeviceToReplace)
    town.pass_time(HOUR)
    town.finish("h1")
    assert town.state("h1") is MemberState.ACTIVATED
    town.check_sums()


def test_a_new_hub_that_runs_the_release_needs_nothing() -> None:
    town = town_in(MemberState.OFFERED)
    hub(town, "h1", VERSION)
    assert town.member("h1").reason == "the new hub runs the release already"


def test_a_hub_of_another_kind_is_no_target() -> None:
    town = town_in(MemberState.OFFERED)
    hub(town, "h1", variant="hub-2")
    assert town.member("h1").reason == "another kind of hub stands in the home"


def test_what_the_old_hub_says_late_is_not_the_new_ones_word() -> None:
    town = town_in(MemberState.OFFERED)
    old = town.member("h1").device
    hub(town, "h1")
    town.finish_as(old, "h1")
    assert town.state("h1") is MemberState.PLANNED


@pytest.mark.parametrize("state", STATES)
def test_a_hub_that_moves_leaves_its_old_home_behind(state: MemberState) -> None:
    town = town_in(state)
    device = town.member("h1").device
    town.home("h9")
    town.happen(
        DeviceTold(
            device, "h9", "CHF", "hub-1", InventoryStatus.COMMISSIONED, OLD_VERSION, town.utc
        )
    )
    ended = state is MemberState.ACTIVATED
    assert town.state("h1") is (MemberState.ACTIVATED if ended else MemberState.LEFT)
    town.check_sums()


def test_in_its_new_home_a_hub_joins_as_any_other() -> None:
    town = town_in(MemberState.OFFERED)
    device = town.member("h1").device
    town.put_home("h9")
    town.happen(
        DeviceTold(
            device, "h9", "CHF", "hub-1", InventoryStatus.COMMISSIONED, OLD_VERSION, town.utc
        )
    )
    town.pass_time(2 * DAY)
    assert town.row(Member, home="h9").device == device
