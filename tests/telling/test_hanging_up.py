"""Strangers who promise a body, and hang up while they are answered."""

from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ota_engine.telling.serving import serving_here

HEAD = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
MANY = 600  # connections; a server that an error of one could end was gone after 30 to 90
AT_ONCE = 30


async def _well(_: Request) -> Response:
    return PlainTextResponse("well")


async def _too_large(_: Request) -> Response:
    return Response("too large", 413)


class _Silent:
    """An application that ends without an answer: the server gives its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pass


APP = Starlette(
    routes=[
        Route("/well", _well),
        Route("/large", _too_large, methods=["POST"]),
        Route("/silent", _Silent(), methods=["POST"]),
    ]
)


async def _hang_up(host: str, port: int, path: bytes, *, half: bool) -> None:
    async with await trio.open_tcp_stream(host, port) as stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(HEAD % path)
            if half:
                await stream.send_eof()
                await trio.sleep(0.001)


@pytest.mark.parametrize("path", [b"large", b"silent"])
async def test_who_hangs_up_in_mid_answer_ends_no_server(
    path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_here(APP) as url:
        place = urlsplit(url)
        assert place.hostname and place.port
        hang_up = partial(_hang_up, place.hostname, place.port, path)
        for first in range(0, MANY, AT_ONCE):
            async with trio.open_nursery() as nursery:
                for number in range(first, first + AT_ONCE):
                    nursery.start_soon(partial(hang_up, half=number % 2 == 0))
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            assert (await client.get("/well")).text == "well"
    assert "a connection ended in an error" not in caplog.text
