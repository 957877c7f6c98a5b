"""Pages of proof: the audit trail, one decision of it, evidence to take away and to verify."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import trio
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ota_engine.errors import LocalError
from ota_engine.evidence.pack_check import KnownFleet, PackVerdict, verify_pack
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.packing import PackOrder, export_pack
from ota_engine.head_end.questions.asking import NotThereError, View
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.subjects import AskDecisionTaken, DecisionTaken
from ota_engine.head_end.questions.trail import (
    AskEvidencePacks,
    AskTrail,
    EvidenceList,
    EvidenceOffer,
    TrailList,
)
from ota_engine.portal.answers import SAFE_HEADERS
from ota_engine.portal.pages import FormPosted, PlaceInMenu, PortalPage, Visit
from ota_engine.portal.subjects import subject_path
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey

_PACK_OCTETS: Final = 64 << 20  # of an uploaded pack
_YEARS: Final = {
    "decisions": 10.0,
    "homes": 10.0,
}  # that evidence is kept, where nothing else is said
_CHECKS: Final = trio.CapacityLimiter(1)  # packs and trails looked through at a time
#: Who may have the whole trail looked through.
_CHECKERS: Final = frozenset({PartyRole.OPERATOR, PartyRole.APPROVER, PartyRole.AUDITOR})


def _audit(visit: Visit) -> Mapping[str, Any]:
    actor, subject = visit.query.get("actor", ""), visit.query.get("subject", "")
    found: TrailList = visit.ask(AskTrail(actor, subject, after=visit.query.get("after", "")))
    return {
        "title": "Audit trail",
        "rows": [
            {"row": one, "where": subject_path(one.subject, visit.roles), **_detail(one.detail)}
            for one in found.items
        ],
        "found": found,
        "actor": actor,
        "subject": subject,
        "next": visit.here(after=found.more) if found.more else "",
        "first": visit.here(after=None) if visit.query.get("after") else "",
        "may_verify": visit.has(*_CHECKERS),
        "verdict": None,
    }


def _detail(text: str) -> dict[str, Any]:
    """Take the decision and what people read out of a line's detail."""
    try:
        told = json.loads(text)
    except ValueError:
        told = {}
    if not isinstance(told, dict):
        told = {}
    others = {name: value for name, value in told.items() if name not in ("decision", "text")}
    return {
        "decision": str(told.get("decision", "")),
        "text": str(told.get("text", "")),
        "others": ", ".join(f"{name}: {_told(value)}" for name, value in others.items()),
    }


def _told(value: Any) -> str:
    """Write one thing of a detail; of hashes, how many there are."""
    if isinstance(value, list) and all(isinstance(one, str) and len(one) > _HASH for one in value):
        return f"{len(value):,} sealed"
    return _plain(value)


async def _verify(posted: FormPosted) -> Mapping[str, Any]:
    if posted.signed.viewer.roles.isdisjoint(_CHECKERS):
        raise LocalError("the whole trail is looked through for operators, approvers and auditors")

    def look(desk: FleetDesk) -> dict[str, Any]:
        with desk.store.reading():
            fault = desk.store.verify_audit()
        if fault is None:
            return {"good": True, "text": "Every line is as it was written, from the first on."}
        return {
            "good": False,
            "text": f"Line {fault.sequence} is not what was written: {fault.problem}",
        }

    async with _CHECKS:
        return {"verdict": await posted.parts.reading.ask(look), "status": 200}


def _decision(visit: Visit) -> Mapping[str, Any]:
    found: DecisionTaken = visit.ask(AskDecisionTaken(visit.fields["decision"]))
    fields = json.loads(found.shown.fields)
    return {
        "title": "Decision",
        "found": found,
        "one": found.shown,
        "fields": [(name.replace("_", " "), _plain(value)) for name, value in fields.items()],
        "where": subject_path(found.shown.subject, visit.roles),
    }


def _plain(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_plain(one) for one in value[:_SHOWN])
        return shown + (f" and {len(value) - _SHOWN:,} more" if len(value) > _SHOWN else "")
    return str(value)


_HASH: Final = 24  # characters of what is no word any more
_SHOWN: Final = 20  # of a list in a decision


def _evidence(visit: Visit) -> Mapping[str, Any]:
    found: EvidenceList = visit.ask(AskEvidencePacks())
    return {"title": "Evidence", "rows": found.items, "verdict": None, "errors": {}}


async def _evidence_taken(posted: FormPosted) -> Response | Mapping[str, Any]:
    pack = posted.form.get("pack")
    if isinstance(pack, UploadFile):
        octets = await pack.read()
        if not octets:
            return {"errors": {"pack": "no file was given: choose a pack"}}
        return {"verdict": await _judged(octets), "status": 200}
    return await _exported(posted, posted.text("campaign"))


async def _judged(octets: bytes) -> PackVerdict:
    return await trio.to_thread.run_sync(verify_pack, octets, KnownFleet(), limiter=_CHECKS)


async def _exported(posted: FormPosted, campaign: str) -> Response:
    utc, state = posted.parts.clock(), posted.parts.state

    def export(desk: FleetDesk) -> bytes:
        offered = ask(AskEvidencePacks(), View(desk, posted.signed.viewer, utc)).items
        offer = _offer(offered, campaign)
        order = PackOrder(campaign, offer.party, _YEARS, {}, f"zota {version('zota')}")
        return export_pack(desk.store, FleetKey.open(state / KEY_NAME), order)

    async with _CHECKS:
        octets = await posted.parts.reading.ask(export)
    name = f'attachment; filename="evidence-{campaign}.zip"'
    headers = {**SAFE_HEADERS, "Content-Disposition": name}
    return Response(octets, headers=headers, media_type="application/zip")


def _offer(offered: tuple[EvidenceOffer, ...], campaign: str) -> EvidenceOffer:
    for one in offered:
        if one.campaign == campaign:
            return one
    raise NotThereError(f"{campaign[:60]!a}: there is no evidence of such a campaign for you")


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/audit",
        template="audit.html",
        read=_audit,
        take=_verify,
        menu=PlaceInMenu("Proof", "Audit"),
    ),
    PortalPage(path="/audit/decisions/{decision}", template="decision.html", read=_decision),
    PortalPage(
        path="/evidence",
        template="evidence.html",
        read=_evidence,
        take=_evidence_taken,
        menu=PlaceInMenu("Proof", "Evidence"),
        octets=_PACK_OCTETS,
    ),
)
