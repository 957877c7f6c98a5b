"""What every part of one hub shares, put together; hands on what happens and decides nothing."""

from collections.abc import Callable
from typing import Any

from images.eui64 import Eui64
from ota_engine.events import ClockObserved, Joined, LinkDown, LinkUp
from ota_engine.hub.kernel.clock import WallClock
from ota_engine.hub.kernel.deadlines import Deadlines
from ota_engine.hub.kernel.devices import Devices
from ota_engine.hub.kernel.happenings import ClockChanged
from ota_engine.hub.kernel.images import Images
from ota_engine.hub.kernel.output import Output
from ota_engine.hub.kernel.radio import Radio
from ota_engine.records import ImageRecord, Snapshot
from ota_engine.times import Monotonic
from ota_engine.wording import one_line

CLOCK_STEP = 1.0  # seconds: a smaller difference between two readings is drift


class Kernel:
    """One hub's clock, radio, deadlines, devices and images, and the way out to the shell.

    Args:
        snapshot: what the store remembers of an earlier run.
        strangers: how many devices nobody named are remembered.
        profile: of unicasts to a device that has not said which it speaks.
        block_size: octets no block may be larger than, None for no such bound.

    Attributes:
        clock: the one wall clock.
        radio: the link.
        deadlines: the one heap.
        devices: everybody heard or named.
        images: what is served.
        output: rows, frames, counts.
        happen: says something to the other parts (``happenings``), who hear of it within this call.
        happenings: what was said and not handed on yet, oldest first; the engine's to empty.
    """

    __slots__ = (
        "clock",
        "deadlines",
        "devices",
        "happen",
        "happenings",
        "images",
        "output",
        "radio",
    )

    def __init__(
        self, snapshot: Snapshot, *, strangers: int, profile: int, block_size: int | None
    ) -> None:
        self.happenings: list[tuple[Any, ...]] = []
        self.happen: Callable[[tuple[Any, ...]], None] = self.happenings.append
        self.clock = WallClock(snapshot.trusted_utc)
        self.radio = Radio()
        self.deadlines = Deadlines()
        self.output = Output(self.clock)
        self.images = Images(snapshot.images, snapshot.terms, self.output)
        self.devices = Devices(
            snapshot.devices,
            snapshot.firmwares,
            self.output,
            self.clock,
            self.radio,
            self.happen,
            strangers=strangers,
            profile=profile,
            block_size=block_size,
        )

    # --- what happens to all of them -------------------------------------------------------------

    def joined(self, event: Joined, now: Monotonic) -> None:
        """A device announced itself."""
        device = self.devices.meet(event.device)
        if device.announced(event):
            self.devices.measure(device)
            self.devices.touch(device, now)

    def link_up(self, event: LinkUp, now: Monotonic) -> None:
        """The radio is ready."""
        self.radio.came_up(event)
        self.devices.measure_all()
        self.output.event("link up", None, now, link=one_line(event.link))

    def link_down(self, event: LinkDown, now: Monotonic) -> None:
        """The radio is gone."""
        self.radio.went_down(event)
        self.output.event("link down", None, now, link=one_line(event.link), reason=self.radio.down)

    def clock_observed(self, event: ClockObserved, now: Monotonic) -> None:
        """The wall clock was read."""
        doubted = self.clock.doubt(now)
        step = self.clock.observe(event.utc, now)
        self.output.note_clock()
        stepped = abs(step) > CLOCK_STEP
        if stepped:
            self.output.event("clock step", None, now, seconds=round(step, 3))
        if stepped or doubted:
            self.happen(ClockChanged(stepped))

    def clock_confirmed(self, now: Monotonic) -> None:
        """A person vouches for the wall clock."""
        self.clock.confirm(now)
        self.output.note_clock()
        self.happen(ClockChanged(stepped=True))

    # --- images ----------------------------------------------------------------------------------

    def image_held(self, eui64: Eui64, manufacturer_image_hash: bytes) -> ImageRecord | None:
        """Look up the image of this hash that is for a firmware of this device.

        The hash alone names no image: two files for different devices may hold the same octets.
        """
        device = self.devices.get(eui64)
        if device is None:
            return None
        return self.images.of_hash(manufacturer_image_hash, device.firmwares)
