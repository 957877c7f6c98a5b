"""Takes forms from browsers: from our own pages only, of a size, within a time; knows no page."""

from contextlib import aclosing
from typing import Final
from urllib.parse import urlsplit

import trio
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

FORM_S: Final = 20.0  # in which a form has to arrive
MOST_FIELDS: Final = 200
MOST_FILES: Final = 4


async def read_form(request: Request, octets: int) -> FormData:
    """Read a form; whoever takes it closes it.

    Raises:
        HTTPException: it came from elsewhere (403), is too large (413), too slow (408), or none (400).
    """
    refuse_other_origin(request)
    too_large = HTTPException(413, f"a form here may have {octets >> 10:,} KiB: send less")
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > octets:
        raise too_large
    body = bytearray()
    with trio.move_on_after(FORM_S) as waiting:
        async with aclosing(request.stream()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > octets:
                    raise too_large
    if waiting.cancelled_caught:
        raise HTTPException(408, f"the form did not arrive within {FORM_S:.0f} s: send it again")

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    whole = Request(request.scope, receive)
    return await whole.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=octets)


def refuse_other_origin(request: Request) -> None:
    """Let a form in that one of our pages sent, as the browser says.

    Raises:
        HTTPException: another site sent it, or nobody says which did.
    """
    site = request.headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return
    origin = request.headers.get("origin", "")
    if site is None and origin and urlsplit(origin).netloc == request.headers.get("host"):
        return
    raise HTTPException(403, "this form did not come from a page of this server: open it here")
