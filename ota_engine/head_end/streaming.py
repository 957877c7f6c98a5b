"""Answers that go on for as long as somebody reads them; knows HTTP, nothing of what is told."""

from collections.abc import Awaitable, Callable
from typing import Final

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ota_engine.telling.serving import throw_away

TellPiece = Callable[[bytes], Awaitable[None]]

_HEAD: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),  # of proxies, which would wait for more
)


class StreamAnswer(Response):
    """A stream of events; it ends when all was told, or when the reader has gone.

    Args:
        tell: tells everything; is given what sends octets.
    """

    media_type = "text/event-stream"

    def __init__(self, tell: Callable[[TellPiece], Awaitable[None]]) -> None:
        super().__init__()
        self._telling = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""

        async def piece(octets: bytes) -> None:
            await send({"type": "http.response.body", "body": octets, "more_body": True})

        await send({"type": "http.response.start", "status": 200, "headers": list(_HEAD)})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_gone, receive, nursery.cancel_scope)
            await self._telling(piece)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            nursery.cancel_scope.cancel()


async def _until_gone(receive: Receive, scope: trio.CancelScope) -> None:
    await throw_away(receive)
    scope.cancel()
