"""What can be asked of campaigns: which there are, how they stand, what was agreed, what waits."""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.campaigns.plan.document import policy_document
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.rows import Campaign, Sum
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.campaign_status import (
    CampaignStatus,
    HomesWaiting,
    campaign_status,
    own_counts,
    waiting_homes,
)
from ota_engine.head_end.questions.scope import campaign_of, campaigns_seen


@dataclass(frozen=True, slots=True)
class AskCampaigns:
    """Which campaigns there are, and where they stand."""


@dataclass(frozen=True, slots=True)
class CampaignList:
    """All campaigns, in the order of their ids."""

    items: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class AskCampaign:
    """How a campaign stands: phases, gates with what they lack, waiting homes, forecast."""

    campaign: str


@dataclass(frozen=True, slots=True)
class AskWaiting:
    """Which homes of a campaign wait, by reason and phase."""

    campaign: str


@dataclass(frozen=True, slots=True)
class WaitingList:
    """Homes that wait, most first.

    Attributes:
        campaign: whose.
        homes: how many wait.
        items: by phase and reason.
    """

    campaign: str
    homes: int
    items: tuple[HomesWaiting, ...]


@dataclass(frozen=True, slots=True)
class AskCampaignPolicy:
    """What was agreed of a campaign."""

    campaign: str


@dataclass(frozen=True, slots=True)
class AgreedPolicy:
    """A policy.

    Attributes:
        campaign: whose.
        release: what is rolled out.
        text: as it is frozen, canonical JSON.
        sha256: of that, hexadecimal.
        document: the same for people.
        overrides: what was allowed although a rule forbids it.
    """

    campaign: str
    release: str
    text: str
    sha256: str
    document: str
    overrides: tuple[str, ...]


def _campaigns(asked: AskCampaigns, view: View) -> CampaignList:
    with view.desk.store.reading():
        return CampaignList(tuple(campaigns_seen(view)))


def _campaign(asked: AskCampaign, view: View) -> CampaignStatus:
    with view.desk.store.reading():
        return campaign_status(view, campaign_of(view, asked.campaign))


def _waiting(asked: AskWaiting, view: View) -> WaitingList:
    with view.desk.store.reading():
        campaign = campaign_of(view, asked.campaign)
        sums = view.desk.store.select(Select(Sum, (("campaign", campaign.campaign),)))
        found = waiting_homes(view, campaign, sums, own_counts(view, campaign, sums).counts)
    return WaitingList(asked.campaign, sum(one.homes for one in found), found)


def _policy(asked: AskCampaignPolicy, view: View) -> AgreedPolicy:
    with view.desk.store.reading():
        found = campaign_of(view, asked.campaign)
    return AgreedPolicy(
        found.campaign,
        found.release,
        found.policy,
        found.policy_hash,
        policy_document(policy_of(found.policy)),
        found.overrides,
    )


QUESTIONS: Final[Questions] = {
    AskCampaigns: QuestionRow("campaigns", _campaigns, CampaignList),
    AskCampaign: QuestionRow("campaigns/{campaign}", _campaign, CampaignStatus),
    AskWaiting: QuestionRow("campaigns/{campaign}/waiting", _waiting, WaitingList),
    AskCampaignPolicy: QuestionRow("campaigns/{campaign}/policy", _policy, AgreedPolicy),
}
