"""Real bellows on the virtual dongle: every version, both kinds of port, and what goes wrong."""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import bellows.types as t
import pytest
import trio
from zigpy.exceptions import DeliveryError, NetworkNotFormed

from emulators.ncp.commands import VERSIONS
from emulators.ncp.dongle import Dongle, DongleOptions
from emulators.ncp.faults import DongleFaultKind, DongleFaultPlan, NcpFault
from emulators.ncp.server import serve_ncp
from ota_engine.errors import LinkError
from tests.emulators.ncp.host import (
    CHANNEL,
    Served,
    all_joined,
    connected,
    displays,
    formed,
    packet,
    served,
    started,
    until,
)
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

READ = b"\x00\x01\x00\x05\x00"  # Read Attributes: ModelIdentifier


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run it on asyncio's own loop: ``asyncio.run`` takes trio's where another test imported it."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(asyncio.wait_for(story, 300.0))


def blank(count: int = 1, **options: Any) -> Dongle:
    return Dongle(displays(count), options=DongleOptions(**{"baud": 0} | options))


def dongle(count: int = 1, **options: Any) -> Dongle:
    """One that has formed its network before."""
    return Dongle(displays(count), formed(), DongleOptions(**{"baud": 0} | options))


@first_of("version", (VERSIONS[0], VERSIONS[-1], *VERSIONS[1:-1]), 2)
def test_bellows_forms_starts_joins_interviews_and_sends(version: int) -> None:
    async def story(port: Served) -> None:
        async with connected(port.url) as app:
            await app.form_network()
        async with started(port.url) as app:
            assert app.state.network_info.channel == CHANNEL
            assert app._ezsp.ezsp_version == version
            for device in await all_joined(app, 2):
                assert list(device.endpoints) == [0, 1]
                assert device.endpoints[1].out_clusters.keys() == {0x0019, 0x0704}
                await app.send_packet(packet(device.nwk, READ))
                await app.send_packet(packet(device.nwk, READ, acknowledged=True))

    quiet = blank(2, version=version)
    with served(quiet) as port:
        run(story(port))
    assert quiet.ezsp.counters.refused == 0
    assert quiet.ash.counters.damaged == 0


def test_on_a_pty_one_host_after_another_finds_the_network(tmp_path: Path) -> None:
    async def story(port: Served) -> None:
        async with connected(port.url) as app:
            await app.form_network()
            pan = app.state.network_info.pan_id
        for _ in range(2):
            async with started(port.url) as app:
                assert app.state.network_info.pan_id == pan

    with served(blank(), tmp_path / "dongle") as port:
        run(story(port))
    assert not (tmp_path / "dongle").is_symlink()


def test_without_a_network_bellows_says_so() -> None:
    async def story(port: Served) -> None:
        async with connected(port.url) as app:
            with pytest.raises(NetworkNotFormed):
                await app.start_network()

    with served(blank()) as port:
        run(story(port))


def test_the_network_is_gone_after_it_was_left() -> None:
    async def story(port: Served) -> None:
        async with connected(port.url) as app:
            await app.load_network_info()
            await app.reset_network_info()
            with pytest.raises(NetworkNotFormed):
                await app.load_network_info()

    with served(dongle()) as port:
        run(story(port))


def test_an_energy_scan_has_a_value_for_every_channel() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            found = await app.energy_scan(t.Channels.ALL_CHANNELS, 1, count=1)
            assert sorted(found) == list(range(11, 27))

    with served(dongle()) as port:
        run(story(port))


def test_one_frame_in_twenty_damaged_either_way_changes_nothing_but_the_time() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            await all_joined(app, 1)

    noisy = dongle(faults=DongleFaultPlan(noise=0.05, seed=1))
    with served(noisy) as port:
        run(story(port))
    assert noisy.ash.counters.damaged > 0
    assert noisy.ash.counters.repeated > 0


def test_a_home_that_lives_ten_times_faster_is_a_home_to_bellows() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            (device,) = await all_joined(app, 1)
            await app.send_packet(packet(device.nwk, READ, acknowledged=True))

    with served(dongle(pace=10.0)) as port:
        run(story(port))


def test_lost_and_doubled_frames_change_nothing_but_the_time() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            await all_joined(app, 1)

    unsteady = dongle(faults=DongleFaultPlan(drop=0.01, duplicate=0.05, seed=1))
    with served(unsteady) as port:
        run(story(port))


def test_a_frame_that_does_not_fit_is_refused_by_name() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            (device,) = await all_joined(app, 1)
            await app.send_packet(packet(device.nwk, READ + bytes(77)))
            with pytest.raises(DeliveryError) as caught:
                await app.send_packet(packet(device.nwk, READ + bytes(78)))
            assert caught.value.status == t.sl_Status.MESSAGE_TOO_LONG

    with served(dongle()) as port:
        run(story(port))


def test_a_device_without_power_is_a_delivery_that_failed() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            (device,) = await all_joined(app, 1)
            eui64 = next(iter(port.dongle.stack.core.members))
            port.tell(lambda dongle, now: dongle.network.power_off(eui64))
            with pytest.raises(DeliveryError) as caught:
                await app.send_packet(packet(device.nwk, READ))
            assert caught.value.status == t.sl_Status.ZIGBEE_DELIVERY_FAILED

    with served(dongle()) as port:
        run(story(port))


class Mourner:
    """A listener of bellows that notes when its radio is lost."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()

    def connection_lost(self, error: BaseException | None) -> None:
        self.lost.set()


@pytest.mark.parametrize(
    "kind", [DongleFaultKind.RESET, DongleFaultKind.ERROR, DongleFaultKind.UNPLUG]
)
@first_of("on_pty", [False, True])
def test_a_lost_radio_is_noticed_and_found_again(
    kind: DongleFaultKind, on_pty: bool, tmp_path: Path
) -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            await all_joined(app, 1)
            mourner = Mourner()
            app.add_listener(mourner)
            port.tell(lambda dongle, now: dongle.fail(NcpFault(kind, seconds=0.2), now))
            await asyncio.wait_for(mourner.lost.wait(), 300.0)
        await until(lambda: port.dongle.plugged and not port.server.served)
        if on_pty:
            await until(path.exists)
        async with started(port.url) as app:
            await until(lambda: port.dongle.joined == 1)

    path = tmp_path / "dongle"
    with served(dongle(), path if on_pty else None) as port:
        run(story(port))


def test_a_hung_dongle_is_waited_for() -> None:
    async def story(port: Served) -> None:
        async with started(port.url) as app:
            (device,) = await all_joined(app, 1)
            hang = NcpFault(DongleFaultKind.HANG, seconds=1.0)
            port.tell(lambda dongle, now: dongle.fail(hang, now))
            await app.send_packet(packet(device.nwk, READ))

    with served(dongle()) as port:
        run(story(port))


# --- ports ----------------------------------------------------------------------------------------


def test_a_second_host_is_hung_up_on() -> None:
    with served(dongle()) as port:
        host, _, number = port.server.address.rpartition(":")
        with socket.create_connection((host, int(number)), 300.0) as first:
            first.sendall(RESET)
            assert first.recv(100) == RESTARTED
            with socket.create_connection((host, int(number)), 300.0) as second:
                assert second.recv(100) == b""


async def test_a_host_that_stops_reading_does_not_keep_the_dongle_from_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing but a time limit in the kernel ends its connection: it neither speaks nor hangs up."""
    monkeypatch.setattr("emulators.ncp.server.UNREAD_S", 0.2)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        async with serve_ncp(dongle()) as server:
            host, _, number = server.address.rpartition(":")
            reader.connect((host, int(number)))
            reader.setblocking(False)
            stream = trio.socket.from_stdlib_socket(reader)
            with suppress(ConnectionError):  # on a busy machine it is hung up on meanwhile
                for _ in range(100):  # answers that do not fit into what it leaves unread
                    await stream.send(RESET * 100)
            with trio.fail_after(300):
                while not await _answers(host, int(number)):
                    pass  # it was hung up on, a moment after it came
            assert server.hosts == 2


RESET, RESTARTED = b"\x1a\xc0\x38\xbc\x7e", bytes.fromhex("c1020b0a527e")


async def _answers(host: str, port: int) -> bool:
    """Whether the dongle has room for another host."""
    async with await trio.open_tcp_stream(host, port) as stream:
        try:
            await stream.send_all(RESET)
            return await stream.receive_some(100) == RESTARTED
        except trio.BrokenResourceError:
            return False


async def test_a_port_that_is_taken_is_named() -> None:
    async with serve_ncp(dongle()) as server:
        number = int(server.address.rpartition(":")[2])
        with trio.fail_after(300), pytest.raises(LinkError, match=f"{number}: is taken"):
            await _serve_once(tcp=("127.0.0.1", number))


async def test_a_path_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dongle"
    path.write_text("mine")
    with pytest.raises(LinkError, match="exists already"):
        await _serve_once(pty=path)
    assert path.read_text() == "mine"


async def test_a_link_left_by_a_killed_dongle_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dongle"
    path.symlink_to(tmp_path / "gone")
    async with serve_ncp(dongle(), pty=path):
        assert path.exists()
    assert not path.is_symlink()


async def _serve_once(**where: Any) -> None:
    try:
        async with serve_ncp(dongle(), **where):
            pass
    except* LinkError as group:
        raise group.exceptions[0] from None
