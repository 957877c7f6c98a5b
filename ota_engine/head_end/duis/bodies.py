"""Takes the body of a post in bounded time and memory; knows HTTP, nothing of DUIS.

What is not small waits on disk until its turn comes, so that many large ones at once cost no memory.
"""

import tempfile
from contextlib import aclosing
from typing import IO, Final

import trio
from starlette.requests import ClientDisconnect, Request

from ota_engine.duis.documents import MOST_DOCUMENT_OCTETS

SMALL: Final = 64 << 10  # octets kept in memory
BODY_S: Final = 10.0  # for a body to arrive as a whole
XML: Final = "application/xml"


class PostRefused(Exception):  # noqa: N818 - it says what becomes of the post
    """A post that is answered by HTTP alone, for it is no request of DUIS.

    Attributes:
        status: of HTTP.
        reason: one line.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class PostedBody:
    """A body that has arrived.

    Attributes:
        size: octets.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.size = size

    def octets(self) -> bytes:
        """Read all of it."""
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        """Forget it."""
        self._file.close()


async def posted_body(
    request: Request, within: float = BODY_S, most: int = MOST_DOCUMENT_OCTETS
) -> PostedBody:
    """Take the body of a post; close it.

    Args:
        request: the post.
        within: seconds in which all of it has to be here.
        most: octets that are taken.

    Raises:
        PostRefused: it is no XML, too large, or does not come.
        OSError: it cannot be kept.
    """
    _check_head(request, most)
    file = tempfile.SpooledTemporaryFile(SMALL, prefix="zota-duis-")  # noqa: SIM115 - its taker closes it
    size = -1
    try:
        with trio.move_on_after(within):
            size = await _fill(file, request, most)
        if size < 0:
            raise PostRefused(408, f"the document did not arrive within {within:g} s")
    except BaseException:
        file.close()
        raise
    return PostedBody(file, size)


def _check_head(request: Request, most: int) -> None:
    """Refuse what can be refused before a word of it is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != XML:
        raise PostRefused(415, f"post a DUIS document as Content-Type {XML}")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        raise PostRefused(415, "post the document as it is, without Content-Encoding")
    if int(request.headers.get("content-length", "0")) > most:
        raise _too_large(most)


async def _fill(file: IO[bytes], request: Request, most: int) -> int:
    size = 0
    try:
        async with aclosing(request.stream()) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                file.write(piece)
    except ClientDisconnect:
        raise PostRefused(400, "the sender left in the middle of its document") from None
    return size


def _too_large(most: int) -> PostRefused:
    return PostRefused(413, f"the document has more than {most:,} octets: no request is so large")
