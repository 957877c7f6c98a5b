"""Where questions and acts are found over HTTP, and how a question is written as an address; pure.

A question's address is its path, with some of its fields in it, and the others after the question mark.
A list is one parameter with commas between; what is not set, or is as it is by default, is left out.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, IntEnum
from typing import Any, Final, get_args, get_origin, get_type_hints
from urllib.parse import quote, urlencode

from ota_engine.errors import LocalError
from ota_engine.head_end.questions.asking import QuestionRow
from ota_engine.head_end.questions.decisions import act_name
from ota_engine.head_end.questions.values import plain, read, without_none
from ota_engine.times import Monotonic, Utc

PREFIX: Final = "/api/v1"
WIDEST: Final = 1 << 63  # whole numbers are below it, in either direction
LAST_UTC: Final = 253_402_300_800.0  # the year 10,000: calendars end there
_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_REAL: Final = re.compile(
    r"-?[0-9]{1,19}(\.[0-9]{1,19})?(e[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE
)
_LIST: Final = ","


class AddressError(LocalError):
    """What follows the question mark, or stands in the path, is not what is wanted."""


def act_address(kind: type[Any]) -> str:
    """Say where an act is decided."""
    return f"{PREFIX}/acts/{act_name(kind)}"


def path_fields(row: QuestionRow) -> list[str]:
    """Name the fields of a question that stand in its path."""
    return _IN_PATH.findall(row.path)


def question_address(question: Any, row: QuestionRow) -> str:
    """Write a question as its address, from the root of a server on."""
    told = plain(question)
    in_path = path_fields(row)
    path = _IN_PATH.sub(lambda match: quote(_text(told[match[1]]), safe=""), row.path)
    rest = {
        one.name: _text(told[one.name])
        for one in fields(question)
        if one.name not in in_path and getattr(question, one.name) not in (one.default, None)
    }
    return f"{PREFIX}/{path}" + (f"?{urlencode(rest, quote_via=quote)}" if rest else "")


def read_question(
    kind: type[Any], row: QuestionRow, in_path: Mapping[str, str], rest: Iterable[tuple[str, str]]
) -> Any:
    """Read a question from the parts of its address.

    Args:
        kind: class of the question.
        row: of that.
        in_path: what stands in the path, by field.
        rest: what follows the question mark, in its order.

    Raises:
        AddressError: a parameter is unknown, given twice, missing, or no value of its field.
    """
    return _read(kind, in_path, path_fields(row), rest)


def read_fields(kind: type[Any], rest: Iterable[tuple[str, str]]) -> Any:
    """Read a record from what follows the question mark.

    Raises:
        AddressError: as of a question.
    """
    return _read(kind, {}, (), rest)


def _read(
    kind: type[Any],
    in_path: Mapping[str, str],
    names_in_path: Collection[str],
    rest: Iterable[tuple[str, str]],
) -> Any:
    hints = {name: hint for name, hint, _ in record_fields(kind)}
    told: dict[str, str] = {}
    for name, text in rest:
        if name not in hints or name in names_in_path:
            raise AddressError(f"{name[:40]!a}: there is no such parameter here: leave it out")
        if name in told:
            raise AddressError(f"{name} is given twice: give it once")
        told[name] = text
    told |= in_path
    try:
        values = {
            name: read(_plain(text, hints[name]), hints[name], name) for name, text in told.items()
        }
        refuse_unsound(values)
    except LocalError as error:
        raise AddressError(str(error)) from None
    lacking = [
        name for name, _, default in record_fields(kind) if default is MISSING and name not in told
    ]
    if lacking:
        raise AddressError(f"{', '.join(lacking)} must be given after the question mark")
    return kind(**values)


def refuse_unsound(value: Any, name: str = "") -> None:
    """Refuse what no row can hold: numbers beyond all measure, and texts that are none.

    Args:
        value: plain values, as they came.
        name: of the field; moments are told by it.

    Raises:
        LocalError: something in it is.
    """
    if isinstance(value, Mapping):
        for key, one in value.items():
            refuse_unsound(key)
            refuse_unsound(one, str(key))
    elif isinstance(value, list | tuple):
        for one in value:
            refuse_unsound(one, name)
    elif isinstance(value, str) and not isinstance(value, Enum):
        _refuse_unsound_text(value, name)
    elif isinstance(value, int | float):
        _refuse_unsound_number(value, name)


def _refuse_unsound_text(text: str, name: str) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise LocalError(f"{name or 'a name'}: a text with a NUL or half a character: mend it")


def _refuse_unsound_number(number: float, name: str) -> None:
    if not -WIDEST <= number < WIDEST:  # nor is what is no number between them
        raise LocalError(f"{name}: a number beyond 64 bits: give a smaller one")
    if name.endswith("_utc") and not 0 <= number < LAST_UTC:
        raise LocalError(f"{name}: no moment of the calendar: give seconds since 1970, UTC")


def record_fields(kind: type[Any]) -> list[tuple[str, Any, Any]]:
    """Name the fields of a record, with the type and the default of each; ``MISSING`` for none."""
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        return [(one.name, hints[one.name], one.default) for one in fields(kind)]
    defaults = kind._field_defaults
    return [(name, hints[name], defaults.get(name, MISSING)) for name in kind._fields]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _LIST.join(map(_text, value))
    return str(value)


def _plain(text: str, hint: Any) -> Any:
    """Read a text as the JSON value that is meant; what is none stays a text, and is refused as such."""
    hint = without_none(hint)
    if get_origin(hint) in (tuple, list, frozenset):
        part = get_args(hint)[0]
        return [_plain(one, part) for one in text.split(_LIST)] if text else []
    if hint is bool:
        return {"true": True, "false": False}.get(text, text)
    return _number(text, hint)


def _number(text: str, hint: Any) -> float | str:
    if hint is int or (isinstance(hint, type) and issubclass(hint, IntEnum)):
        return int(text) if _WHOLE.fullmatch(text) else text
    if hint in (float, Utc, Monotonic) and _REAL.fullmatch(text):
        return float(text)
    return text
