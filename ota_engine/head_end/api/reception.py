"""Receives whoever comes to the API: knows them, bounds them, and tells what goes wrong; knows no address.

Whoever comes shows a token, or comes from a page of the portal. Whatever goes wrong is a problem document
of one clear line, faults of ours too, which are told in the log and not to the caller.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.head_end.access.cookies import secret_in
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.api.addresses import PREFIX, AddressError
from ota_engine.head_end.api.crowd import Crowd
from ota_engine.head_end.api.headers import bearer, unauthenticated
from ota_engine.head_end.api.problems import Problem, ProblemCode
from ota_engine.head_end.posted import PostRefused, Unread
from ota_engine.head_end.problem_document import PROBLEM_TYPE
from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError
from ota_engine.head_end.service.guards import SAFE, is_own
from ota_engine.head_end.service.parts import ServiceParts

JSON: Final = "application/json"
NO_STORE: Final = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
POST: Final = "POST"
STORE_AGAIN_S: Final = "5"
ApiWork: TypeAlias = Callable[[Request, SignedIn], Awaitable[Response]]
_POSTED: Final[dict[int, ProblemCode]] = {
    400: ProblemCode.MALFORMED,
    408: ProblemCode.TIMEOUT,
    413: ProblemCode.TOO_LARGE,
    415: ProblemCode.MEDIA_TYPE,
}
_LOCAL: Final = {
    AddressError: ProblemCode.MALFORMED,
    NotForViewerError: ProblemCode.NOT_FOR_YOU,
    NotThereError: ProblemCode.NOT_THERE,
}


class ApiReception:
    """Where everybody passes.

    Args:
        parts: of the server.
        crowd: bounds how many requests are open.
    """

    def __init__(self, parts: ServiceParts, crowd: Crowd) -> None:
        self._parts = parts
        self._crowd = crowd

    def told(self, work: ApiWork) -> Callable[[Request], Awaitable[Response]]:
        """Have whatever goes wrong told as a problem."""

        async def answer(request: Request) -> Response:
            seen: SignedIn | None = None
            try:
                with self._crowd.inside():
                    _refuse_tricks(request)
                    seen = await self._known(request)
                    with self._crowd.of(seen.viewer.person):
                        return await work(request, seen)
            except Exception as error:  # noqa: BLE001 - told; a fault of ours ends no other request
                problem = await self._as_problem(error, request, seen)
                return problem_response(problem, unread=request.method == POST)

        return answer

    def told_openly(
        self, work: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Have whatever goes wrong told as a problem, and nobody need be known."""

        async def answer(request: Request) -> Response:
            try:
                with self._crowd.inside():
                    return await work(request)
            except Exception as error:  # noqa: BLE001 - told; a fault of ours ends no other request
                return problem_response(await self._as_problem(error, request, None))

        return answer

    async def _known(self, request: Request) -> SignedIn:
        """Know a program by its token, and a page of the portal by the session that it belongs to."""
        shown = request.headers.getlist("authorization")
        if len(shown) > 1:
            raise unauthenticated("two tokens are shown: show one")
        token = bearer(shown[0] if shown else None)
        if token:
            seen = await self._parts.entry.by_token(token)
        else:
            seen = await self._by_session(request)
        if seen is None:
            raise unauthenticated("this token is forged, over or revoked: make another one")
        return seen

    async def _by_session(self, request: Request) -> SignedIn | None:
        cookies = "; ".join(request.headers.getlist("cookie"))
        secret = secret_in(cookies, secure=self._parts.secure)
        if not secret:
            raise unauthenticated("show a token: Authorization: Bearer TOKEN")
        if request.method not in SAFE and not is_own(request.scope):
            raise Problem(
                ProblemCode.FOREIGN_SITE,
                "this was not sent by a page of this server: programs show a token",
            )
        return await self._parts.entry.by_session(secret)

    async def _as_problem(
        self, error: Exception, request: Request, seen: SignedIn | None
    ) -> Problem:
        if isinstance(error, NotForViewerError) or _is_refusal(error):
            await self.audit(seen, f"{request.method} {request.url.path}")
        known = _known_problem(error)
        if known is None:
            trouble = f"a fault of ours: {type(error).__name__}: {error}"
            self._parts.log("trouble", trouble=trouble, path=request.url.path)
            return Problem(ProblemCode.FAULT, "a fault of the server: its operator has been told")
        if isinstance(error, StoreError | OSError):
            self._parts.log("trouble", trouble=str(error))
        return known

    async def audit(self, seen: SignedIn | None, what: str) -> None:
        """Note that somebody wanted what is not for him or her; where that cannot be kept, in the log."""
        if seen is None:
            return
        try:
            await self._parts.entry.refused(seen, what)
        except StoreError as error:
            self._parts.log("trouble", trouble=str(error))

    async def no_route(self, request: Request, error: Exception) -> Response:
        """Answer what is at no address, or by another method."""
        if isinstance(error, HTTPException) and error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            return problem_response(
                Problem(ProblemCode.METHOD, f"this takes {allowed} only", {"Allow": allowed})
            )
        return problem_response(_no_address())


def refuse_reader(seen: SignedIn) -> None:
    """See to it that somebody may decide in the way in which he or she came.

    Raises:
        Problem: it only reads.
    """
    if seen.reads_only:
        raise Problem(ProblemCode.READS_ONLY, "this token only reads: make one that decides")


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, Problem) and error.code == ProblemCode.READS_ONLY


def _known_problem(error: Exception) -> Problem | None:
    """Say what went wrong; None for a fault of ours."""
    match error:
        case Problem():
            return error
        case PostRefused():
            return Problem(_POSTED[error.status], error.reason)
        case StoreError() | OSError():
            again = "the database cannot be used now: try again in a moment"
            return Problem(ProblemCode.STORE, again, {"Retry-After": STORE_AGAIN_S})
        case LocalError():
            return Problem(_LOCAL.get(type(error), RefusalCode.CONTENT), str(error))
    return None


def problem_response(problem: Problem, *, unread: bool = False) -> Response:
    """Answer by a problem.

    Args:
        problem: what went wrong.
        unread: a body may still come, which nobody takes.
    """
    headers = problem.headers | NO_STORE | ({"Connection": "close"} if unread else {})
    answer = Unread if unread else Response
    return answer(json_octets(problem.as_values()), problem.status, headers, PROBLEM_TYPE)


def _no_address() -> Problem:
    return Problem(
        ProblemCode.NOT_THERE, f"there is no such address: {PREFIX}/openapi.json names those"
    )


def _refuse_tricks(request: Request) -> None:
    """No id has a slash or a control code in it, so a path that hides one is none of ours."""
    raw = request.scope["raw_path"].lower()
    hidden = any(letter < " " or letter == "\x7f" for letter in request.scope["path"])
    if hidden or b"%2f" in raw or b"%5c" in raw or b"//" in raw:
        raise _no_address()


def json_octets(values: Any) -> bytes:
    """Write plain values as JSON."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
