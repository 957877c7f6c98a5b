"""The API: every question of the fleet and every act of persons over HTTP; decides nothing.

Its addresses are made of the tables of questions and of acts. Whoever comes shows a token; what he or she
may see and decide is for the questions and for the fleet. Whatever goes wrong is a problem document of
one clear line, faults of ours too, which are told in the log and not to the caller.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import trio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from images.errors import ImageError
from images.strict_json import MAX_BYTES, read_json
from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.decisions import Decision, RefusalCode
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.api.addresses import PREFIX, act_address, read_question, refuse_unsound
from ota_engine.head_end.api.crowd import AGAIN_S, Crowd
from ota_engine.head_end.api.headers import (
    bearer,
    decision_key,
    expected_revision,
    is_held,
    next_link,
    refuse_unacceptable,
    tag_of,
    unauthenticated,
)
from ota_engine.head_end.api.problems import MEDIA_TYPE, Problem, ProblemCode
from ota_engine.head_end.api.wanted import ActWanted, read_act
from ota_engine.head_end.deciding import Answered, Wish, decide, hand_in, plain
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.posted import PostedBody, PostRefused, PostWanted, posted_body
from ota_engine.head_end.questions.asking import (
    NotForViewerError,
    NotThereError,
    QuestionRow,
    View,
)
from ota_engine.head_end.questions.catalogue import QUESTIONS, ask
from ota_engine.head_end.questions.values import plain as plain_answer
from ota_engine.head_end.service.parts import ServiceParts

JSON: Final = "application/json"
BODY_S: Final = 10.0  # for a body to arrive
MOST_DECIDERS: Final = 32  # decisions that wait; whoever comes then is told so
NO_STORE: Final = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
STORE_AGAIN_S: Final = "5"
READING: Final = 4  # bodies that are read at the same time
Work: TypeAlias = Callable[[Request, SignedIn], Awaitable[Response]]
_POSTED: Final[dict[int, ProblemCode]] = {
    400: ProblemCode.MALFORMED,
    408: ProblemCode.TIMEOUT,
    413: ProblemCode.TOO_LARGE,
    415: ProblemCode.MEDIA_TYPE,
}
_LOCAL: Final = {
    NotForViewerError: ProblemCode.NOT_FOR_YOU,
    NotThereError: ProblemCode.NOT_THERE,
}
_BODY: Final = PostWanted("body", f"post JSON as Content-Type {JSON}", (JSON,), MAX_BYTES, BODY_S)


class ApiDoor:
    """The door of the API.

    Args:
        parts: of the server.
        crowd: bounds how many requests are open.
    """

    def __init__(self, parts: ServiceParts, crowd: Crowd | None = None) -> None:
        self._parts = parts
        self._crowd = crowd or Crowd()
        self._threads = trio.CapacityLimiter(READING)
        routes = [
            Route(f"/{row.path}", self._told(partial(self._ask, kind, row)), methods=["GET"])
            for kind, row in QUESTIONS.items()
        ]
        routes += [
            Route(
                act_address(kind).removeprefix(PREFIX),
                self._told(partial(self._decide, kind)),
                methods=["POST"],
            )
            for kind in Fleet().acts
        ]
        self._app = Starlette(routes=routes, exception_handlers={HTTPException: self._no_route})
        self._app.router.redirect_slashes = False

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it answers."""
        return (Mount(PREFIX, app=self._app),)

    async def run(self) -> None:
        """Do nothing by itself."""
        await trio.sleep_forever()

    # --- around every answer ---------------------------------------------------------------------

    def _told(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        """Have whatever goes wrong told as a problem."""

        async def answer(request: Request) -> Response:
            seen: SignedIn | None = None
            try:
                with self._crowd.inside():
                    _refuse_tricks(request)
                    seen = await self._known(request)
                    with self._crowd.of(seen.digest):
                        return await work(request, seen)
            except Exception as error:  # noqa: BLE001 - told; a fault of ours ends no other request
                return _problem(await self._as_problem(error, request, seen))

        return answer

    async def _known(self, request: Request) -> SignedIn:
        token = bearer(request.headers.get("authorization"))
        if not token:
            raise unauthenticated("show a token: Authorization: Bearer TOKEN")
        seen = await self._parts.entry.by_token(token)
        if seen is None:
            raise unauthenticated("this token is forged, over or revoked: make another one")
        return seen

    async def _as_problem(
        self, error: Exception, request: Request, seen: SignedIn | None
    ) -> Problem:
        if isinstance(error, NotForViewerError):
            await self._audit(seen, f"{request.method} {request.url.path}")
        known = _known_problem(error)
        if known is None:
            trouble = f"a fault of ours: {type(error).__name__}: {error}"
            self._parts.log("trouble", trouble=trouble, path=request.url.path)
            return Problem(ProblemCode.FAULT, "a fault of the server: its operator has been told")
        if isinstance(error, StoreError | OSError):
            self._parts.log("trouble", trouble=str(error))
        return known

    async def _audit(self, seen: SignedIn | None, what: str) -> None:
        if seen is None:
            return
        try:
            await self._parts.entry.refused(seen, what)
        except StoreError as error:
            self._parts.log("trouble", trouble=str(error))

    async def _no_route(self, request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            return _problem(
                Problem(ProblemCode.METHOD, f"this takes {allowed} only", {"Allow": allowed})
            )
        return _problem(_no_address())

    # --- questions -------------------------------------------------------------------------------

    async def _ask(
        self, kind: type[Any], row: QuestionRow, request: Request, seen: SignedIn
    ) -> Response:
        refuse_unacceptable(request.headers.get("accept"), JSON)
        try:
            question = read_question(
                kind, row, request.path_params, request.query_params.multi_items()
            )
        except LocalError as error:
            raise Problem(ProblemCode.MALFORMED, str(error)) from None
        utc = self._parts.clock()

        def answered(desk: FleetDesk) -> tuple[Any, bytes]:
            answer = ask(question, View(desk, seen.viewer, utc))
            return answer, _octets(plain_answer(answer, row.gives))

        answer, octets = await self._parts.reading.ask(answered)
        tag = tag_of(answer, octets)
        headers = {"ETag": tag, **NO_STORE}
        more = getattr(answer, "more", "")
        if more:
            query = dict(request.query_params)
            headers["Link"] = next_link(request.scope["raw_path"].decode("ascii"), query, more)
        if is_held(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers=headers)
        return Response(octets, headers=headers, media_type=JSON)

    # --- decisions -------------------------------------------------------------------------------

    async def _decide(self, kind: type[Any], request: Request, seen: SignedIn) -> Response:
        refuse_unacceptable(request.headers.get("accept"), JSON)
        if seen.reads_only:
            await self._audit(seen, f"decide by a token that only reads: {kind.__name__}")
            raise Problem(ProblemCode.READS_ONLY, "this token only reads: make one that decides")
        key = decision_key(request.headers.get("idempotency-key"))
        revision = expected_revision(request.headers.get("if-match"))
        body = await posted_body(request, _BODY)
        try:
            wanted = await trio.to_thread.run_sync(_read_wanted, kind, body, limiter=self._threads)
        finally:
            body.close()
        if self._parts.writing.waiting >= MOST_DECIDERS:
            raise Problem(
                ProblemCode.BUSY,
                f"{MOST_DECIDERS} decisions wait already: give it again in a moment",
                {"Retry-After": AGAIN_S},
            )
        wish = Wish(seen.viewer.person, wanted.act, wanted.reason, revision, key)
        answered = await self._parts.writing.use(partial(self._give, wish, wanted, seen))
        return _reply(answered)

    def _give(self, wish: Wish, wanted: ActWanted, seen: SignedIn, desk: FleetDesk) -> Answered:
        utc = self._parts.clock()
        if wanted.signature is None:
            return decide(desk, wish, seen.signer, utc)
        if not wish.key or wanted.given_utc is None:
            raise Problem(
                ProblemCode.MALFORMED,
                "whoever signs names what was signed: give Idempotency-Key and given_utc, too",
            )
        decision = Decision(
            wish.key,
            wish.person,
            wish.act,
            wish.reason,
            wish.revision,
            wanted.given_utc,
            wanted.signature,
        )
        return hand_in(desk, decision, utc)


def _known_problem(error: Exception) -> Problem | None:
    """Say what went wrong; None for a fault of ours."""
    match error:
        case Problem():
            return error
        case PostRefused():
            return Problem(_POSTED[error.status], error.reason, _closing(error.status))
        case StoreError() | OSError():
            again = "the database cannot be used now: try again in a moment"
            return Problem(ProblemCode.STORE, again, {"Retry-After": STORE_AGAIN_S})
        case LocalError():
            return Problem(_LOCAL.get(type(error), RefusalCode.CONTENT), str(error))
    return None


def _read_wanted(kind: type[Any], body: PostedBody) -> ActWanted:
    """Read what somebody wants decided.

    Raises:
        Problem: the body does not say it.
    """
    try:
        told = read_json(body.octets(), "the body")
        refuse_unsound(told)
    except (ImageError, LocalError) as error:
        raise Problem(ProblemCode.MALFORMED, str(error)) from None
    return read_act(kind, told)


def _reply(answered: Answered) -> Response:
    told = plain(answered)
    if answered.reply.accepted:
        headers = {"ETag": f'"{answered.reply.revision}"', **NO_STORE}
        return Response(_octets(told), headers=headers, media_type=JSON)
    code = RefusalCode(answered.reply.code)
    more = {name: value for name, value in told.items() if name != "code"}
    return _problem(Problem(code, answered.reply.text, **more))


def _problem(problem: Problem) -> Response:
    headers = problem.headers | NO_STORE
    return Response(_octets(problem.as_values()), problem.status, headers, MEDIA_TYPE)


def _no_address() -> Problem:
    return Problem(
        ProblemCode.NOT_THERE, f"there is no such address: {PREFIX}/openapi.json names those"
    )


def _refuse_tricks(request: Request) -> None:
    """No id has a slash in it, so a path that hides one is none of ours."""
    raw = request.scope["raw_path"].lower()
    if b"%2f" in raw or b"%5c" in raw or b"//" in raw:
        raise _no_address()


def _closing(status: int) -> dict[str, str]:
    """After what was not read to its end a connection is of no more use."""
    return {"Connection": "close"} if status in (408, 413, 415) else {}


def _octets(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
