"""Real, unmodified bellows under plain asyncio, and a dongle served by a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import trio
import zigpy.config as conf
import zigpy.types as t
from bellows.zigbee.application import ControllerApplication

from emulators.home.roster import RosterEntry
from emulators.ncp.dongle import Dongle
from emulators.ncp.memory import Memory
from emulators.ncp.server import NcpServer, serve_ncp
from emulators.platform.profiles import LAB
from tests.emulators.ncp.home import PARAMETERS, SECURITY, display

CHANNEL = PARAMETERS.channel
PATIENCE = 300.0  # seconds before a test gives up; none takes a tenth of that
LOOK = 0.02  # seconds


class Served:
    """A dongle behind its port; ``tell`` does something in the thread where it lives."""

    def __init__(self, server: NcpServer, token: trio.lowlevel.TrioToken, url: str) -> None:
        self.server = server
        self.dongle = server.dongle
        self.url = url
        self._token = token

    def tell(self, call: Callable[[Dongle, float], None]) -> None:
        """Call ``call(dongle, now)`` between two of its moments."""

        def act() -> None:
            call(self.dongle, self.server.now)
            self.server.kick()

        self._token.run_sync_soon(act)


@contextmanager
def served(dongle: Dongle, pty: Path | None = None) -> Iterator[Served]:
    """Serve a dongle on a pty, or on a free TCP port."""
    ready, box, scope = threading.Event(), [], trio.CancelScope()

    async def run() -> None:
        with scope:
            async with serve_ncp(dongle, pty=pty) as server:
                url = server.address if pty is not None else f"tcp://{server.address}"
                box.append(Served(server, trio.lowlevel.current_trio_token(), url))
                ready.set()
                await trio.sleep_forever()

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield box[0]
    finally:
        box[0]._token.run_sync_soon(scope.cancel)
        thread.join(PATIENCE)


def config(url: str) -> dict[str, Any]:
    """What bellows is told: nothing of its own initiative, and no threads."""
    return {
        conf.CONF_DEVICE: {conf.CONF_DEVICE_PATH: url},
        "use_thread": False,
        conf.CONF_DATABASE: None,
        conf.CONF_NWK: {conf.CONF_NWK_CHANNEL: CHANNEL},
        conf.CONF_NWK_BACKUP_ENABLED: False,
        conf.CONF_TOPO_SCAN_ENABLED: False,
        conf.CONF_STARTUP_ENERGY_SCAN: False,
    }


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[ControllerApplication]:
    """Bellows with its port open and no network started."""
    app = await ControllerApplication.new(config(url), auto_form=False, start_radio=False)
    await app.connect()
    try:
        yield app
    finally:
        await app.disconnect()


@asynccontextmanager
async def started(url: str) -> AsyncIterator[ControllerApplication]:
    """Bellows with a network that runs; it has been formed before."""
    app = await ControllerApplication.new(config(url), auto_form=False, start_radio=False)
    await app.startup(auto_form=False)
    try:
        yield app
    finally:
        await app.shutdown()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it is in another thread
            await asyncio.sleep(LOOK)


async def all_joined(app: ControllerApplication, count: int) -> list[Any]:
    """Let devices in and wait until so many are interviewed."""
    await app.permit(60)
    await until(lambda: len(members(app)) == count)
    return members(app)


def members(app: ControllerApplication) -> list[Any]:
    """The devices that were interviewed, by network address."""
    known = [device for device in app.devices.values() if device.nwk and device.is_initialized]
    return sorted(known, key=lambda device: int(device.nwk))


def formed() -> Memory:
    """What a dongle remembers that has formed a network."""
    return Memory(parameters=PARAMETERS, security=SECURITY)


def displays(count: int) -> list[RosterEntry]:
    """Devices that ask soon after they start."""
    quick = replace(LAB, start_up_delay=0.05, query_timeout=1.0)
    return [
        entry._replace(spec=replace(entry.spec, timers=quick))
        for entry in (display(number) for number in range(count))
    ]


def packet(nwk: int, payload: bytes, *, acknowledged: bool = False) -> t.ZigbeePacket:
    """A frame for the Basic cluster of one device."""
    options = t.TransmitOptions.ACK if acknowledged else t.TransmitOptions.NONE
    fields: dict[str, Any] = {
        "src": t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=None),
        "src_ep": 1,
        "dst": t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=_untyped(nwk)),
        "dst_ep": 1,
        "tsn": 1,
        "profile_id": 0x0109,
        "cluster_id": 0x0000,
        "data": t.SerializableBytes(payload),
        "tx_options": options,
    }
    return t.ZigbeePacket(**fields)


def _untyped(number: int) -> Any:
    """A number as zigpy takes it, which its annotations do not say."""
    return number
