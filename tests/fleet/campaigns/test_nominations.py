"""Homes that suppliers nominate, and that the operator accepts or rejects."""

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.nominations import DecideNominations, NominateHomes
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.campaigns.voices import Nomination, NominationState
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, phase, policy

VALUES = policy(phase("phase 1", source="nominated", co_operative=True), phase("phase 3"))


@pytest.fixture
def town() -> RollOutTown:
    """Odd homes are east's, even ones west's."""
    found = RollOutTown(6)
    found.announce(VALUES)
    return found


def test_accepted_homes_are_the_phase_and_no_others(town: RollOutTown) -> None:
    town.decide("eve", NominateHomes("c1", 1, ("h1", "h3")))
    town.decide("will", NominateHomes("c1", 1, ("h2",)))
    town.decide("olive", DecideNominations("c1", 1, ("h1", "h2"), accept=True))
    town.decide("olive", DecideNominations("c1", 1, ("h3",), accept=False), "too many of its kind")
    town.pass_time(7 * DAY + HOUR)
    assert set(town.in_state(MemberState.OFFERED)) == {"h1", "h2"}
    assert len(town.in_state(MemberState.PLANNED, number=2)) == 4
    rejected = town.row(Nomination, home="h3")
    assert rejected.state is NominationState.REJECTED
    assert rejected.reason == "too many of its kind"
    town.check_sums()


def test_homes_may_be_nominated_before_the_campaign_is_approved() -> None:
    town = RollOutTown(2)
    town.approved_release()
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(VALUES)))
    town.decide("eve", NominateHomes("c1", 1, ("h1",)))
    early = town.refused("olive", DecideNominations("c1", 1, ("h1",), accept=True))
    assert "approve the campaign" in early
    town.decide("peter", ApproveCampaign("c1"))
    town.decide("olive", DecideNominations("c1", 1, ("h1",), accept=True))
    assert town.member("h1").phase == 1


def test_nobody_nominates_a_home_of_somebody_else(town: RollOutTown) -> None:
    text = town.refused("eve", NominateHomes("c1", 1, ("h1", "h2", "h4")))
    assert text == "east does not answer for h2 and 1 more: take them out of the list"
    assert not town.rows(Nomination)


def test_only_what_was_nominated_is_accepted(town: RollOutTown) -> None:
    assert "nobody nominates" in town.refused(
        "olive", DecideNominations("c1", 1, ("h1",), accept=True)
    )


def test_homes_of_a_drawn_phase_are_not_nominated(town: RollOutTown) -> None:
    text = town.refused("eve", NominateHomes("c1", 2, ("h1",)))
    assert text == "the homes of phase phase 3 are drawn: nominate for another one"


def test_a_phase_that_has_begun_takes_no_nominations(town: RollOutTown) -> None:
    town.pass_time(7 * DAY + HOUR)
    assert "takes no nominations any more" in town.refused("eve", NominateHomes("c1", 1, ("h1",)))


def test_a_phase_without_homes_says_what_is_missing_and_does_not_pass(town: RollOutTown) -> None:
    town.pass_time(60 * DAY)
    assert town.phase(1).state == "running"
    assert "a sample of 1 homes" in town.verdicts()[-1].missing
