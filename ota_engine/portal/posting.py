"""Takes forms from browsers: from our own pages only, of a size, within a time; knows no page."""

from typing import Final
from urllib.parse import urlsplit

import trio
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

FORM_OCTETS: Final = 1 << 20  # of a form; lists of homes are imported elsewhere
FORM_S: Final = 20.0  # in which a form has to arrive
MOST_FIELDS: Final = 200
MOST_FILES: Final = 4


async def read_form(request: Request, octets: int = FORM_OCTETS) -> FormData:
    """Read a form.

    Raises:
        HTTPException: it came from elsewhere (403), is too large (413), too slow (408), or none (400).
    """
    refuse_other_origin(request)
    came = 0

    async def receive() -> Message:
        nonlocal came
        message = await request.receive()
        came += len(message.get("body", b""))
        if came > octets:
            raise HTTPException(413, f"a form may have {octets >> 10} KiB: send less")
        return message

    with trio.move_on_after(FORM_S):
        bounded = Request(request.scope, receive)
        return await bounded.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
    raise HTTPException(408, f"the form did not arrive within {FORM_S:.0f} s: send it again")


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
