"""Holds connections to one server for whoever calls it; knows httpx, and nothing of what is said.

Redirects are not followed: an address is what was given. Nothing is taken from the environment: no
proxy, no password file.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import httpx
import trio

CLOSING_S: Final = 2.0  # for the end of an answer that nobody reads


class HttpCaller:
    """Connections to one server. Use it as an async context manager.

    Args:
        headers: that go with every request.
        options: of the client: its patience, its certificates, another transport than the network.
    """

    def __init__(self, headers: Mapping[str, str], **options: Any) -> None:
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": "zota", **headers},
            event_hooks={"request": [_tidy_up]},
            **options,
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)


async def _tidy_up(request: httpx.Request) -> None:
    if request.url.scheme == "https":
        request.extensions["trace"] = _Connecting()


class _Connecting:
    """Closes a connection on which TLS was not agreed; httpcore leaves it open where that is cancelled."""

    def __init__(self) -> None:
        self._connection: Any = None

    async def __call__(self, event: str, facts: Mapping[str, Any]) -> None:
        """Take what httpcore tells of a request on its way."""
        if event == "connection.connect_tcp.complete":
            self._connection = facts["return_value"]
        elif event == "connection.start_tls.failed" and self._connection is not None:
            with trio.CancelScope(shield=True):
                await self._connection.aclose()


async def end_answer(response: httpx.Response, pieces: AsyncIterator[bytes]) -> None:
    """End an answer that may not have been read to its end, and what httpx reads it with.

    That would be left half way otherwise, for Python to find.

    Args:
        response: the answer.
        pieces: its octets.
    """
    with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSING_S):
        await response.aclose()
        with suppress(httpx.HTTPError, httpx.StreamError):
            async for _ in pieces:
                pass
