"""The trio shell under a virtual clock: link, engine, store and a hundred devices."""

from random import Random

import trio
import trio.testing
from blocks import against_zigpy
from row import Goal, Measurement, Options, row

from emulators.air.network import Network
from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.home.han import Han
from emulators.platform.spec import DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import Activation, AssignmentRecord, SessionState, VersionPolicy
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import open_virtual_service
from ota_engine.store.store import Store
from ota_engine.times import Utc

DEVICES, CHANNELS = 100, 4
IMAGE_SIZE = 128 * 1024  # octets of payload
BATCH_SECONDS = 0.03  # what one wake-up of the link may span: about two exchanges on the air
UTC = Utc(1_800_000_000.0)
FIRST = 0x025A_0000_0000_0001
LIMIT = 24 * 3600.0  # virtual seconds


@row("trio-shell-100", unit="blocks/s", goal=Goal(12, compiled=22))
def trio_shell_100(options: Options) -> Measurement:
    """Deliver 128 KiB to 100 devices on 4 channels through the trio shell; all cores' worth is one.

    Counts the processor time of everything: the devices and their air, the link, the shell, the
    engine and the store in memory. The peer is zigpy's block handler and nothing around it.
    """
    devices, size = (8, 4096) if options.quick else (DEVICES, IMAGE_SIZE)
    delivered: list[int] = []

    def work() -> int:
        clock = trio.testing.MockClock(autojump_threshold=0)
        delivered.append(trio.run(deliver, devices, size, options.seed, clock=clock))
        return delivered[-1]

    ours, theirs = against_zigpy(options, work)
    note = (
        f"{delivered[0]:,} blocks to {devices} devices, {BATCH_SECONDS * 1000:.0f} ms batches; "
        f"median of {len(delivered)}"
    )
    return Measurement(ours, theirs, note)


async def deliver(count: int, size: int, seed: int) -> int:
    """Update every device; returns the blocks it took."""
    spec = ImageSpec(manufacturer_code=0x121D, image_type=0x0084, file_version=2, integrity=True)
    image = image_record(build(Random(seed).randbytes(size), spec), "bench", UTC)
    network, fleet = Network(Random(seed), channels=CHANNELS), DeviceAssembly()
    devices = [Eui64(FIRST + number) for number in range(count)]
    for number, device in enumerate(devices):
        what = DeviceSpec(device, kinds.PPMID, 0x1001 + number, 0x121D, 0x0084, 1)
        network.add(fleet.build(what), Placement(channel=number % CHANNELS))
    async with (
        Han(network, batch_seconds=BATCH_SECONDS) as han,
        open_virtual_service(han, Store.in_memory(), DeliveryConfig(), wall_clock=utc) as shell,
    ):
        await shell.command(AddImage(image, "bench"))
        for device in devices:
            wish = AssignmentRecord(
                device, image.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, UTC
            )
            await shell.command(Assign(wish, "bench"))
            han.power_on(device)
        with trio.fail_after(LIMIT):
            while not all_updated(shell):  # noqa: ASYNC110 - the engine has no event for it
                await trio.sleep(20.0)
        return sum(status.blocks for status in shell.engine.status())


def all_updated(shell: Shell) -> bool:
    """Whether every device reports the new version."""
    return {status.state for status in shell.engine.status()} == {SessionState.UPDATED}


def utc() -> Utc:
    """The wall clock of virtual time."""
    return UTC + trio.current_time()
