"""The same decision twice is taken once; another one under its key is refused."""

from ota_engine.fleet.campaigns.rows import Campaign, CampaignState
from ota_engine.fleet.campaigns.steering import PauseCampaign, ResumeCampaign
from ota_engine.fleet.kernel.decisions import DecisionRow, RefusalCode
from tests.fleet.town import Town


def test_the_same_decision_twice_is_answered_as_it_was_the_first_time() -> None:
    town = Town()
    town.home("h1")
    town.campaign()
    first = town.ask("olive", PauseCampaign("c1"), key="k")
    town.ask("olive", ResumeCampaign("c1"), revision=first.revision)
    revision = town.row(Campaign).revision
    assert town.ask("olive", PauseCampaign("c1"), key="k") == first
    campaign = town.row(Campaign)
    assert (campaign.revision, campaign.state) == (revision, CampaignState.NOTIFIED)
    assert len(town.rows(DecisionRow, key="k")) == 1


def test_a_refusal_given_again_is_the_same_refusal_though_the_campaign_has_moved() -> None:
    town = Town()
    town.home("h1")
    town.campaign()
    refused = town.ask("olive", ResumeCampaign("c1"), key="k")
    assert not refused.accepted
    town.decide("olive", PauseCampaign("c1"))
    assert town.ask("olive", ResumeCampaign("c1"), key="k") == refused


def test_another_decision_under_the_same_key_is_refused_and_changes_nothing() -> None:
    town = Town()
    town.home("h1")
    town.campaign()
    town.ask("olive", PauseCampaign("c1"), key="k")
    reply = town.ask("olive", ResumeCampaign("c1"), key="k", revision=4)
    assert (reply.accepted, reply.code) == (False, RefusalCode.REUSED)
    assert "give a new key" in reply.text
    assert town.row(Campaign).state is CampaignState.PAUSED
