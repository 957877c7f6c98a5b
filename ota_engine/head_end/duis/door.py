"""The door for service requests as an ASGI application; knows HTTP and the parts behind it.

What has a header that can be read is answered by a DUIS document with status 200, whatever is wrong with
it: clients read nothing else. Statuses of HTTP are for what is no DUIS at all, and for our own troubles.
No answer takes longer than ``ANSWER_S`` after the last octet of its post: what is not done by then goes
on, and whoever posts the same again gets its answer.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from images.eui64 import format_eui64
from ota_engine.duis.codes import CODES, ResponseCase
from ota_engine.duis.documents import MOST_DOCUMENT_OCTETS
from ota_engine.duis.refusals import NotDuis
from ota_engine.duis.requests import RequestHeader
from ota_engine.duis.responses import ResponseMessage, ServiceResponse
from ota_engine.fleet.orders.events import RequestReceived, WebService
from ota_engine.head_end.duis.intake import Intake, TurnedAway
from ota_engine.head_end.duis.metrics import UNKNOWN, DoorMetrics
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.writer import Overloaded, RequestFailed, RequestWriter
from ota_engine.head_end.posted import PostedBody, PostRefused, PostWanted, posted_body
from ota_engine.head_end.refusals import NOBODY, RefusalLedger
from ota_engine.times import Utc

PATH: Final = "/api/v1"
ANSWER_S: Final = 2.5  # public clients wait 3 s
LARGE: Final = 1 << 20  # octets of a document; one such is verified at a time
BUSY: Final = 503
NO_ROOM: Final = 507
FAULT: Final = 500
AGAIN: Final = "post the same again: it is done once"
XML: Final = "application/xml"
_CLOSE: Final = {413: {"connection": "close"}, 408: {"connection": "close"}}
_RETRY: Final = {"retry-after": "1"}


class DoorLog(Protocol):
    """Takes what is to be logged, as an event and its facts."""

    def __call__(self, event: str, **facts: object) -> None:
        """Log it."""


class Posted(NamedTuple):
    """What became of one post.

    Attributes:
        response: of HTTP.
        code: of the answer; the status where there is no other.
        header: of the request, None where it could not be read.
        reason: why it was refused; empty where it was not.
    """

    response: Response
    code: str
    header: RequestHeader | None = None
    reason: str = ""


class _Taking:
    """One post that is taken in by a thread, for somebody who may not wait for that."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._lock = threading.Lock()
        self._received: RequestReceived | None = None
        self._given_up = False

    def take(self, body: PostedBody, service: WebService, utc: Utc) -> RequestReceived:
        received = self._intake.take(body.octets(), service, utc)
        with self._lock:
            self._received = received
            given_up = self._given_up
        if given_up:
            self._intake.give_back(received)
        return received

    def give_up(self) -> None:
        """What was taken is forgotten, whether it is now or will be."""
        with self._lock:
            self._given_up = True
            received = self._received
        if received is not None:
            self._intake.give_back(received)


class DuisDoor:
    """The door.

    Args:
        intake: verifies what is posted.
        writer: lets it happen.
        notary: signs answers to what is refused before it could.
        clock: gives UTC.
        metrics: counts.
        log: is told of every post.
        body_s: seconds for a body to arrive.
        answer_s: seconds from then on to an answer.

    Attributes:
        codes: by which refusals are answered; may be replaced at any time.
        ledger: what was refused and the audit trail has not got yet.
        app: to be served.
    """

    def __init__(
        self,
        intake: Intake,
        writer: RequestWriter,
        notary: Notary,
        *,
        clock: Callable[[], Utc],
        metrics: DoorMetrics,
        log: DoorLog,
        body_s: float = 10.0,
        answer_s: float = ANSWER_S,
        more: tuple[Route, ...] = (),
    ) -> None:
        self._intake = intake
        self._writer = writer
        self._notary = notary
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._wanted = PostWanted(
            "document",
            f"post a DUIS document as Content-Type {XML}",
            (XML,),
            MOST_DOCUMENT_OCTETS,
            body_s,
        )
        self._answer_s = answer_s
        self._large = trio.CapacityLimiter(1)
        self._small = trio.CapacityLimiter(4)
        self.codes = CODES
        self.ledger = RefusalLedger("duis door")
        services = [
            Route(f"{PATH}/{one}", self._service(one), methods=["POST"]) for one in WebService
        ]
        self.app = Starlette(routes=[*services, *more])

    def _service(self, service: WebService) -> Callable[[Request], Awaitable[Response]]:
        async def post(request: Request) -> Response:
            begun = trio.current_time()
            try:
                posted = await self._post(request, service)
            except Exception as error:  # noqa: BLE001 - told; a post that we fail at ends no other
                self._log("trouble", trouble=f"a fault of ours: {type(error).__name__}: {error}")
                posted = _http(FAULT, "a fault of the head end: its operator has been told")
            seconds = trio.current_time() - begun
            reference = posted.header.variant if posted.header else UNKNOWN
            self._metrics.answered(service, reference, posted.code, seconds)
            self._log(
                "answered",
                service=str(service),
                request=posted.header.request_id.text if posted.header else None,
                variant=reference,
                code=posted.code,
                seconds=round(seconds, 3),
                reason=posted.reason or None,
            )
            return posted.response

        return post

    async def _post(self, request: Request, service: WebService) -> Posted:
        try:
            body = await posted_body(request, self._wanted)
        except PostRefused as refused:
            return _http(refused.status, refused.reason)
        except OSError as error:
            return _http(NO_ROOM, f"the document cannot be kept: {error.strerror}; {AGAIN}")
        try:
            with trio.move_on_after(self._answer_s):
                return await self._answer(body, service)
        finally:
            body.close()
        return _http(BUSY, f"not done within {self._answer_s:g} s; {AGAIN}")

    async def _answer(self, body: PostedBody, service: WebService) -> Posted:
        limiter = self._large if body.size > LARGE else self._small
        taking = _Taking(self._intake)
        try:
            # A thread that is given up ends by itself, and keeps its place in the limiter until then.
            received = await trio.to_thread.run_sync(
                taking.take, body, service, self._clock(), limiter=limiter, abandon_on_cancel=True
            )
        except trio.Cancelled:
            taking.give_up()
            raise
        except NotDuis as refused:
            self.ledger.note("no DUIS")
            return _http(400, str(refused))
        except TurnedAway as refused:
            return self._refuse(refused)
        except OSError as error:
            return _http(NO_ROOM, f"the image cannot be kept: {error.strerror}; {AGAIN}")
        return await self._happen(received)

    async def _happen(self, received: RequestReceived) -> Posted:
        header = received.request.header
        try:
            answer = await self._writer.answer(received)
        except Overloaded:
            self._intake.give_back(received)
            return _http(BUSY, f"too many requests wait; {AGAIN}", header)
        except RequestFailed as failed:
            version = received.request.schema_version
            return self._say(ResponseCase.SYSTEM_TROUBLE, header, version, failed.reason)
        return Posted(_document(answer.octets), answer.code, header)

    def _refuse(self, refused: TurnedAway) -> Posted:
        """Answer what does not reach the fleet; nothing is kept of it but a sum."""
        signer = NOBODY if refused.signer is None else format_eui64(refused.signer)
        self.ledger.note(refused.case.value, signer)
        return self._say(refused.case, refused.header, refused.version, refused.reason)

    def _say(self, case: ResponseCase, header: RequestHeader, version: str, reason: str) -> Posted:
        """Answer by a code alone."""
        code = self.codes.code(case, header.variant)
        body = ResponseMessage(header.reference, header.variant)
        response = ServiceResponse(
            version, code, self._clock(), request_id=header.request_id, body=body
        )
        return Posted(_document(self._notary.document(response)), code, header, reason)


def _document(octets: bytes) -> Response:
    return Response(octets, media_type=XML)


def _http(status: int, reason: str, header: RequestHeader | None = None) -> Posted:
    headers = _RETRY if status == BUSY else _CLOSE.get(status)
    response = PlainTextResponse(f"{reason}\n", status, headers=headers)
    return Posted(response, str(status), header, reason)
