"""A virtual dongle in the same program as the test, with its port and what can befall it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import NamedTuple

import trio

from emulators.home.roster import RosterEntry
from emulators.ncp.dongle import Dongle, DongleOptions
from emulators.ncp.faults import DongleFaultKind, NcpFault
from emulators.ncp.memory import Memory
from emulators.ncp.server import NcpServer, serve_ncp
from hw.formation import form
from hw.radio import ZigpyRadio
from hw.settings import DATABASE_NAME, RadioSettings, parse_link
from images.eui64 import Eui64
from ota_engine.events import Joined
from ota_engine.gbcs.keystore import Keystore
from ota_engine.times import Monotonic
from tests.hw.home import PATIENCE

FAST = DongleOptions(baud=0)  # a line that takes no time
CHANNEL = 15


@dataclass(slots=True)
class VirtualDongle:
    """A dongle on a port.

    Attributes:
        settings: how zota opens it.
        server: the port.
        dongle: what is behind it.
    """

    settings: RadioSettings
    server: NcpServer
    dongle: Dongle

    def fail(self, kind: DongleFaultKind, seconds: float = inf) -> None:
        """Let something befall the dongle, for so long."""
        self.dongle.fail(NcpFault(kind, seconds=seconds), self.server.now)
        self.server.kick()

    def power_off(self, device: Eui64) -> None:
        """Cut a device's power, and keep it off when the dongle takes the network up."""
        if device in self.dongle.memory.members:
            self.dongle.memory.members.remove(device)
        self.dongle.network.power_off(device)

    def power_on(self, device: Eui64) -> None:
        """Have a device restart and announce itself."""
        self.dongle.network.power_on(device, Monotonic(self.server.now))
        self.server.kick()

    def version(self, device: Eui64) -> int:
        """The file version a device runs."""
        return self.dongle.stack.devices[device].version


@asynccontextmanager
async def virtual_dongle(
    *entries: RosterEntry,
    folder: Path,
    line: str = "tcp",
    options: DongleOptions = FAST,
    memory: Memory | None = None,
    keys: Keystore | None = None,
) -> AsyncIterator[VirtualDongle]:
    """Plug in a dongle, by default without a network; its devices join as soon as they may."""
    dongle = Dongle(entries, memory, options, keys)
    pty = folder / "dongle" if line == "pty" else None
    tcp = ("127.0.0.1", 0) if line == "tcp" else None
    async with serve_ncp(dongle, pty=pty, tcp=tcp) as server:
        url = f"ezsp://{pty}" if pty is not None else f"ezsp+tcp://{server.address}"
        settings = replace(parse_link(url, folder), reconnect_after=(0.05,))
        yield VirtualDongle(settings, server, dongle)


class Furnished(NamedTuple):
    """What dongle and host remember of a network that was formed and joined."""

    memory: str
    database: bytes


_furnished: dict[tuple[RosterEntry, ...], Furnished] = {}


@asynccontextmanager
async def home(
    *entries: RosterEntry,
    folder: Path,
    line: str = "tcp",
    options: DongleOptions = FAST,
    keys: Keystore | None = None,
) -> AsyncIterator[VirtualDongle]:
    """Plug in a dongle with a network, which all devices have joined.

    Forming, joining and interviewing is done once per set of devices; later tests begin with what
    dongle and host remembered then.
    """
    if entries not in _furnished:
        _furnished[entries] = await _furnish(entries, folder / "furnish")
    furnished = _furnished[entries]
    (folder / DATABASE_NAME).write_bytes(furnished.database)
    memory = Memory.load(furnished.memory)
    async with virtual_dongle(
        *entries, folder=folder, line=line, options=options, memory=memory, keys=keys
    ) as dongle:
        yield dongle


async def _furnish(entries: tuple[RosterEntry, ...], folder: Path) -> Furnished:
    async with virtual_dongle(*entries, folder=folder) as dongle:
        await form(dongle.settings, CHANNEL, force=False)
        async with ZigpyRadio(dongle.settings) as radio:
            await join(radio, len(entries))
        database = await trio.Path(folder / DATABASE_NAME).read_bytes()
        return Furnished(dongle.dongle.memory.dump(), database)


async def join(radio: ZigpyRadio, number: int) -> set[Eui64]:
    """Let devices join until there are so many, and each has been interviewed."""
    joined: set[Eui64] = set()
    await radio.permit(60)
    with trio.fail_after(PATIENCE):
        while len(joined) < number:
            batch = await radio.events.receive()
            joined |= {event.device for event in batch if isinstance(event, Joined)}
        await radio.session.settle()
    await radio.permit(0)
    return joined
