"""Posts documents to a Service User's endpoint over HTTP; knows httpx, and no row but the document's.

2xx means that the user has it, 400 that it never will, all else that it is tried again.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import trio

from images.eui64 import format_eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.orders.rows import ServiceUser, UserDocument
from ota_engine.telling.http_poster import HttpPoster, answered, http_url
from ota_engine.telling.serving import TlsFiles
from ota_engine.telling.sink import Fate, SinkAnswer

TIMEOUT_S: Final = 10.0  # for one attempt as a whole
MOST_ANSWER_OCTETS: Final = (
    100_000  # of which so many are read; an answer of ours to say yes has none
)
SHOWN_OCTETS: Final = 200
REFUSED: Final = 400
_HEADERS: Final = {"Content-Type": "application/xml"}


class UserEndpoint(HttpPoster):
    """The registered endpoint of one user; an async context manager.

    Args:
        user: whose.
        tls: certificates of our own for its server; by default those the world trusts.
        timeout: seconds for one attempt.

    Raises:
        LocalError: none is registered, or it is no URL.
    """

    def __init__(
        self,
        user: ServiceUser,
        *,
        tls: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT_S,
    ) -> None:
        super().__init__(_checked(user), _HEADERS, timeout=timeout, tls=tls)

    async def post(self, document: UserDocument) -> SinkAnswer:
        """Post one document; never raises for what the other side does."""
        return await self._attempted(partial(self._post, document.octets))

    async def _post(self, octets: bytes) -> SinkAnswer:
        size, said = 0, b""
        request = self._client.build_request("POST", self._url, content=octets)
        request.stream = _Once(octets)
        response = await self._client.send(request, stream=True)
        async with aclosing(response):
            with trio.CancelScope() as reading:
                async for piece in response.aiter_raw():
                    said += piece[: SHOWN_OCTETS - len(said)]
                    size += len(piece)
                    if size > MOST_ANSWER_OCTETS:  # the rest is not waited for
                        reading.cancel()
        return _answer(response, said)


class _Once(httpx.AsyncByteStream):
    """A body in one piece; unlike httpx's own it leaves nothing to be tidied when it is not sent."""

    def __init__(self, octets: bytes) -> None:
        self._left = [octets]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


def endpoint_tls(authority: Path | None, ours: TlsFiles | None) -> ssl.SSLContext | None:
    """Have how we speak TLS to users' endpoints, and show them who we are.

    Args:
        authority: who signs their certificates, PEM; None for whom the world trusts.
        ours: the certificate that we serve with; None to show none.

    Returns:
        None where nothing is said and nothing shown.

    Raises:
        LocalError: a file cannot be used.
    """
    if authority is None and ours is None:
        return None
    try:
        found = ssl.create_default_context(cafile=None if authority is None else str(authority))
        if ours is not None:
            found.load_cert_chain(ours.certificate, ours.key)
    except (ssl.SSLError, OSError) as error:
        reason = error.strerror or str(error)
        name = authority or (ours and ours.certificate)
        raise LocalError(f"{name}: no certificates for TLS ({reason}): give PEM files") from error
    return found


def _answer(response: httpx.Response, said: bytes) -> SinkAnswer:
    status = response.status_code
    if response.is_success:
        return SinkAnswer(Fate.ACCEPTED)
    if response.is_redirect:
        return SinkAnswer(
            Fate.HELD,
            f"answered {status}: it sends us elsewhere: register where it takes documents",
        )
    return SinkAnswer(Fate.REFUSED if status == REFUSED else Fate.HELD, answered(status, said))


def _checked(user: ServiceUser) -> httpx.URL:
    name = format_eui64(user.user)
    if not user.endpoint:
        raise LocalError(f"no endpoint is registered for {name}: register one")
    url = http_url(user.endpoint)
    if url is None:
        raise LocalError(
            f"the endpoint of {name} is no URL: register one like https://user.example/duis"
        )
    return url
