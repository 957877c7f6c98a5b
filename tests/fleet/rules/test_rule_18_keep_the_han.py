"""Rule 18: the home area network is to be kept: homes that lose it hold the roll-out.

Source: Communications Hub firmware management (001), appendix A (licence conditions 49 and 43).
"""

import json

from ota_engine.fleet.campaigns.rows import CampaignState, MemberState
from ota_engine.fleet.campaigns.steering import ResumeCampaign
from ota_engine.fleet.port import HubWord
from tests.fleet.estate import DAY
from tests.fleet.rollout import RollOutTown, gate, phase, policy


def test_one_home_that_lost_its_han_holds_the_phase_and_is_in_the_verdict() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("pilot", 2), phase("mass")))
    home, _ = town.in_state(MemberState.OFFERED)
    town.finish(home)
    town.say(home, HubWord.HAN_LOST, reason="no device answers")
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD
    assert town.verdicts()[-1].missing == "more than 0 homes lost their HAN"
    assert json.loads(town.verdicts()[-1].inputs)["han_lost"] == 1


def test_a_hub_says_so_whoever_asked_it_and_counts_once() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("pilot", 2, gate=gate(han_lost=1)), phase("mass")))
    home, other = town.in_state(MemberState.OFFERED)
    town.finish(home)
    town.say(home, HubWord.HAN_LOST, attempt=0)
    town.say(home, HubWord.HAN_LOST)
    town.pass_time(60)
    assert town.stands().state is CampaignState.RUNNING
    town.say(other, HubWord.HAN_LOST)
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD


def test_going_on_accepts_those_and_holds_for_the_next_one() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("pilot", 3), phase("mass")))
    first, second, _ = town.in_state(MemberState.OFFERED)
    town.say(first, HubWord.HAN_LOST)
    town.pass_time(60)
    revision = town.stands().revision
    act = ResumeCampaign("c1")
    assert town.ask("olive", act, "a power cut in the street", revision=revision).accepted
    town.pass_time(DAY)
    assert town.stands().state is CampaignState.RUNNING
    town.say(second, HubWord.HAN_LOST)
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD
