"""The door of a head end as a gateway meets it; knows httpx, the wire and nothing of what is said by it.

Whatever goes wrong is one of three things: the head end is away, and is asked again later; it does not let
this gateway in any more, which no further attempt mends; or what was asked for is not there.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from ota_engine.errors import LocalError, ZotaError
from ota_engine.gateway.wire import (
    PROTOCOLS,
    REGISTER_PATH,
    SILENT_S,
    Hello,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    ProgressReport,
    Registering,
    Registration,
    WireProblem,
    base_of,
    octets_of,
    query_of,
    record_of,
)
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.gateway.wire_stream import MEDIA_TYPE, Beat, StreamEvent, StreamReader
from ota_engine.telling.http_calling import HttpCaller, end_answer
from ota_engine.telling.http_poster import answered, http_url
from ota_engine.telling.serving import PRIVATE
from ota_engine.wording import one_line

ANSWER_S: Final = 30.0  # for one request as a whole
CONNECT_S: Final = 10.0
MOST_ANSWER: Final = 64 << 10  # octets of an answer that is no stream and no image
SHUT: Final = frozenset(
    {"unknown token", "revoked", "code refused", "another instance", "no common protocol"}
)
JSON: Final = {"Content-Type": "application/json"}


class HeadEndAwayError(ZotaError):
    """The head end does not answer as it should now.

    Attributes:
        after_s: seconds after which it wants to be asked again; None where it has not said.
    """

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class ShutOutError(LocalError):
    """The head end does not let this gateway in, and will not unless a person does something.

    Attributes:
        code: why, as the wire calls it.
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


class NoSuchImageError(ZotaError):
    """The head end has not, for this gateway, what it was asked for."""


class RangeRefusedError(ZotaError):
    """An image is not what a part of it was thought to be a part of."""


class HeadEndDoor(HttpCaller):
    """Connections to one head end, for one gateway or many. Use it as an async context manager.

    Args:
        url: of the head end, ``https://`` or, on this machine, ``http://``.
        ca: certificates to trust instead of those that the world does (PEM); None for those.
        private: the way there is private although it is no TLS.
        transport: instead of the network.

    Raises:
        LocalError: the URL is none, others could read the token on its way, or ``ca`` holds none.
    """

    def __init__(
        self,
        url: str,
        *,
        ca: Path | None = None,
        private: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        parsed = _checked(url, private=private)
        self.place = f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"
        self._base = str(parsed).rstrip("/")
        super().__init__(
            {"Accept": "application/json"},
            verify=_tls(ca) if parsed.scheme == "https" else False,
            transport=transport,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=200),
        )

    # --- requests --------------------------------------------------------------------------------

    async def register(self, registering: Registering) -> Registration:
        """Say who the gateway is, and be given a token.

        Raises:
            HeadEndAwayError: it could not be.
            ShutOutError: the code is refused, or the versions of both ends do not go together.
        """
        told = await self._post(f"{self._base}{REGISTER_PATH}", octets_of(registering), None)
        registration: Registration = _read(Registration, told)
        _check_protocol(registration.protocol)
        return registration

    async def report(self, token: str, report: OutcomeReport) -> OutcomesHeard:
        """Say what has happened.

        Raises:
            HeadEndAwayError: it may not have arrived.
            ShutOutError: the gateway is not let in.
        """
        told = await self._post(self._at("outcomes"), octets_of(report), token)
        heard: OutcomesHeard = _read(OutcomesHeard, told)
        return heard

    async def progress(self, token: str, report: ProgressReport) -> None:
        """Say how transfers go.

        Raises:
            HeadEndAwayError: it may not have arrived.
            ShutOutError: the gateway is not let in.
        """
        await self._post(self._at("progress"), octets_of(report), token)

    @asynccontextmanager
    async def stream(
        self, token: str, opening: Opening
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        """Be told things for as long as the block; the first is a hello.

        Raises:
            HeadEndAwayError: it ends, says nothing for long, or is none; in the block, too.
            ShutOutError: the gateway is not let in.
        """
        headers = {**_proof(token), "Accept": MEDIA_TYPE, "Accept-Encoding": "identity"}
        timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S, read=SILENT_S)
        request = self._client.stream(
            "GET", self._at("stream"), params=query_of(opening), headers=headers, timeout=timeout
        )
        with _troubles():
            async with request as response:
                await _refuse(response)
                async with _octets(response) as octets, aclosing(_told(octets)) as told:
                    yield told

    @asynccontextmanager
    async def image(
        self, token: str, sha256: str, offset: int
    ) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """Fetch an image, from an octet on.

        Gives where the octets really begin, and the octets.

        Raises:
            HeadEndAwayError: they do not come, or no more of them.
            ShutOutError: the gateway is not let in.
            NoSuchImageError: there is no such image for it.
            RangeRefusedError: it has no such octet.
        """
        headers = {**_proof(token), "Accept": "*/*", "Accept-Encoding": "identity"}
        if offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": f'"{sha256}"'}
        with _troubles():
            request = self._client.stream("GET", self._at(f"images/{sha256}"), headers=headers)
            async with request as response:
                if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    raise RangeRefusedError("the image has fewer octets than are here")
                await _refuse(response, NoSuchImageError)
                partial = response.status_code == httpx.codes.PARTIAL_CONTENT
                async with _octets(response) as octets:
                    yield offset if partial else 0, octets

    # --- within ----------------------------------------------------------------------------------

    def _at(self, what: str) -> str:
        return f"{self._base}{base_of(PROTOCOLS[0])}/{what}"

    async def _post(self, url: str, octets: bytes, token: str | None) -> bytes:
        headers = JSON if token is None else {**JSON, **_proof(token)}
        with _troubles(), trio.fail_after(ANSWER_S):
            request = self._client.stream("POST", url, content=octets, headers=headers)
            async with request as response:
                await _refuse(response)
                return await _answer_of(response)


def _checked(url: str, *, private: bool) -> httpx.URL:
    parsed = http_url(url)
    if parsed is None or parsed.userinfo or parsed.query or parsed.fragment:
        raise LocalError(f"{url[:80]!a} is no head end: give a URL like https://zota.example")
    if parsed.scheme == "http" and parsed.host not in PRIVATE and not private:
        raise LocalError(
            f"{url[:80]}: others could read what is said there: give https://, or --private-way if"
            " nobody else can listen"
        )
    return parsed


def _tls(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except FileNotFoundError:
        raise
    except (ssl.SSLError, OSError, ValueError) as error:
        raise LocalError(f"{ca}: holds no certificate that can be read: give PEM") from error


def _proof(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def _troubles() -> Iterator[None]:
    """Let a block raise nothing of the network but that the head end is away."""
    try:
        yield
    except (httpx.TimeoutException, trio.TooSlowError) as error:
        raise HeadEndAwayError("no complete answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise HeadEndAwayError(one_line(str(error) or type(error).__name__)) from error
    except WireError as error:
        raise HeadEndAwayError(f"what it says cannot be read: {error}") from error


async def _refuse(response: httpx.Response, not_there: type[ZotaError] = HeadEndAwayError) -> None:
    """Raise what a refusal means; ``not_there`` where what was asked for is not there for this gateway."""
    if response.is_success:
        return
    said = await _answer_of(response)
    problem = _problem(response.status_code, said)
    if problem.code in SHUT:
        raise ShutOutError(problem.detail, problem.code)
    if problem.code == "not yours":
        raise not_there(problem.detail)
    after = response.headers.get("Retry-After", "")
    raise HeadEndAwayError(problem.detail, float(after) if after.isdecimal() else None)


def _problem(status: int, said: bytes) -> WireProblem:
    try:
        problem: WireProblem = record_of(WireProblem, said)
    except WireError:
        return WireProblem("", status, answered(status, said[:400]), "")
    return problem._replace(detail=problem.detail or answered(status, b""))


async def _answer_of(response: httpx.Response) -> bytes:
    said = b""
    async for piece in response.aiter_bytes():
        said += piece
        if len(said) > MOST_ANSWER:
            raise HeadEndAwayError(f"its answer has more than {MOST_ANSWER >> 10} KiB")
    return said


def _read(kind: type[Any], octets: bytes) -> Any:
    try:
        return record_of(kind, octets)
    except WireError as error:
        raise HeadEndAwayError(f"what it says cannot be read: {error}") from error


@asynccontextmanager
async def _octets(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """The octets of an answer, for as long as the block; where it is left before their end, they are ended."""
    octets = response.aiter_raw()
    try:
        yield octets
    finally:
        await end_answer(response, octets)


async def _told(octets: AsyncIterator[bytes]) -> AsyncGenerator[StreamEvent, None]:
    reader, greeted = StreamReader(), False
    async for piece in octets:
        for told in reader.feed(piece):
            if isinstance(told, Hello):
                _check_protocol(told.protocol)
                greeted = True
            if isinstance(told, Beat):
                continue
            if not greeted:
                raise HeadEndAwayError("it does not begin with a hello")
            yield told
    raise HeadEndAwayError("it has ended the stream")


def _check_protocol(protocol: int) -> None:
    if protocol not in PROTOCOLS:
        raise ShutOutError(
            f"the head end wants to speak protocol {protocol}, this gateway speaks"
            f" {', '.join(map(str, PROTOCOLS))}: upgrade whichever is older",
            "no common protocol",
        )
