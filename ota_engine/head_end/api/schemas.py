"""Describes records as JSON Schema, of their types and the docstrings of their classes; pure.

What a record's class says of its attributes is what the schema says of them. Records are components, by
the names of their classes. What is posted is described more strictly than what is answered: an answer may
get further members one day, and nobody needs to hear what numbers it can never hold.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING
from enum import Enum, IntEnum
from inspect import cleandoc
from typing import Any, Final, Union, get_args, get_origin

from images.eui64 import Eui64
from ota_engine.head_end.api.addresses import LAST_UTC, WIDEST, record_fields
from ota_engine.times import Monotonic, Utc

FIELDS: Final = "Fields"  # follows the name of a class whose fields are posted
COMPONENTS: Final = "#/components/schemas/"
_ATTRIBUTES: Final = re.compile(r"^Attributes:\n((?:[ ]+.*\n|\n)*)", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.*(?:\n      .*)*)", re.MULTILINE)
_EUI64: Final = {
    "type": "string",
    "pattern": "^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){7}$",
    "description": "An EUI-64.",
}
_HEX: Final = {"type": "string", "pattern": "^([0-9A-Fa-f]{2})*$", "description": "Octets."}
_SINGLE: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Utc: {"type": "number"},
    Monotonic: {"type": "number"},
    Eui64: _EUI64,
    bytes: _HEX,
    Any: {},
    dict: {"type": "object"},
    object: {},
}


class Schemas:
    """Schemas of records, as they are asked for.

    Args:
        posted: of what is posted, and not of what is answered.

    Attributes:
        found: components by name.
    """

    def __init__(self, *, posted: bool = False) -> None:
        self._posted = posted
        self.found: dict[str, dict[str, Any]] = {}
        self._kinds: dict[str, type[Any]] = {}

    def of(self, hint: Any, name: str = "") -> dict[str, Any]:
        """Describe a type.

        Args:
            hint: the type.
            name: of the field that is of it; moments are told by it.

        Raises:
            TypeError: it is none that is known.
        """
        origin, parts = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            inner = [self.of(part, name) for part in parts if part is not types.NoneType]
            return {"anyOf": [*inner, {"type": "null"}]}
        if origin in (tuple, list, frozenset):
            return self._several(origin, parts, name)
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(parts[1])}
        if isinstance(hint, type) and (issubclass(hint, Enum) or _is_record(hint)):
            return self._component(hint)
        if hint not in _SINGLE:
            raise TypeError(f"{name}: {hint} has no schema: describe it first")
        return {**_SINGLE[hint], **(_bounds(hint, name) if self._posted else {})}

    def _several(self, origin: Any, parts: tuple[Any, ...], name: str) -> dict[str, Any]:
        if origin is tuple and parts[-1] is not Ellipsis:
            single = [self.of(part) for part in parts]
            return {
                "type": "array",
                "prefixItems": single,
                "items": False,
                "minItems": len(single),
                "maxItems": len(single),
            }
        return {"type": "array", "items": self.of(parts[0], name)}

    def _component(self, kind: type[Any]) -> dict[str, Any]:
        posted = self._posted and not issubclass(kind, Enum)
        name = f"{kind.__name__}{FIELDS}" if posted else kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            raise TypeError(f"{name}: two classes have this name: call one of them otherwise")
        if name not in self.found:
            self.found[name] = {}  # a record may be in itself
            self.found[name] = self._enum(kind) if issubclass(kind, Enum) else self._record(kind)
        return {"$ref": f"{COMPONENTS}{name}"}

    def _enum(self, kind: type[Enum]) -> dict[str, Any]:
        of = "integer" if issubclass(kind, IntEnum) else "string"
        values = [one.value for one in kind]
        return {"type": of, "enum": values, "description": summary_of(kind)}

    def _record(self, kind: type[Any]) -> dict[str, Any]:
        told = attributes_of(kind)
        properties, required = {}, []
        for name, hint, default in record_fields(kind):
            properties[name] = described(self.of(hint, name), told.get(name, ""))
            if default is MISSING:
                required.append(name)
        found: dict[str, Any] = {
            "type": "object",
            "description": text_of(kind),
            "properties": properties,
        }
        if not self._posted:  # an answer has all of them
            return found | {"required": list(properties)}
        found["additionalProperties"] = False
        return found | ({"required": required} if required else {})


def _bounds(hint: Any, name: str) -> dict[str, Any]:
    if hint is int:
        return {"minimum": -WIDEST, "maximum": WIDEST - 1}
    if hint in (float, Utc):
        moment = {"minimum": 0, "exclusiveMaximum": LAST_UTC}
        return moment if name.endswith("_utc") else {"minimum": -WIDEST, "maximum": WIDEST - 1}
    return {}


def described(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Say what a schema is about; a reference keeps what it refers to."""
    return {**schema, "description": text} if text else schema


def attributes_of(kind: type[Any]) -> dict[str, str]:
    """Read what a class says of its attributes."""
    section = _ATTRIBUTES.search(cleandoc(kind.__doc__ or "") + "\n")
    if section is None:
        return {}
    return {
        name: _sentence(" ".join(text.split())) for name, text in _ATTRIBUTE.findall(section[1])
    }


def summary_of(kind: type[Any]) -> str:
    """Read what a class is, in one line."""
    return cleandoc(kind.__doc__ or "").partition("\n")[0]


def text_of(kind: type[Any]) -> str:
    """Read what a class says, but for its attributes."""
    text = _ATTRIBUTES.sub("", cleandoc(kind.__doc__ or "") + "\n")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _is_record(hint: Any) -> bool:
    return hasattr(hint, "__dataclass_fields__") or hasattr(hint, "_fields")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
