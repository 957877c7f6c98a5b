"""A virtual dongle in a process of its own, for benchmarks: ``python virtual_dongle.py SPEC``.

SPEC is JSON: devices, baud, pace. Writes its address, then a JSON line of what has
been carried when every device runs the version wanted; ends when standard input does.
"""

import json
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import trio

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.home.roster import RosterEntry
from emulators.ncp.dongle import Dongle, DongleOptions
from emulators.ncp.server import serve_ncp
from emulators.platform.profiles import LAB
from emulators.platform.spec import ClientOptions, DeviceSpec
from images.eui64 import Eui64
from ota_engine.events import HOME_AUTOMATION

MANUFACTURER, IMAGE_TYPE, OLD, NEW = 0x121D, 0x0085, 1, 2
FIRST = 0x025A_0000_0000_0001
PATIENCE = 5.0  # seconds until a device asks again
LOOK = 0.01  # seconds between two looks at the devices
#: A client that dawdles nowhere, so that what is measured is the host.
QUICK = replace(LAB, start_up_delay=0.1, verify_time=0.02, apply_delay=0.05, restart_time=0.1)


class Counting(Dongle):
    """A dongle that counts what crosses its line, and when blocks do."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.to_ncp = self.to_host = 0
        self.first = self.last = 0.0

    def receive(self, data: bytes, now: float) -> None:
        """Count what the host wrote."""
        self.to_ncp += len(data)
        super().receive(data, now)

    def _check_blocks(self) -> None:
        """A block was handed over."""
        self.last = time.monotonic()
        self.first = self.first or self.last
        super()._check_blocks()

    def take_output(self) -> bytes:
        """Count what the host will read."""
        output = super().take_output()
        self.to_host += len(output)
        return output


def entry(number: int, pace: float) -> RosterEntry:
    """A display that zigpy can serve, too: on the home automation profile, at endpoint 1.

    Its patience with the host is real time, however fast its clock runs.
    """
    spec = DeviceSpec(
        Eui64(FIRST + number),
        kinds.IHD,
        0x1001 + number,
        MANUFACTURER,
        IMAGE_TYPE,
        OLD,
        profile=HOME_AUTOMATION,
        server_endpoint=1,
        timers=replace(QUICK, query_timeout=PATIENCE * pace, block_timeout=PATIENCE * pace),
        options=ClientOptions(),
        seed=number,
    )
    return RosterEntry(f"display {number}", spec, Placement())


async def main(devices: int, baud: int, pace: float) -> None:
    """Serve until nobody wants it any more."""
    dongle = Counting(
        [entry(number, pace) for number in range(devices)],
        options=DongleOptions(baud=baud, pace=pace),
    )
    async with serve_ncp(dongle, tcp=("127.0.0.1", 0)) as server, trio.open_nursery() as nursery:
        print(server.address, flush=True)
        nursery.start_soon(_report, dongle)
        while await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            dongle.to_ncp = dongle.to_host = dongle.blocks = 0  # the measurement begins
            dongle.first = 0.0
        nursery.cancel_scope.cancel()


async def _report(dongle: Counting) -> None:
    while any(device.version != NEW for device in dongle.stack.devices.values()):  # noqa: ASYNC110
        await trio.sleep(LOOK)
    carried = {
        "to_ncp": dongle.to_ncp,
        "to_host": dongle.to_host,
        "blocks": dongle.blocks,
        "first": dongle.first,
        "last": dongle.last,
    }
    print(json.dumps(carried), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        trio.run(lambda: main(**json.loads(sys.argv[1])))
