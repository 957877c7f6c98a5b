"""Pages of campaigns: all of them, and one with everything that says how it goes."""

import json
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final

from markupsafe import Markup

from ota_engine.errors import LocalError
from ota_engine.evidence.charts import stacked
from ota_engine.fleet.campaigns.rows import CampaignState, MemberState
from ota_engine.head_end.questions.campaign_status import CampaignStatus, PhaseStatus
from ota_engine.head_end.questions.campaigns import AskCampaign, AskCampaigns
from ota_engine.head_end.questions.gates import AskGateHistory, GateHistory
from ota_engine.head_end.questions.homes_in_campaigns import (
    AskCampaignHomes,
    AskReplacements,
    CampaignHomes,
    ReplacementList,
)
from ota_engine.head_end.questions.progress import AskProgress, ProgressOverTime
from ota_engine.head_end.questions.scope import HOMES
from ota_engine.portal.offers import offers_of
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit, link, part
from ota_engine.portal.parts_of_homes import PARTS, added, no_link, parts_of
from ota_engine.times import DAY_S
from ota_engine.wording import counted

_HOUR_S: Final = 3_600.0
_IN_DAYS: Final = 3  # days from which on an axis is in days
_ENDED: Final = (CampaignState.ABORTED, CampaignState.SUPERSEDED, CampaignState.REJECTED)
_DIGITS: Final = 10  # of a number that follows a question mark
#: Which decision gives a gate what it lacks.
_MENDED_BY: Final[Mapping[str, str]] = {
    "a person's agreement": "sign-phase",
    "an assessment meeting": "record-meeting",
}
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
        "said": counted(len(rows), "campaign is", "campaigns are") + " listed",
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
        "all_homes": homes_link(name) if viewer.sees_every_home else "",
        "sees_all": viewer.sees_every_home,
        "replacements": f"{campaign_path(name)}/replacements" if visit.has(*HOMES) else "",
        "more": _more(visit, name),
        "waiting": [
            {"row": row, "url": homes_link(name, [MemberState.WAITING], row.phase, row.reason)}
            for row in status.waiting
        ],
        "offers": offers_of(visit, f"campaign:{name}", _now(status)),
        "chart": _chart(progress),
        "said": _said(status),
    }


def _more(visit: Visit, campaign: str) -> list[tuple[str, str]]:
    """Name the other pages of a campaign that are for whoever looks."""
    here = campaign_path(campaign)
    of_homes = [("Homes", "homes"), ("Times", "times"), ("To replace", "replacements")]
    pages = [("Gates and positions", "gates"), *(of_homes if visit.has(*HOMES) else [])]
    return [(label, f"{here}/{page}") for label, page in pages]


def _links(visit: Visit, campaign: str, phase: int = 0) -> Any:
    """Make links to homes for who sees all of them."""
    if not visit.view.viewer.sees_every_home:
        return no_link
    return lambda states: homes_link(campaign, states, phase)


def _phase(visit: Visit, status: CampaignStatus, phase: PhaseStatus) -> dict[str, Any]:
    name = status.campaign.campaign
    late = (phase.expected_utc or 0.0) - (phase.forecast_utc or inf)
    return {
        "row": phase,
        "parts": parts_of(phase.counts, _links(visit, name, phase.number)),
        "own": None
        if phase.own is None
        else parts_of(phase.own, lambda states: homes_link(name, states, phase.number)),
        "late_days": late / DAY_S if late > _LATE_S else 0.0,
    }


def _now(status: CampaignStatus) -> list[str]:
    """Name the decisions that gates of phases under way wait for."""
    missing = {text for phase in status.phases if phase.ended_utc is None for text in phase.missing}
    return [act for text, act in _MENDED_BY.items() if text in missing]


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
    progress = _from_first_move(progress)
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


def _homes(visit: Visit) -> Mapping[str, Any]:
    name = visit.fields["campaign"]
    asked = AskCampaignHomes(
        name,
        tuple(filter(None, visit.query.get("state", "").split(","))),
        visit.query.get("reason") or None,
        number_of(visit, "phase"),
        visit.query.get("supplier", ""),
        after=visit.query.get("after", ""),
    )
    found: CampaignHomes = visit.ask(asked)
    status: CampaignStatus = visit.ask(AskCampaign(name))
    return {
        "title": f"Homes of {name}",
        "campaign": name,
        "found": found,
        "phases": {phase.number: phase.name for phase in status.phases},
        "filters": [
            ("state", "Stands", list(MemberState), ",".join(asked.states)),
            (
                "phase",
                "Phase",
                [(phase.number, phase.name) for phase in status.phases],
                asked.phase or "",
            ),
        ],
        "reason": asked.reason or "",
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if asked.after else "",
        "clear": f"{campaign_path(name)}/homes",
        "said": counted(found.total, "home"),
    }


def number_of(visit: Visit, name: str) -> int:
    """Read a number that follows the question mark; 0 where there is none.

    Raises:
        LocalError: it is none.
    """
    text = visit.query.get(name, "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise LocalError(f"{name}: {text[:20]!a} is no number: give one, or leave it out")
    return int(text)


def _replacements(visit: Visit) -> Mapping[str, Any]:
    name = visit.fields["campaign"]
    after = visit.query.get("after", "")
    found: ReplacementList = visit.ask(AskReplacements(name, 50, after))
    return {
        "title": "Devices to replace",
        "campaign": name,
        "found": found,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if after else "",
    }


def _gates(visit: Visit) -> Mapping[str, Any]:
    name = visit.fields["campaign"]
    found: GateHistory = visit.ask(AskGateHistory(name))
    return {
        "title": f"Gates of {name}",
        "campaign": name,
        "phases": [
            {
                "row": one,
                "verdicts": [
                    {"row": verdict, "inputs": _inputs(verdict.inputs)}
                    for verdict in reversed(one.verdicts)
                ],
            }
            for one in found.phases
        ],
        "found": found,
        "position": decide_link(visit, "state-position", {"campaign": name}),
    }


def _inputs(text: str) -> list[tuple[str, str]]:
    """Write what a verdict was made of, a line each; what is none of ours is one text."""
    try:
        told = json.loads(text)
    except ValueError:
        return [("inputs", text)]
    if not isinstance(told, dict):
        return [("inputs", text)]
    return [(name.replace("_", " "), _plain(value)) for name, value in told.items() if value]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _from_first_move(progress: ProgressOverTime) -> ProgressOverTime:
    """Leave out the time in which all homes were planned, but for its end."""
    others = [row for state, row in progress.homes.items() if state != MemberState.PLANNED]
    moved = (place for place, now in enumerate(zip(*others, strict=True)) if any(now))
    first = max(0, next(moved, 0) - 1)
    rows = {state: row[first:] for state, row in progress.homes.items()}
    return ProgressOverTime(progress.campaign, progress.times_utc[first:], rows)


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/campaigns",
        template="campaigns.html",
        read=_all,
        menu=PlaceInMenu("Firmware", "Campaigns"),
    ),
    PortalPage(path="/campaigns/{campaign}", template="campaign.html", read=_one, personal=True),
    PortalPage(
        path="/campaigns/{campaign}/homes",
        template="campaign_homes.html",
        read=_homes,
        roles=HOMES,
    ),
    PortalPage(
        path="/campaigns/{campaign}/replacements",
        template="replacements.html",
        read=_replacements,
        roles=HOMES,
    ),
    PortalPage(path="/campaigns/{campaign}/gates", template="gates.html", read=_gates),
)
