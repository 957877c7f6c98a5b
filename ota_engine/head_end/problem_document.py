"""What went wrong, as a document for programs: ``application/problem+json`` (RFC 9457); pure, knows no door."""

from collections.abc import Mapping
from typing import Any, Final

from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.gateway.wire import PROBLEM_TYPE

__all__ = ["PROBLEM_TYPE", "REFUSED_BY", "problem_values"]

KIND: Final = "urn:zota:problem:"
LONGEST: Final = 1_000  # characters of a detail

#: By which status of HTTP a decision is refused, to programs and on pages alike.
REFUSED_BY: Final[Mapping[RefusalCode, int]] = {
    RefusalCode.FORBIDDEN: 403,
    RefusalCode.SIGNATURE: 403,
    RefusalCode.AUTHOR: 403,
    RefusalCode.UNKNOWN: 404,
    RefusalCode.MOVED: 409,
    RefusalCode.REUSED: 409,
    RefusalCode.STATE: 409,
    RefusalCode.CONTENT: 422,
}


def problem_values(code: str, status: int, title: str, detail: str) -> dict[str, Any]:
    """Write a document as plain values, ready for JSON.

    Args:
        code: by which programs tell its kind.
        status: of HTTP.
        title: of its kind, in words.
        detail: what is wrong and what to do; it may quote whatever came.
    """
    return {
        "type": f"{KIND}{code}",
        "title": title,
        "status": status,
        "detail": _line(detail),
        "code": str(code),
    }


def _line(text: str) -> str:
    """Keep a detail one printable line."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[:LONGEST]
    )
    return shown if len(text) <= LONGEST else f"{shown}…"
