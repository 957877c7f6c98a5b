"""Speaks to the gateways' door as a test lets it; it keeps nothing and tries nothing again."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from ota_engine.errors import LinkError
from ota_engine.gateway.wire import (
    REGISTER_PATH,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    Registering,
    Registration,
    TokenChange,
    WireProblem,
    base_of,
    octets_of,
    query_of,
    record_of,
)
from ota_engine.gateway.wire_conformance import WireAnswer
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.gateway.wire_stream import StreamEvent
from ota_engine.telling.http_wire import HttpStream, HttpWire

T = TypeVar("T")
BASE: Final = base_of(1)
RANGE_TROUBLE: Final = 416


class HeadEndRefusedError(LinkError):
    """A head end has refused something.

    Attributes:
        status: of HTTP.
        code: of the problem; empty where it gave none.
    """

    def __init__(self, answer: WireAnswer) -> None:
        try:
            told = record_of(WireProblem, answer.octets)
        except WireError:
            told = WireProblem("", answer.status, "without a word", "")
        super().__init__(f"the head end refuses ({answer.status}): {told.detail}")
        self.status = answer.status
        self.code = told.code


class OpenStream:
    """A stream that is open."""

    def __init__(self, stream: HttpStream) -> None:
        self._stream = stream

    async def next(self) -> StreamEvent:
        """The next event."""
        event = await self._stream.next_event()
        if event is None:
            raise LinkError("the stream has ended")
        return event

    async def until(self, kind: type[T]) -> T:
        """The next event of a kind; what comes before it is passed over."""
        while True:
            event = await self.next()
            if isinstance(event, kind):
                return event


class HeadEndCaller:
    """One who calls. Use it as an async context manager.

    Attributes:
        token: that is shown; empty for none.
    """

    def __init__(self, url: str) -> None:
        self.token = ""
        self._wire = HttpWire(url)

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._wire.__aexit__(kind, error, traceback)

    async def register(self, said: Registering) -> Registration:
        """Register, and show the token from then on."""
        answer = await self.post(REGISTER_PATH, octets_of(said))
        found: Registration = record_of(Registration, answer.octets)
        self.token = found.token
        return found

    async def change_token(self, instance: str, token: str) -> None:
        """Have another token known."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        await self.post(f"{BASE}/token", octets_of(TokenChange(instance, digest)))

    async def report(self, said: OutcomeReport) -> OutcomesHeard:
        """Say what happened."""
        answer = await self.post(f"{BASE}/outcomes", octets_of(said))
        found: OutcomesHeard = record_of(OutcomesHeard, answer.octets)
        return found

    async def progress(self, said: Any) -> None:
        """Say how transfers go."""
        await self.post(f"{BASE}/progress", octets_of(said))

    async def image(self, sha256: str, **headers: str) -> WireAnswer:
        """Fetch an image, or a part of it: ``range`` and ``if_range``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{BASE}/images/{sha256}"
        return _good(await self._wire.ask("GET", path, named | self._shown()))

    @asynccontextmanager
    async def stream(self, opening: Opening) -> AsyncIterator[OpenStream]:
        """Open a stream for as long as the block."""
        opened = self._wire.stream(f"{BASE}/stream", query_of(opening), self._shown())
        async with opened as stream:
            if isinstance(stream, WireAnswer):
                raise HeadEndRefusedError(stream)
            yield OpenStream(stream)

    async def post(
        self, path: str, octets: bytes, media_type: str = "application/json"
    ) -> WireAnswer:
        """Post any document anywhere."""
        headers = {"content-type": media_type} | self._shown()
        return _good(await self._wire.ask("POST", path, headers, octets))

    def _shown(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


def _good(answer: WireAnswer) -> WireAnswer:
    if answer.status >= 400 and answer.status != RANGE_TROUBLE:
        raise HeadEndRefusedError(answer)
    return answer
