"""Answers with what browsers are told about them: no other origin, no frame, nothing kept; knows no page."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ota_engine.head_end.service.guards import PAGE_POLICY

SAFE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def html(text: str, status: int = 200) -> Response:
    """Answer with a page."""
    return HTMLResponse(text, status, headers=SAFE_HEADERS)


def see(path: str) -> Response:
    """Send a browser to another page of ours, to be got."""
    return RedirectResponse(path, 303, headers=SAFE_HEADERS)


def own_path(text: str, otherwise: str = "/") -> str:
    """Take a path that came from outside only where it leads nowhere but to this server."""
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if plain and text.isprintable() else otherwise
