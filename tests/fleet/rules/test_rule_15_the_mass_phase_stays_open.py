"""Rule 15: hubs arrive old and are upgraded after their installation: the mass phase stays open for them.

Source: Communications Hub firmware management (001), section 3.4.
"""

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import (
    THIRD_VERSION,
    ApproveCampaign,
    OverrideRule,
    ProposeCampaign,
)
from ota_engine.fleet.campaigns.rows import CampaignState, Member, MemberState, PhaseState
from ota_engine.fleet.campaigns.steering import PauseCampaign
from ota_engine.fleet.inventory.arrivals import HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus
from tests.fleet.estate import DAY
from tests.fleet.rollout import RollOutTown, gate, phase, policy


@pytest.fixture
def town() -> RollOutTown:
    """A mass phase that has passed its gate and stays open."""
    found = RollOutTown(2)
    found.begin(policy(phase("all", gate=gate(failures=2))))
    found.finish("h1", "h2")
    found.pass_time(3 * DAY)
    assert found.phase(1).state is PhaseState.OPEN
    assert found.stands().state is CampaignState.RUNNING
    return found


def test_a_hub_that_is_installed_later_joins_once_its_installation_is_complete(
    town: RollOutTown,
) -> None:
    town.home("new", status=HomeStatus.INSTALLING)
    town.pass_time(5 * DAY)
    assert not town.rows(Member, home="new")
    town.happen(HomeTold("new", HomeStatus.COMPLETE))
    town.pass_time(2 * DAY)
    assert town.state("new") is MemberState.OFFERED
    town.finish("new")
    assert town.state("new") is MemberState.ACTIVATED
    assert town.phase(1).state is PhaseState.OPEN
    town.check_sums()


def test_a_hub_that_arrives_with_the_release_needs_nothing(town: RollOutTown) -> None:
    town.home("new")
    (device,) = town.devices_of("new", "CHF")
    town.runs(device, 0x0002_0000)
    town.pass_time(5 * DAY)
    assert not town.rows(Member, home="new")


def test_an_open_phase_is_watched_and_holds_as_any_other(town: RollOutTown) -> None:
    for number in range(3):
        town.home(f"new{number}")
    town.pass_time(2 * DAY)
    town.begin_to_fail("new0", "new1", "new2")
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD


def test_it_ends_when_a_later_release_takes_its_place(town: RollOutTown) -> None:
    town.approved_release("r2", 0x0003_0000)
    town.home("old")
    values = policy(phase("pilot", 1), phase("mass"))
    town.decide("olive", ProposeCampaign("c2", "r2", canonical_json(values)))
    town.decide("peter", OverrideRule("c2", THIRD_VERSION), "for a while, as agreed")
    town.decide("peter", ApproveCampaign("c2"))
    town.deliver()
    town.pass_time(7 * DAY)
    assert town.stands().state is CampaignState.RUNNING
    (pilot,) = [row.home for row in town.rows(Member, campaign="c2", phase=1)]
    town.finish(pilot, campaign="c2", version=0x0003_0000)
    town.pass_time(3 * DAY)
    assert town.stands("c2").phase == 2
    assert town.stands("c1").state is CampaignState.SUPERSEDED
    assert town.phase(1).state is PhaseState.CLOSED


def test_homes_that_the_earlier_release_had_not_reached_join_the_later_one() -> None:
    town = RollOutTown(6)
    town.begin(policy(phase("all", per_hour=1)))
    (begun,) = town.in_state(MemberState.OFFERED)
    town.finish(begun)
    revision = town.stands().revision
    assert town.ask("olive", PauseCampaign("c1"), "r2 is better", revision=revision).accepted
    town.approved_release("r2", 0x0003_0000)
    town.decide("olive", ProposeCampaign("c2", "r2", canonical_json(policy())))
    town.decide("peter", OverrideRule("c2", THIRD_VERSION), "for a while, as agreed")
    town.decide("peter", ApproveCampaign("c2"))
    town.deliver()
    assert {row.home for row in town.rows(Member, campaign="c2")} == {begun}
    town.pass_time(9 * DAY)
    assert town.stands("c1").state is CampaignState.SUPERSEDED
    offered = {row.home for row in town.rows(Member, campaign="c2", state=MemberState.OFFERED)}
    assert offered == {f"h{number}" for number in range(1, 7)} - {begun}
    assert town.phase(1).state is PhaseState.CLOSED
