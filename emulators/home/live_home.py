"""A furnished home: emulated devices on one air behind the Link, switched on and looked after.

Knows how to put the parts together; what each device is comes from the roster.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

import trio

from emulators.air.network import Network
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.home.han import Han
from emulators.home.memory import HomeMemory, MemoryKeeper, recall_home
from emulators.home.roster import RosterEntry
from emulators.home.user import schedule_user_actions
from emulators.node import Note
from images.eui64 import Eui64
from ota_engine.gbcs.keystore import Keystore
from ota_engine.times import Monotonic, Utc

BATCH_SECONDS = 0.0  # every event is handed over at its exact time


@asynccontextmanager
async def open_home(
    entries: Sequence[RosterEntry],
    *,
    seed: int = 0,
    batch_seconds: float = BATCH_SECONDS,
    keys: Keystore | None = None,
    utc: Callable[[Monotonic], Utc] | None = None,
    rate: float = 1.0,
    memory: HomeMemory | None = None,
    keep: Callable[[str], object] | None = None,
    note: Callable[[Eui64, Note, Monotonic], object] | None = None,
) -> AsyncIterator[Han]:
    """Open the link to a home with these devices; they are switched on in their order.

    Args:
        entries: the devices.
        seed: of the air.
        batch_seconds: see ``Han``.
        keys: of devices and of those they trust; see ``DeviceAssembly``.
        utc: turns trio's time into UTC seconds, for the clocks of devices that have one; without
            it they do not know the date.
        rate: seconds of UTC in a second of trio's time.
        memory: what its devices kept from an earlier life.
        keep: takes what the devices now would keep without power, as text: in a small home whenever
            something happened to one, in any when the home is closed.
        note: takes what devices note.

    Raises:
        LocalError: a device has keys, but those it should trust are not among them.
    """
    devices: list[EmulatedDevice] = []
    keeper = None if keep is None else MemoryKeeper(devices, keep)

    def noted(device: Eui64, what: Note, now: Monotonic) -> None:
        if keeper is not None and keeper.small:
            keeper.write()
        if note is not None:
            note(device, what, now)

    network, assembly = Network(Random(seed), on_note=noted), DeviceAssembly(keys)
    for entry in entries:
        device = assembly.build(entry.spec)
        if utc is not None:
            now = Monotonic(trio.current_time())
            device.set_clock(utc(now), now, rate)
        network.add(device, entry.placement)
        devices.append(device)
    recall_home(memory or {}, devices)
    async with Han(network, batch_seconds=batch_seconds) as han:
        for entry in entries:
            han.power_on(entry.spec.eui64)
        network.run(trio.current_time())
        schedule_user_actions(network, entries)
        try:
            yield han
        finally:
            if keeper is not None:
                keeper.write()
