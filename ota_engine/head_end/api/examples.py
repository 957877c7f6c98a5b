"""Examples of what is posted, made of the names and types of fields; pure."""

from collections.abc import Mapping
from dataclasses import MISSING
from enum import Enum
from typing import Any, Final, get_args, get_origin

from ota_engine.head_end.api.addresses import record_fields
from ota_engine.head_end.questions.values import without_none

_BY_NAME: Final[Mapping[str, Any]] = {
    "campaign": "hub-2027-1",
    "release": "hub-2-0",
    "home": "h-7f3a",
    "homes": ["h-7f3a", "h-80b2"],
    "slots": [["h-7f3a", 1_800_003_600.0]],
    "party": "supplier-1",
    "person": "sam",
    "roles": ["auditor"],
    "ids": [],
    "persons": [["olive", "Olive", "PEM"]],
    "gateway": "gateway-1",
    "code_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "variant": "hub-1",
    "version": 0x0002_0000,
    "incident": "incident-1",
    "category": 2,
    "phase": 1,
    "text": "hubs restart",
    "policy": "{}",
}
_BY_TYPE: Final[Mapping[Any, Any]] = {str: "text", int: 1, float: 1.0, bool: True, bytes: "00"}
_MOMENT: Final = 1_800_000_000.0


def example_of(kind: type[Any]) -> dict[str, Any]:
    """Make an example of a record: its fields that must be given."""
    return {
        name: _value(name, hint)
        for name, hint, default in record_fields(kind)
        if default is MISSING
    }


def _value(name: str, hint: Any) -> Any:
    if name in _BY_NAME:
        return _BY_NAME[name]
    hint = without_none(hint)
    if name.endswith("_utc"):
        return _MOMENT
    if get_origin(hint) is tuple:
        return [_value("", part) for part in get_args(hint) if part is not Ellipsis]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    return _BY_TYPE[hint] if hint in _BY_TYPE else example_of(hint)
