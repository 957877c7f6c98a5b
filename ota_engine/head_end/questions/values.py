"""Questions and answers as plain values, ready for JSON, and back; knows types, no question.

Records are objects by the names of their fields, octets hexadecimal, an EUI-64 as people write it, a
choice its text, a number that is not finite null. What is read is of the type that it is read for, or
refused.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from math import isfinite
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from images.errors import ImageError
from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.errors import LocalError
from ota_engine.times import Monotonic, Utc

_SHOWN: Final = 40  # characters of a name that came from outside
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_UNIONS: Final = (Union, types.UnionType)


def without_none(hint: Any) -> Any:
    """Give the type that a value is of where it is not None; any other type as it is."""
    if get_origin(hint) not in _UNIONS:
        return hint
    return next(part for part in get_args(hint) if part is not types.NoneType)


def plain(value: Any, hint: Any = None) -> Any:
    """Write a value of a type; None for its own class."""
    hint = without_none(type(value) if hint is None else hint)
    if value is None:
        return None
    if hint is Eui64:
        return format_eui64(value)
    if _is_record(hint):
        return {name: plain(getattr(value, name), part) for name, part in _parts(hint)}
    if isinstance(value, Mapping):
        part = (get_args(hint) or (str, None))[1]
        return {str(getattr(key, "value", key)): plain(one, part) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return _list(value, get_args(hint))
    return _plain_single(value)


def _plain_single(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def read(plain_value: Any, hint: Any, place: str) -> Any:
    """Read a value of a type.

    Raises:
        LocalError: it is none, and which part of it.
    """
    inner = without_none(hint)
    if inner is not hint:
        return None if plain_value is None else read(plain_value, inner, place)
    origin = get_origin(hint)
    if _is_record(hint):
        return _record(plain_value, hint, place)
    if origin in (tuple, list, frozenset):
        return _read_list(plain_value, hint, place)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(plain_value, hint, place)
    return _single(plain_value, hint, place)


def _single(value: Any, hint: Any, place: str) -> Any:
    try:
        if hint is Eui64:
            return parse_eui64(value)
        if hint in (Utc, Monotonic):
            hint = float
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint(value)
        if hint is bytes:
            return bytes.fromhex(value)
    except (ValueError, TypeError, AttributeError, ImageError):
        raise _wrong(place, hint) from None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, float, bool) and type(value) is not hint:
        raise _wrong(place, hint)
    return value


def _list(value: Any, parts: tuple[Any, ...]) -> list[Any]:
    if isinstance(value, tuple) and parts and parts[-1] is not Ellipsis:
        return [plain(one, part) for one, part in zip(value, parts, strict=True)]
    part = parts[0] if parts else None
    items = sorted(value) if isinstance(value, frozenset) else value
    return [plain(one, part) for one in items]


def _read_list(value: Any, hint: Any, place: str) -> Any:
    if not isinstance(value, list):
        raise _wrong(place, list)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple and parts[-1] is not Ellipsis:
        if len(parts) != len(value):
            raise LocalError(f"{place}: {len(value)} values, {len(parts)} are wanted: give those")
        return tuple(
            read(one, part, f"{place}.{number}")
            for number, (one, part) in enumerate(zip(value, parts, strict=True))
        )
    return origin(read(one, parts[0], f"{place}.{number}") for number, one in enumerate(value))


def _read_mapping(value: Any, hint: Any, place: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _wrong(place, dict)
    key, part = get_args(hint)
    return {
        _key(name, key, place): read(one, part, f"{place}.{ascii(name[:_SHOWN])[1:-1]}")
        for name, one in value.items()
    }


def _key(name: str, hint: Any, place: str) -> Any:
    """Read a name of an object; one that is a number stands there as text."""
    if hint is not int:
        return read(name, hint, place)
    if not _WHOLE.fullmatch(name):
        raise _wrong(place, int)
    return int(name)


def _record(value: Any, kind: type[Any], place: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(place, dict)
    known = dict(_parts(kind))
    for name in value:
        if name not in known:
            raise LocalError(f"{place}: {name[:40]!a} is no field of it: leave it out")
    try:
        return kind(
            **{name: read(one, known[name], f"{place}.{name}") for name, one in value.items()}
        )
    except TypeError:
        lacking = sorted(set(known) - set(value))
        raise LocalError(f"{place}: {', '.join(lacking)} must be given") from None


def _wrong(place: str, kind: Any) -> LocalError:
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list"}
    names |= {dict: "object", bytes: "hexadecimal octets", Eui64: "EUI-64"}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return LocalError(f"{place}: one of {', '.join(str(one.value) for one in kind)} is wanted")
    return LocalError(f"{place}: a value of another type is wanted: {names.get(kind, kind)}")


def _is_record(hint: Any) -> bool:
    return isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "_fields"))


_PARTS: Final[dict[type[Any], tuple[tuple[str, Any], ...]]] = {}


def _parts(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    found = _PARTS.get(kind)
    if found is None:
        hints = get_type_hints(kind)
        names = [one.name for one in fields(kind)] if is_dataclass(kind) else kind._fields
        found = _PARTS[kind] = tuple((name, hints[name]) for name in names)
    return found
