"""A small home behind a virtual dongle, quick devices, and an engine that delivers to them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import trio

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.home.roster import RosterEntry
from emulators.platform.profiles import LAB
from emulators.platform.spec import ClientOptions, DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.link.contract import Link
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    ImageRecord,
    SessionState,
    VersionPolicy,
)
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import open_service
from ota_engine.times import Utc

MANUFACTURER, IMAGE_TYPE, OLD, NEW = 0x121D, 0x0085, 1, 2
FIRST = 0x025A_0000_0000_0001
PATIENCE = 300.0  # seconds before a test gives up; none takes a tenth of that
LOOK = 0.02  # seconds between two looks at the engine

#: A client that dawdles nowhere, so that what a test waits for is the link.
QUICK = replace(
    LAB,
    start_up_delay=0.1,
    query_timeout=1.0,
    block_timeout=1.0,
    verify_time=0.02,
    apply_delay=0.05,
    restart_time=0.1,
)
PROMPT = DeliveryConfig(notify_spacing=0.02)


def device(
    number: int = 0, *, sleepy: bool = False, options: ClientOptions | None = None
) -> RosterEntry:
    """A display that is quick about everything."""
    spec = DeviceSpec(
        Eui64(FIRST + number),
        kinds.IHD,
        0x1001 + number,
        MANUFACTURER,
        IMAGE_TYPE,
        OLD,
        model="quick display",
        sleepy=sleepy,
        timers=QUICK,
        options=options or ClientOptions(),
        seed=number,
    )
    return RosterEntry(f"display {number}", spec, Placement(poll=0.2, fast_poll=0.05))


def image(octets: int = 2000, version: int = NEW) -> ImageRecord:
    """A file for every display, with an integrity code."""
    spec = ImageSpec(
        manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=version, integrity=True
    )
    return image_record(build(Random(octets).randbytes(octets), spec), "test", Utc(0.0))


def ordered(file: ImageRecord, *devices: Eui64) -> list[AssignmentRecord]:
    """The wish that these devices run a file."""
    return [
        AssignmentRecord(
            device, file.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, Utc(0.0)
        )
        for device in devices
    ]


@asynccontextmanager
async def engine(
    link: Link,
    state: Path,
    file: ImageRecord | None = None,
    devices: Sequence[Eui64] = (),
    config: DeliveryConfig = PROMPT,
) -> AsyncIterator[Shell]:
    """Run an engine on an entered link, with a file ordered for these devices."""
    async with open_service(link, state, config) as shell:
        if file is not None:
            await shell.command(AddImage(file, "test"))
            for wish in ordered(file, *devices):
                await shell.command(Assign(wish, "test"))
        yield shell


async def until(
    shell: Shell,
    wanted: Callable[[Mapping[Eui64, SessionStatus]], bool],
    patience: float = PATIENCE,
) -> Mapping[Eui64, SessionStatus]:
    """Wait until the sessions, by device, are as wanted."""
    with trio.move_on_after(patience):
        while True:
            found = {status.device: status for status in shell.engine.status()}
            if wanted(found):
                return found
            await trio.sleep(LOOK)
    raise AssertionError(f"still {shell.engine.status()}")


async def until_updated(
    shell: Shell, count: int = 1, patience: float = PATIENCE
) -> Mapping[Eui64, SessionStatus]:
    """Wait until every device says that it runs its image."""

    def all_updated(found: Mapping[Eui64, SessionStatus]) -> bool:
        assert not any(s.state is SessionState.FAILED for s in found.values()), found
        done = [s for s in found.values() if s.state is SessionState.UPDATED]
        return len(done) == count

    return await until(shell, all_updated, patience)


async def until_under_way(shell: Shell, octets: int = 500) -> None:
    """Wait until every device has asked for more than so many octets."""
    await until(shell, lambda found: all(s.offset > octets for s in found.values()))
