"""Serves an ASGI application on a socket of ours; knows hypercorn and sockets, nothing of what is served.

What hypercorn leaves open is closed here: a reader that stops reading holds its connection for
``UNREAD_S`` and no longer, nor does it hold up a server that stops; heads that do not come end with the
keep-alive time; and what still comes of a request that is answered holds up no end of its connection.
An error of hypercorn's own over a connection ends that connection, and not the server.
"""

import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import trio
from hypercorn.config import Config
from hypercorn.trio import run as servers
from hypercorn.trio import serve
from hypercorn.trio.tcp_server import TCPServer
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ota_engine.errors import LinkError, LocalError

if TYPE_CHECKING:
    from hypercorn.typing import Framework

LOOPBACK: Final = "127.0.0.1"
PRIVATE: Final = frozenset((LOOPBACK, "::1", "localhost"))
UNREAD_S: Final = 5.0  # what the other side does not read for so long ends its connection
IDLE_S: Final = 5.0  # between requests, and for the head of one
STOPPING_S: Final = 3.0  # for what is being answered when the server stops
OWN_STOPPING_S: Final = 1.0  # the same, of a port of our own
CUT_S: Final = 0.2  # after which, from then on, connections are cut that hold up its end
OWN_FILES: Final = Path("/proc/self/fd")
BACKLOG: Final = 1_024
#: What is said of a place that cannot be had: one that was named, and a port of our own.
PLACE_TAKEN: Final = (
    "{place.host}:{place.port} cannot be listened at ({reason}): give another --http"
)
PORT_TAKEN: Final = (
    "port {place.port} of {place.host} cannot be used ({reason}): give another --port"
)
LOGGER: Final = "zota.http"  # of what hypercorn has to say: errors of the application, mostly


class Place(NamedTuple):
    """Where to listen.

    Attributes:
        host: an address or a name.
        port: 0 for any that is free.
    """

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> "Place":
        """Read ``HOST:PORT``.

        Raises:
            LocalError: it is none.
        """
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise LocalError(f"{text[:60]!a} is no place to listen: give one like 127.0.0.1:8079")
        return cls(host, int(port))

    @property
    def is_private(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return self.host in PRIVATE


class TlsFiles(NamedTuple):
    """How a server shows who it is, and whom it lets in.

    Attributes:
        certificate: its certificate and those above it, PEM.
        key: the private key, PEM.
        client_ca: who signs the certificates of clients, PEM; None for letting in everybody.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None


@asynccontextmanager
async def serving(
    app: ASGIApp,
    place: Place,
    tls: TlsFiles | None = None,
    *,
    stopping_s: float = STOPPING_S,
    taken: str = PLACE_TAKEN,
) -> AsyncIterator[str]:
    """Serve for as long as the block; gives the URL that it is reached by.

    Args:
        app: what is served.
        place: where.
        tls: how it shows who it is; None for plain HTTP.
        stopping_s: seconds for what is being answered when the block ends.
        taken: what is said of a ``place`` that cannot be had, for a ``reason``.

    Raises:
        LinkError: the place cannot be listened at.
        LocalError: a file of TLS cannot be used.
    """
    config = _config(tls, stopping_s)
    bound = _bound(place, taken)
    port: int = bound.getsockname()[1]
    config.bind = [f"fd://{bound.fileno()}"]
    bound.detach()  # the server owns it from here on
    stopping, ended = trio.Event(), trio.Event()
    framework = cast("Framework", _RestThrownAway(app))  # two libraries' words for the same ASGI

    async def served(task_status: trio.TaskStatus[list[str]]) -> None:
        try:
            await serve(framework, config, shutdown_trigger=stopping.wait, task_status=task_status)
        finally:
            ended.set()

    async with trio.open_nursery() as nursery:
        binds: list[str] = await nursery.start(served)
        try:
            yield binds[0]
        finally:
            stopping.set()
            nursery.start_soon(_cut_after, stopping_s, ended, port)


@asynccontextmanager
async def serving_here(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve on the loopback interface for as long as the block; gives the URL that it is reached by.

    Args:
        app: what is served.
        port: 0 for any that is free.

    Raises:
        LinkError: the port is in use.
    """
    place = Place(LOOPBACK, port)
    async with serving(app, place, stopping_s=OWN_STOPPING_S, taken=PORT_TAKEN) as url:
        yield url


def refuse_taken(place: Place) -> None:
    """Refuse a place before anything is prepared that is to be served there.

    Raises:
        LinkError: it cannot be listened at.
    """
    _bound(place, PLACE_TAKEN).close()


class CutShort(Response):
    """An answer of which only the head arrives: the connection is closed before its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head of an answer of two octets, and none of them."""
        head = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": head})


async def throw_away(receive: Receive) -> None:
    """Take what comes of a request until its sender leaves, and forget it."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _RestThrownAway:
    """An application whose requests are thrown away as far as they still come when all is answered.

    Otherwise whoever reads the connection waits for somebody to take that, and the connection for its end:
    neither comes, whatever the other side does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return

        async def answered(message: Message) -> None:
            if message["type"] != "http.response.body" or message.get("more_body", False):
                await send(message)
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(throw_away, receive)
                await send(message)
                nursery.cancel_scope.cancel()

        await self._app(scope, receive, answered)


class _Connection(TCPServer):
    """A connection that ends alone, whatever goes wrong in it: hypercorn lets all others end with it.

    Who hangs up in mid request is told so while what was answered is still being sent, or is closed: two
    tasks then write to one stream, which trio refuses. Any stranger can bring that about at will, so
    nothing is said of it.
    """

    async def run(self) -> None:
        try:
            await super().run()
        except* trio.BusyResourceError:
            pass
        except* Exception as group:
            logging.getLogger(LOGGER).error("a connection ended in an error", exc_info=group)


servers.TCPServer = _Connection  # type: ignore[attr-defined] # it makes one for every connection


def _has_body(headers: Headers) -> bool:
    return "content-length" in headers or "transfer-encoding" in headers


async def _cut_after(stopping_s: float, ended: trio.Event, port: int) -> None:
    """Cut what holds up a server that stops: what it sends waits for its reader, cancelled or not."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(stopping_s + CUT_S):
            await ended.wait()
            return
        for connection in _connections(port):
            with connection, suppress(OSError):  # one that has ended by itself
                connection.shutdown(socket.SHUT_RDWR)


def _connections(port: int) -> Iterator[socket.socket]:
    """Give every connection of this process whose own end is at a port, under a second handle."""
    for path in list(OWN_FILES.iterdir()):
        with suppress(OSError):  # a file that is none of these, or is closed by now
            if path.is_socket():
                found = socket.socket(fileno=os.dup(int(path.name)))
                address = found.getsockname()
                listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if isinstance(address, tuple) and address[1] == port and not listens:
                    yield found
                else:
                    found.close()


def _config(tls: TlsFiles | None, stopping_s: float) -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger(LOGGER)
    config.loglevel = "WARNING"
    config.backlog = BACKLOG
    config.graceful_timeout = stopping_s
    config.keep_alive_timeout = IDLE_S
    config.ssl_handshake_timeout = IDLE_S
    config.include_server_header = False
    if tls is not None:
        config.alpn_protocols = ["http/1.1"]
        config.certfile, config.keyfile = str(tls.certificate), str(tls.key)
        if tls.client_ca is not None:
            config.ca_certs, config.verify_mode = str(tls.client_ca), ssl.CERT_REQUIRED
        try:
            config.create_ssl_context()
        except (ssl.SSLError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LocalError(
                f"{tls.certificate}: TLS cannot be served with this ({reason}): give a certificate"
                " and its key as PEM files"
            ) from error
    return config


def _bound(place: Place, taken: str) -> socket.socket:
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, number)
    except OSError as error:
        raise LinkError(f"{place.host}: no such address here ({error.strerror})") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every connection: nothing else ends one whose other side stops reading.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_S * 1000))
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise LinkError(taken.format(place=place, reason=error.strerror)) from error
    return bound
