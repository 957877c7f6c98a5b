"""Pages of releases: all of them, and one with its checklist, paths, dates, defects and content."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from ota_engine.errors import LocalError
from ota_engine.fleet.releases.rows import ReleaseStatus
from ota_engine.head_end.questions.campaigns import AskCampaigns
from ota_engine.head_end.questions.decisions import AskDecisions
from ota_engine.head_end.questions.notices import AskClocks, ClockList
from ota_engine.head_end.questions.releases import (
    AskPaths,
    AskRelease,
    AskReleases,
    PathList,
    ReleaseList,
    ReleaseReport,
)
from ota_engine.portal.offers import offers_of
from ota_engine.portal.pages import PlaceInMenu, PortalPage, Visit
from ota_engine.portal.path_drawing import path_drawing
from ota_engine.portal.subjects import act_path


def _all(visit: Visit) -> Mapping[str, Any]:
    found: ReleaseList = visit.ask(AskReleases(visit.query.get("variant", "")))
    status = visit.query.get("status", "")
    acts = {one.act for one in visit.ask(AskDecisions()).items}
    return {
        "title": "Releases",
        "rows": [one for one in found.items if status in ("", one.status)],
        "statuses": [str(one) for one in ReleaseStatus],
        "status": status,
        "enter_url": act_path("enter-release", {}) if "enter-release" in acts else "",
        "said": "",
    }


def _one(visit: Visit) -> Mapping[str, Any]:
    name = visit.fields["release"]
    found: ReleaseReport = visit.ask(AskRelease(name))
    release = found.release
    clocks: ClockList = visit.ask(AskClocks(f"release:{name}"))
    taken = sum(step.done for step in found.steps)
    now = "approve-release" if taken == len(found.steps) else "record-evidence"
    offers = offers_of(visit, f"release:{name}", (now,))
    urls = offers.urls
    return {
        "title": f"Release {release.release}",
        "one": release,
        "found": found,
        "steps": [
            {
                "row": step,
                "evidence": "" if step.done else _with_item(urls.get("record-evidence"), step.item),
                "waive": "" if step.done else _with_item(urls.get("waive-item"), step.item),
            }
            for step in found.steps
        ],
        "taken": taken,
        "dates": _dates(found),
        "drawing": _drawing(visit, release.variant, release.cpl),
        "clocks": [one for one in clocks.items if one.due_utc is not None],
        "campaigns": [
            one for one in visit.ask(AskCampaigns()).items if one.release == release.release
        ],
        "offers": offers,
        "said": f"Release {release.release} is {release.status}",
    }


def _with_item(url: str | None, item: str) -> str:
    """Add the step of the checklist to the link of a form."""
    return f"{url}&{urlencode({'item': str(item)})}" if url else ""


def _dates(found: ReleaseReport) -> list[dict[str, Any]]:
    """Say which dates hold, and how often and by how much each was moved."""
    return [
        {"milestone": milestone, "holds": rows[-1], "before": list(reversed(rows[:-1]))}
        for milestone, rows in found.dates.items()
        if rows
    ]


def _drawing(visit: Visit, variant: str, cpl: str) -> Any:
    try:
        paths: PathList = visit.ask(AskPaths(variant))
    except LocalError:
        return None
    return path_drawing(paths.entries, paths.paths, cpl)


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/releases",
        template="releases.html",
        read=_all,
        menu=PlaceInMenu("Firmware", "Releases"),
    ),
    PortalPage(path="/releases/{release}", template="release.html", read=_one, personal=True),
)
