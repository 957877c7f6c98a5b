"""Pages by which persons come in and leave: sign in, accept an invitation, sign out; knows no fleet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ota_engine.errors import LocalError, StoreError
from ota_engine.head_end.access.cookies import secret_in, set_cookie, unset_cookie
from ota_engine.head_end.access.desk import AccessDesk, NotLetInError
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.portal.answers import html, own_path, see
from ota_engine.portal.frame import PageFrame
from ota_engine.portal.posting import read_form
from ota_engine.portal.problems import problem_of

SMALL_FORM: Final = 32 << 10  # octets
_NO_ADDRESS: Final = "?"
#: What stands around a page that nobody has signed in to.
BARE: Final[Mapping[str, Any]] = {
    "me": None,
    "menu": [],
    "rate": None,
    "now": None,
    "stream": "",
    "here": "",
}


class SignInPages:
    """The pages.

    Args:
        parts: of the server.
        access: lets persons in.
        frame: makes pages.
        left: is told of sessions that ended.
    """

    def __init__(
        self,
        parts: ServiceParts,
        access: AccessDesk,
        frame: PageFrame,
        left: Callable[[SignedIn], None],
    ) -> None:
        self._parts, self._access, self._frame, self._left = parts, access, frame, left

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What they answer."""
        return [
            Route("/sign-in", self._safe(self._sign_in), methods=["GET", "POST"]),
            Route("/welcome", self._safe(self._welcome), methods=["GET", "POST"]),
            Route("/sign-out", self._safe(self._sign_out), methods=["POST"]),
        ]

    def _safe(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except (LocalError, StoreError, HTTPException) as error:
                told = problem_of(error)
                return self._page("problem.html", told.status, title=told.title, problem=told)

        return answered

    async def _sign_in(self, request: Request) -> Response:
        onward = own_path(request.query_params.get("next", "/"))
        if request.method == "GET":
            return self._page("sign_in.html", title="Sign in", onward=onward, errors={}, person="")
        form = await read_form(request, SMALL_FORM)
        onward = own_path(_text(form, "next") or "/")
        person = _text(form, "person").strip()
        try:
            begun = await self._access.sign_in(
                person, _text(form, "password"), _address(request), self._secret(request)
            )
        except NotLetInError as error:
            answer = self._page(
                "sign_in.html",
                429 if error.after_s else 401,
                title="Sign in",
                onward=onward,
                errors={"person": str(error)},
                person=person[:64],
            )
            if error.after_s:
                answer.headers["Retry-After"] = f"{error.after_s + 1:.0f}"
            return answer
        answer = see(onward)
        answer.headers["Set-Cookie"] = set_cookie(begun.secret, secure=self._parts.secure)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        await read_form(request, SMALL_FORM)
        seen = await self._access.by_session(self._secret(request))
        if seen is not None:
            await self._access.sign_out(seen)
            self._left(seen)
        answer = see("/sign-in")
        answer.headers["Set-Cookie"] = unset_cookie(secure=self._parts.secure)
        return answer

    async def _welcome(self, request: Request) -> Response:
        told: dict[str, Any] = {"title": "Welcome", "errors": {}, "accepted": None}
        if request.method == "GET":
            return self._page("welcome.html", **told, code=request.query_params.get("code", ""))
        form = await read_form(request, SMALL_FORM)
        code, password = _text(form, "code").strip(), _text(form, "password")
        told["code"] = code[:200]
        if password != _text(form, "again"):
            told["errors"] = {"again": "the two passwords differ: type the same twice"}
            return self._page("welcome.html", 422, **told)
        try:
            key = read_key(_text(form, "key"))
            told["accepted"] = await self._access.accept(code, password, key)
        except LocalError as error:
            told["errors"] = {_field_of(str(error)): str(error)}
            return self._page("welcome.html", 422, **told)
        return self._page("welcome.html", **told)

    def _secret(self, request: Request) -> str:
        return secret_in(request.headers.get("cookie", ""), secure=self._parts.secure)

    def _page(self, template: str, status: int = 200, **told: Any) -> Response:
        return html(self._frame.page(template, {**BARE, **told}, ""), status)


def read_key(text: str) -> ec.EllipticCurvePrivateKey | None:
    """Read a private key that a person has pasted; None for none.

    Raises:
        LocalError: it is none on P-256, or is sealed by a password.
    """
    if not text.strip():
        return None
    try:
        key = load_pem_private_key(text.strip().encode("utf-8", "replace"), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LocalError(
            "the key cannot be read: paste a private key in PEM, without a password"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise LocalError("the key is none on the curve P-256: paste the one registered for you")
    return key


def _field_of(error: str) -> str:
    """Say which field an error is about."""
    words = ("invitation", "code"), ("password", "password"), ("key", "key")
    return next((field for word, field in words if word in error), "")


def _text(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _address(request: Request) -> str:
    return _NO_ADDRESS if request.client is None else request.client.host
