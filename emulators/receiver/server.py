"""Serves an emulated receiver on the loopback interface; knows starlette and its faults.

A letter is answered when its record is on disk, never before; so whoever was told 2xx need not tell
it again, and whoever was not may.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import trio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.receiver.book import BookedOutcome, RecordBook
from emulators.receiver.letter import MAX_LETTER_BYTES, ReceivedOutcome, Refusal, read_letter
from emulators.receiver.proof import prove
from ota_engine.errors import StoreError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.telling.serving import LOOPBACK, CutShort, serving_here

PATH: Final = "/outcomes"
NO_STORAGE: Final = 507  # HTTP status
BODY_S: Final = 10.0  # for a letter to arrive as a whole
OWN_HOSTS: Final = frozenset((LOOPBACK, "localhost"))
JSON: Final = "application/json"
UNAUTHORISED: Final = 401
FORBIDDEN: Final = 403
TOO_SLOW: Final = 408
NOT_JSON: Final = 415
#: What goes with an answer: how to prove oneself; that the rest of a letter is not waited for.
HEADERS: Final = {UNAUTHORISED: {"www-authenticate": "Bearer"}, TOO_SLOW: {"connection": "close"}}
STATUSES: Final = {BookedOutcome.KEPT: 201, BookedOutcome.KNOWN: 200, BookedOutcome.CONFLICT: 409}


@dataclass(slots=True)
class ReceiverFaults:
    """What goes wrong; each count goes down with every letter it spoils, in this order.

    Attributes:
        fail: letters to answer with ``status`` and forget.
        status: with which HTTP status.
        close: letters to forget, cutting the connection in the middle of the answer.
        lose: letters to keep, cutting the connection in the middle of the answer.
        delay: seconds to wait before each answer, once the letter is kept.
    """

    fail: int = 0
    status: int = 503
    close: int = 0
    lose: int = 0
    delay: float = 0.0


class Reception(NamedTuple):
    """One letter that came, for whoever watches.

    Attributes:
        what: "kept", "known", "conflict", "refused", or the fault it met: "failed", "closed",
            "lost".
        status: answered, or None for an answer that was cut.
        id: of the letter, "" if it was not read.
        reason: of a refusal.
        proof: what its message is worth by the receiver's own keys; "" without keys.
    """

    what: str
    status: int | None
    id: str = ""
    reason: str = ""
    proof: str = ""


class Receiver:
    """The receiver as an ASGI application.

    Attributes:
        book: what it remembers.
        faults: what goes wrong; may be changed at any time.
        counters: letters by ``Reception.what``.
        proofs: records kept, by what their messages are worth; empty without keys.
        app: to be served.

    A letter must be JSON and say so, must not come from a page of another origin, must arrive within
    ``body_s`` seconds, and must bear the token, if there is one.
    """

    def __init__(
        self,
        book: RecordBook,
        faults: ReceiverFaults | None = None,
        watch: Callable[[Reception], None] = lambda taken: None,
        keys: Keystore | None = None,
        token: str | None = None,
        body_s: float = BODY_S,
    ) -> None:
        self.book = book
        self.faults = faults or ReceiverFaults()
        self.counters: Counter[str] = Counter()
        self.proofs: Counter[str] = Counter()
        self.app = Starlette(
            routes=[
                Route(PATH, self._post, methods=["POST"]),
                Route("/", self._tell, methods=["GET"]),
            ]
        )
        self._watch = watch
        self._keys = keys
        self._bearer = None if token is None else f"Bearer {token}".encode()
        self._body_s = body_s

    def status(self) -> dict[str, Any]:
        """How it fares, as plain values."""
        return {
            "records": len(self.book),
            "letters": dict(sorted(self.counters.items())),
            "proofs": dict(sorted(self.proofs.items())),
        }

    async def _tell(self, _: Request) -> Response:
        return JSONResponse(self.status())

    async def _post(self, request: Request) -> Response:
        taken = await self._take(request)
        self.counters[taken.what] += 1
        self._watch(taken)
        if self.faults.delay:
            await trio.sleep(self.faults.delay)
        if taken.status is None:
            return CutShort()
        told = {"what": taken.what} | ({"reason": taken.reason} if taken.reason else {})
        return JSONResponse(told, taken.status, headers=HEADERS.get(taken.status))

    async def _take(self, request: Request) -> Reception:
        """Read a letter whatever becomes of it, then let it meet its fault or its record."""
        letter = self._stranger(request) or await self._letter(request)
        faults = self.faults
        if faults.fail > 0:
            faults.fail -= 1
            return Reception("failed", faults.status, reason="told to fail")
        if faults.close > 0:
            faults.close -= 1
            return Reception("closed", None)
        if isinstance(letter, Refusal):
            return Reception("refused", letter.status, reason=letter.reason)
        taken = self._keep(letter)
        if faults.lose > 0 and taken.what == BookedOutcome.KEPT.value:
            faults.lose -= 1
            return taken._replace(what="lost", status=None)
        return taken

    def _stranger(self, request: Request) -> Refusal | None:
        """Refuse, before a word of it is read, what no sender of outcomes would send."""
        if _is_foreign(request.headers):
            return Refusal(FORBIDDEN, "letters from web pages of others are not taken")
        if self._bearer is not None:
            borne = request.headers.get("authorization", "").encode("latin-1")
            if not compare_digest(borne, self._bearer):
                return Refusal(UNAUTHORISED, "this receiver wants to see its token")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            return Refusal(NOT_JSON, f"the Content-Type must be {JSON}")
        return None

    async def _letter(self, request: Request) -> ReceivedOutcome | Refusal:
        with trio.move_on_after(self._body_s):
            return await _letter(request)
        return Refusal(TOO_SLOW, f"the letter did not arrive within {self._body_s:g} s")

    def _keep(self, letter: ReceivedOutcome) -> Reception:
        try:
            entry = self.book.take(letter)
        except StoreError as error:
            return Reception("failed", NO_STORAGE, letter.id, str(error))
        reason = (
            "this id came before, with something else" if entry is BookedOutcome.CONFLICT else ""
        )
        return Reception(
            entry.value, STATUSES[entry], letter.id, reason, self._prove(letter, entry)
        )

    def _prove(self, letter: ReceivedOutcome, entry: BookedOutcome) -> str:
        """Verify the message with our own keys, if we have any."""
        if self._keys is None:
            return ""
        found = prove(letter, self._keys).standing.value
        if entry is BookedOutcome.KEPT:
            self.proofs[found] += 1
        return found


def _is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a browser sent it for a page that is not ours; only browsers name an origin."""
    origin = headers.get("origin")
    if origin is None:
        return False
    host = origin.partition("://")[2]
    return host != headers.get("host") or host.partition(":")[0] not in OWN_HOSTS


async def _letter(request: Request) -> ReceivedOutcome | Refusal:
    body = b""
    try:
        async with aclosing(request.stream()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > MAX_LETTER_BYTES:
                    break
    except ClientDisconnect:
        return Refusal(400, "the sender left in the middle of its letter")
    key = request.headers.get("idempotency-key")
    return read_letter(body, None if key is None else unquote(key, errors="surrogatepass"))


@asynccontextmanager
async def serve_receiver(receiver: Receiver, port: int = 0) -> AsyncIterator[str]:
    """Serve for as long as the block; gives the URL to post to.

    Args:
        receiver: whom to serve.
        port: of the loopback interface, 0 for any that is free.

    Raises:
        LinkError: the port is in use.
    """
    async with serving_here(receiver.app, port) as url:
        yield url + PATH
