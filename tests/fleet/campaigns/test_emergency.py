"""An emergency release: begins at once by a decision of two persons, and leaves more evidence."""

import pytest

from ota_engine.fleet.campaigns.emergency import ApproveWaiver, ProposeWaiver
from ota_engine.fleet.campaigns.rows import MemberState, PhaseState
from ota_engine.fleet.campaigns.voices import Waiver
from ota_engine.fleet.releases.rows import ReleaseType
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, phase, policy

VALUES = policy(
    phase("phase 1", source="nominated", co_operative=True), phase("pilot", 2), phase("mass")
)


@pytest.fixture
def town() -> RollOutTown:
    """A campaign of an emergency release that waits for its notice, which nobody has taken yet."""
    found = RollOutTown(4)
    found.approved_release(kind=ReleaseType.EMERGENCY)
    found.announce_undelivered(VALUES)
    return found


def test_two_persons_waive_the_notice_and_homes_begin_at_once(town: RollOutTown) -> None:
    town.decide("olive", ProposeWaiver("c1", ("phase 1",)), "keys are being stolen")
    town.decide("peter", ApproveWaiver("c1"), "seen, and agreed")
    town.pass_time(HOUR)
    assert town.phase(1).state is PhaseState.SKIPPED
    assert town.phase(2).state is PhaseState.RUNNING
    assert len(town.in_state(MemberState.OFFERED)) == 2
    waiver = town.row(Waiver)
    assert (waiver.proposer, waiver.approver) == ("olive", "peter")
    assert (waiver.reason, waiver.approver_reason) == ("keys are being stolen", "seen, and agreed")


def test_every_relevant_party_is_told_at_once_and_with_every_phase(town: RollOutTown) -> None:
    town.decide("olive", ProposeWaiver("c1", ("phase 1",)), "keys are being stolen")
    town.decide("peter", ApproveWaiver("c1"), "agreed")
    told = town.notices("emergency")
    assert {notice.party for notice in told} >= {"dcc", "east", "west", "maker"}
    assert {notice.created_utc for notice in told} == {town.utc}
    town.pass_time(HOUR)
    assert len(town.notices("emergency", party="east")) == 2


def test_one_person_alone_waives_nothing(town: RollOutTown) -> None:
    town.decide("peter", ProposeWaiver("c1", ()), "keys are being stolen")
    text = town.refused("peter", ApproveWaiver("c1"))
    assert text == "peter proposed the waiver: somebody else approves it"
    town.pass_time(DAY)
    assert town.phase(1).state is PhaseState.PENDING


def test_a_waiver_has_a_reason_and_leaves_out_no_phase_but_a_co_operative_one(
    town: RollOutTown,
) -> None:
    assert "the reason of a waiver is empty" in town.refused("olive", ProposeWaiver("c1", ()), "")
    text = town.refused("olive", ProposeWaiver("c1", ("pilot",)))
    assert text == "'pilot' is no co-operative phase of c1: only those are waived"


def test_a_release_that_is_no_emergency_waits_for_its_notice() -> None:
    town = RollOutTown(2)
    town.announce()
    text = town.refused("olive", ProposeWaiver("c1", ()))
    assert "only one of type emergency security may come without notice" in text
