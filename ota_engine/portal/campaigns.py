"""Pages of campaigns: all of them, and one with everything that says how it goes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from ota_engine.evidence.charts import stacked
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState
from ota_engine.head_end.campaign_status import CampaignStatus, PhaseStatus
from ota_engine.head_end.questions.asking import NotForViewerError
from ota_engine.head_end.questions.campaigns import AskCampaign, AskCampaigns
from ota_engine.head_end.questions.decisions import AskDecisions
from ota_engine.head_end.questions.progress import AskProgress, ProgressOverTime
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit, link, part
from ota_engine.portal.parts_of_homes import PARTS, added, no_link, parts_of
from ota_engine.times import DAY_S

_HOUR_S: Final = 3_600.0
_IN_DAYS: Final = 3  # days from which on an axis is in days
_ENDED: Final = (CampaignState.ABORTED, CampaignState.SUPERSEDED, CampaignState.REJECTED)
_LATE_S: Final = DAY_S / 2  # that an expected end may be after the planned one


def _all(visit: Visit) -> Mapping[str, Any]:
    found = visit.ask(AskCampaigns()).items
    wanted = visit.query.get("state", "")
    rows = [one for one in found if not wanted or one.state == wanted]
    rows.sort(key=lambda one: (one.state in _ENDED, -one.since_utc))
    return {
        "title": "Campaigns",
        "campaigns": rows,
        "total": len(found),
        "wanted": wanted,
        "states": sorted({str(one.state) for one in found}),
        "said": f"{len(rows)} campaigns are listed",
    }


def campaign_path(campaign: str) -> str:
    """Where a campaign's page is."""
    return f"/campaigns/{part(campaign)}"


def homes_link(campaign: str, states: Sequence[str] = (), phase: int = 0, reason: str = "") -> str:
    """Link to homes of a campaign."""
    return link(
        f"{campaign_path(campaign)}/homes",
        state=",".join(states),
        phase=phase or None,
        reason=reason,
    )


def _one(visit: Visit) -> Mapping[str, Any]:
    name = visit.fields["campaign"]
    status: CampaignStatus = visit.ask(AskCampaign(name))
    progress: ProgressOverTime = visit.ask(AskProgress(name))
    viewer = visit.view.viewer
    totals = added(phase.counts for phase in status.phases)
    return {
        "title": name,
        "one": status.campaign,
        "status": status,
        "phases": [_phase(visit, status, phase) for phase in status.phases],
        "totals": parts_of(totals, _links(visit, name)),
        "homes": sum(totals.values()),
        "sees_all": viewer.sees_every_home,
        "waiting": [
            {"row": row, "url": homes_link(name, [MemberState.WAITING], row.phase, row.reason)}
            for row in status.waiting
        ],
        "decisions": _decisions(visit, f"campaign:{name}"),
        "chart": _chart(progress),
        "said": _said(status),
    }


def _links(visit: Visit, campaign: str, phase: int = 0) -> Any:
    """Make links to homes for who sees all of them."""
    if not visit.view.viewer.sees_every_home:
        return no_link
    return lambda states: homes_link(campaign, states, phase)


def _phase(visit: Visit, status: CampaignStatus, phase: PhaseStatus) -> dict[str, Any]:
    name = status.campaign.campaign
    own = getattr(phase, "own", None)
    late = (
        phase.expected_utc is not None
        and phase.forecast_utc is not None
        and phase.expected_utc > phase.forecast_utc + _LATE_S
    )
    return {
        "row": phase,
        "parts": parts_of(phase.counts, _links(visit, name, phase.number)),
        "own": None
        if own is None
        else parts_of(own, lambda states: homes_link(name, states, phase.number)),
        "late_days": (phase.expected_utc - phase.forecast_utc) / DAY_S if late else 0.0,  # type: ignore[operator] # both are there
    }


def _decisions(visit: Visit, subject: str) -> list[dict[str, Any]]:
    """Say what may be decided here, each with the way to its form."""
    try:
        choice = visit.ask(AskDecisions(subject))
    except NotForViewerError:
        return []
    return [
        {"title": one.title, "url": decide_link(visit, one.act, one.fields)}
        for one in choice.items
        if not one.why_not
    ]


def decide_link(visit: Visit, act: str, fields: Mapping[str, str]) -> str:
    """Link to the form of a decision; whoever has given it comes back here."""
    return link(f"/decide/{part(act)}", **fields, next=visit.here())


def _said(status: CampaignStatus) -> str:
    now = next((one for one in status.phases if one.ended_utc is None and one.started_utc), None)
    if now is None:
        return f"{status.campaign.campaign} is {status.campaign.state}"
    done, homes = now.count(MemberState.ACTIVATED), now.homes
    gate = f", gate holds: {now.missing[0]}" if now.missing else ""
    return f"{now.name}: {done:,} of {homes:,} activated{gate}"


def _chart(progress: ProgressOverTime) -> dict[str, Any] | None:
    """Draw how homes went from state to state; None where there is nothing to draw yet."""
    if len(progress.times_utc) < 2:
        return None
    begin, end = progress.times_utc[0], progress.times_utc[-1]
    unit_s, axis = (DAY_S, "days") if end - begin > _IN_DAYS * DAY_S else (_HOUR_S, "h")
    times = [(utc - begin) / unit_s for utc in progress.times_utc]
    rows = {
        one.name: [
            sum(progress.homes[state][place] for state in one.states if state in progress.homes)
            for place in range(len(times))
        ]
        for one in PARTS
    }
    shown = {name: row for name, row in rows.items() if any(row)}
    drawn = stacked(
        {name: list(zip(times, row, strict=True)) for name, row in shown.items()},
        times[-1],
        "homes",
        {one.name: one.colour for one in PARTS},
        axis,
        "homes by where they stood, over time; the table below has the numbers",
    )
    step = max(1, len(times) // 24)
    places = sorted({*range(0, len(times), step), len(times) - 1})
    return {
        "svg": Markup(drawn),  # noqa: S704 - made by our own charts, which escape
        "begin": begin,
        "names": list(shown),
        "rows": [
            (progress.times_utc[place], [row[place] for row in shown.values()]) for place in places
        ],
    }


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/campaigns",
        template="campaigns.html",
        read=_all,
        menu=PlaceInMenu("Firmware", "Campaigns"),
    ),
    PortalPage(path="/campaigns/{campaign}", template="campaign.html", read=_one, personal=True),
)
