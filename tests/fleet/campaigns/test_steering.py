"""Stop, go on, give up: what each does to homes that are under way."""

import pytest

from ota_engine.fleet.campaigns.acts import ProposeCampaign
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState, PhaseState
from ota_engine.fleet.campaigns.steering import (
    AbortCampaign,
    KeepHome,
    PauseCampaign,
    ResumeCampaign,
    StopAll,
)
from ota_engine.fleet.inventory.arrivals import HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy


def resume(town: RollOutTown) -> None:
    reply = town.ask("olive", ResumeCampaign("c1"), "all is well", revision=town.stands().revision)
    assert reply.accepted, reply.text


def test_stop_all_lets_nothing_begin_after_its_commit_and_says_what_is_under_way() -> None:
    town = RollOutTown(6)
    town.begin(policy(phase("all", per_hour=2)))
    assert len(town.told(Verb.ASSIGN)) == 2
    text = town.decide("olive", StopAll(), "something is wrong")
    assert text == "1 campaign is stopped; homes under way: c1 2"
    town.pass_time(5 * DAY)
    assert len(town.told(Verb.ASSIGN)) == 2
    assert town.stands().state is CampaignState.PAUSED
    assert town.decide("olive", StopAll()) == "nothing to stop; c1 is paused, homes under way: 2"


def test_a_stopped_campaign_goes_on_where_it_was() -> None:
    town = RollOutTown(6)
    town.begin(policy(phase("all", per_hour=2)))
    town.decide("olive", StopAll(), "something is wrong")
    town.pass_time(DAY)
    resume(town)
    town.pass_time(3 * HOUR)
    assert len(town.told(Verb.ASSIGN)) == 6


def test_a_pause_takes_back_what_is_not_activated_yet_and_lets_downloads_end() -> None:
    town = RollOutTown(2)
    town.begin()
    town.transfer("h1")
    town.say("h2", HubWord.REACHED)
    town.decide("olive", PauseCampaign("c1"), "wait")
    town.pass_time(60)
    assert [one.home for one in town.told(Verb.RECALL)] == ["h1"]
    assert not town.told(Verb.WITHDRAW)
    assert town.state("h1") is MemberState.TRANSFERRED
    assert town.member("h1").reason == "the campaign is paused"
    town.say("h2", HubWord.TRANSFERRED)
    assert town.state("h2") is MemberState.TRANSFERRED
    assert len(town.told(Verb.ACTIVATE)) == 1
    resume(town)
    town.pass_time(DAY)
    assert {town.state("h1"), town.state("h2")} == {MemberState.SCHEDULED}
    town.check_sums()


def test_an_aborted_campaign_withdraws_what_is_under_way_and_stays_so() -> None:
    town = RollOutTown(3)
    town.begin()
    town.finish("h1")
    town.transfer("h2")
    town.decide("olive", AbortCampaign("c1"), "no good")
    town.pass_time(60)
    assert {town.state("h2"), town.state("h3")} == {MemberState.LEFT}
    assert town.state("h1") is MemberState.ACTIVATED
    assert {one.home for one in town.told(Verb.WITHDRAW)} == {"h2", "h3"}
    assert town.phase(1).state is PhaseState.CLOSED
    reply = town.ask("olive", ResumeCampaign("c1"), "again", revision=town.stands().revision)
    assert reply.text == "c1 is aborted: that takes a campaign that is paused or held"
    town.check_sums()


def test_going_on_names_the_revision_that_was_seen() -> None:
    town = RollOutTown(1)
    town.begin()
    town.decide("olive", PauseCampaign("c1"), "wait")
    seen = town.stands().revision
    blind = town.ask("olive", ResumeCampaign("c1"), "go on")
    assert blind.text == f"name the revision of campaign:c1 that you saw: it is at revision {seen}"
    stale = town.ask("olive", ResumeCampaign("c1"), "go on", revision=seen - 1)
    assert stale.code == "moved"
    assert stale.text == (
        f"campaign:c1 is at revision {seen}, you saw {seen - 1} (last: paused by olive: wait):"
        " look again"
    )
    assert town.ask("olive", ResumeCampaign("c1"), "go on", revision=seen).accepted


def test_going_on_after_a_failed_gate_accepts_what_failed_and_nothing_that_comes_after() -> None:
    town = RollOutTown(6)
    town.begin(policy(phase("all", per_hour=2, gate=gate(failures=0)), attempts=1))
    first, second = town.in_state(MemberState.OFFERED)
    town.fail(first)
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD
    resume(town)
    town.finish(second)
    town.pass_time(2 * HOUR)
    assert town.stands().state is CampaignState.RUNNING
    town.fail(town.in_state(MemberState.OFFERED)[0])
    town.pass_time(60)
    assert town.stands().state is CampaignState.HELD


def test_a_pause_between_two_phases_loses_neither() -> None:
    town = RollOutTown(4)
    town.begin(policy(phase("pilot", 2), phase("mass")))
    for home in town.in_state(MemberState.OFFERED):
        town.finish(home)
    town.decide("olive", PauseCampaign("c1"), "wait")
    town.pass_time(5 * DAY)
    assert town.phase(1).state is PhaseState.RUNNING
    resume(town)
    town.pass_time(60)
    assert town.phase(1).state is PhaseState.PASSED
    assert town.phase(2).state is PhaseState.RUNNING


def test_a_pause_during_the_notice_keeps_the_day_of_the_first_home() -> None:
    town = RollOutTown(2)
    town.announce()
    begins = town.stands().deploy_utc
    town.decide("olive", PauseCampaign("c1"), "wait")
    town.pass_time(DAY)
    resume(town)
    assert town.stands().state is CampaignState.NOTIFIED
    town.pass_time(7 * DAY)
    assert town.phase(1).started_utc == begins


def test_a_supplier_steers_no_campaign_of_somebody_else() -> None:
    town = RollOutTown(1)
    town.begin()
    text = town.refused("eve", PauseCampaign("c1"))
    assert text == "c1 is a roll-out of dcc: eve of east may not decide about it"


def test_a_campaign_id_is_short_and_plain() -> None:
    town = RollOutTown(1)
    town.approved_release()
    assert "is no id of a campaign" in town.refused("olive", ProposeCampaign("c 1", "r1", "{}"))


@pytest.mark.parametrize("word", [HubWord.REACHED, HubWord.TRANSFERRED])
def test_a_hub_that_was_given_up_brings_nothing_when_it_comes_back_after_an_abort(
    word: HubWord,
) -> None:
    town = RollOutTown(1)
    town.begin()
    town.pass_time(30 * DAY)
    assert town.state("h1") is MemberState.UNREACHABLE
    town.decide("olive", AbortCampaign("c1"), "it loses the HAN")
    town.pass_time(DAY)
    town.say("h1", word)
    assert [told.home for told in town.told(Verb.WITHDRAW)] == ["h1"]
    assert town.state("h1") is MemberState.LEFT
    town.check_sums()


def test_a_hub_that_was_given_up_brings_nothing_while_its_home_is_put_off() -> None:
    town = RollOutTown(1)
    town.begin()
    town.pass_time(30 * DAY)
    assert town.state("h1") is MemberState.UNREACHABLE
    town.decide("eve", KeepHome("c1", "h1", Utc(town.utc + 10 * DAY)))
    assert [told.home for told in town.told(Verb.WITHDRAW)] == ["h1"]


def test_a_hub_that_was_given_up_brings_nothing_to_a_home_that_has_left() -> None:
    town = RollOutTown(1)
    town.begin()
    town.pass_time(30 * DAY)
    town.happen(HomeTold("h1", HomeStatus.GONE))
    assert town.state("h1") is MemberState.LEFT
    assert [told.home for told in town.told(Verb.WITHDRAW)] == ["h1"]
