"""Rule 2: incidents of category 1 and 2 decide at the pilot, alongside what parties say at each stage.

Source: Communications Hub firmware deployment (000).
"""

import json

import pytest

from ota_engine.fleet.campaigns.assessment import SignPhase, StatePosition
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.campaigns.voices import SignOff, Stance
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy


@pytest.fixture
def town() -> RollOutTown:
    """A pilot of two homes that both run the release, and must be signed off."""
    found = RollOutTown(4)
    found.begin(policy(phase("pilot", 2, gate=gate(sign_off=True)), phase("mass")))
    found.finish(*found.in_state(MemberState.OFFERED))
    return found


@pytest.mark.parametrize("category", [1, 2])
def test_an_incident_of_category_1_or_2_holds(town: RollOutTown, category: int) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, category, "meters are silent"))
    assert town.stands().state is CampaignState.HELD


@pytest.mark.parametrize("category", [3, 4, 5])
def test_a_milder_one_is_named_by_the_gate(town: RollOutTown, category: int) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, category, "the display is dim"))
    town.pass_time(3 * DAY)
    assert town.stands().state is CampaignState.RUNNING
    assert f"incident i1, category {category}" in town.verdicts()[-1].missing


def test_positions_of_the_parties_are_part_of_the_record_of_the_decision(
    town: RollOutTown,
) -> None:
    town.decide("eve", StatePosition("c1", 1, Stance.AGREES), "no complaints here")
    town.decide("will", StatePosition("c1", 1, Stance.NOTES), "two customers called")
    town.pass_time(3 * DAY)
    assert town.verdicts()[-1].missing == "a person's agreement"
    town.decide("peter", SignPhase("c1", 1), "both heard")
    town.pass_time(HOUR)
    assert town.phase(1).state is PhaseState.PASSED
    said = ("east agrees: no complaints here", "west notes: two customers called")
    assert town.row(SignOff).positions == said
    assert tuple(json.loads(town.verdicts()[-1].inputs)["positions"]) == said


def test_an_objection_holds_until_somebody_who_signs_has_answered_it(town: RollOutTown) -> None:
    town.decide("peter", SignPhase("c1", 1), "all is well")
    town.decide("will", StatePosition("c1", 1, Stance.OBJECTS), "we have not tested it")
    town.pass_time(3 * DAY)
    assert town.verdicts()[-1].missing == "an answer to west"
    town.decide("peter", SignPhase("c1", 1), "west tests in the next phase, as agreed")
    town.pass_time(HOUR)
    assert town.phase(1).state is PhaseState.PASSED


def test_a_hold_takes_an_agreement_back(town: RollOutTown) -> None:
    town.decide("peter", SignPhase("c1", 1), "all is well")
    town.decide("will", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    assert not town.row(SignOff).valid
