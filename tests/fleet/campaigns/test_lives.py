"""The tables of campaigns, phases, homes and incidents: total, reachable, and ends that are ends."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from ota_engine.fleet.campaigns.lives import (
    CAMPAIGNS,
    MEMBERS,
    PHASES,
    WITH_PLACE,
    CampaignStep,
    MemberStep,
)
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.fleet.incidents.life import INCIDENTS
from ota_engine.fleet.incidents.rows import IncidentState
from ota_engine.lifecycle import Lifecycle

MACHINES = [
    (CAMPAIGNS, CampaignState.PROPOSED),
    (PHASES, PhaseState.PENDING),
    (MEMBERS, MemberState.PLANNED),
    (INCIDENTS, IncidentState.OPEN),
]


def reached(transitions: Mapping[tuple[Any, Any], Any], initial: Enum) -> set[Enum]:
    found, ahead = {initial}, [initial]
    while ahead:
        state = ahead.pop()
        for (source, _), target in transitions.items():
            if source is state and target not in found:
                found.add(target)
                ahead.append(target)
    return found


@pytest.mark.parametrize(("machine", "initial"), MACHINES)
def test_every_pair_is_settled_and_every_state_is_reached(
    machine: Lifecycle[Any, Any, Any], initial: Enum
) -> None:
    states = set(type(initial))
    steps = {step for _, step in machine.transitions}
    pairs = set(machine.transitions) | machine.ignored | machine.impossible
    assert pairs == {(state, step) for state in states for step in steps}
    assert reached(machine.transitions, initial) == states


@pytest.mark.parametrize(
    "end", [CampaignState.ABORTED, CampaignState.SUPERSEDED, CampaignState.REJECTED]
)
def test_nothing_leads_out_of_the_end_of_a_campaign(end: CampaignState) -> None:
    assert not [step for state, step in CAMPAIGNS.transitions if state is end]


def test_a_held_campaign_goes_on_by_a_person_or_not_at_all() -> None:
    ways = {step for state, step in CAMPAIGNS.transitions if state is CampaignState.HELD}
    assert ways == {
        CampaignStep.WAIT_ON,
        CampaignStep.GO_ON,
        CampaignStep.ABORT,
        CampaignStep.SUPERSEDE,
    }


def test_a_place_is_taken_by_an_assignment_or_by_a_hub_that_speaks_again() -> None:
    taking = {
        (state, step)
        for (state, step), target in MEMBERS.transitions.items()
        if target in WITH_PLACE and state not in WITH_PLACE
    }
    assert taking == {
        (MemberState.PLANNED, MemberStep.ASSIGN),
        (MemberState.UNREACHABLE, MemberStep.REACH),
    }


def test_only_a_word_of_the_device_undoes_an_activation() -> None:
    ways = {step for state, step in MEMBERS.transitions if state is MemberState.ACTIVATED}
    assert ways == {MemberStep.FALL_BACK, MemberStep.REPLACE}
