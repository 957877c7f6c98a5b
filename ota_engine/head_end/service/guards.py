"""What stands before all doors of a server, whatever they answer; knows ASGI and HTTP, no door.

Each guard bounds or refuses one thing that no door should have to think of: who a proxy says has come, the
names the server answers to (rebound names are none of them), posts that another site has a browser make,
bodies that are too large or never end, and what browsers may do with an answer.
"""

import ipaddress
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from math import inf
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import trio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ota_engine.head_end.problem_document import PROBLEM_TYPE, problem_values
from ota_engine.telling.serving import throw_away
from ota_engine.wording import one_line

Guard = Callable[[ASGIApp], ASGIApp]

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OTHER_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
TLS_ALONE: Final = "max-age=31536000"  # a year
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAME: Final = "localhost"
#: Paths whose answers are for everybody, and may be kept.
PUBLIC: Final = ("/static/",)
#: Paths that programs post to, which have no browser to say where a post comes from.
PROGRAMS: Final = ("/api/", "/gateway/")


class BodyRule(NamedTuple):
    """How much may be posted below a path.

    Attributes:
        prefix: of the path; the longest that fits counts.
        most: octets.
        within_s: seconds for all of it, from when its door begins to take it.
    """

    prefix: str
    most: int
    within_s: float


#: The most that any door takes there; doors may take less.
BODIES: Final = (
    BodyRule("/", 9 << 20, 30.0),
    BodyRule("/sign-in", 64 << 10, 10.0),
    BodyRule("/api/v1/imports/", 1 << 30, 600.0),
    BodyRule("/gateway/v1/", 16 << 20, 60.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """How a server is reached.

    Attributes:
        hosts: names it answers to; addresses and ``localhost`` are answered anyway, for nobody can have
            a name of another site lead to them unseen.
        secure: browsers reach it by TLS.
        behind_proxy: what a proxy says of who came is believed.
        bodies: how much may be posted where.
    """

    hosts: frozenset[str] = frozenset()
    secure: bool = False
    behind_proxy: bool = False
    bodies: Sequence[BodyRule] = BODIES


def guards(rules: GuardRules) -> list[Guard]:
    """Name what stands before the doors, the outermost first."""
    return [
        partial(ProxyBelieved, rules=rules),
        partial(AnswersMarked, rules=rules),
        partial(HostsKnown, rules=rules),
        OwnPagesOnly,
        partial(BodiesBounded, rules=rules.bodies),
    ]


class _HttpGuard(ABC):
    """What guards have in common: it is about HTTP alone, and there is nothing else here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._guard(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._app(scope, receive, send)

    @abstractmethod
    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""


class ProxyBelieved(_HttpGuard):
    """Takes from a proxy who came, by what scheme and for which host; from nobody else."""

    def __init__(self, app: ASGIApp, rules: GuardRules) -> None:
        super().__init__(app)
        self._believes = rules.behind_proxy

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._believes:
            scope = _as_forwarded(scope)
        await self._app(scope, receive, send)


def _as_forwarded(scope: Scope) -> Scope:
    """Take what the nearest proxy added last; what stands before it anybody may have sent."""
    headers = Headers(scope=scope)
    client = _last(headers, "x-forwarded-for")
    changed = dict(scope)
    with suppress(ValueError):  # else the proxy itself is whoever comes, for all of them together
        changed["client"] = (str(ipaddress.ip_address(client)), 0)
    scheme = _last(headers, "x-forwarded-proto").lower()
    if scheme in ("http", "https"):
        changed["scheme"] = scheme
    host = _last(headers, "x-forwarded-host")
    if host:
        others = [pair for pair in scope["headers"] if pair[0].lower() != b"host"]
        changed["headers"] = [(b"host", host.encode("latin-1")), *others]
    return changed


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


class AnswersMarked(_HttpGuard):
    """Says with each answer what browsers may do with it."""

    def __init__(self, app: ASGIApp, rules: GuardRules) -> None:
        super().__init__(app)
        self._secure = rules.secure

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_public = scope["path"].startswith(PUBLIC)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                self._mark(MutableHeaders(scope=message), is_public=is_public)
            await send(message)

        await self._app(scope, receive, marked)

    def _mark(self, headers: MutableHeaders, *, is_public: bool) -> None:
        is_page = headers.get("content-type", "").lower().startswith("text/html")
        headers["content-security-policy"] = PAGE_POLICY if is_page else OTHER_POLICY
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "no-referrer"
        headers["x-frame-options"] = "DENY"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        if self._secure:
            headers["strict-transport-security"] = TLS_ALONE
        if not is_public:
            headers["cache-control"] = "no-store"


class HostsKnown(_HttpGuard):
    """Answers to the server's own names alone."""

    def __init__(self, app: ASGIApp, rules: GuardRules) -> None:
        super().__init__(app)
        self._hosts = frozenset(host.lower().rstrip(".") for host in rules.hosts)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = Headers(scope=scope).getlist("host")
        if len(named) != 1 or not named[0]:
            text = "the request names no host, or several: send one header Host"
            await _refuse(scope, send, HTTPStatus.BAD_REQUEST, "malformed", text)
        elif self._is_own(named[0]):
            await self._app(scope, receive, send)
        else:
            text = f"{one_line(named[0])} is no name of this server: zota serve --host adds one"
            await _refuse(scope, send, HTTPStatus.MISDIRECTED_REQUEST, "foreign-host", text)

    def _is_own(self, named: str) -> bool:
        try:
            host = urlsplit(f"//{named}")
            name, _ = host.hostname or "", host.port
        except ValueError:
            return False
        if host.path or host.query or host.fragment or "@" in named or "?" in named:
            return False
        name = name.rstrip(".")
        return name == LOCAL_NAME or name in self._hosts or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class OwnPagesOnly(_HttpGuard):
    """Takes from browsers what a page of this very server sends, and nothing for other sites.

    Browsers say it by ``Sec-Fetch-Site``, or by ``Origin``. A program shows a token, which no browser adds
    by itself, and no cookie.
    """

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in SAFE or is_own(scope):
            await self._app(scope, receive, send)
        else:
            text = (
                "this was not sent by a page of this server: open the page here, and send it again"
            )
            await _refuse(scope, send, HTTPStatus.FORBIDDEN, "foreign-site", text)


def is_own(scope: Scope) -> bool:
    """Whether a request that changes something comes from a page of ours, or from a program."""
    headers = Headers(scope=scope)
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    has_cookie = "cookie" in headers
    if not has_cookie and headers.get("authorization", "").lower().startswith("bearer "):
        return True
    if sites:
        return sites == ["same-origin"]
    if origins:
        return origins == [f"{scope['scheme']}://{headers.get('host', '')}"]
    return not has_cookie and scope["path"].startswith(PROGRAMS)


class BodiesBounded(_HttpGuard):
    """Takes bodies of a size, in a time; what is more, or does not come, is never seen by a door."""

    def __init__(self, app: ASGIApp, rules: Iterable[BodyRule]) -> None:
        super().__init__(app)
        self._rules = sorted(rules, key=lambda rule: len(rule.prefix), reverse=True)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = next(rule for rule in self._rules if scope["path"].startswith(rule.prefix))
        taking = _BodyTaken(rule, scope, receive, send)
        declared = Headers(scope=scope).get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > rule.most:
            await taking.refuse_large()
            return
        try:
            await self._app(scope, taking.receive, taking.send)
        except ClientDisconnect:
            if not taking.refused:
                raise  # where it was refused, the door was told that its sender left
        await taking.end()


class _BodyTaken:
    """One body while it comes, and the answer to it."""

    def __init__(self, rule: BodyRule, scope: Scope, receive: Receive, send: Send) -> None:
        self._rule, self._scope, self._receive, self._send = rule, scope, receive, send
        self._until = inf  # nobody takes it yet
        self._came = 0
        self._whole = False
        self._begun = False
        self._replaced = False
        self.refused: tuple[HTTPStatus, str, str] | None = None

    async def receive(self) -> Message:
        """Give the door the next piece; that its sender left, where no more is taken."""
        if self.refused:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        self._until = min(self._until, trio.current_time() + self._rule.within_s)
        message: Message | None = None
        with trio.move_on_at(self._until):
            message = await self._receive()
        if message is None:
            text = f"the body did not arrive within {self._rule.within_s:g} s"
            self.refused = HTTPStatus.REQUEST_TIMEOUT, "timeout", text
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._came += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._came > self._rule.most:
                self.refused = self._too_large()
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Send what the door answers; where it was refused, that instead."""
        if self._replaced:
            return
        if self.refused and not self._begun:
            await self.end()
            return
        self._begun = True
        await self._send(message)

    async def refuse_large(self) -> None:
        """Refuse what says itself that it is too large."""
        self.refused = self._too_large()
        await self.end()

    async def end(self) -> None:
        """Send why it was refused, if it was, and nobody has answered yet."""
        if self.refused and not self._begun:
            self._begun = self._replaced = True
            async with trio.open_nursery() as nursery:  # what still comes would hold up the answer
                nursery.start_soon(throw_away, self._receive)
                await _refuse(self._scope, self._send, *self.refused, closing=True)
                nursery.cancel_scope.cancel()

    def _too_large(self) -> tuple[HTTPStatus, str, str]:
        text = f"the body has more than {self._rule.most:,} octets: send less"
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", text


async def _refuse(
    scope: Scope, send: Send, status: HTTPStatus, code: str, text: str, *, closing: bool = False
) -> None:
    """Answer in one line: to programs as a problem document (RFC 9457)."""
    if scope["path"].startswith(PROGRAMS):
        told = problem_values(code, status.value, status.phrase, text)
        kind, body = PROBLEM_TYPE.encode("ascii"), json.dumps(told).encode()
    else:
        kind, body = b"text/plain; charset=utf-8", f"{text}\n".encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if closing:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
