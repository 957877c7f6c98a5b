"""A home vanishes, a hub is replaced, a device moves to another home, each before its home has begun.

What happens once it has begun is in ``campaigns/test_upheavals.py``, for every state.
"""

import pytest

from images.eui64 import Eui64
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus, InventoryStatus
from ota_engine.fleet.port import Verb
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown
from tests.fleet.town import OLD_VERSION

HERE = InventoryStatus.COMMISSIONED


@pytest.fixture
def town() -> RollOutTown:
    """Three homes that wait for the end of the notice."""
    found = RollOutTown(3)
    found.announce()
    return found


def test_a_home_that_vanished_gets_nothing(town: RollOutTown) -> None:
    town.happen(HomeTold("h1", HomeStatus.GONE))
    town.pass_time(7 * DAY + HOUR)
    assert {one.home for one in town.told(Verb.ASSIGN)} == {"h2", "h3"}


def test_a_hub_that_was_replaced_gets_it_in_the_place_of_the_old_one(town: RollOutTown) -> None:
    hub = Eui64(0x00DB_9999_0000_0001)
    town.happen(DeviceTold(hub, "h1", "CHF", "hub-1", HERE, OLD_VERSION, town.utc))
    town.pass_time(7 * DAY + HOUR)
    assert [one.device for one in town.told(Verb.ASSIGN) if one.home == "h1"] == [hub]


def test_a_device_that_moved_gets_nothing_in_its_old_home(town: RollOutTown) -> None:
    device = town.member("h1").device
    town.put_home("h9")
    town.happen(DeviceTold(device, "h9", "CHF", "hub-1", HERE, OLD_VERSION, town.utc))
    town.pass_time(9 * DAY)
    assert town.state("h1") is MemberState.LEFT
    assert [one.home for one in town.told(Verb.ASSIGN) if one.device == device] == ["h9"]


def test_a_hub_that_was_taken_out_of_use_gets_nothing(town: RollOutTown) -> None:
    device = town.member("h1").device
    gone = InventoryStatus.DECOMMISSIONED
    town.happen(DeviceTold(device, "h1", "CHF", "hub-1", gone, OLD_VERSION, town.utc))
    town.pass_time(7 * DAY + HOUR)
    assert town.member("h1").reason == "the device is in use no longer"
