"""Listens to a stream of the portal over a socket of its own, as long as a test wants."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import trio


class Listener:
    """One stream.

    Attributes:
        status: of the answer.
        last: id of the last event.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._came = b""
        self.status = 0
        self.last = ""

    async def head(self) -> None:
        """Read the head of the answer."""
        head = await self._until(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1])

    async def next(self) -> dict[str, Any]:
        """Wait for the next event that says what has changed."""
        while True:
            name, data = await self.event()
            if name == "page":
                told: dict[str, Any] = json.loads(data)
                return told

    async def event(self) -> tuple[str, str]:
        """Wait for any event: its name and what it says; a comment has neither."""
        block = (await self._chunked()).decode()
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        self.last = fields.get("id", self.last)
        return fields.get("event", ""), fields.get("data", "")

    async def _chunked(self) -> bytes:
        size = int(await self._until(b"\r\n"), 16)
        if size == 0:
            raise EOFError("the stream has ended")
        while len(self._came) < size + 2:
            await self._more()
        part, self._came = self._came[:size], self._came[size + 2 :]
        return part

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._came:
            await self._more()
        part, self._came = self._came.split(mark, 1)
        return part

    async def _more(self) -> None:
        octets = await self._stream.receive_some()
        if not octets:
            raise EOFError("the other side has gone")
        self._came += octets


@asynccontextmanager
async def listening(http: httpx.AsyncClient, page: str, last: str = "") -> AsyncIterator[Listener]:
    """Listen to what changes on a page, as whoever a client stands for.

    Args:
        http: has the address and the cookie.
        page: path of the page.
        last: id of the last event that was heard before; empty for none.
    """
    url = urlsplit(str(http.base_url))
    stream = await trio.open_tcp_stream(str(url.hostname), int(url.port or 80))
    async with stream:
        cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        lines = [
            f"GET /live?page={quote(page, safe='')} HTTP/1.1",
            f"Host: {url.netloc}",
            f"Cookie: {cookies}",
            *([f"Last-Event-ID: {last}"] if last else []),
        ]
        await stream.send_all("\r\n".join([*lines, "", ""]).encode())
        listener = Listener(stream)
        await listener.head()
        yield listener
