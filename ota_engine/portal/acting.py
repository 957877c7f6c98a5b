"""Forms of decisions: shown with how their subject stands, confirmed where grave, given and answered.

A form has a key of its own, which names the decision: sent twice, it counts once. It says at which revision
its subject was seen, and when that has moved the person is shown what changed and asked again. What was
filled in stays, whatever is wrong.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.plan.document import policy_document
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Person
from ota_engine.head_end.consequences import consequences, is_grave
from ota_engine.head_end.deciding import Answered
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.problem_document import REFUSED_BY
from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError, View
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.decisions import (
    ACTS_BY_NAME,
    AskDecisions,
    DecisionChoice,
    act_name,
    act_title,
)
from ota_engine.head_end.questions.scope import is_hidden
from ota_engine.head_end.questions.subjects import AskSubject, SubjectFact, SubjectNow
from ota_engine.portal.answers import own_path, see
from ota_engine.portal.forms.making import (
    MOST_OCTETS,
    NO_FORM,
    ActForm,
    FormField,
    file_text,
    form_of,
    read_act,
)
from ota_engine.portal.forms.moments import write_moment
from ota_engine.portal.forms.suggesting import suggestions
from ota_engine.portal.forms.words import NEED_REASON, SECONDS, Control
from ota_engine.portal.frame import act_label
from ota_engine.portal.giving import give
from ota_engine.portal.pages import FormPosted, PlaceInMenu, PortalPage, Visit
from ota_engine.portal.subjects import act_path, revision_of, subject_of, subject_path
from ota_engine.times import Utc

_KEY_OCTETS: Final = 16
_MOST_TOLD: Final = 6  # lines of a field that are shown before a decision is confirmed
_LONGEST: Final = 100  # characters of such a line
_OVER: Final = ("held_utc",)  # times of what was: now, until another is given
_MOST_SEEN: Final = 20_000  # characters of what a form says was seen


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form with what is filled in.

    Attributes:
        form: of one kind of act.
        given: texts by names of fields.
        reason: why.
        key: names the decision.
        revision: of the subject, as it was seen; None for none.
        seen: facts of the subject, as they were seen.
        next: where to go once it is decided; empty for where the subject is shown.
    """

    form: ActForm
    given: Mapping[str, Sequence[str]]
    reason: str
    key: str
    revision: int | None
    seen: tuple[SubjectFact, ...]
    next: str


# --- shown ---------------------------------------------------------------------------------------


def _all(visit: Visit) -> Mapping[str, Any]:
    found: DecisionChoice = visit.ask(AskDecisions())
    rooms: dict[str, list[dict[str, str]]] = {}
    for one in found.items:
        room = ROOMS[ACTS_BY_NAME[one.act].__module__.split(".")[2]]
        rooms.setdefault(room, []).append(
            {"act": one.act, "title": one.title, "path": act_path(one.act, {})}
        )
    return {"title": "Decide", "rooms": rooms}


#: What rooms of the fleet are called.
ROOMS: Final[Mapping[str, str]] = {
    "parties": "Parties and people",
    "inventory": "Homes",
    "gateways": "Gateways",
    "releases": "Releases",
    "approvals": "Releases",
    "campaigns": "Campaigns",
    "calendar": "Calendars and times",
    "notices": "Notices",
    "orders": "Service Users",
}


def _shown(visit: Visit) -> Mapping[str, Any]:
    form = _form(visit.fields["act"])
    if visit.roles.isdisjoint(visit.view.desk.fleet.acts[form.act].roles):
        wanted = " or ".join(sorted(visit.view.desk.fleet.acts[form.act].roles))
        raise NotForViewerError(f"your party may not decide this: it takes {wanted}")
    query = {name: (text,) for name, text in visit.query.items()}
    now = dict.fromkeys(_OVER, (str(visit.utc),))
    first = {field.name: now.get(field.name, field.default) for field in form.fields}
    given = {name: query.get(name, texts) for name, texts in first.items()}
    filled = FilledForm(
        form,
        _in_zone(form, given, visit.zone),
        visit.query.get("reason", ""),
        secrets.token_hex(_KEY_OCTETS),
        None,
        (),
        own_path(visit.query.get("next", ""), ""),
    )
    filled = replace(filled, revision=revision_of(visit.view.desk, form.act, filled.given))
    return sheet(filled, visit.view)


def _form(name: str) -> ActForm:
    act = ACTS_BY_NAME.get(name)
    if act is None or act.__name__ in NO_FORM:
        raise NotThereError("there is no such decision: look at those there are")
    return form_of(act)


def _in_zone(
    form: ActForm, given: Mapping[str, Sequence[str]], zone: str
) -> dict[str, Sequence[str]]:
    """Write times that a link gives as seconds as a form has them."""
    found = dict(given)
    for field in form.fields:
        texts = found[field.name]
        if field.control is Control.TIME and texts and texts[0].replace(".", "", 1).isdigit():
            found[field.name] = (write_moment(float(texts[0]), zone),)
    return found


def sheet(
    filled: FilledForm,
    view: View,
    errors: Mapping[str, str] | None = None,
    *,
    stage: str = "fill",
    effects: Sequence[str] = (),
    policy: str = "",
) -> dict[str, Any]:
    """Say all that the page of a form shows.

    Args:
        filled: the form.
        view: who looks, and what is read.
        errors: what is wrong, by names of fields; of none in particular under an empty name.
        stage: ``fill``, ``confirm`` or ``moved``.
        effects: sentences that say what will happen.
        policy: a policy as people read it.
    """
    form = filled.form
    subject = subject_of(form.act, filled.given)
    now = ask(AskSubject(subject, filled.revision), view) if subject else None
    name = act_name(form.act)
    return {
        "title": act_label(name),
        "lead": act_title(form.act),
        "act": name,
        "action": f"/decide/{name}",
        "form": filled,
        "fields": [_field(field, filled.given.get(field.name, ()), view) for field in form.fields],
        "errors": dict(errors or {}),
        "stage": stage,
        "effects": list(effects),
        "policy": policy,
        "subject": subject,
        "subject_path": subject_path(subject, view.viewer.roles),
        "standing": now,
        "why_not": _why_not(subject, name, view) if stage == "fill" else "",
        "second": SECONDS.get(form.act.__name__, ""),
        "grave": is_grave(form.act),
        "needs_reason": form.act.__name__ in NEED_REASON,
        "seen": _written(filled.seen if filled.seen and stage != "moved" else now and now.facts),
        "beside": _beside(filled.seen, now) if stage == "moved" and now else [],
        "told": [(one.label, _short(filled.given.get(one.name, ()))) for one in form.fields],
        "policy_first": any(field.control is Control.POLICY for field in form.fields),
        "multipart": any(field.takes_file for field in form.fields),
        "back": filled.next or subject_path(subject, view.viewer.roles) or "/decide",
    }


def _field(field: FormField, texts: Sequence[str], view: View) -> dict[str, Any]:
    told = field._asdict() | {"control": str(field.control), "file": field.takes_file}
    options = [(one, one) for one in field.choices]
    if not texts:
        options.insert(0, ("", "choose"))
    told |= {"texts": list(texts), "value": "\n".join(texts), "options": options}
    return told | {"suggest": suggestions(field.name, view)}


def _short(texts: Sequence[str]) -> str:
    """Write what was given so that it can be read at a glance."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    more = f" and {len(lines) - _MOST_TOLD:,} more" if len(lines) > _MOST_TOLD else ""
    return ", ".join(line[:_LONGEST] for line in lines[:_MOST_TOLD]) + more or "nothing"


def _why_not(subject: str, name: str, view: View) -> str:
    """Say why a decision may not be given now, where that can be known beforehand."""
    if not subject:
        return ""
    found: DecisionChoice = ask(AskDecisions(subject), view)
    return next((one.why_not for one in found.items if one.act == name), "")


def _beside(seen: Sequence[SubjectFact], now: SubjectNow) -> list[dict[str, Any]]:
    """Put what was seen beside what is, those that differ first named as such."""
    before = {one.name: one for one in seen}
    after = {one.name: one for one in now.facts}
    return [
        {
            "name": name,
            "before": before.get(name),
            "after": after.get(name),
            "differs": before.get(name) != after.get(name),
        }
        for name in dict.fromkeys((*after, *before))
    ]


# --- taken ---------------------------------------------------------------------------------------


async def _taken(posted: FormPosted) -> Response | Mapping[str, Any]:
    form = _form(posted.fields["act"])
    await _refuse_roles(posted, form)
    given, wrong = await _given(form, posted.form)
    filled = _filled(form, given, posted.form)
    act, errors = read_act(form, given, posted.signed.zone)
    errors |= wrong
    if errors:
        return await _again(posted, filled, errors, 422)
    stage = _text(posted.form, "stage")
    if stage == "back":
        return await _again(posted, filled, {}, 200)
    policy = _policy(act)
    if (policy or is_grave(form.act)) and stage != "confirm":
        return await _confirm(posted, filled, act, policy)
    answered, subject = await give(posted, act, filled.reason, filled.key, filled.revision)
    if answered.reply.accepted:
        return _done(posted, filled, subject, answered)
    return await _refused(posted, filled, answered.reply)


async def _refuse_roles(posted: FormPosted, form: ActForm) -> None:
    roles = await posted.parts.reading.ask(lambda desk: desk.fleet.acts[form.act].roles)
    if posted.signed.reads_only:
        raise NotForViewerError("whoever came in this way reads, and decides nothing")
    if posted.signed.viewer.roles.isdisjoint(roles):
        await posted.parts.entry.refused(posted.signed, f"POST {posted.path}")
        wanted = " or ".join(sorted(roles))
        raise NotForViewerError(f"your party may not decide this: it takes {wanted}")


async def _given(form: ActForm, data: FormData) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Take what was filled in; a file stands for the text of its field."""
    given: dict[str, list[str]] = {}
    wrong: dict[str, str] = {}
    for field in form.fields:
        given[field.name] = [one for one in data.getlist(field.name) if isinstance(one, str)]
        upload = data.get(f"{field.name}.file")
        if not field.takes_file or not isinstance(upload, UploadFile):
            continue
        octets = await upload.read()
        try:
            if octets:
                given[field.name] = [file_text(field, octets)]
        except LocalError as error:
            wrong[field.name] = str(error)
    return given, wrong


def _text(data: FormData, name: str) -> str:
    found = data.get(name)
    return found if isinstance(found, str) else ""


def _filled(form: ActForm, given: Mapping[str, Sequence[str]], data: FormData) -> FilledForm:
    revision = _text(data, "revision")
    key = _text(data, "key")
    return FilledForm(
        form,
        given,
        _text(data, "reason").strip(),
        key if len(key) == 2 * _KEY_OCTETS and key.isalnum() else secrets.token_hex(_KEY_OCTETS),
        int(revision) if revision.isascii() and revision.isdigit() else None,
        _facts(_text(data, "seen")),
        own_path(_text(data, "next"), ""),
    )


def _written(facts: Sequence[SubjectFact] | None) -> str:
    return json.dumps([[one.name, one.text, one.utc] for one in facts or ()])


def _facts(text: str) -> tuple[SubjectFact, ...]:
    """Read what a form says was seen; a form that says anything else says nothing."""
    try:
        told = json.loads(text) if len(text) <= _MOST_SEEN else []
        return tuple(
            SubjectFact(str(name), str(value), None if utc is None else float(utc))
            for name, value, utc in told
        )
    except (ValueError, TypeError, RecursionError):
        return ()


def _policy(act: Any) -> str:
    text = getattr(act, "policy", "")
    return policy_document(policy_of(text)) if text else ""


async def _confirm(
    posted: FormPosted, filled: FilledForm, act: Any, policy: str
) -> Mapping[str, Any]:
    def read(desk: FleetDesk, utc: Utc) -> dict[str, Any]:
        view = View(desk, posted.signed.viewer, utc)
        if is_hidden(view, subject_of(type(act), filled.given)):
            raise NotThereError("there is no such thing to decide about")
        effects = consequences(desk, act)
        return sheet(filled, view, stage="confirm", effects=effects, policy=policy)

    utc = posted.parts.clock()
    return {**await posted.parts.reading.ask(lambda desk: read(desk, utc)), "status": 200}


async def _again(
    posted: FormPosted,
    filled: FilledForm,
    errors: Mapping[str, str],
    status: int,
    stage: str = "fill",
) -> Mapping[str, Any]:
    utc, viewer = posted.parts.clock(), posted.signed.viewer

    def read(desk: FleetDesk) -> dict[str, Any]:
        view = View(desk, viewer, utc)
        told = sheet(filled, view, errors, stage=stage)
        if stage == "moved":  # what is seen now is what is decided about next
            now = revision_of(desk, filled.form.act, filled.given)
            told |= {"form": replace(filled, revision=now)}
        return told

    return {**await posted.parts.reading.ask(read), "status": status}


def _done(posted: FormPosted, filled: FilledForm, subject: str, answered: Answered) -> Response:
    where = filled.next or subject_path(subject, posted.signed.viewer.roles) or "/decide"
    path, mark, query = where.partition("?")
    done = urlencode({"done": answered.decision.key})
    return see(f"{path}?{query}&{done}" if mark else f"{path}?{done}")


async def _refused(posted: FormPosted, filled: FilledForm, reply: Reply) -> Mapping[str, Any]:
    """Show a form again, under a new key: the one it had names the refusal."""
    again = replace(filled, key=secrets.token_hex(_KEY_OCTETS))
    text = reply.text
    if reply.code == RefusalCode.SIGNATURE:
        text = await _unsigned(posted, posted.signed.signer, text)
    status = REFUSED_BY[RefusalCode(reply.code)]
    stage = "moved" if reply.code == RefusalCode.MOVED else "fill"
    return await _again(posted, again, {"": text}, status, stage)


async def _unsigned(
    posted: FormPosted, signer: ec.EllipticCurvePrivateKey | None, text: str
) -> str:
    if signer is not None:
        return text

    def has_key(desk: FleetDesk) -> bool:
        with desk.store.reading():
            mine = (("person", posted.signed.viewer.person),)
            return any(row.key for row in desk.store.select(Select(Person, mine)))

    if not await posted.parts.reading.ask(has_key):
        return text
    return (
        "your key is not at hand here, and you sign what you decide: give it on your account page,"
        " sign in again, and come back"
    )


PAGES: Final[tuple[PortalPage, ...]] = (
    PortalPage(
        path="/decide",
        template="decide.html",
        read=_all,
        menu=PlaceInMenu("Work", "Decide"),
        personal=True,
    ),
    PortalPage(
        path="/decide/{act}",
        template="act.html",
        read=_shown,
        take=_taken,
        personal=True,
        octets=MOST_OCTETS,
    ),
)
