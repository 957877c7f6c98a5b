"""What no door has to think of: foreign sites, foreign names, endless bodies, marks on answers."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import trio
import trio.lowlevel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ota_engine.head_end.service.guards import (
    PAGE_POLICY,
    BodiesBounded,
    BodyRule,
    GuardRules,
    guards,
)
from ota_engine.telling.serving import serving_here

SMALL: Final = BodyRule("/", 1_000, 60.0)
MATRIX: Final[list[tuple[dict[str, str], bool]]] = [
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "same-origin", "cookie": "zota_session=x"}, True),
    ({"sec-fetch-site": "same-site", "cookie": "zota_session=x"}, False),
    ({"sec-fetch-site": "cross-site", "cookie": "zota_session=x"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": "none"}, False),
    ({"sec-fetch-site": "Same-Origin"}, False),
    ({"sec-fetch-site": "cross-site", "origin": "OWN"}, False),
    ({"origin": "OWN"}, True),
    ({"origin": "OWN", "cookie": "zota_session=x"}, True),
    ({"origin": "null", "cookie": "zota_session=x"}, False),
    ({"origin": "https://evil.example"}, False),
    ({"origin": "OWN.evil.example"}, False),
    ({"origin": "OTHER SCHEME"}, False),
    ({"cookie": "zota_session=x"}, False),
    ({}, False),
    ({"authorization": "Bearer zota_t_x"}, True),
    ({"authorization": "Bearer zota_t_x", "cookie": "zota_session=x"}, False),
    ({"authorization": "Bearer zota_t_x", "sec-fetch-site": "cross-site", "cookie": "a=b"}, False),
    ({"authorization": "Basic eDp5", "origin": "https://evil.example"}, False),
]


async def _echo(request: Request) -> Response:
    body = await request.body()
    client = request.client
    told = {"octets": len(body), "client": client.host if client else "", "url": str(request.url)}
    return JSONResponse(told, headers={"cache-control": "public"})


async def _page(_: Request) -> Response:
    return HTMLResponse("<!doctype html><title>page</title>")


async def _kept(_: Request) -> Response:
    return Response("kept", headers={"cache-control": "public, max-age=1"})


def _app(rules: GuardRules) -> ASGIApp:
    paths = ("/", "/api/v1/acts/x", "/gateway/v1/register")
    app: ASGIApp = Starlette(
        routes=[
            *(Route(path, _echo, methods=["GET", "POST", "DELETE"]) for path in paths),
            Route("/page", _page),
            Route("/static/a.css", _kept),
        ]
    )
    for guard in reversed(guards(rules)):
        app = guard(app)
    return app


@asynccontextmanager
async def _served(rules: GuardRules) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving_here(_app(rules)) as url,
        httpx.AsyncClient(base_url=url, timeout=None, trust_env=False) as client,  # noqa: S113 - no machine is too slow
    ):
        yield client


async def _raw(url: str, octets: Iterable[bytes]) -> bytes:
    """Send octets as they are, and read until the other side hangs up."""
    place = urlsplit(url)
    assert place.hostname and place.port
    stream = await trio.open_tcp_stream(place.hostname, place.port)
    async with stream:
        for piece in octets:
            await stream.send_all(piece)
        answer = b""
        while piece := await stream.receive_some(65_536):
            answer += piece
    return answer


async def test_only_pages_of_this_server_and_programs_change_anything() -> None:
    async with _served(GuardRules()) as client:
        own = str(client.base_url).rstrip("/")
        for given, taken in MATRIX:
            names = {"OWN": own, "OTHER SCHEME": own.replace("http:", "https:")}
            headers = {
                name: names.get(value, value.replace("OWN.", own + "."))
                for name, value in given.items()
            }
            for method in ("POST", "DELETE", "PUT", "PATCH"):
                answer = await client.request(method, "/", headers=headers)
                assert (answer.status_code != 403) is taken, (method, headers)
            assert (await client.get("/", headers=headers)).status_code == 200


async def test_a_program_posts_without_a_token_only_where_programs_do() -> None:
    async with _served(GuardRules()) as client:
        assert (await client.post("/gateway/v1/register")).status_code == 200
        refused = await client.post("/api/v1/acts/x", headers={"cookie": "zota_session=x"})
        assert refused.status_code == 403
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "foreign-site"
        assert "\n" not in refused.json()["detail"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:80", 200),
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("[::1]:8080", 200),
        ("zota.example", 200),
        ("zota.example.:443", 200),
        ("evil.example", 421),
        ("evil.example:80", 421),
        ("zota.example.evil.example", 421),
        ("zota.example@evil.example", 421),
        ("zota.example:99999", 421),
        ("zota.example/../evil", 421),
        ("zota.example?evil", 421),
        ("[::1", 421),
    ],
)
async def test_a_name_that_is_not_the_servers_own_is_refused(host: str, status: int) -> None:
    async with _served(GuardRules(hosts=frozenset({"Zota.example"}))) as client:
        answer = await client.get("/", headers={"host": host})
        assert answer.status_code == status
        if status != 200:
            assert answer.text.count("\n") == 1


async def test_a_request_for_no_host_or_for_two_is_refused() -> None:
    async with _served(GuardRules()) as client:
        url = str(client.base_url)
        two = (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        none = b"GET / HTTP/1.0\r\n\r\n"
        assert b" 400" in (await _raw(url, [two])).split(b"\r\n")[0]
        assert b" 400" in (await _raw(url, [none])).split(b"\r\n")[0]


async def test_answers_say_what_browsers_may_do_with_them() -> None:
    async with _served(GuardRules()) as client:
        page, other = await client.get("/page"), await client.get("/")
        kept, lost = await client.get("/static/a.css"), await client.get("/nothing")
        refused = await client.post("/", headers={"origin": "https://evil.example"})
        assert page.headers["content-security-policy"] == PAGE_POLICY
        for answer in (page, other, kept, lost, refused):
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "strict-transport-security" not in answer.headers
        for answer in (page, other, lost, refused):
            assert answer.headers.get_list("cache-control") == ["no-store"]
        assert kept.headers["cache-control"] == "public, max-age=1"
    async with _served(GuardRules(secure=True)) as client:
        assert "max-age" in (await client.get("/")).headers["strict-transport-security"]


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes() -> None:
    async with _served(GuardRules(bodies=[SMALL])) as client:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        answer = await _raw(str(client.base_url), [head + b"Content-Length: 1001\r\n\r\n"])
        assert b" 413" in answer.split(b"\r\n")[0]
        assert b"connection: close" in answer.lower()


async def test_a_body_that_turns_out_too_large_is_refused() -> None:
    async with _served(GuardRules(bodies=[SMALL])) as client:
        head = (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"64\r\n" + b"x" * 100 + b"\r\n"
        answer = await _raw(str(client.base_url), [head, *(piece for _ in range(11))])
        assert b" 413" in answer.split(b"\r\n")[0]
        assert answer.endswith(b"the body has more than 1,000 octets: send less\n")
        own = {"sec-fetch-site": "same-origin"}
        fits = await client.post("/", content=b"x" * 1_000, headers=own)
        assert fits.json()["octets"] == 1_000


async def test_the_longest_path_says_how_much_is_taken() -> None:
    rules = GuardRules(bodies=[SMALL, BodyRule("/api/", 5_000, 60.0)])
    async with _served(rules) as client:
        headers = {"authorization": "Bearer x"}
        large = b"x" * 2_000
        assert (await client.post("/", content=large, headers=headers)).status_code == 413
        taken = await client.post("/api/v1/acts/x", content=large, headers=headers)
        assert taken.json()["octets"] == 2_000


async def test_a_body_that_is_refused_while_it_is_on_its_way_gets_its_answer() -> None:
    async with _served(GuardRules(bodies=[SMALL])) as client:
        headers = {"authorization": "Bearer x"}
        answer = await client.post("/api/v1/acts/x", content=b"x" * 20_000_000, headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


async def test_a_stream_whose_reader_is_looked_for_late_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A deadline is for a body that is taken, and not for whoever listens for hours."""
    heard: list[str] = []

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        await trio.sleep(3_600.0)
        heard.append((await receive())["type"])
        await trio.sleep(3_600.0)
        heard.append((await receive())["type"])

    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b""},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "GET", "path": "/live", "headers": []}
    await BodiesBounded(listen, [SMALL])(scope, receive, send)
    assert heard == ["http.request", "http.disconnect"]


async def test_a_body_that_comes_octet_by_octet_is_ended_at_a_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """However steadily it comes: the deadline is for the whole of it."""
    sent: list[dict[str, Any]] = []
    pieces = 0

    async def receive() -> dict[str, Any]:
        nonlocal pieces
        pieces += 1
        await trio.sleep(1.0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), (b"sec-fetch-site", b"same-origin")],
    }
    rules = GuardRules(bodies=[BodyRule("/", 1_000, 10.0)])
    await _app(rules)(scope, receive, send)
    assert [one["status"] for one in sent if one["type"] == "http.response.start"] == [408]
    assert pieces <= 11
    assert trio.current_time() < 12.0


async def test_a_proxy_is_believed_only_where_there_is_one() -> None:
    said = {
        "x-forwarded-for": "203.0.113.9, 198.51.100.1",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "zota.example",
    }
    hosts = frozenset({"zota.example"})
    async with _served(GuardRules(hosts=hosts)) as client:
        told = (await client.get("/", headers=said)).json()
        assert told["client"] == "127.0.0.1"
        assert told["url"].startswith("http://127.0.0.1:")
    async with _served(GuardRules(hosts=hosts, behind_proxy=True)) as client:
        told = (await client.get("/", headers=said)).json()
        assert told == {"octets": 0, "client": "198.51.100.1", "url": "https://zota.example/"}
        for lie in ("", "nonsense", "1.2.3.4, <script>"):
            told = (await client.get("/", headers={"x-forwarded-for": lie})).json()
            assert told["client"] == "127.0.0.1"
        evil = await client.get("/", headers={"x-forwarded-host": "evil.example"})
        assert evil.status_code == 421


async def test_a_page_behind_a_proxy_posts_by_the_name_that_browsers_know() -> None:
    rules = GuardRules(hosts=frozenset({"zota.example"}), behind_proxy=True, secure=True)
    async with _served(rules) as client:
        said = {"x-forwarded-proto": "https", "host": "zota.example"}
        own = await client.post("/", headers={**said, "origin": "https://zota.example"})
        other = await client.post("/", headers={**said, "origin": "http://zota.example"})
        assert (own.status_code, other.status_code) == (200, 403)
