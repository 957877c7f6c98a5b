"""Why a gateway's request is refused, as documents; knows HTTP and the words on the wire."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from ota_engine.gateway.wire import CODES, PROBLEM_TYPE, WireProblem, octets_of
from ota_engine.head_end.posted import Unread

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
    return kind(octets_of(told), status, headers=dict(headers), media_type=PROBLEM_TYPE)
