"""Pages of gateways: all of them, one, its admission by a code shown once; and transfers live."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import Response

from ota_engine.evidence.charts import lines
from ota_engine.fleet.campaigns.rows import MemberState, Sum
from ota_engine.fleet.gateways.acts import AdmitGateway
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.questions.gateways import (
    AskGateway,
    AskGateways,
    AskLive,
    GatewayList,
    GatewaySheet,
    GatewayStanding,
    LiveList,
)
from ota_engine.head_end.questions.scope import HOMES
from ota_engine.portal.campaigns import homes_link
from ota_engine.portal.giving import give
from ota_engine.portal.offers import offers_of
from ota_engine.portal.pages import FormPosted, PlaceInMenu, PortalPage, Visit
from ota_engine.portal.subjects import GATEWAY_VIEWERS
from ota_engine.times import DAY_S
from ota_engine.wording import counted

_CODE_OCTETS: Final = 32
_DRAWN: Final = 8  # transfers in the chart
_WAITING: Final = 12  # reasons that are listed
_DAYS: Final = ("1", "2", "7")  # that a code may count
_TONES: Final[Mapping[GatewayStanding, str]] = {
    GatewayStanding.ADMITTED: "wait",
    GatewayStanding.WORKING: "good",
    GatewayStanding.TROUBLED: "bad",
    GatewayStanding.SILENT: "bad",
    GatewayStanding.REVOKED: "soft",
}


def _all(visit: Visit) -> Mapping[str, Any]:
    found: GatewayList = visit.ask(AskGateways(after=visit.query.get("after", "")))
    troubled = sum(bool(one.trouble) for one in found.items)
    return {
        "title": "Gateways",
        "rows": found.items,
        "total": found.total,
        "tones": _TONES,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if visit.query.get("after") else "",
        "may_admit": visit.has(PartyRole.OPERATOR),
        "said": f"{counted(found.total, 'gateway')}, {troubled} in trouble",
    }


def _one(visit: Visit) -> Mapping[str, Any]:
    name = visit.fields["gateway"]
    found: GatewaySheet = visit.ask(AskGateway(name))
    return {
        "title": f"Gateway {name}",
        "found": found,
        "line": found.line,
        "tone": _TONES[found.line.standing],
        "offers": offers_of(visit, f"gateway:{name}", without=("admit-gateway",)),
        "may_admit": visit.has(PartyRole.OPERATOR),
        "said": f"Gateway {name} is {found.line.standing}",
    }


def _admit(visit: Visit) -> Mapping[str, Any]:
    return {
        "title": "Admit a gateway",
        "gateway": visit.query.get("gateway", ""),
        "reason": "",
        "days": _DAYS,
        "chosen": _DAYS[0],
        "key": secrets.token_hex(16),
        "code": "",
        "errors": {},
    }


async def _admitted(posted: FormPosted) -> Response | Mapping[str, Any]:
    gateway, days = posted.text("gateway"), posted.text("days")
    shown = {"gateway": gateway, "chosen": days, "reason": posted.text("reason")}
    if days not in _DAYS:
        return {**shown, "errors": {"days": f"choose one of {', '.join(_DAYS)} days"}}
    code = secrets.token_urlsafe(_CODE_OCTETS)
    utc = posted.parts.clock()
    digest = hashlib.sha256(code.encode("ascii")).hexdigest()
    act = AdmitGateway(gateway, digest, utc + int(days) * DAY_S)
    answered, _ = await give(posted, act, posted.text("reason"), posted.text("key"))
    reply = answered.reply
    if not reply.accepted:
        return {**shown, "errors": {"": reply.text}}
    return {**shown, "code": f"{gateway}:{code}", "until": act.until_utc, "status": 200}


def _lab(visit: Visit) -> Mapping[str, Any]:
    found: LiveList = visit.ask(AskLive(visit.query.get("home", "")))
    rows = []
    for one in found.items:
        transfer = one.transfer
        left = transfer.size - transfer.done
        rows.append(
            {
                "row": one,
                "transfer": transfer,
                "share": 100.0 * transfer.done / transfer.size if transfer.size else 0.0,
                "left_s": left / transfer.pace if transfer.pace > 0 else None,
            }
        )
    return {
        "title": "Lab",
        "told": found.told,
        "rows": rows,
        "paces": _paces(found),
        "chart": _chart(visit, found),
        "waiting": _waiting(visit),
        "home": visit.query.get("home", ""),
        "said": counted(len(rows), "transfer is", "transfers are") + " under way",
    }


def _paces(found: LiveList) -> list[dict[str, Any]]:
    """Compare how fast transfers go: the widest bar is that of the fastest."""
    fastest = max((one.transfer.pace for one in found.items), default=0.0)
    return [
        {
            "home": one.transfer.home,
            "pace": one.transfer.pace,
            "width": round(100.0 * one.transfer.pace / fastest, 2) if fastest else 0.0,
        }
        for one in found.items
    ]


def _chart(visit: Visit, found: LiveList) -> Markup | None:
    """Draw how fast the latest transfers went; None where there is nothing to draw yet."""
    shown = {(one.transfer.home, one.transfer.device) for one in found.items[:_DRAWN]}
    told = [] if visit.view.live is None else visit.view.live.look()
    series = {
        one.transfer.home: one.paces
        for one in told
        if (one.transfer.home, one.transfer.device) in shown and len(one.paces) > 1
    }
    if not series:
        return None
    begin = min(points[0][0] for points in series.values())
    end = max(points[-1][0] for points in series.values())
    moved = {name: [(utc - begin, pace) for utc, pace in row] for name, row in series.items()}
    label = "octets in a second over time; the list below has the newest"
    return Markup(lines(moved, end - begin, "octets/s", "s", label))  # noqa: S704 - our own charts escape


def _waiting(visit: Visit) -> list[dict[str, Any]]:
    """Say who waits, and for what, most homes first; for who sees every home."""
    if not visit.view.viewer.sees_every_home:
        return []
    rows = visit.view.desk.store.select(Select(Sum, (("state", str(MemberState.WAITING)),)))
    most = sorted((row for row in rows if row.homes), key=lambda row: -row.homes)[:_WAITING]
    return [
        {"row": row, "url": homes_link(row.campaign, (MemberState.WAITING,), row.phase, row.reason)}
        for row in most
    ]


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/gateways",
        template="gateways.html",
        read=_all,
        roles=GATEWAY_VIEWERS,
        menu=PlaceInMenu("Network", "Gateways"),
    ),
    PortalPage(
        path="/gateways-admit",
        template="gateway_admit.html",
        read=_admit,
        take=_admitted,
        roles=frozenset({PartyRole.OPERATOR}),
        personal=True,
    ),
    PortalPage(
        path="/gateways/{gateway}",
        template="gateway.html",
        read=_one,
        roles=GATEWAY_VIEWERS,
        personal=True,
    ),
    PortalPage(
        path="/lab",
        template="lab.html",
        read=_lab,
        roles=HOMES,
        menu=PlaceInMenu("Network", "Lab"),
        by_the_tick=True,
    ),
)
