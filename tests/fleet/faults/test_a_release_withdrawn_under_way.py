"""A release withdrawn in mid roll-out: after that commit no home begins, and none activates."""

from ota_engine.fleet.approvals.ending import WithdrawRelease
from ota_engine.fleet.calendar.rows import HomeStep, Slot
from ota_engine.fleet.calendar.slots import ChooseSlots, SetWindow
from ota_engine.fleet.campaigns.rows import CampaignState
from ota_engine.fleet.campaigns.steering import ResumeCampaign
from ota_engine.fleet.fleet import Due
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.fleet.rollout import RollOutTown, phase, policy

WITHDRAWN = "release r1 is withdrawn"


def under_way() -> RollOutTown:
    town = RollOutTown(6)
    town.begin(policy(phase("all", at_once=2)))
    assert len(town.told(Verb.ASSIGN)) == 2
    return town


def test_no_home_begins_and_none_activates_after_a_release_was_withdrawn() -> None:
    town = under_way()
    town.decide("olive", WithdrawRelease("r1"), "it loses the HAN")
    stands = town.stands()
    assert (stands.state, stands.reason) == (CampaignState.HELD, WITHDRAWN)
    for told in town.told(Verb.ASSIGN):
        town.say(told.home, HubWord.TRANSFERRED)
    town.pass_time(30 * DAY)
    assert len(town.told(Verb.ASSIGN)) == 2
    assert not town.told(Verb.ACTIVATE)


def test_a_campaign_of_a_withdrawn_release_does_not_go_on_when_it_is_resumed() -> None:
    town = under_way()
    town.decide("olive", WithdrawRelease("r1"), "it loses the HAN")
    act, seen = ResumeCampaign("c1"), town.stands().revision
    town.ask("olive", act, "try again", revision=seen)
    town.pass_time(DAY)
    assert (town.stands().state, town.stands().reason) == (CampaignState.HELD, WITHDRAWN)
    assert len(town.told(Verb.ASSIGN)) == 2


def test_a_home_that_has_the_image_does_not_run_it_before_a_resumed_campaign_is_held_again() -> (
    None
):
    town = under_way()
    town.decide("olive", WithdrawRelease("r1"), "it loses the HAN")
    act, seen = ResumeCampaign("c1"), town.stands().revision
    assert town.ask("olive", act, "try again", revision=seen).accepted
    for told in town.told(Verb.ASSIGN):
        town.say(told.home, HubWord.TRANSFERRED)
    assert not town.told(Verb.ACTIVATE)
    assert {town.member(told.home).reason for told in town.told(Verb.ASSIGN)} == {WITHDRAWN}


def test_a_chosen_time_begins_no_home_before_a_resumed_campaign_is_held_again() -> None:
    town = RollOutTown(2)
    town.announce(policy())
    begin, chosen = town.utc, town.utc + 10 * DAY
    times = begin + 9 * DAY, begin + 40 * DAY, begin + 30 * DAY, begin + 5 * DAY
    town.decide("olive", SetWindow("c1", HomeStep.DOWNLOAD, *times))
    town.decide("eve", ChooseSlots("c1", HomeStep.DOWNLOAD, (("h1", chosen),)))
    town.pass_time(9.9 * DAY)
    town.decide("olive", WithdrawRelease("r1"), "it loses the HAN")
    act, seen = ResumeCampaign("c1"), town.stands().revision
    assert town.ask("olive", act, "try again", revision=seen).accepted
    town.utc = Utc(chosen)
    town.happen(Due(town.row(Slot, home="h1")))
    assert not town.told(Verb.ASSIGN)
