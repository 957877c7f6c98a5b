"""A bad image is found when 30 % of the pilot have begun: not one more home starts."""

from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.port import Verb
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy

VALUES = policy(
    phase("pilot", 100, per_hour=10, gate=gate(failures=2, observation_s=DAY)),
    phase("mass"),
    attempts=1,
)


def town_at_30_percent() -> RollOutTown:
    town = RollOutTown(120)
    town.begin(VALUES)
    while len(town.told(Verb.ASSIGN)) < 30:
        town.pass_time(HOUR)
    assert len(town.told(Verb.ASSIGN)) == 30
    return town


def test_found_by_the_gate() -> None:
    town = town_at_30_percent()
    town.fail(*town.in_state(MemberState.OFFERED)[:3])
    town.pass_time(30 * DAY)
    assert len(town.told(Verb.ASSIGN)) == 30
    assert town.stands().state is CampaignState.HELD
    assert town.phase(1).state is PhaseState.HELD
    assert town.phase(2).state is PhaseState.PENDING
    assert len(town.in_state(MemberState.PLANNED)) == 90


def test_found_by_a_party() -> None:
    town = town_at_30_percent()
    town.transfer(*town.in_state(MemberState.OFFERED)[:5])
    activations = len(town.told(Verb.ACTIVATE))
    town.decide("will", RaiseIncident("i1", "c1", 1, 1, "the image bricks hubs"))
    town.pass_time(30 * DAY)
    assert len(town.told(Verb.ASSIGN)) == 30
    assert len(town.told(Verb.ACTIVATE)) == activations == 5
    assert len(town.told(Verb.RECALL)) == 5
    assert not town.in_state(MemberState.SCHEDULED)


def test_outcomes_and_an_hour_that_has_passed_in_one_commit_begin_nothing() -> None:
    town = town_at_30_percent()
    offered = town.in_state(MemberState.OFFERED)[:3]
    town.transfer(*offered)
    town.utc = type(town.utc)(town.utc + HOUR)  # the next homes are due in the same wake
    town.fail(*offered)
    town.desk.wake(town.utc)
    assert len(town.told(Verb.ASSIGN)) == 30
