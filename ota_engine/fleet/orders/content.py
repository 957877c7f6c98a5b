"""Responses and alerts as text and back, exactly: what rows of documents hold; pure.

A value is its fields under the name of its class; octets are hexadecimal, request ids their text.
"""

import json
from dataclasses import fields, is_dataclass
from typing import Any, Final

from ota_engine.canonical import canonical_json
from ota_engine.duis import responses
from ota_engine.duis.requests import RequestId
from ota_engine.duis.responses import ServiceResponse, Throttled

_KIND: Final = "is"
_OCTETS: Final = "octets"
_REQUEST: Final = "id"
_KINDS: Final[dict[str, type[Any]]] = {
    name: found
    for name, found in vars(responses).items()
    if isinstance(found, type) and (is_dataclass(found) or found is Throttled)
}


def written_response(response: ServiceResponse) -> str:
    """Write a response as text; equal ones give equal texts."""
    return canonical_json(_plain(response))


def read_response_text(content: str) -> ServiceResponse:
    """Read what ``written_response`` wrote.

    Raises:
        ValueError: it is not that.
    """
    found = _value(json.loads(content))
    if not isinstance(found, ServiceResponse):
        raise ValueError("the text holds no response")
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        name = type(value).__name__
        return {_KIND: name} | {
            item.name: _plain(getattr(value, item.name)) for item in fields(value)
        }
    if isinstance(value, Throttled):
        return {_KIND: Throttled.__name__, **value._asdict()}
    if isinstance(value, RequestId):
        return {_KIND: _REQUEST, "text": value.text}
    if isinstance(value, bytes):
        return {_KIND: _OCTETS, "text": value.hex()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(map(_value, plain))
    if not isinstance(plain, dict):
        return plain
    name = plain.get(_KIND)
    if name == _REQUEST:
        return RequestId.parse(plain["text"])
    if name == _OCTETS:
        return bytes.fromhex(plain["text"])
    kind = _KINDS.get(str(name))
    if kind is None:
        raise ValueError(f"{name!a} is no part of a response")
    return kind(**{key: _value(one) for key, one in plain.items() if key != _KIND})
