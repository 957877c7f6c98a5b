"""Where a user is brought responses and alerts: serves its endpoint, and fails as it is told to.

Knows starlette and the faults. A document is acknowledged when it is on disk, never before;
so whoever was told 204 need not bring it again. What public clients do is done: no document over 100 kB
is read, nothing but XML, and what is no valid document is answered 400.
"""

import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import trio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from images.eui64 import Eui64, format_eui64
from ota_engine.duis.documents import parse_document
from ota_engine.duis.reading import read_response
from ota_engine.duis.responses import ServiceResponse
from ota_engine.errors import PeerError, StoreError
from ota_engine.gbcs.verification import CheckResult
from ota_engine.service_user.book import BookedDocument, BookEntry, DocumentBook
from ota_engine.service_user.hearing import kind_of
from ota_engine.service_user.xml_keys import CheckedDocument, XmlKeys
from ota_engine.telling.serving import CutShort, serving_here
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import one_line

PATH: Final = "/"
XML: Final = "application/xml"
MOST_OCTETS: Final = 100 * 1024  # of a document, unpacked: the limit of public clients
BODY_S: Final = 10.0  # for a document to arrive as a whole
TAKEN: Final = 204
BAD: Final = 400
NOT_XML: Final = 404
TOO_SLOW: Final = 408
TOO_LARGE: Final = 413
NO_STORAGE: Final = 507
ELSEWHERE: Final = 307


@dataclass(slots=True)
class ListenerFaults:
    """What goes wrong; each count goes down with every document it spoils, in this order.

    Attributes:
        fail: documents to answer with ``status`` and forget.
        status: with which HTTP status.
        redirect: documents to send elsewhere, by 307.
        elsewhere: where to.
        close: documents to forget, cutting the connection in the middle of the answer.
        lie: documents to acknowledge and forget.
        lose: documents to keep, cutting the connection in the middle of the answer.
        delay: seconds to wait before each answer, once the document is kept.
    """

    fail: int = 0
    status: int = 503
    redirect: int = 0
    elsewhere: str = "/elsewhere"
    close: int = 0
    lie: int = 0
    lose: int = 0
    delay: float = 0.0


class BroughtDocument(NamedTuple):
    """One document that came, for whoever watches.

    Attributes:
        what: "kept", "known", "signed again", "conflict", "refused", or the fault it met: "failed",
            "redirected", "closed", "lied", "lost".
        status: answered, or None for an answer that was cut.
        reason: of a refusal, or of what is wrong with it besides.
        signature: of the document, None where it could not be read.
        response: what it says, None where it could not be read.
    """

    what: str
    status: int | None
    reason: str = ""
    signature: CheckResult | None = None
    response: ServiceResponse | None = None


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Listener:
    """A user's endpoint as an ASGI application.

    Attributes:
        book: what it remembers.
        faults: what goes wrong; may be changed at any time.
        counters: documents by ``BroughtDocument.what``.
        app: to be served.

    Args:
        book: where documents are kept.
        keys: certificates that documents are verified with; None verifies nothing.
        user: whose endpoint it is; documents for others are refused. None takes all.
        unsigned: take documents without a signature.
        faults: what goes wrong.
        watch: is told of every document.
        body_s: seconds in which a document has to arrive.
    """

    def __init__(
        self,
        book: DocumentBook,
        keys: XmlKeys | None = None,
        *,
        user: Eui64 | None = None,
        unsigned: bool = False,
        faults: ListenerFaults | None = None,
        watch: Callable[[BroughtDocument], None] = lambda brought: None,
        body_s: float = BODY_S,
    ) -> None:
        self.book = book
        self.faults = faults or ListenerFaults()
        self.counters: Counter[str] = Counter()
        self.app = Starlette(routes=[Route(PATH, self._post, methods=["POST"])])
        self._keys = keys
        self._user = user
        self._unsigned = unsigned
        self._watch = watch
        self._body_s = body_s

    @property
    def verifies(self) -> bool:
        """Whether signatures are verified at all."""
        return self._keys is not None

    def status(self) -> dict[str, Any]:
        """How it fares, as plain values."""
        return {"documents": len(self.book), "brought": dict(sorted(self.counters.items()))}

    def remembered(self) -> Iterator[tuple[ServiceResponse, Utc]]:
        """The last documents that the book held when it was opened, and when each came."""
        for entry in self.book.found:
            yield read_response(parse_document(entry.text.encode())), Utc(entry.utc)

    async def _post(self, request: Request) -> Response:
        try:
            octets = await self._octets(request)
            brought = self._spoilt() or await self._take(octets)
        except _Refused as error:
            brought = self._spoilt() or BroughtDocument("refused", error.status, str(error))
        self.counters[brought.what] += 1
        self._watch(brought)
        if self.faults.delay:
            await trio.sleep(self.faults.delay)
        return self._answer(brought)

    def _answer(self, brought: BroughtDocument) -> Response:
        if brought.status is None:
            return CutShort()
        if brought.status == ELSEWHERE:
            return RedirectResponse(self.faults.elsewhere, ELSEWHERE)
        if brought.status == TAKEN:
            return Response(status_code=TAKEN)
        headers = {"connection": "close"} if brought.status in {TOO_SLOW, TOO_LARGE} else None
        return PlainTextResponse(brought.reason, brought.status, headers=headers)

    async def _octets(self, request: Request) -> bytes:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != XML:
            raise _Refused(NOT_XML, f"the Content-Type must be {XML}")
        with trio.move_on_after(self._body_s):
            return _unpacked(await _read(request), request.headers.get("content-encoding", ""))
        raise _Refused(TOO_SLOW, f"the document did not arrive within {self._body_s:g} s")

    def _spoilt(self) -> BroughtDocument | None:
        """The fault that a document meets before it is looked at."""
        faults = self.faults
        if faults.fail > 0:
            faults.fail -= 1
            return BroughtDocument("failed", faults.status, "told to fail")
        if faults.redirect > 0:
            faults.redirect -= 1
            return BroughtDocument("redirected", ELSEWHERE)
        if faults.close > 0:
            faults.close -= 1
            return BroughtDocument("closed", None)
        if faults.lie > 0:
            faults.lie -= 1
            return BroughtDocument("lied", TAKEN)
        return None

    async def _take(self, octets: bytes) -> BroughtDocument:
        checked = await trio.to_thread.run_sync(self._checked, octets)
        entry = BookEntry(
            checked.octets_digest,
            checked.words_digest,
            _name_of(checked.response),
            this_machine(),
            octets.decode(),
        )
        try:
            booked = self.book.take(entry)
        except StoreError as error:
            raise _Refused(NO_STORAGE, str(error)) from None
        what: str = booked.value
        reason = "its name came before, with other words"
        status: int | None = BAD if booked is BookedDocument.CONFLICT else TAKEN
        if self.faults.lose > 0 and booked is BookedDocument.KEPT:
            self.faults.lose -= 1
            what, status = "lost", None
        return BroughtDocument(
            what,
            status,
            reason if booked is BookedDocument.CONFLICT else "",
            checked.signature,
            checked.response,
        )

    def _checked(self, octets: bytes) -> CheckedDocument:
        """Read and verify a document, and see that it is for this user."""
        keys = self._keys or XmlKeys()
        try:
            checked = keys.read_response(octets, this_machine())
        except PeerError as error:
            raise _Refused(BAD, one_line(str(error))) from None
        lax = self._keys is None or (self._unsigned and checked.signature is CheckResult.ABSENT)
        if checked.signature is not CheckResult.VALID and not lax:
            raise _Refused(BAD, checked.reason)
        whose = _user_of(checked.response)
        if self._user is not None and whose not in {None, self._user}:
            raise _Refused(BAD, f"it is for {format_eui64(whose or 0)}, who is somebody else")
        return checked


def _user_of(response: ServiceResponse) -> Eui64 | None:
    """Whom a document is for: who asked, or whom its ResponseID names."""
    if response.request_id is not None:
        return response.request_id.originator
    return None if response.response_id is None else response.response_id.target


def _name_of(response: ServiceResponse) -> str:
    """By what a document may come but once: its ResponseID and what it is."""
    if response.response_id is None:
        return ""
    return f"{response.response_id.text} {kind_of(response)}"


async def _read(request: Request) -> bytes:
    body = b""
    try:
        async with aclosing(request.stream()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > MOST_OCTETS:
                    raise _Refused(TOO_LARGE, f"a document has no more than {MOST_OCTETS} octets")
    except ClientDisconnect:
        raise _Refused(BAD, "the sender left in the middle of its document") from None
    return body


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Undo gzip, within the limit of a document."""
    if encoding.strip().lower() in {"", "identity"}:
        return body
    if encoding.strip().lower() != "gzip":
        raise _Refused(BAD, "the only Content-Encoding taken is gzip")
    try:
        unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        octets = unpacking.decompress(body, MOST_OCTETS + 1)
    except zlib.error:
        raise _Refused(BAD, "the body is not gzip") from None
    if len(octets) > MOST_OCTETS:
        raise _Refused(TOO_LARGE, f"a document has no more than {MOST_OCTETS} octets")
    if not unpacking.eof:
        raise _Refused(BAD, "the body is gzip that ends too early")
    return octets


@asynccontextmanager
async def serve_listener(listener: Listener, port: int = 0) -> AsyncIterator[str]:
    """Serve for as long as the block; gives the URL to register as the user's endpoint.

    Args:
        listener: whom to serve.
        port: of the loopback interface, 0 for any that is free.

    Raises:
        LinkError: the port is in use.
    """
    async with serving_here(listener.app, port) as url:
        yield url + PATH
