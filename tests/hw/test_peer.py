"""What a TCP peer that is no radio does, found out by asking it once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from emulators.home.roster import default_roster
from emulators.ncp.dongle import Dongle
from emulators.ncp.frames import Code, RstAck, encode
from emulators.ncp.server import serve_ncp
from hw.diagnosis import examine
from hw.peer import RESET, Manner, manner, restarts
from hw.settings import parse_link
from tests.ports import kept_port

SHORT = 0.3  # seconds in which nothing happens, after which a test waits no longer

Serve = Callable[[trio.SocketStream], Awaitable[None]]


@pytest.fixture
def clock() -> MockClock:
    """Jumps over what is waited for in vain, however long a slow machine takes for what comes."""
    return MockClock(autojump_threshold=SHORT)


async def hang_up(stream: trio.SocketStream) -> None:
    """Say goodbye before hello."""


async def hear_and_hang_up(stream: trio.SocketStream) -> None:
    await stream.receive_some()


async def say(octets: bytes, stream: trio.SocketStream) -> None:
    await stream.receive_some()
    await stream.send_all(octets)
    await trio.sleep_forever()


async def be_mute(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """A listener on a free port of this machine."""

    async def one(stream: trio.SocketStream) -> None:
        async with stream:
            with trio.move_on_after(300):
                await serve(stream)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(partial(trio.serve_listeners, one, [listener]))
        yield f"127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("serve", "found"),
    [
        (hang_up, Manner.HANGS_UP),
        (hear_and_hang_up, Manner.HANGS_UP),
        (be_mute, Manner.SILENT),
        (partial(say, b"HTTP/1.1 400 Bad Request\r\n\r\n"), Manner.FOREIGN),
        (partial(say, RESET), Manner.FOREIGN),
        (partial(say, encode(RstAck(Code.SOFTWARE))), Manner.RESTARTS),
    ],
    ids=[
        "hangs up",
        "hears and hangs up",
        "mute",
        "web server",
        "echo",
        "dongle that falls silent",
    ],
)
async def test_a_peer_is_known_by_what_it_does(
    serve: Serve, found: Manner, clock: MockClock
) -> None:
    async with listening(serve) as address:
        assert await manner(address) is found


async def test_where_nothing_listens_nothing_is_reached(clock: MockClock) -> None:
    with kept_port() as port:
        assert await manner(f"127.0.0.1:{port}") is Manner.UNREACHABLE


async def test_the_virtual_dongle_restarts_as_asked(clock: MockClock) -> None:
    async with serve_ncp(Dongle(default_roster()), tcp=("127.0.0.1", 0)) as server:
        assert await manner(server.address) is Manner.RESTARTS


async def test_a_dongle_that_another_host_has_hangs_up(clock: MockClock) -> None:
    async with serve_ncp(Dongle(default_roster()), tcp=("127.0.0.1", 0)) as server:
        host, port = server.address.split(":")
        async with await trio.open_tcp_stream(host, int(port)) as other:
            await other.send_all(RESET)
            assert await manner(server.address) is Manner.HANGS_UP


@given(st.binary(max_size=200))
def test_any_octets_either_hold_a_restart_or_do_not(octets: bytes) -> None:
    whole = encode(RstAck(Code.SOFTWARE))
    assert restarts(octets + b"\x7e" + whole)
    assert not restarts(whole[:-1])
    restarts(octets)


@pytest.mark.dongle
async def test_a_peer_that_hangs_up_is_told_in_one_line_without_a_word_of_python() -> None:
    async with listening(hang_up) as address:
        found = (await examine(parse_link(f"ezsp+tcp://{address}"))).findings[-1]
    assert found.text == f"ezsp+tcp://{address}: what listens there hangs up"
    assert found.remedy.startswith("stop the program that uses it already")
