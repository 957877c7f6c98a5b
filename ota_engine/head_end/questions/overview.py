"""What somebody has to know first: what waits for her, what stands still, what is under way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.campaigns.lives import OVER
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, Sum
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.rows import Notice
from ota_engine.head_end.questions import alerts, approvals, campaigns
from ota_engine.head_end.questions.alerts import Alert, AskAlerts
from ota_engine.head_end.questions.approvals import AskApprovals, WaitingDecision
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View, answered
from ota_engine.head_end.questions.campaign_status import counts_of, lacking, last_verdict
from ota_engine.head_end.questions.campaigns import AskCampaigns
from ota_engine.store.fleet.sets import rows_of

#: Campaigns in one of these are under way, or about to be.
LIVE: Final = (
    CampaignState.PROPOSED,
    CampaignState.NOTIFIED,
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.HELD,
)
_RECENT: Final = 6  # notices that are shown
#: One for each home that was activated is no news; the index is of all others, by when they were written.
_INDEX: Final = "ix_notices_some_party_created_utc"
_NEWEST: Final = (
    " WHERE r.party = :party AND r.kind <> 'activated'"
    " ORDER BY r.created_utc DESC, r.notice LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class AskOverview:
    """What waits for whoever asks, what stands still, and what is under way."""


@dataclass(frozen=True, slots=True)
class CampaignGlance:
    """How a campaign stands, in a line.

    Attributes:
        campaign: its row.
        phase: number of the phase under way, or to come; 0 for none.
        phase_name: as people call it.
        phases: how many there are.
        counts: its homes, by state.
        gate: verdict of the gate of that phase; empty before the first.
        missing: what that gate lacks, or what is wrong.
    """

    campaign: Campaign
    phase: int
    phase_name: str
    phases: int
    counts: Mapping[str, int]
    gate: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What somebody has to know first.

    Attributes:
        decisions: that wait for whoever asks.
        others: how many wait for somebody else.
        alerts: what went wrong, the grave first.
        incidents: that are not resolved, the worst first.
        notices: to the party of whoever asks, the newest first.
        campaigns: under way, those that stand still first.
        ended: campaigns that are over.
    """

    decisions: tuple[WaitingDecision, ...]
    others: int
    alerts: tuple[Alert, ...]
    incidents: tuple[Incident, ...]
    notices: tuple[Notice, ...]
    campaigns: tuple[CampaignGlance, ...]
    ended: int


def _overview(asked: AskOverview, view: View) -> Overview:
    store = view.desk.store
    with store.reading():
        waits = answered(approvals.QUESTIONS, AskApprovals(), view).items
        mine = tuple(one for one in waits if not one.why_not)
        seen = answered(campaigns.QUESTIONS, AskCampaigns(), view).items
        live = [one for one in seen if one.state in LIVE]
        return Overview(
            mine,
            len(waits) - len(mine),
            answered(alerts.QUESTIONS, AskAlerts(), view).items,
            tuple(_incidents(view, seen)),
            tuple(_notices(view)),
            tuple(sorted((_glance(view, one) for one in live), key=_still_first)),
            len(seen) - len(live),
        )


def _incidents(view: View, seen: tuple[Campaign, ...]) -> list[Incident]:
    found = [
        row
        for one in seen
        for row in view.desk.store.select(Select(Incident, (("campaign", one.campaign),)))
        if row.state is not IncidentState.RESOLVED
    ]
    return sorted(found, key=lambda row: (row.category, row.raised_utc))


def _notices(view: View) -> list[Notice]:
    if not view.viewer.party:  # whoever has the state folder is told nothing
        return []
    given = {"party": view.viewer.party, "most": _RECENT}
    driver = view.desk.store.driver
    return list(rows_of(driver, Notice, driver.dialect.by_index(_INDEX) + _NEWEST, given))


def _glance(view: View, campaign: Campaign) -> CampaignGlance:
    store = view.desk.store
    mine = ("campaign", campaign.campaign)
    phases: list[CampaignPhase] = store.select(Select(CampaignPhase, (mine,)))
    now = next((one for one in phases if one.state not in OVER), None)
    last = None if now is None else last_verdict(store, now)
    return CampaignGlance(
        campaign,
        0 if now is None else now.number,
        "" if now is None else now.name,
        len(phases),
        counts_of(store.select(Select(Sum, (mine,)))),
        "" if last is None else last.verdict,
        lacking(last),
    )


def _still_first(glance: CampaignGlance) -> tuple[bool, float, str]:
    still = glance.campaign.state in (CampaignState.HELD, CampaignState.PAUSED)
    return not still, glance.campaign.since_utc, glance.campaign.campaign


QUESTIONS: Final[Questions] = {AskOverview: QuestionRow("overview", _overview, Overview)}
