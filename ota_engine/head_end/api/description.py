"""Describes the API as an OpenAPI 3.1 document, made of the tables that it is served by; pure.

Whatever has a path of its own beside questions and acts is described here by hand, and what gateways say
by the room that says it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING
from typing import Any, Final

from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.kernel.decisions import ActRow
from ota_engine.gateway.wire_openapi import wire_components, wire_paths
from ota_engine.head_end.access.cookies import SECURE_NAME
from ota_engine.head_end.api.addresses import PREFIX, act_address, path_fields, record_fields
from ota_engine.head_end.api.examples import example_of
from ota_engine.head_end.api.files import LIST_KINDS, ZIP, AskEvidence, AskImport
from ota_engine.head_end.api.headers import KEY_PATTERN
from ota_engine.head_end.api.hook_keeping import HookShown
from ota_engine.head_end.api.hooks import HookWanted
from ota_engine.head_end.api.problems import PROBLEMS
from ota_engine.head_end.api.reception import JSON
from ota_engine.head_end.api.schemas import (
    COMPONENTS,
    Schemas,
    attributes_of,
    described,
    summary_of,
)
from ota_engine.head_end.problem_document import PROBLEM_TYPE
from ota_engine.head_end.questions.asking import EVERYBODY, QuestionRow
from ota_engine.head_end.questions.catalogue import QUESTIONS

VERSION: Final = "1.0"
BEARER: Final = "personToken"
SESSION: Final = "portalSession"
_RESPONSES: Final = "#/components/responses/"
_PARAMETERS: Final = "#/components/parameters/"
#: Problems that any request may meet, and those of what is posted besides.
_ALWAYS: Final = (400, 401, 403, 404, 406, 421, 422, 429, 500, 503)
_POSTED: Final = (408, 409, 413, 415)


def description() -> dict[str, Any]:
    """Write the document, as plain values."""
    schemas, posted = Schemas(), Schemas(posted=True)
    paths: dict[str, Any] = {
        f"{PREFIX}/{row.path}": {"get": _question(kind, row, schemas, posted)}
        for kind, row in QUESTIONS.items()
    }
    paths |= {
        act_address(kind): {"post": _act(kind, row, posted)} for kind, row in Fleet().acts.items()
    }
    paths |= {f"{PREFIX}/imports/{kind}": {"post": _import(kind, posted)} for kind in ImportKind}
    paths[f"{PREFIX}/evidence/{{campaign}}"] = {"get": _evidence(posted)}
    paths |= _hooks(schemas, posted)
    paths[f"{PREFIX}/openapi.json"] = {"get": _itself()}
    paths |= wire_paths()
    gateways = wire_components()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "zota",
            "version": VERSION,
            "summary": "Firmware campaigns over a network of Zigbee hubs.",
            "description": (
                "Every question that can be asked of a fleet, every decision that persons give,"
                " and what gateways and their head end say to each other. Answers hold what the"
                " party of whoever asks may see. Moments are seconds since 1970-01-01 UTC."
            ),
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "security": [{BEARER: []}, {SESSION: []}],
        "tags": _tags(paths),
        "paths": paths,
        "webhooks": {"told": {"post": _webhook()}},
        "components": {
            "schemas": _joined(posted.found, schemas.found, _hand_made(), gateways["schemas"]),
            "parameters": _common_parameters(),
            "responses": _problem_responses(),
            "securitySchemes": _security() | gateways["securitySchemes"],
        },
    }


# --- operations ----------------------------------------------------------------------------------


def _question(
    kind: type[Any], row: QuestionRow, schemas: Schemas, posted: Schemas
) -> dict[str, Any]:
    in_path = path_fields(row)
    answer = schemas.of(row.gives)
    headers: dict[str, Any] = {"ETag": _text_header("Names this very answer.")}
    if "more" in {name for name, _, _ in record_fields(row.gives)}:
        headers["Link"] = _text_header("The page that follows, as rel=next; absent at the end.")
    return {
        "operationId": _first_lower(kind.__name__),
        "summary": summary_of(kind),
        "description": _for(row.roles) if row.roles != EVERYBODY else "For every role.",
        "tags": [row.path.partition("/")[0]],
        "parameters": [
            *_parameters(kind, posted, in_path),
            {"$ref": f"{_PARAMETERS}IfNoneMatch"},
        ],
        "responses": {
            "200": {
                "description": summary_of(row.gives),
                "headers": headers,
                "content": {JSON: {"schema": answer}},
            },
            "304": {"description": "It is as the caller has it already."},
            **_problems(_ALWAYS),
        },
    }


def _act(kind: type[Any], row: ActRow, schemas: Schemas) -> dict[str, Any]:
    fields = schemas.of(kind)
    must = any(default is MISSING for _, _, default in record_fields(kind))
    seen = " It must name the revision that the person saw." if row.sees else ""
    body = {
        "type": "object",
        "properties": {
            "fields": fields,
            "reason": {"type": "string", "description": "Why; it is kept for ever."},
            "given_utc": {
                "anyOf": [schemas.of(float, "given_utc"), {"type": "null"}],
                "description": "When, by the clock of a person who signs herself.",
            },
            "signature": {
                "anyOf": [
                    {"type": "string", "pattern": "^[0-9A-Fa-f]{128}$"},
                    {"type": "null"},
                ],
                "description": (
                    "r and s of ECDSA P-256 with SHA-256, of a person who signs herself: over the"
                    " decision as canonical JSON, under its Idempotency-Key."
                ),
            },
        },
        "additionalProperties": False,
    } | ({"required": ["fields"]} if must else {})
    return {
        "operationId": _first_lower(kind.__name__),
        "summary": summary_of(kind),
        "description": f"{_for(row.roles)}{seen}",
        "tags": [kind.__module__.split(".")[2]],
        "parameters": [
            {"$ref": f"{_PARAMETERS}IdempotencyKey"},
            {"$ref": f"{_PARAMETERS}IfMatch"},
        ],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": body,
                    "example": {"fields": example_of(kind), "reason": "as agreed"},
                }
            },
        },
        "responses": {
            "200": {
                "description": "It is taken.",
                "headers": {"ETag": _text_header("The revision that its subject is at now.")},
                "content": {JSON: {"schema": {"$ref": f"{COMPONENTS}DecisionReply"}}},
            },
            **_problems((*_ALWAYS, *_POSTED)),
        },
    }


def _import(kind: ImportKind, schemas: Schemas) -> dict[str, Any]:
    return {
        "operationId": f"import{kind.capitalize()}",
        "summary": f"Take a list of {kind}: all of it, or nothing.",
        "description": "For operator. The body is the file: CSV, a JSON array, or JSON lines.",
        "tags": ["imports"],
        "parameters": _parameters(AskImport, schemas),
        "requestBody": {
            "required": True,
            "content": {one: {} for one in LIST_KINDS},
        },
        "responses": {
            "200": {
                "description": "It is taken, or would be.",
                "content": {JSON: {"schema": {"$ref": f"{COMPONENTS}ListTaken"}}},
            },
            **_problems((*_ALWAYS, 408, 413, 415)),
        },
    }


def _evidence(schemas: Schemas) -> dict[str, Any]:
    campaign = {
        "name": "campaign",
        "in": "path",
        "required": True,
        "description": "Whose evidence.",
        "schema": {"type": "string"},
    }
    return {
        "operationId": "exportEvidence",
        "summary": "Everything that proves a campaign, in one file signed by the fleet.",
        "description": "For those who see every home, and for a supplier of its own.",
        "tags": ["evidence"],
        "parameters": [campaign, *_parameters(AskEvidence, schemas)],
        "responses": {
            "200": {
                "description": "A zip: zota evidence verify checks it.",
                "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
            },
            **_problems(_ALWAYS),
        },
    }


def _hooks(schemas: Schemas, posted: Schemas) -> dict[str, Any]:
    one, made = schemas.of(HookShown), f"{COMPONENTS}HookMade"
    listed = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": one}},
        "required": ["items"],
    }
    name = {"name": "hook", "in": "path", "required": True, "schema": {"type": "string"}}
    tags = {"tags": ["hooks"]}
    return {
        f"{PREFIX}/hooks": {
            "get": {
                "operationId": "listHooks",
                "summary": "Hooks of the person who asks.",
                **tags,
                "responses": {
                    "200": {"description": "All of them.", "content": {JSON: {"schema": listed}}},
                    **_problems(_ALWAYS),
                },
            },
            "post": {
                "operationId": "makeHook",
                "summary": "Be called when something happens that the person may see.",
                "description": "The secret that signs the calls is shown this once.",
                **tags,
                "requestBody": {
                    "required": True,
                    "content": {
                        JSON: {
                            "schema": posted.of(HookWanted),
                            "example": {"url": "https://receiver.example/zota"},
                        }
                    },
                },
                "responses": {
                    "201": {
                        "description": "It is called from now on.",
                        "content": {JSON: {"schema": {"$ref": made}}},
                    },
                    **_problems((*_ALWAYS, 408, 413, 415)),
                },
            },
        },
        f"{PREFIX}/hooks/{{hook}}": {
            "delete": {
                "operationId": "dropHook",
                "summary": "Be called no more.",
                **tags,
                "parameters": [name],
                "responses": {
                    "204": {"description": "It is called no more."},
                    **_problems(_ALWAYS),
                },
            }
        },
    }


def _webhook() -> dict[str, Any]:
    return {
        "operationId": "beTold",
        "summary": "Something happened that the person of a hook may see.",
        "description": (
            "In order, at least once: any answer of 2xx takes it, 410 ends the hook, whatever else is"
            " tried again."
        ),
        "tags": ["hooks"],
        "security": [{}],
        "parameters": [
            _header(
                "Zota-Delivery",
                "Names what is told for ever; the same when it is told again.",
                {"type": "string"},
                "5f0c2a9be11d-a117",
            ),
            _header(
                "Zota-Signature",
                "t is the time in seconds, v1 the HMAC-SHA-256 by the secret over t, a dot and the body.",
                {"type": "string", "pattern": "^t=[0-9]+,v1=[0-9a-f]{64}$"},
                f"t=1800000000,v1={'0' * 64}",
            ),
        ],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"$ref": f"{COMPONENTS}HookCall"}}},
        },
        "responses": {"204": {"description": "It is taken."}},
    }


def _itself() -> dict[str, Any]:
    return {
        "operationId": "describeApi",
        "summary": "This document.",
        "tags": ["openapi.json"],
        "security": [{}],
        "responses": {
            "200": {
                "description": "OpenAPI 3.1.",
                "content": {JSON: {"schema": {"type": "object"}}},
            },
            **_problems((406, 421, 500, 503)),
        },
    }


# --- parts of them -------------------------------------------------------------------------------


def _parameters(
    kind: type[Any], schemas: Schemas, in_path: Iterable[str] = ()
) -> list[dict[str, Any]]:
    told = attributes_of(kind)
    found = []
    for name, hint, default in record_fields(kind):
        schema = schemas.of(hint, name)
        if "anyOf" in schema:  # what is not set is left out
            (schema,) = (one for one in schema["anyOf"] if one != {"type": "null"})
        one = {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in in_path or default is MISSING,
            "description": told.get(name, ""),
            "schema": schema,
        }
        if schema.get("type") == "array":
            one |= {"style": "form", "explode": False}
        found.append({key: value for key, value in one.items() if value != ""})
    return found


def _problems(statuses: Iterable[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"{_RESPONSES}Problem{status}"} for status in sorted(statuses)}


def _problem_responses() -> dict[str, Any]:
    told: dict[int, list[str]] = {}
    for code, row in PROBLEMS.items():
        told.setdefault(row.status, []).append(f"`{code}`: {row.told}")
    retried = {"Retry-After": _text_header("Seconds to wait before the next try.")}
    return {
        f"Problem{status}": {
            "description": " ".join(lines),
            **({"headers": retried} if status in (429, 503) else {}),
            "content": {PROBLEM_TYPE: {"schema": {"$ref": f"{COMPONENTS}Problem"}}},
        }
        for status, lines in sorted(told.items())
    }


def _common_parameters() -> dict[str, Any]:
    return {
        "IdempotencyKey": _header(
            "Idempotency-Key",
            "Names the decision: given again under it, it is answered as the first time.",
            {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
            "8f14e45f-1",
        ),
        "IfMatch": _header(
            "If-Match",
            "The revision that the person saw; refused when it is no longer at this.",
            {"type": "string", "pattern": '^(\\*|"?[0-9]{1,18}(\\.[0-9a-f]{1,64})?"?)$'},
            '"7"',
        ),
        "IfNoneMatch": _header(
            "If-None-Match", "The ETag of what the caller has.", {"type": "string"}, '"7.0a1b"'
        ),
    }


def _header(name: str, told: str, schema: Mapping[str, Any], example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": told,
        "schema": dict(schema),
        "example": example,
    }


def _text_header(told: str) -> dict[str, Any]:
    return {"description": told, "schema": {"type": "string"}}


def _security() -> dict[str, Any]:
    return {
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that a person has made: zota user token.",
        },
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": SECURE_NAME,
            "description": "Somebody signed in at the portal; for its own pages.",
        },
    }


def _hand_made() -> dict[str, Any]:
    text, whole, yes = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
    decision = {
        "accepted": described(yes, "Whether it was taken."),
        "text": described(text, "What was done, or why not, in one line."),
        "revision": described(whole, "That its subject is at now; 0 where it has none."),
        "decision": described(text, "Its key, once for ever."),
        "person": described(text, "Who decided."),
        "act": described(text, "What kind of act."),
        "fields": {"type": "object", "description": "Of the act, as they were taken."},
        "given_utc": {"type": "number", "description": "When, by the person's clock."},
        "signed": described(yes, "Whether it bears a signature."),
    }
    listed = _list_taken()
    problem = {
        "type": described(text, "Its kind, as a URI."),
        "title": described(text, "Its kind, in words."),
        "status": described(whole, "Of HTTP."),
        "detail": described(text, "What is wrong and what to do, in one line."),
        "code": {"type": "string", "enum": [str(code) for code in PROBLEMS]},
    }
    taken = {**decision, "code": {"type": "string", "const": ""}}
    line = {
        "sequence": whole,
        "utc": {"type": "number"},
        "actor": text,
        "action": text,
        "subject": text,
        "detail": {"type": "object"},
        "hash": text,
    }
    call = {
        "delivery": described(text, "As the header Zota-Delivery."),
        "hook": described(text, "Which hook is called."),
        "kind": {"type": "string", "enum": ["audit", "notice"]},
        "line": _object("Of the audit trail, where kind is audit.", line, line),
        "notice": {"type": "object", "description": "To the party, where kind is notice."},
    }
    secret = {"secret": described(text, "Signs the calls; it is shown this once.")}
    made = {"allOf": [{"$ref": f"{COMPONENTS}HookShown"}, _object("", secret, secret)]}
    return {
        "HookCall": _object("What a hook is told.", call, ("delivery", "hook", "kind")),
        "HookMade": made,
        "DecisionReply": _object("A decision that was taken.", taken, taken),
        "ListTaken": _object("What became of a list.", listed, listed),
        "Problem": _object(
            "What went wrong (RFC 9457); of a decision that was refused, and of a list with bad"
            " lines, what is said of those, too.",
            {**decision, **listed, **problem},
            problem,
        ),
    }


def _list_taken() -> dict[str, Any]:
    text, whole, yes = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
    bad = {
        "type": "object",
        "properties": {"line": whole, "text": text},
        "required": ["line", "text"],
    }
    return {
        "kind": {"type": "string", "enum": [str(kind) for kind in ImportKind]},
        "sha256": described(text, "Of the list, hexadecimal."),
        "lines": described(whole, "That say something."),
        "bad": described(whole, "Of these that cannot be taken."),
        "new": described(whole, "Rows that the estate did not have."),
        "known": described(whole, "Rows that it had."),
        "taken": described(yes, "Whether the estate has it now."),
        "bad_lines": {"type": "array", "items": bad, "description": "The first of them."},
    }


def _object(told: str, properties: Mapping[str, Any], required: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": told,
        "properties": dict(properties),
        "required": list(required),
    }


def _tags(paths: Mapping[str, Any]) -> list[dict[str, str]]:
    names = {tag for path in paths.values() for one in path.values() for tag in one["tags"]}
    return [{"name": name} for name in sorted(names)]


def _for(roles: Iterable[str]) -> str:
    return f"For {', '.join(sorted(roles))}."


def _first_lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _joined(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """Join components of several hands, by name.

    Raises:
        TypeError: two of them have one name and are not the same.
    """
    found: dict[str, Any] = {}
    for part in parts:
        for name, schema in part.items():
            if found.setdefault(name, schema) != schema:
                raise TypeError(f"{name}: two schemas have this name: call one of them otherwise")
    return dict(sorted(found.items()))
