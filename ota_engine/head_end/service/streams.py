"""Ends streams when a server stops, and counts them; knows ASGI, nothing of what flows in them.

A stream of events never ends by itself, so that a server that waits for what is being answered would wait
for its viewers. Whoever reads it connects again: at once, and to whatever server is there by then.
"""

from collections.abc import Callable
from typing import Final

import trio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAM: Final = b"text/event-stream"

#: Is told of streams: whose path it is, and 1 or -1.
StreamWatch = Callable[[str, int], None]


class StreamsEnd:
    """An application whose streams can be ended.

    Args:
        app: what answers.
        watch: is told of every stream that begins and ends.
    """

    def __init__(self, app: ASGIApp, watch: StreamWatch) -> None:
        self._app = app
        self._watch = watch
        self._open: set[trio.CancelScope] = set()
        self._ended = False

    def end(self) -> None:
        """End every stream, and those that are still to begin."""
        self._ended = True
        for stream in self._open:
            stream.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with trio.CancelScope() as stream:

            async def watched(message: Message) -> None:
                if _begins_stream(message):
                    self._open.add(stream)
                    self._watch(scope["path"], 1)
                    if self._ended:
                        stream.cancel()
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                if stream in self._open:
                    self._open.remove(stream)
                    self._watch(scope["path"], -1)
        if stream.cancelled_caught:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _begins_stream(message: Message) -> bool:
    return message["type"] == "http.response.start" and any(
        name.lower() == b"content-type" and value.startswith(STREAM)
        for name, value in message.get("headers", ())
    )
