"""Rule 14: phase 1 by a list agreed with customers, larger ones, a meeting after each, then all.

Source: Communications Hub firmware management (001), section 3.3.
"""

import pytest

from ota_engine.fleet.campaigns.assessment import RecordMeeting
from ota_engine.fleet.campaigns.nominations import DecideNominations, NominateHomes
from ota_engine.fleet.campaigns.plan.policy import PhaseSource, read_policy
from ota_engine.fleet.campaigns.rows import Member, PhaseState
from ota_engine.fleet.campaigns.voices import Meeting
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, KEY, RollOutTown, gate, phase, policy


def test_the_template_has_two_phases_of_nominated_homes_with_a_meeting_after_each() -> None:
    first, second, third = read_policy({"template": "co-operative", "key": KEY}).phases
    for one in (first, second):
        assert one.source is PhaseSource.NOMINATED
        assert one.gate.meeting
        assert one.co_operative
    assert third.homes is None


@pytest.fixture
def town() -> RollOutTown:
    """Phase 1 has one home of each supplier, and both run the release."""
    found = RollOutTown(6)
    nominated = phase("phase 1", source="nominated", gate=gate(meeting=True))
    found.announce(policy(nominated, phase("phase 3")))
    found.decide("eve", NominateHomes("c1", 1, ("h1", "h3")))
    found.decide("will", NominateHomes("c1", 1, ("h2",)))
    found.decide("olive", DecideNominations("c1", 1, ("h1", "h2"), accept=True))
    found.pass_time(7 * DAY + HOUR)
    found.finish("h1", "h2")
    return found


def test_suppliers_propose_homes_and_the_dcc_accepts(town: RollOutTown) -> None:
    assert {row.home for row in town.rows(Member, phase=1)} == {"h1", "h2"}


def test_the_next_phase_waits_for_the_assessment_meeting(town: RollOutTown) -> None:
    town.pass_time(10 * DAY)
    assert town.verdicts()[-1].missing == "an assessment meeting"
    meeting = RecordMeeting(
        "c1",
        1,
        "m1",
        ("dcc", "east", "west"),
        ("east: look at two slow meters",),
        "No open questions.",
        town.utc - HOUR,
    )
    town.decide("olive", meeting)
    town.pass_time(HOUR)
    assert town.phase(1).state is PhaseState.PASSED
    kept = town.row(Meeting)
    assert kept.attendees == ("dcc", "east", "west")
    assert kept.actions == ("east: look at two slow meters",)


def test_a_meeting_is_recorded_after_it_was_held_and_with_who_was_there(
    town: RollOutTown,
) -> None:
    later = RecordMeeting("c1", 1, "m1", ("dcc",), (), "-", town.utc + HOUR)
    assert "has not been held yet" in town.refused("olive", later)
    empty = RecordMeeting("c1", 1, "m1", (), (), "-", town.utc)
    assert "attended by nobody" in town.refused("olive", empty)
