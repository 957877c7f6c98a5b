"""The gateways' part of an OpenAPI 3.1 document, made of the shapes by which everything is read; pure."""

from typing import Any, Final

from ota_engine.gateway.wire import (
    CODES,
    DOCUMENTS,
    MOST_BODY,
    PROBLEM_TYPE,
    PROTOCOLS,
    REGISTER_PATH,
    Hello,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    ProgressReport,
    Registering,
    Registration,
    TokenChange,
    WireProblem,
    base_of,
)
from ota_engine.gateway.wire_stream import EVENTS, MEDIA_TYPE

SECURITY: Final = "gatewayToken"
PREFIX: Final = "Gateway"  # of the names of schemas, which others join
TAG: Final = "gateways"


def wire_paths() -> dict[str, Any]:
    """The paths of an OpenAPI document: every request of the newest version, and what answers it."""
    base = base_of(PROTOCOLS[0])
    told = {
        REGISTER_PATH: _posting("register", "Register by a code, once", Registering, Registration)
        | {"security": []},
        f"{base}/token": _posting("changeToken", "Show another token from now on", TokenChange),
        f"{base}/outcomes": _posting(
            "tellOutcomes", "Tell what happened", OutcomeReport, OutcomesHeard
        ),
        f"{base}/progress": _posting(
            "tellProgress", "Tell how transfers go, while somebody looks", ProgressReport
        ),
    }
    paths: dict[str, Any] = {path: {"post": one} for path, one in told.items()}
    paths[f"{base}/stream"] = {"get": _stream()}
    paths[f"{base}/images/{{sha256}}"] = {"get": _image()}
    return paths


def wire_components() -> dict[str, Any]:
    """The components of an OpenAPI document that those paths name."""
    return {
        "schemas": {_name(kind): shape.schema() for kind, shape in DOCUMENTS.items()},
        "securitySchemes": {SECURITY: {"type": "http", "scheme": "bearer"}},
    }


def _name(kind: type[Any]) -> str:
    return PREFIX + DOCUMENTS[kind].title.removeprefix("Wire")


def _ref(kind: type[Any]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{_name(kind)}"}


def _json(kind: type[Any]) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(kind)}}


def _posting(
    name: str, summary: str, asks: type[Any], gives: type[Any] | None = None
) -> dict[str, Any]:
    done: dict[str, Any] = (
        {"204": {"description": "It is kept."}}
        if gives is None
        else {"200": {"description": "It is kept.", "content": _json(gives)}}
    )
    return {
        "operationId": name,
        "summary": summary,
        "description": f"Documents of up to {MOST_BODY} octets are read.",
        "tags": [TAG],
        "security": [{SECURITY: []}],
        "requestBody": {"required": True, "content": _json(asks)},
        "responses": done | _problems(),
    }


def _stream() -> dict[str, Any]:
    events = ", ".join(f"`{name}` ({_name(kind)})" for name, kind in EVENTS.items())
    return {
        "operationId": "openStream",
        "summary": "Be told things for as long as the answer is read",
        "description": f"Events: {events}. The first is `hello`.",
        "tags": [TAG],
        "security": [{SECURITY: []}],
        "parameters": [
            {"name": name, "in": "query", "required": True, "schema": {"type": kind}}
            for name, kind in zip(
                Opening._fields, ("string", "string", "string", "number"), strict=True
            )
        ],
        "responses": {
            "200": {
                "description": "Events, until either side ends it.",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
                "x-first-event": _ref(Hello),
            }
        }
        | _problems(),
    }


def _image() -> dict[str, Any]:
    octets = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "operationId": "fetchImage",
        "summary": "Fetch an image, or what lacks of it",
        "tags": [TAG],
        "security": [{SECURITY: []}],
        "parameters": [
            {
                "name": "sha256",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            },
            {"name": "Range", "in": "header", "schema": {"type": "string"}},
            {"name": "If-Range", "in": "header", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {"description": "All octets.", "content": octets},
            "206": {"description": "The octets asked for.", "content": octets},
            "416": {"description": "It has no such octets."},
        }
        | _problems(),
    }


def _problems() -> dict[str, Any]:
    """Every status of a refusal, with what a gateway does then."""
    found: dict[str, Any] = {}
    content = {PROBLEM_TYPE: {"schema": _ref(WireProblem)}}
    for code, (status, then) in CODES.items():
        told = f"{code}: {then}"
        known = found.get(str(status))
        text = told if known is None else f"{known['description']}; {told}"
        found[str(status)] = {"description": text, "content": content}
    return found
