"""Takes the body of a post in bounded time and memory; knows HTTP, nothing of what is posted.

What is not small waits on disk until its turn comes, so that many large ones at once cost no memory.
"""

import tempfile
from collections.abc import Collection
from contextlib import aclosing
from typing import IO, Final, NamedTuple

import trio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ota_engine.telling.serving import throw_away

SMALL: Final = 64 << 10  # octets kept in memory


class PostRefused(Exception):  # noqa: N818 - it says what becomes of the post
    """A post that is answered by HTTP alone, for it is none that is wanted.

    Attributes:
        status: of HTTP.
        reason: one line.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class PostWanted(NamedTuple):
    """What is wanted of a post.

    Attributes:
        what: it is, in one word.
        ask: what to post, in an answer to another kind.
        kinds: media types that are taken.
        most: octets that are taken.
        within: seconds in which all of it has to be here.
    """

    what: str
    ask: str
    kinds: Collection[str]
    most: int
    within: float


class PostedBody:
    """A body that has arrived.

    Attributes:
        file: open for reading; seekable.
        size: octets.
        kind: its media type.
    """

    def __init__(self, file: IO[bytes], size: int, kind: str) -> None:
        self.file = file
        self.size = size
        self.kind = kind

    def octets(self) -> bytes:
        """Read all of it."""
        self.file.seek(0)
        return self.file.read()

    def close(self) -> None:
        """Forget it."""
        self.file.close()


async def posted_body(request: Request, wanted: PostWanted) -> PostedBody:
    """Take the body of a post; close it.

    Raises:
        PostRefused: it is of another kind, too large, or does not come.
        OSError: it cannot be kept.
    """
    kind = _checked_head(request, wanted)
    file = tempfile.SpooledTemporaryFile(SMALL, prefix="zota-post-")  # noqa: SIM115 - its taker closes it
    size = -1
    try:
        with trio.move_on_after(wanted.within):
            size = await _fill(file, request, wanted)
        if size < 0:
            raise PostRefused(408, f"the {wanted.what} did not arrive within {wanted.within:g} s")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return PostedBody(file, size, kind)


class Unread(Response):
    """An answer to a post that was not read to its end: what still comes is thrown away meanwhile.

    Otherwise the server waits for somebody to take it, and with it the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(throw_away, receive)
            await super().__call__(scope, receive, send)
            nursery.cancel_scope.cancel()


def _checked_head(request: Request, wanted: PostWanted) -> str:
    """Refuse what can be refused before a word of it is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in wanted.kinds:
        raise PostRefused(415, wanted.ask)
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise PostRefused(415, f"post the {wanted.what} as it is, without Content-Encoding")
    if int(request.headers.get("content-length", "0")) > wanted.most:
        raise _too_large(wanted)
    return kind


async def _fill(file: IO[bytes], request: Request, wanted: PostWanted) -> int:
    size = 0
    try:
        async with aclosing(request.stream()) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > wanted.most:
                    raise _too_large(wanted)
                file.write(piece)
    except ClientDisconnect:
        raise PostRefused(400, f"the sender left in the middle of its {wanted.what}") from None
    return size


def _too_large(wanted: PostWanted) -> PostRefused:
    return PostRefused(
        413, f"the {wanted.what} has more than {wanted.most:,} octets: no request is so large"
    )
