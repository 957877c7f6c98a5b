"""Why a gateway's request is refused, as documents; knows HTTP and the words on the wire."""

from collections.abc import Mapping
from typing import Final

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ota_engine.gateway.wire import CODES, WireProblem, octets_of

PROBLEM: Final = "application/problem+json"
JSON: Final = "application/json"
_CHALLENGE: Final = 401


class GatewayRefused(Exception):  # noqa: N818 - an answer, not a fault
    """A request is refused.

    Attributes:
        code: one of ``CODES``.
        detail: what is wrong and what to do, in one line.
        again_s: seconds after which to come again; None where that is no use.
    """

    def __init__(self, code: str, detail: str, again_s: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.again_s = again_s


def problem(refused: GatewayRefused, kind: type[Response] = Response) -> Response:
    """Answer by a refusal.

    Args:
        refused: why.
        kind: of answer.
    """
    status, _ = CODES[refused.code]
    headers: dict[str, str] = {}
    if refused.again_s is not None:
        headers["Retry-After"] = f"{max(1, round(refused.again_s))}"
    if kind is Unread:
        headers["Connection"] = "close"
    if status == _CHALLENGE:
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(status, refused.code, refused.detail, headers, kind)


class Unread(Response):
    """An answer to a post that was not read to its end: what still comes is thrown away meanwhile.

    Otherwise the server waits for somebody to take it, and with it the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_throw_away, receive)
            await super().__call__(scope, receive, send)
            nursery.cancel_scope.cancel()


async def _throw_away(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def fault() -> Response:
    """Answer by a fault of ours."""
    return _problem(500, "fault", "a fault of the head end: its operator has been told", {})


def _problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str],
    kind: type[Response] = Response,
) -> Response:
    told = WireProblem(code, status, detail, code)
    return kind(octets_of(told), status, headers=dict(headers), media_type=PROBLEM)
