"""Pages of what waits and what went wrong: approvals, alerts, incidents, notices."""

from collections.abc import Mapping
from typing import Any, Final

from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.notices.rows import NoticeKind, NoticeState
from ota_engine.head_end.questions.alerts import AlertKind, AlertList, AskAlerts
from ota_engine.head_end.questions.approvals import ApprovalList, AskApprovals, WaitingDecision
from ota_engine.head_end.questions.decisions import AskDecisions
from ota_engine.head_end.questions.incidents import (
    AskIncident,
    AskIncidents,
    IncidentList,
    IncidentReport,
)
from ota_engine.head_end.questions.notices import AskClocks, AskNotices, ClockList, NoticeList
from ota_engine.portal.offers import offers_of
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit, link
from ota_engine.portal.subjects import act_path, subject_path
from ota_engine.times import Utc
from ota_engine.wording import counted


def _approvals(visit: Visit) -> Mapping[str, Any]:
    found: ApprovalList = visit.ask(AskApprovals())
    mine = [_waiting(visit, one) for one in found.items if not one.why_not]
    return {
        "title": "Approvals",
        "mine": mine,
        "others": [_waiting(visit, one) for one in found.items if one.why_not],
        "said": f"{counted(len(mine), 'decision waits', 'decisions wait')} for you",
    }


def _waiting(visit: Visit, one: WaitingDecision) -> dict[str, Any]:
    url = act_path(one.act, one.fields, visit.here())
    return {"row": one, "url": url, "where": subject_path(one.subject, visit.roles)}


#: What is filled in in the form of the decision that mends something, by the kind of alert.
_NAMED: Final[Mapping[AlertKind, str]] = {
    AlertKind.CAMPAIGN: "campaign",
    AlertKind.INCIDENT: "incident",
    AlertKind.NOTICE: "party",
    AlertKind.DOCUMENT: "user",
}


def _alerts(visit: Visit) -> Mapping[str, Any]:
    found: AlertList = visit.ask(AskAlerts())
    acts = {one.act for one in visit.ask(AskDecisions()).items}
    kind = visit.query.get("kind", "")
    rows = []
    for one in found.items:
        if kind in ("", one.kind):
            name = _NAMED.get(one.kind)
            fields = {name: one.subject.partition(":")[2]} if name else {}
            url = act_path(one.act, fields, visit.here()) if one.act in acts else ""
            rows.append({"row": one, "url": url, "where": subject_path(one.subject, visit.roles)})
    grave = sum(one.grave for one in found.items)
    return {
        "title": "Alerts",
        "rows": rows,
        "total": len(found.items),
        "kinds": list(AlertKind),
        "kind": kind,
        "said": f"{counted(len(found.items), 'alert')}, {grave} of them grave",
    }


def _incidents(visit: Visit) -> Mapping[str, Any]:
    found: IncidentList = visit.ask(AskIncidents(visit.query.get("campaign", "")))
    state = visit.query.get("state", "")
    open_ones = sum(one.state is not IncidentState.RESOLVED for one in found.items)
    return {
        "title": "Incidents",
        "rows": [one for one in found.items if state in ("", one.state)],
        "states": [str(one) for one in IncidentState],
        "state": state,
        "raise_url": act_path("raise-incident", {"campaign": visit.query.get("campaign", "")}),
        "may_raise": any(one.act == "raise-incident" for one in visit.ask(AskDecisions()).items),
        "said": counted(open_ones, "open incident"),
    }


def _incident(visit: Visit) -> Mapping[str, Any]:
    found: IncidentReport = visit.ask(AskIncident(visit.fields["incident"]))
    one = found.incident
    return {
        "title": f"Incident {one.incident}",
        "one": one,
        "lasted_s": None if one.resolved_utc is None else one.resolved_utc - one.raised_utc,
        "timeline": found.decisions,
        "offers": offers_of(visit, f"incident:{one.incident}"),
        "said": _incident_said(one),
    }


def _incident_said(one: Incident) -> str:
    owner = f", {one.owner} looks into it" if one.owner else ""
    return f"Incident {one.incident} is {one.state}{owner}"


def _notices(visit: Visit) -> Mapping[str, Any]:
    query = visit.query
    state, kind, party = (query.get(name, "") for name in ("state", "kind", "party"))
    asked = AskNotices(party, state, kind, query.get("subject", ""), after=query.get("after", ""))
    found: NoticeList = visit.ask(asked)
    clocks: ClockList = visit.ask(AskClocks())
    running = [one for one in clocks.items if one.due_utc is not None and one.met_utc is None]
    return {
        "title": "Notices",
        "rows": [
            {"row": one, "where": subject_path(one.subject, visit.roles)} for one in found.items
        ],
        "total": found.total,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if query.get("after") else "",
        "states": [str(one) for one in NoticeState],
        "kinds": [str(one) for one in NoticeKind],
        "state": state,
        "kind": kind,
        "subject": query.get("subject", ""),
        "clear": link(visit.path),
        "clocks": [
            {
                "row": one,
                "late": _is_late(one.due_utc, visit.utc),
                "where": subject_path(one.subject, visit.roles),
            }
            for one in running[:_CLOCKS]
        ],
        "sees_all": visit.view.viewer.sees_every_home,
        "said": counted(found.total, "notice"),
    }


_CLOCKS: Final = 20  # shown beside the notices


def _is_late(due_utc: float | None, utc: Utc) -> bool:
    return due_utc is not None and due_utc <= utc


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/approvals",
        template="approvals.html",
        read=_approvals,
        menu=PlaceInMenu("Work", "Approvals"),
        personal=True,
    ),
    PortalPage(
        path="/alerts",
        template="alerts.html",
        read=_alerts,
        menu=PlaceInMenu("Work", "Alerts"),
    ),
    PortalPage(
        path="/incidents",
        template="incidents.html",
        read=_incidents,
        menu=PlaceInMenu("Work", "Incidents"),
    ),
    PortalPage(
        path="/incidents/{incident}", template="incident.html", read=_incident, personal=True
    ),
    PortalPage(
        path="/notices",
        template="notices.html",
        read=_notices,
        menu=PlaceInMenu("Work", "Notices"),
    ),
)
