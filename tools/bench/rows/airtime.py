"""How much of what the air could carry the server makes of it, without loss."""

from random import Random

from row import Goal, Measurement, Options, row

from emulators.air.network import Network
from emulators.air.radio import block_ceiling, page_ceiling
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import MANUFACTURER
from emulators.node import Note
from emulators.platform.profiles import LAB
from emulators.platform.spec import ClientOptions, DeviceSpec
from emulators.simulation.host import EngineHost, SteppingClock
from emulators.simulation.journal import Journal
from emulators.simulation.population import FACTORY_VERSION, sample_firmware
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.engine import Engine
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    ImageRecord,
    SessionRecord,
    VersionPolicy,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

IMAGE_SIZE = 128 * 1024  # octets
IMAGE_TYPE = 0x0085
BLOCK = LAB.block_size
PAGE = LAB.page_size
PAGE_BLOCK = LAB.page_block_size
UTC = Utc(1_782_864_000.0)
START = Monotonic(0.0)
REQUEST = 19  # octets of an Image Block Request with MinimumBlockPeriod, ZCL header included
LONGEST = 3600.0  # virtual seconds


@row("airtime-block", unit="octets/s", goal=Goal(0.95))
def airtime_block(options: Options) -> Measurement:
    """One neighbour of the coordinator asks block by block, as fast as it is answered."""
    return measure(options, devices=1, pages=False)


@row("airtime-eight", unit="octets/s", goal=Goal(0.95))
def airtime_eight(options: Options) -> Measurement:
    """Eight neighbours share one channel, which must not have more to give."""
    return measure(options, devices=8, pages=False)


@row("airtime-page", unit="octets/s", goal=Goal(0.9))
def airtime_page(options: Options) -> Measurement:
    """One neighbour asks page by page."""
    return measure(options, devices=1, pages=True)


def measure(options: Options, devices: int, *, pages: bool) -> Measurement:
    """Download on calm air; the rate is that between the first and the last octet.

    The peer is computed from the frames themselves, in the same virtual time.
    """
    size = 8192 if options.quick else IMAGE_SIZE
    watch = Stopwatch()
    finished = download(size, options.seed, devices, pages, watch)
    rate = devices * size / watch.seconds
    ceiling = page_ceiling(PAGE_BLOCK, PAGE) if pages else ceiling_of_blocks() * BLOCK
    return Measurement(
        rate,
        ceiling,
        f"{devices} device(s) of {size:,} octets; the peer is what the air can carry",
        faults=() if finished == devices else (f"only {finished} of {devices} downloads ended",),
    )


def ceiling_of_blocks() -> float:
    """Blocks a second of the frames this client and server exchange."""
    return block_ceiling(BLOCK, request=REQUEST, request_ack=True, response_ack=False)


class Stopwatch:
    """Notes when the first download began and the last one was complete."""

    def __init__(self) -> None:
        self.started: float | None = None
        self.ended: float | None = None
        self.finished = 0

    def note(self, _: Eui64, note: Note, now: float) -> None:
        """Take a note of a device."""
        state = note.detail.get("state")
        if state in ("downloading", "paging") and self.started is None:
            self.started = now
        elif state == "verifying":
            self.ended = now
            self.finished += 1

    @property
    def seconds(self) -> float:
        """From the first request to the last block."""
        if self.started is None or self.ended is None:
            return LONGEST
        return self.ended - self.started


def download(size: int, seed: int, devices: int, pages: bool, watch: Stopwatch) -> int:
    """Let every device take the image; returns how many did."""
    image = image_record(sample_firmware(size, seed).new[IMAGE_TYPE], "sample", UTC)
    network = Network(Random(seed), on_note=watch.note)
    fleet = [
        device(fleet_, number, pages) for fleet_ in (DeviceAssembly(),) for number in range(devices)
    ]
    with Store.in_memory() as store:
        host = EngineHost(
            network,
            store,
            lambda snapshot: Engine(snapshot=snapshot),
            SteppingClock(UTC),
            Journal(),
            ignore,
        )
        host.start(START)
        host.order(AddImage(image, "bench"), START)
        for member in fleet:
            host.order(Assign(wish(member.eui64, image), "bench"), START)
            network.add(member)
            network.power_on(member.eui64, START)
        while watch.finished < devices and network.agenda.now < LONGEST:
            network.run(network.agenda.now + 1.0)
    return watch.finished


def device(fleet: DeviceAssembly, number: int, pages: bool) -> EmulatedDevice:
    """Make a client that never thinks."""
    spec = DeviceSpec(
        eui64=Eui64(0x00DB_1234_0000_0001 + number),
        kind=kinds.IHD,
        network_address=1 + number,
        manufacturer_code=MANUFACTURER,
        image_type=IMAGE_TYPE,
        file_version=FACTORY_VERSION,
        timers=LAB,
        options=ClientOptions(page_mode=pages),
    )
    return fleet.build(spec)


def wish(eui64: Eui64, image: ImageRecord) -> AssignmentRecord:
    """Assign the image."""
    return AssignmentRecord(
        eui64, image.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, UTC
    )


def ignore(_: SessionRecord, now: float) -> None:
    """Nobody waits for sessions here."""
