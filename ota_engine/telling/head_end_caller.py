"""Speaks to a head end's door for gateways as one would; knows httpx and the words on the wire, no hub.

It keeps nothing and tries nothing again: that is for whoever uses it.
"""

import hashlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

import httpx
import trio

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
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.gateway.wire_stream import Beat, StreamEvent, StreamReader

T = TypeVar("T")
PATIENCE_S: Final = 30.0
CLOSING_S: Final = 2.0
_JSON: Final = "application/json"


class HeadEndRefusedError(LinkError):
    """A head end has refused something.

    Attributes:
        status: of HTTP.
        code: of the problem; empty where it gave none.
    """

    def __init__(self, status: int, told: WireProblem | None) -> None:
        detail = "without a word" if told is None else told.detail
        super().__init__(f"the head end refuses ({status}): {detail}")
        self.status = status
        self.code = "" if told is None else told.code


class ImagePart(NamedTuple):
    """Octets of an image, as they came.

    Attributes:
        status: of HTTP.
        octets: of the answer.
        headers: of the answer.
    """

    status: int
    octets: bytes
    headers: Mapping[str, str]


class OpenStream:
    """A stream that is open."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._reader = StreamReader()
        self._found: deque[StreamEvent | Beat] = deque()

    async def next(self) -> StreamEvent | Beat:
        """The next event, or heartbeat.

        Raises:
            LinkError: the stream has ended.
            WireError: it is none of ours.
        """
        while not self._found:
            try:
                piece = await anext(self._pieces)
            except StopAsyncIteration:
                raise LinkError("the stream has ended") from None
            except httpx.HTTPError as error:
                raise LinkError(f"the stream has ended: {type(error).__name__}") from error
            self._found += self._reader.feed(piece)
        return self._found.popleft()

    async def until(self, kind: type[T]) -> T:
        """The next event of a kind; what comes before it is passed over."""
        while True:
            event = await self.next()
            if isinstance(event, kind):
                return event


class HeadEndCaller:
    """One who calls. Use it as an async context manager.

    Args:
        url: of the head end, without a path.
        protocol: version that is spoken.
        patience_s: seconds for an answer.
        transport: instead of the network.

    Attributes:
        token: that is shown; empty for none.
    """

    def __init__(
        self,
        url: str,
        *,
        protocol: int = 1,
        patience_s: float = PATIENCE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.token = ""
        self._base = base_of(protocol)
        self._patience = patience_s
        self._client = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx.Timeout(patience_s),
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": "zota"},
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

    async def register(self, said: Registering) -> Registration:
        """Register, and show the token from then on.

        Raises:
            HeadEndRefusedError: it may not.
            LinkError: there is no answer.
        """
        answer = await self.post(REGISTER_PATH, octets_of(said))
        found: Registration = record_of(Registration, answer.content)
        self.token = found.token
        return found

    async def change_token(self, instance: str, token: str) -> None:
        """Have another token known; whoever calls has kept it, and shows it afterwards."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        await self.post(f"{self._base}/token", octets_of(TokenChange(instance, digest)))

    async def report(self, said: OutcomeReport) -> OutcomesHeard:
        """Say what happened.

        Raises:
            HeadEndRefusedError: it may not.
            LinkError: there is no answer: whether it was kept is seen next time.
        """
        answer = await self.post(f"{self._base}/outcomes", octets_of(said))
        found: OutcomesHeard = record_of(OutcomesHeard, answer.content)
        return found

    async def progress(self, said: Any) -> None:
        """Say how transfers go."""
        await self.post(f"{self._base}/progress", octets_of(said))

    async def image(self, sha256: str, **headers: str) -> ImagePart:
        """Fetch an image, or a part of it.

        Args:
            sha256: its name.
            headers: of the request; ``range`` and ``if_range``.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self._asked("GET", f"{self._base}/images/{sha256}", headers=named)
        return ImagePart(answer.status_code, answer.content, answer.headers)

    @asynccontextmanager
    async def stream(self, opening: Opening) -> AsyncIterator[OpenStream]:
        """Open a stream for as long as the block.

        Raises:
            HeadEndRefusedError: it may not.
            LinkError: there is no answer.
        """
        try:
            async with self._client.stream(
                "GET", f"{self._base}/stream", params=query_of(opening), headers=self._shown()
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    await answer.aread()
                    raise _refused(answer)
                pieces = answer.aiter_raw()
                try:
                    yield OpenStream(pieces)
                finally:
                    await _ended(answer, pieces)
        except httpx.HTTPError as error:
            raise LinkError(f"the head end does not answer: {type(error).__name__}") from error

    async def post(self, path: str, octets: bytes, media_type: str = _JSON) -> httpx.Response:
        """Post any document anywhere."""
        return await self._asked("POST", path, content=octets, headers={"Content-Type": media_type})

    async def _asked(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> httpx.Response:
        shown = {**headers, **self._shown()}
        try:
            with trio.fail_after(self._patience):
                answer = await self._client.request(method, path, content=content, headers=shown)
        except (httpx.HTTPError, trio.TooSlowError) as error:
            raise LinkError(f"the head end does not answer: {type(error).__name__}") from error
        if answer.status_code >= httpx.codes.BAD_REQUEST and answer.status_code != 416:
            raise _refused(answer)
        return answer

    def _shown(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


async def _ended(answer: httpx.Response, pieces: AsyncIterator[bytes]) -> None:
    """End what httpx reads with, which would be left half way otherwise, for Python to find."""
    with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSING_S):
        await answer.aclose()
        with suppress(httpx.HTTPError, httpx.StreamError):
            async for _ in pieces:
                pass


def _refused(answer: httpx.Response) -> HeadEndRefusedError:
    try:
        told = record_of(WireProblem, answer.content)
    except WireError:
        told = None
    return HeadEndRefusedError(answer.status_code, told)
