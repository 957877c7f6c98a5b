"""Speaks HTTP to a head end for whoever checks one; knows httpx, and nothing of what is said."""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx
import trio

from ota_engine.errors import LinkError
from ota_engine.gateway.wire_conformance import WireAnswer
from ota_engine.gateway.wire_stream import Beat, StreamEvent, StreamReader
from ota_engine.telling.http_calling import HttpCaller, end_answer

PATIENCE_S: Final = 60.0  # for an answer, and for the next thing on a stream


class HttpStream:
    """A stream that is open; a ``WireStream``."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._reader = StreamReader()
        self._found: deque[StreamEvent | Beat] = deque()

    async def next_event(self) -> StreamEvent | None:
        """The next event, heartbeats passed over; None where the stream has ended.

        Raises:
            WireError: what came is no event of ours.
        """
        while True:
            while self._found:
                event = self._found.popleft()
                if not isinstance(event, Beat):
                    return event
            try:
                piece = await anext(self._pieces)
            except (StopAsyncIteration, httpx.HTTPError):
                return None
            self._found += self._reader.feed(piece)


class HttpWire(HttpCaller):
    """Connections to one head end; a ``WireSpeaker``. Use it as an async context manager.

    Args:
        url: of the head end, without a path.
        patience_s: seconds for an answer.
        transport: instead of the network.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = PATIENCE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience = patience_s
        super().__init__({}, base_url=url, transport=transport, timeout=patience_s)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], octets: bytes = b""
    ) -> WireAnswer:
        """Ask something, and wait for the whole answer.

        Raises:
            LinkError: there is none.
        """
        try:
            with trio.fail_after(self._patience):
                answer = await self._client.request(
                    method, path, content=octets or None, headers=dict(headers)
                )
        except (httpx.HTTPError, trio.TooSlowError) as error:
            raise LinkError(f"the head end does not answer: {type(error).__name__}") from error
        return WireAnswer(answer.status_code, answer.headers, answer.content)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> AsyncIterator[HttpStream | WireAnswer]:
        """Open a stream for as long as the block; gives the answer instead where that is none.

        Raises:
            LinkError: there is none.
        """
        request = self._client.build_request("GET", path, params=dict(query), headers=dict(headers))
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise LinkError(f"the head end does not answer: {type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK:
            octets = await answer.aread()
            await answer.aclose()
            yield WireAnswer(answer.status_code, answer.headers, octets)
            return
        pieces = answer.aiter_raw()
        try:
            yield HttpStream(pieces)
        finally:
            await end_answer(answer, pieces)
