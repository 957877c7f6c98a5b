"""Serves a virtual dongle to one host at a time, on a pty or on TCP; the only part with a clock.

Knows file descriptors and trio's time; what the octets mean is the dongle's to know.
"""

import errno
import os
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from math import inf
from pathlib import Path

import trio

from emulators.ncp.dongle import Dongle
from ota_engine.errors import LinkError

CHUNK = 4096  # octets read at once
BACKLOG = 1 << 16  # octets a host may leave unread before it loses some
HANDOVER = 0.5  # seconds a host waits for the one before it to be gone
LOOK_AGAIN = 0.02  # seconds between two looks at a pty that nobody has open
UNREAD_S = 30.0  # what a host on TCP does not take for so long ends its connection
HANG_UP = frozenset(
    {errno.EIO, errno.ECONNRESET, errno.EPIPE, errno.EBADF, errno.ETIMEDOUT, errno.EHOSTUNREACH}
)


class NcpServer:
    """A dongle that lives by trio's clock, and the one host that has it.

    Args:
        dongle: what is served.

    Attributes:
        dongle: the same.
        address: what a host opens: the path of a pty, or ``host:port``.
        hosts: how many hosts there have been.
        served: a host is there, and has said something.
        lost: octets that a host left unread for too long.
    """

    def __init__(self, dongle: Dongle) -> None:
        self.dongle = dongle
        self.address = ""
        self.hosts = 0
        self.served = False
        self.lost = 0
        self._began = trio.current_time()
        self._unread = bytearray()
        self._wire = -1
        self._life = trio.CancelScope()
        self._sleep = trio.CancelScope()
        self._writable = trio.Event()

    @property
    def now(self) -> float:
        """The dongle's time, seconds since it was switched on."""
        return (trio.current_time() - self._began) * self.dongle.options.pace

    def kick(self) -> None:
        """Something was changed from outside: look when the dongle wants to be woken."""
        self._sleep.cancel()

    # --- time -------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Let the dongle's time pass."""
        while True:
            self.dongle.run(self.now)
            self._pass_on()
            if not self.dongle.plugged:
                self._life.cancel()
            with trio.CancelScope(deadline=self._next_wake()) as self._sleep:
                await trio.sleep_forever()

    def _next_wake(self) -> float:
        wake = self.dongle.next_wake
        return inf if wake == inf else self._began + wake / self.dongle.options.pace

    # --- octets -----------------------------------------------------------------------------------

    async def serve(self, wire: int) -> None:
        """Serve the host at this descriptor until it goes, or the dongle is unplugged."""
        self._wire = wire
        self._unread.clear()
        with trio.CancelScope() as self._life:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                while data := await _read(wire):
                    self.hosts += not self.served
                    self.served = True
                    self._receive(data)
                nursery.cancel_scope.cancel()
        self._wire, self.served = -1, False
        self.dongle.disconnect(self.now)

    def _receive(self, data: bytes) -> None:
        self.dongle.receive(data, self.now)
        self._pass_on()
        self._sleep.deadline = min(self._sleep.deadline, self._next_wake())

    def _pass_on(self) -> None:
        """Hand the host what has come out of the line, at once if it takes it."""
        output = self.dongle.take_output()
        if not output or self._wire < 0:
            return
        self._unread += output
        if len(self._unread) > BACKLOG:
            self.lost += len(self._unread) - BACKLOG
            del self._unread[BACKLOG:]
        self._push()
        if self._unread:
            self._writable.set()

    def _push(self) -> None:
        with suppress(OSError):  # a full pipe is tried again, a broken one is the reader's to see
            del self._unread[: os.write(self._wire, self._unread)]

    async def _write(self) -> None:
        """Write what the host did not take at once."""
        while True:
            self._writable = trio.Event()
            if self._unread:
                await trio.lowlevel.wait_writable(self._wire)
                self._push()
            else:
                await self._writable.wait()

    async def plugged_in(self) -> None:
        """Return when the port is there."""
        while not self.dongle.plugged:  # noqa: ASYNC110 - the dongle is pure, it has no events
            await trio.sleep(LOOK_AGAIN)


async def _read(wire: int) -> bytes:
    """Read some octets; none when the host has gone."""
    while True:
        await trio.lowlevel.wait_readable(wire)
        try:
            return os.read(wire, CHUNK)
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno in HANG_UP:
                return b""
            raise


@asynccontextmanager
async def serve_ncp(
    dongle: Dongle, *, pty: Path | None = None, tcp: tuple[str, int] | None = None
) -> AsyncIterator[NcpServer]:
    """Serve a dongle for as long as the context lasts.

    Args:
        dongle: what to serve.
        pty: where to put a link to the pty; it must not exist.
        tcp: where to listen; port 0 takes a free one. Give either this or ``pty``.

    Raises:
        LinkError: the path or port is taken, or cannot be used.
    """
    server = NcpServer(dongle)
    pseudo = None if pty is None else _Pty(server, pty)
    try:
        async with trio.open_nursery() as nursery:
            if pseudo is not None:
                pseudo.open()
                server.address = str(pty)
                nursery.start_soon(pseudo.run)
            else:
                host, port = tcp or ("127.0.0.1", 0)
                listener = await _listen(host, port)
                server.address = f"{host}:{listener.socket.getsockname()[1]}"
                nursery.start_soon(_accept, server, listener)
            nursery.start_soon(server.live)
            yield server
            nursery.cancel_scope.cancel()
    finally:
        if pseudo is not None:
            pseudo.close()


# --- pty ------------------------------------------------------------------------------------------


class _Pty:
    """A pty with a link to it; unplugging takes both away."""

    def __init__(self, server: NcpServer, path: Path) -> None:
        self._server = server
        self._path = path
        self._master = -1

    def open(self) -> None:
        """Make the pty and the link.

        Raises:
            LinkError: the path cannot be used.
        """
        if self._path.is_symlink() and not self._path.exists():
            self._path.unlink()  # left by a dongle that was killed
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave)
            os.set_blocking(self._master, False)
            self._path.symlink_to(os.ttyname(slave))
        except FileExistsError as error:
            self._forget()
            raise LinkError(f"{self._path}: exists already; name another path") from error
        except OSError as error:
            self._forget()
            raise LinkError(f"{self._path}: {error.strerror}; name another path") from error
        finally:
            os.close(slave)

    async def run(self) -> None:
        """Serve one host after another."""
        while True:
            await self._server.serve(self._master)
            with suppress(termios.error):  # what this host has not read is not for the next
                termios.tcflush(self._master, termios.TCOFLUSH)
            if not self._server.dongle.plugged:
                self.close()
                await self._server.plugged_in()
                self.open()
            await trio.sleep(LOOK_AGAIN)

    def close(self) -> None:
        """Take pty and link away."""
        if self._master >= 0:
            with suppress(OSError):
                self._path.unlink()
            self._forget()

    def _forget(self) -> None:
        os.close(self._master)
        self._master = -1


# --- TCP ------------------------------------------------------------------------------------------


async def _listen(host: str, port: int) -> trio.SocketListener:
    try:
        listeners = await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        reason = "is taken" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
        raise LinkError(f"{host}:{port}: {reason}; name another port") from error
    # Inherited by every connection: without it a host that vanished, or reads no more, would keep
    # the dongle from every other until somebody ends it.
    unread = int(UNREAD_S * 1000)
    listeners[0].socket.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_USER_TIMEOUT, unread)
    return listeners[0]


async def _accept(server: NcpServer, listener: trio.SocketListener) -> None:
    """Take one host at a time; who comes while another stays is hung up on."""
    turn = trio.Lock()
    async with listener, trio.open_nursery() as nursery:
        while True:
            nursery.start_soon(_serve_stream, server, await listener.accept(), turn)


async def _serve_stream(server: NcpServer, stream: trio.SocketStream, turn: trio.Lock) -> None:
    async with stream:
        with trio.move_on_after(HANDOVER) as patience:
            await turn.acquire()
        if patience.cancelled_caught:
            return
        try:
            if server.dongle.plugged:
                stream.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
                await server.serve(stream.socket.fileno())
        finally:
            turn.release()
