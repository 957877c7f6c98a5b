"""Rule 1: a micro pilot of around 10 to 20 hubs, a pilot of around 5,000, two to four weeks together.

Source: Communications Hub firmware deployment (000).
"""

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import AmendCampaign, ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.plan.policy import read_policy
from ota_engine.fleet.campaigns.rows import Member, PhaseState
from ota_engine.times import DAY_S
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, KEY, RollOutTown, phase, policy

TEMPLATE = {"template": "dcc-hub", "key": KEY}


def test_the_template_has_those_sizes_and_that_time() -> None:
    micro, pilot, mass = read_policy(TEMPLATE).phases
    assert 10 <= (micro.homes or 0) <= 20
    assert pilot.homes == 5_000
    assert mass.homes is None
    watched = micro.gate.observation_s + pilot.gate.observation_s
    assert 14 * DAY_S <= watched <= 28 * DAY_S


def test_sizes_are_edited_until_the_approval_and_then_are_what_was_approved() -> None:
    town = RollOutTown(30)
    town.approved_release()
    town.decide("olive", ProposeCampaign("c1", "r1", canonical_json(policy())))
    smaller = policy(phase("micro pilot", 10), phase("pilot", 15), phase("mass"))
    town.decide("olive", AmendCampaign("c1", canonical_json(smaller)))
    town.decide("peter", ApproveCampaign("c1"))
    sizes = [len(town.rows(Member, phase=number)) for number in (1, 2, 3)]
    assert sizes == [10, 15, 5]


def test_one_phase_begins_only_when_the_one_before_was_watched_long_enough() -> None:
    town = RollOutTown(12)
    town.begin(policy(phase("micro pilot", 4), phase("pilot", 4), phase("mass")))
    town.finish(*[row.home for row in town.rows(Member, phase=1)])
    town.pass_time(2 * DAY - HOUR)
    assert town.phase(2).state is PhaseState.PENDING
    town.pass_time(2 * HOUR)
    assert town.phase(1).state is PhaseState.PASSED
    assert town.phase(2).state is PhaseState.RUNNING
    assert town.phase(3).state is PhaseState.PENDING


def test_homes_without_a_word_pass_nothing_however_long_one_waits() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("micro pilot", 2), phase("mass")))
    town.pass_time(90 * DAY)
    assert town.phase(1).state is PhaseState.RUNNING
    assert town.phase(2).state is PhaseState.PENDING
