"""A thousand load switches ordered to one second: how long the air takes until all have proved it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from clocks import processor_seconds
from cryptography.hazmat.primitives.asymmetric import ec
from row import Goal, Measurement, Options, row

from emulators.air.network import Network
from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.node import COORDINATOR, Note
from emulators.platform.spec import DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import ClockObserved, Effect, LinkUp, Persist
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import PkiDevice as Party
from ota_engine.gbcs.pki import make_pki
from ota_engine.hub.activation.parties import choose_parties
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    ImageRecord,
    OutcomeKind,
    OutcomeRecord,
    Verdict,
    VersionPolicy,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

START = datetime(2026, 7, 1, tzinfo=UTC)
EPOCH = Utc(START.timestamp())
BEGIN = Monotonic(0.0)
FIRST = 0x00DB_1234_0000_0001
MANUFACTURER, IMAGE_TYPE, OLD, NEW = 0x121D, 0x0086, 1, 2
CHANNELS = 4
SPEC = ImageSpec(
    manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=NEW, layout="gb"
)
DELIVERED_BY = 3600.0  # seconds in which all have taken the image
ORDERED_BY = 5400.0  # seconds: when all are to run it
CLOCK_EVERY = 30.0  # seconds between two readings of the wall clock
WITHIN = 60.0  # seconds after the ordered one: a restart, and a signed alert of each
LONGER = 20.0  # times as long as one load switch alone


@row("activation-1000", unit="s", goal=Goal(LONGER, at_most=True))
def activation_1000(options: Options) -> Measurement:
    """From the ordered second to the last verified proof that a thousand load switches run it.

    The peer is one load switch alone on the same air, in the same virtual time.
    """
    count = 20 if options.quick else 1000
    street, alone = Street(count, options.seed), Street(1, options.seed)
    seconds = processor_seconds(street.run)
    alone.run()
    return Measurement(
        street.last,
        alone.last,
        note=(
            f"{len(street.told):,} of {count:,} activated on {CHANNELS} channels, "
            f"{street.twice} twice; {seconds:.1f} s of processor time"
        ),
        faults=(
            () if len(street.told) == count and not street.twice else ("not each activated once",)
        ),
    )


@dataclass(slots=True)
class Street:
    """Load switches that take an image, and the engine that orders them; virtual time."""

    count: int
    seed: int
    outcomes: list[tuple[float, OutcomeRecord]] = field(default_factory=list)
    boots: Counter[Eui64] = field(default_factory=Counter)
    network: Network = field(init=False)

    @property
    def now(self) -> Monotonic:
        """Virtual seconds."""
        return self.network.agenda.now

    @property
    def told(self) -> list[float]:
        """When each proof of success was verified."""
        return [when for when, outcome in self.outcomes if outcome.verdict is Verdict.SUCCEEDED]

    @property
    def last(self) -> float:
        """Seconds from the ordered one to the last proof."""
        return max(self.told, default=self.now) - ORDERED_BY

    @property
    def twice(self) -> int:
        """How many devices started into the image more than once."""
        return sum(boots > 1 for boots in self.boots.values())

    def run(self) -> None:
        """Order everybody, and let time pass until the last alert should have come."""
        keys, image = self._prepare()
        self.network = Network(Random(self.seed), channels=CHANNELS, on_note=self._noted)
        devices = self._settle(DeviceAssembly(keys))
        with Store.in_memory() as store:
            engine = Engine(security=choose_parties(keys, COORDINATOR))
            port = self.network.attach(engine, lambda effect, now: self._take(store, effect, now))

            def tell(event: EngineRequest | ClockObserved | LinkUp) -> None:
                self.network.submit(port, engine.handle(event, self.now), self.now)

            tell(ClockObserved(EPOCH, BEGIN))
            tell(LinkUp("bench", COORDINATOR, self.network.max_payload, False, BEGIN))
            tell(AddImage(image, "bench"))
            for device in devices:
                tell(Assign(_wish(device.eui64, image), "bench"))
                self.network.power_on(device.eui64, BEGIN)
            self._let(DELIVERED_BY, tell)
            digest = bytes.fromhex(image.manufacturer_image_hash)
            for device in devices:
                tell(ActivateImage(device.eui64, digest, EPOCH + ORDERED_BY, "bench"))
            self._let(ORDERED_BY + 2 * WITHIN, tell)

    def _let(self, until: float, tell: Callable[[ClockObserved], None]) -> None:
        """Let time pass; the wall clock is read now and then, as shells do."""
        while self.now < until:
            self.network.run(self.now + CLOCK_EVERY)
            tell(ClockObserved(EPOCH + self.now, self.now))

    def _prepare(self) -> tuple[Keystore, ImageRecord]:
        """Make keys for everybody, and an image that the supplier signs."""
        parties = [Party(f"{number}", FIRST + number) for number in range(self.count)]
        files = {
            file.name: file.octets
            for file in make_pki(
                START,
                lambda: ec.generate_private_key(ec.SECP256R1()),
                devices=(Party("chf", COORDINATOR), *parties),
            )
        }
        keys = Keystore.read(files)
        supplier = choose_parties(keys, None).supplier
        signed = build(
            Random(self.seed).randbytes(3000),
            replace(SPEC, sign_key=files[f"{supplier:016x}-{KeyUse.SIGNING.value}.key"]),
        )
        return keys, image_record(signed, "bench", EPOCH)

    def _settle(self, fleet: DeviceAssembly) -> list[EmulatedDevice]:
        devices = []
        for number in range(self.count):
            device = fleet.build(_switch(number))
            device.set_clock(EPOCH, 0.0)
            self.network.add(device, Placement(channel=number % CHANNELS))
            devices.append(device)
        return devices

    def _noted(self, device: Eui64, note: Note, _: float) -> None:
        if note.kind == "booted" and note.detail.get("new"):
            self.boots[device] += 1

    def _take(self, store: Store, effect: Effect, now: float) -> None:
        if isinstance(effect, Persist):
            store.apply(effect.records)
            rows = [row for row in effect.records if isinstance(row, OutcomeRecord)]
            self.outcomes += [
                (now, outcome) for outcome in rows if outcome.kind is OutcomeKind.ORDER
            ]


def _wish(device: Eui64, image: ImageRecord) -> AssignmentRecord:
    activation = Activation.EXTERNAL
    return AssignmentRecord(device, image.sha256, VersionPolicy.UPGRADE, activation, 0, None, EPOCH)


def _switch(number: int) -> DeviceSpec:
    return DeviceSpec(
        Eui64(FIRST + number),
        kinds.HCALCS,
        1 + number,
        MANUFACTURER,
        IMAGE_TYPE,
        OLD,
        hardware_version=0x0100,
        seed=number,
    )
