"""The first page: what needs whoever looks, what stands still, what is under way."""

from collections.abc import Mapping
from typing import Any, Final

from ota_engine.fleet.campaigns.rows import CampaignState
from ota_engine.head_end.questions.alerts import AlertKind
from ota_engine.head_end.questions.gateways import QUESTIONS, AskGateways
from ota_engine.head_end.questions.overview import AskOverview, Overview
from ota_engine.portal.campaigns import decide_link, homes_link
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit
from ota_engine.portal.parts_of_homes import no_link, parts_of
from ota_engine.portal.subjects import subject_path
from ota_engine.wording import counted

_SHOWN: Final = 8  # of a list that has a page of its own
_STILL: Final = (CampaignState.HELD, CampaignState.PAUSED)


def _overview(visit: Visit) -> Mapping[str, Any]:
    found: Overview = visit.ask(AskOverview())
    gateways = [one for one in found.alerts if one.kind is AlertKind.GATEWAY]
    still = [one for one in found.campaigns if one.campaign.state in _STILL]
    decided = {one.subject for one in found.decisions}
    alerts = [one for one in found.alerts if one.subject not in decided]  # those stand above
    sees_all = visit.view.viewer.sees_every_home
    return {
        "title": "Overview",
        "found": found,
        "decisions": [
            {"row": one, "url": decide_link(visit, one.act, one.fields)}
            for one in found.decisions[:_SHOWN]
        ],
        "alerts": [
            {"row": one, "url": subject_path(one.subject, visit.roles)} for one in alerts[:_SHOWN]
        ],
        "more_alerts": len(alerts) > _SHOWN,
        "gateways": len(gateways),
        "sees_gateways": not visit.roles.isdisjoint(QUESTIONS[AskGateways].roles),
        "still": len(still),
        "campaigns": [
            {
                "glance": one,
                "homes": sum(one.counts.values()),
                "parts": parts_of(
                    one.counts,
                    _to(one.campaign.campaign) if sees_all else no_link,
                ),
            }
            for one in found.campaigns
        ],
        "said": _said(found),
    }


def _to(campaign: str) -> Any:
    return lambda states: homes_link(campaign, states)


def _said(found: Overview) -> str:
    waits = counted(len(found.decisions), "decision waits", "decisions wait")
    return f"{waits} for you; {counted(len(found.alerts), 'alert')}"


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/",
        template="overview.html",
        read=_overview,
        menu=PlaceInMenu("Work", "Overview"),
        personal=True,
    ),
)
