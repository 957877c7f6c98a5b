"""What went wrong, as a document for programs: ``application/problem+json`` (RFC 9457); pure, knows no door."""

from typing import Any, Final

from ota_engine.gateway.wire import PROBLEM_TYPE

__all__ = ["PROBLEM_TYPE", "problem_values"]

KIND: Final = "urn:zota:problem:"
LONGEST: Final = 1_000  # characters of a detail


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
