"""Incidents: raised by any party, owned, looked into, resolved; and what each does to its campaign."""

import pytest

from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.fleet.campaigns.steering import ResumeCampaign
from ota_engine.fleet.campaigns.troubles import (
    RaiseIncident,
    RateIncident,
    ReopenIncident,
    ResolveIncident,
    TakeIncident,
)
from ota_engine.fleet.incidents.rows import Incident, IncidentState, Resolution
from ota_engine.fleet.port import Verb
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, phase, policy


@pytest.fixture
def town() -> RollOutTown:
    """Two homes in a pilot, two in what follows."""
    found = RollOutTown(4)
    found.begin(policy(phase("pilot", 2), phase("mass")))
    return found


def resume(town: RollOutTown) -> str:
    reply = town.ask("olive", ResumeCampaign("c1"), "mended", revision=town.stands().revision)
    return "" if reply.accepted else reply.text


def test_a_grave_incident_holds_the_campaign_at_once_and_everybody_is_told(
    town: RollOutTown,
) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 2, "meters are silent"))
    assert town.stands().state is CampaignState.HELD
    assert town.phase(1).state is PhaseState.HELD
    assert "i1" in town.stands().reason
    assert {notice.party for notice in town.notices("held")} >= {"east", "west", "dcc"}
    assert [notice.party for notice in town.notices("incident")] == ["dcc"]


def test_a_mild_incident_keeps_the_gate_from_passing_and_stops_nothing(town: RollOutTown) -> None:
    town.decide("eve", RaiseIncident("i1", "c1", 1, 4, "the display is dim"))
    for home in town.in_state(MemberState.OFFERED):
        town.finish(home)
    town.pass_time(3 * DAY)
    assert town.stands().state is CampaignState.RUNNING
    assert town.phase(1).state is PhaseState.RUNNING
    assert town.verdicts()[-1].missing == "a resolution of incident i1, category 4"
    town.decide("olive", TakeIncident("i1", "olive"))
    town.decide("olive", ResolveIncident("i1", Resolution.GO_ON))
    town.pass_time(HOUR)
    assert town.phase(1).state is PhaseState.PASSED


def test_a_held_campaign_goes_on_only_when_its_incident_is_resolved_and_a_person_says_so(
    town: RollOutTown,
) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    assert resume(town) == "incident i1 is open: resolve it first"
    town.decide("olive", TakeIncident("i1", "olive"))
    town.decide("olive", ResolveIncident("i1", Resolution.GO_ON))
    assert town.stands().state is CampaignState.HELD
    assert not resume(town)
    assert town.stands().state is CampaignState.RUNNING
    assert town.phase(1).state is PhaseState.RUNNING


def test_nothing_is_resolved_that_nobody_looked_into(town: RollOutTown) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    assert "investigated" in town.refused("olive", ResolveIncident("i1", Resolution.GO_ON))


def test_an_incident_that_turns_out_to_be_grave_holds(town: RollOutTown) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 5, "a typing error"))
    assert town.stands().state is CampaignState.RUNNING
    town.decide("olive", RateIncident("i1", 1), "it is more than that")
    assert town.stands().state is CampaignState.HELD


def test_an_incident_can_be_opened_again_by_any_party(town: RollOutTown) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    town.decide("olive", TakeIncident("i1", "olive"))
    town.decide("olive", ResolveIncident("i1", Resolution.GO_ON))
    resume(town)
    town.decide("eve", ReopenIncident("i1"), "mine are silent still")
    assert town.row(Incident).state is IncidentState.OPEN
    assert town.stands().state is CampaignState.HELD


def test_fixing_forward_holds_until_the_release_that_mends_it_takes_over(
    town: RollOutTown,
) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 3, "meters are slow"))
    town.decide("olive", TakeIncident("i1", "olive"))
    assert "names the release" in town.refused(
        "olive", ResolveIncident("i1", Resolution.FIX_FORWARD)
    )
    town.decide("olive", ResolveIncident("i1", Resolution.FIX_FORWARD, "r2"))
    assert town.stands().state is CampaignState.HELD
    assert resume(town) == "c1 is to be mended by r2: propose a campaign of that release"


def test_a_resolution_may_end_the_campaign_for_good(town: RollOutTown) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 1, "meters are silent"))
    town.decide("olive", TakeIncident("i1", "olive"))
    town.decide("olive", ResolveIncident("i1", Resolution.ABORT))
    assert town.stands().state is CampaignState.ABORTED
    town.pass_time(HOUR)
    assert not town.in_state(MemberState.OFFERED)
    assert len(town.told(Verb.WITHDRAW)) == 2
    assert town.phase(1).state is PhaseState.CLOSED


@pytest.mark.parametrize("category", [0, 6])
def test_categories_are_1_to_5(town: RollOutTown, category: int) -> None:
    text = town.refused("will", RaiseIncident("i1", "c1", 1, category, "odd"))
    assert text == f"{category} is no category: give 1 (worst) to 5"


def test_an_incident_is_raised_against_a_phase_that_is_there(town: RollOutTown) -> None:
    assert "has no phase 3" in town.refused("will", RaiseIncident("i1", "c1", 3, 1, "odd"))
    assert "no such campaign" in town.refused("will", RaiseIncident("i1", "c9", 1, 1, "odd"))


def test_resolving_what_nobody_owns_yet_is_refused_with_what_comes_first(town: RollOutTown) -> None:
    town.decide("will", RaiseIncident("i1", "c1", 1, 2, "meters are silent"))
    reply = town.ask("olive", ResolveIncident("i1", Resolution.GO_ON), "done")
    assert (reply.accepted, reply.text) == (
        False,
        "i1 is open: that takes one that is investigated: let somebody own it first",
    )
