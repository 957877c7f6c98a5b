"""What can be asked of campaigns."""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.campaigns.rows import Campaign
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.campaign_status import CampaignStatus, campaign_status
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View


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


def _campaigns(asked: AskCampaigns, view: View) -> CampaignList:
    with view.desk.store.reading():
        return CampaignList(tuple(view.desk.store.select(Select(Campaign))))


def _campaign(asked: AskCampaign, view: View) -> CampaignStatus:
    return campaign_status(view.desk.store, asked.campaign, view.utc)


QUESTIONS: Final[Questions] = {
    AskCampaigns: QuestionRow("campaigns", _campaigns, CampaignList),
    AskCampaign: QuestionRow("campaigns/{campaign}", _campaign, CampaignStatus),
}
