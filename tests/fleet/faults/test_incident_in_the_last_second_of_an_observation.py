"""An incident is raised in the last second of the observation: the phase does not pass."""

import pytest

from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from tests.fleet.estate import DAY
from tests.fleet.rollout import RollOutTown, phase, policy


@pytest.fixture
def town() -> RollOutTown:
    """The last second of the pilot's observation."""
    found = RollOutTown(4)
    found.begin(policy(phase("pilot", 2), phase("mass")))
    found.finish(*found.in_state(MemberState.OFFERED))
    found.pass_time(2 * DAY - 1)
    assert found.phase(1).state is PhaseState.RUNNING
    return found


def test_a_grave_one_holds(town: RollOutTown) -> None:
    town.decide("eve", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    town.pass_time(30 * DAY)
    assert town.stands().state is CampaignState.HELD
    assert town.phase(2).state is PhaseState.PENDING


def test_a_mild_one_keeps_the_gate_shut(town: RollOutTown) -> None:
    town.decide("eve", RaiseIncident("i1", "c1", 1, 5, "a typing error"))
    town.pass_time(30 * DAY)
    assert town.phase(1).state is PhaseState.RUNNING
    assert town.phase(2).state is PhaseState.PENDING


def test_without_one_the_phase_passes(town: RollOutTown) -> None:
    town.pass_time(1)
    assert town.phase(1).state is PhaseState.PASSED


def test_one_that_comes_a_second_too_late_holds_what_follows(town: RollOutTown) -> None:
    town.pass_time(2)
    town.decide("eve", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    assert town.stands().state is CampaignState.HELD
    assert town.phase(2).state is PhaseState.HELD
