"""An entry as JSON and back: the one text a catalogue keeps of it; trusts nothing it reads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from images.catalogue.entry import CatalogueEntry, Origin, UpgradeStep
from images.catalogue.status import ImageStatus
from images.catalogue.terms import Range, Terms
from images.errors import ImageError
from images.strict_json import read_json

FORMAT: Final = 1
MAX_RECORD_BYTES: Final = 1024 * 1024
_NUMBERS: Final = ("size", "manufacturer_code", "image_type", "file_version")
_TEXTS: Final = ("sha256", "header_string", "manufacturer_image_hash")


def write_record(entry: CatalogueEntry) -> bytes:
    """Write an entry: the same octets for the same entry."""
    text = json.dumps({"format": FORMAT, **as_values(entry)}, indent=1, sort_keys=True)
    return text.encode("ascii") + b"\n"


def as_values(entry: CatalogueEntry) -> dict[str, Any]:
    """An entry as plain values; the keys are part of the commands' contract."""
    return {
        **{name: getattr(entry, name) for name in (*_TEXTS, *_NUMBERS)},
        "destination": entry.destination,
        "hardware": _pair(entry.hardware),
        "terms": terms_as_values(entry.terms),
        "status": entry.status.value,
        "origin": entry.origin._asdict(),
        "accepted": list(entry.accepted),
        "history": [step._asdict() for step in entry.history],
    }


def terms_as_values(terms: Terms) -> dict[str, Any]:
    """Terms as plain values."""
    return {
        "bases": None if terms.bases is None else [list(base) for base in terms.bases],
        "hardware": _pair(terms.hardware),
        "models": list(terms.models),
        "makers": list(terms.makers),
        "notes": terms.notes,
        "force": terms.force,
        **({} if terms.reports is None else {"reports": terms.reports}),
    }


def _pair(found: Range | None) -> list[int] | None:
    return None if found is None else list(found)


def read_record(text: bytes) -> CatalogueEntry:
    """Read an entry.

    Raises:
        ImageError: it is none, or of a format this version does not know.
    """
    content = read_json(text, "the record", MAX_RECORD_BYTES)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ImageError(f"no record of format {FORMAT}: damaged, or written by a newer zota")
    return read_values(content)


def read_values(content: Mapping[str, Any]) -> CatalogueEntry:
    """Read an entry from plain values.

    Raises:
        ImageError: a value is missing, of another type, or out of range.
    """
    try:
        return CatalogueEntry(
            **{name: _typed(content[name], int) for name in _NUMBERS},
            **{name: _typed(content[name], str) for name in _TEXTS},
            destination=_typed_or_none(content["destination"], int),
            hardware=_range_or_none(content["hardware"]),
            terms=read_terms(content["terms"]),
            status=ImageStatus(_typed(content["status"], str)),
            origin=Origin(**{key: _typed(content["origin"][key], str) for key in Origin._fields}),
            accepted=_strings(content["accepted"]),
            history=tuple(map(_step, _typed(content["history"], list))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ImageError(f"the record has no usable {_told(error)}") from None


def read_terms(content: Any) -> Terms:
    """Read terms from plain values.

    Raises:
        ImageError: a value is out of range.
        KeyError: one is missing.
        TypeError: one is of another type.
    """
    bases = content["bases"]
    return Terms(
        bases=None if bases is None else tuple(map(_range, _typed(bases, list))),
        hardware=_range_or_none(content["hardware"]),
        models=_strings(content["models"]),
        makers=_strings(content["makers"]),
        notes=_typed(content["notes"], str),
        force=_flag(content.get("force", False)),  # records of earlier versions have none
        reports=_number_or_none(content.get("reports")),
    )


def _number_or_none(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError("reports")
    return value


def _told(error: Exception) -> str:
    return ascii(error.args[0])[:60] if isinstance(error, KeyError) else "value somewhere"


def _step(content: Any) -> UpgradeStep:
    utc = content["utc"]
    if isinstance(utc, bool) or not isinstance(utc, int | float):
        raise TypeError("utc")
    return UpgradeStep(utc, *(_typed(content[key], str) for key in ("who", "what", "reason")))


def _range(content: Any) -> Range:
    low, high = _typed(content, list)
    return Range(_typed(low, int), _typed(high, int))


def _range_or_none(content: Any) -> Range | None:
    return None if content is None else _range(content)


def _strings(content: Any) -> tuple[str, ...]:
    texts: Sequence[Any] = _typed(content, list)
    return tuple(_typed(text, str) for text in texts)


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(kind.__name__)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("flag")
    return value


def _typed_or_none(value: Any, kind: type) -> Any:
    return None if value is None else _typed(value, kind)
