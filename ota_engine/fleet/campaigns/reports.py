"""How a campaign goes, told to its parties by schedule and when a stage changes."""

from dataclasses import replace
from typing import Any, Final

from ota_engine.fleet.campaigns.homes.members import available_notice
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, Sum
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks
from ota_engine.fleet.notices.announcing import announce
from ota_engine.fleet.notices.rows import Notice, NoticeKind, StatusSchedule
from ota_engine.times import Utc

_OVER: Final = frozenset({CampaignState.ABORTED, CampaignState.SUPERSEDED})


def audience(work: Work, campaign: str) -> tuple[str, ...]:
    """Name the parties to whom a campaign was announced."""
    return tuple(notice.party for notice in work.select(Notice, notice=available_notice(campaign)))


def due(row: StatusSchedule, work: Work, utc: Utc) -> None:
    """Write a report; the last one says that the campaign is over."""
    campaign = work.get(Campaign, row.campaign)
    if campaign is None:
        work.put(replace(row, due_utc=None))
        return
    over = campaign.state in _OVER
    following = None if over else utc + row.every_s
    work.put(replace(row, due_utc=following, reports=row.reports + 1, told=campaign.phase))
    announce(
        work,
        NoticeKind.STATUS,
        f"campaign:{row.campaign}",
        audience(work, row.campaign),
        f"{row.campaign} is {campaign.state}: {campaign.reason}",
        status_of(campaign, work),
        utc,
        name=f"{row.campaign}/status/{row.reports + 1}",
    )


def stage(campaign: Campaign, work: Work, utc: Utc) -> None:
    """Tell at once that a campaign has come to another stage; its end stops its clocks and reports."""
    schedule = work.get(StatusSchedule, campaign.campaign)
    if campaign.state in _OVER and schedule is not None:
        clocks.stop_all(work, f"campaign:{campaign.campaign}")
        work.put(replace(schedule, due_utc=utc))  # for the last report
    announce(
        work,
        NoticeKind.STATUS,
        f"campaign:{campaign.campaign}",
        audience(work, campaign.campaign),
        f"{campaign.campaign} is {campaign.state}: {campaign.reason}",
        {"campaign": campaign.campaign, "state": campaign.state, "reason": campaign.reason},
        utc,
        name=f"{campaign.campaign}/stage/{campaign.revision}",
    )


def status_of(campaign: Campaign, work: Work) -> dict[str, Any]:
    """Say how a campaign goes, as plain values: for each phase, homes by state and reason."""
    phases = []
    for phase in work.select(CampaignPhase, campaign=campaign.campaign):
        sums = work.select(Sum, campaign=campaign.campaign, phase=phase.number)
        homes = [[row.state, row.reason, row.homes] for row in sums if row.homes]
        phases.append({"name": phase.name, "state": phase.state, "homes": homes})
    return {
        "campaign": campaign.campaign,
        "state": campaign.state,
        "reason": campaign.reason,
        "phases": phases,
    }
