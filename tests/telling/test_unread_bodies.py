"""Bodies that an application answers without a look at them."""

from contextlib import suppress
from urllib.parse import urlsplit

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ota_engine.telling.serving import serving_here


async def _unread(_: Request) -> Response:
    await trio.sleep(0.05)
    return Response("done without it")


async def test_a_large_body_that_nobody_looks_at_leaves_no_connection_behind() -> None:
    body = b"x" * 2_000_000
    head = f"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    ended: list[bytes] = []
    async with serving_here(Starlette(routes=[Route("/unread", _unread, methods=["POST"])])) as url:

        async def post() -> None:
            place = urlsplit(url)
            assert place.hostname and place.port
            async with await trio.open_tcp_stream(place.hostname, place.port) as stream:
                with suppress(trio.BrokenResourceError):
                    await stream.send_all(f"{head}\r\n".encode() + body)
                with suppress(trio.BrokenResourceError):
                    async for _ in stream:
                        pass
                ended.append(b"closed")

        with trio.move_on_after(60.0):
            async with trio.open_nursery() as nursery:
                for _ in range(60):
                    nursery.start_soon(post)
    assert len(ended) == 60
