"""A home whose devices and engine have keys: an image delivered by OTA, run by signed order."""

from random import Random

from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import DeviceKind
from emulators.platform.spec import ClientOptions, DeviceSpec, SecurityOptions
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.activation.requests import ActivateImage, CancelOrder
from ota_engine.hub.activation.security import Security
from ota_engine.hub.engine import EngineRequest
from ota_engine.records import ImageRecord, OrderRecord, OutcomeRecord, SessionState
from ota_engine.store.store import Store
from ota_engine.times import Monotonic
from tests.faults.home import IMAGE_TYPE, MANUFACTURER, NEW, OLD, UTC, Home
from tests.gbcs.parties import BROKER, CHF, HCALCS, SUPPLIER, everyone, files

ACTOR = "test"
DELIVERED = frozenset({SessionState.AWAITING_COMMAND})


def signed_image(supplier: int = SUPPLIER, *, version: int = NEW, seed: int = 1) -> ImageRecord:
    """An image as suppliers make them."""
    spec = ImageSpec(
        manufacturer_code=MANUFACTURER,
        image_type=IMAGE_TYPE,
        file_version=version,
        layout="gb",
        sign_key=files()[f"{supplier:016x}-ds.key"],
    )
    return image_record(build(Random(seed).randbytes(1500), spec), "signed", UTC)


def signed_device(
    kind: DeviceKind = kinds.HCALCS,
    own: int = HCALCS,
    *,
    security: SecurityOptions | None = None,
    self_test_fails: bool = False,
    sleepy: bool = False,
    battery: bool = False,
) -> EmulatedDevice:
    """A device with its keys and the date."""
    spec = DeviceSpec(
        Eui64(own),
        kind,
        0x1001,
        MANUFACTURER,
        IMAGE_TYPE,
        OLD,
        hardware_version=0x0100,
        sleepy=sleepy,
        battery=battery,
        options=ClientOptions(self_test_fails=self_test_fails),
        security=security or SecurityOptions(),
    )
    device = DeviceAssembly(everyone()).build(spec)
    device.set_clock(UTC, 0.0)
    return device


def speaker() -> Security:
    """The engine as hub, and speaking for supplier and broker."""
    return Security(everyone(), Eui64(CHF), Eui64(SUPPLIER), Eui64(BROKER))


class SignedHome(Home):
    """One device with keys, and the orders it is given.

    Attributes:
        device: the device.
        image: what it is to run.
    """

    def __init__(
        self,
        device: EmulatedDevice | None = None,
        *,
        image: ImageRecord | None = None,
        kill_before: frozenset[int] = frozenset(),
        store: Store | None = None,
    ) -> None:
        self.device = device or signed_device()
        self.image = image or signed_image()
        super().__init__(
            store or Store.in_memory(),
            [self.device],
            kill_before=kill_before,
            security=speaker(),
        )

    @property
    def now(self) -> float:
        return self.network.agenda.now

    def deliver(self) -> None:
        """Bring the image to the device; it holds it then, and waits for an order."""
        self.start(self.image)
        while not {status.state for status in self.statuses} <= DELIVERED:
            self.network.run(self.now + 5.0)
            assert self.now < 600.0, self.statuses

    def ask(self, wish: EngineRequest) -> None:
        """Ask something of the engine; a person whose engine dies meanwhile looks what became."""
        self.network.submit(
            self.port, self.shell.handle(wish, Monotonic(self.now)), Monotonic(self.now)
        )

    def activate(self, at: float | None = None, digest: bytes | None = None) -> None:
        """Order the device to run its image, at so many seconds from the start, or now."""
        wanted = digest or bytes.fromhex(self.image.manufacturer_image_hash)
        utc = None if at is None else UTC + at
        self.ask(ActivateImage(self.device.eui64, wanted, utc, ACTOR))

    def cancel(self) -> None:
        """Take the only order back."""
        self.ask(CancelOrder(self.order_record.number, ACTOR))

    def pass_time(self, seconds: float) -> None:
        self.network.run(self.now + seconds)

    def cut_power(self) -> None:
        self.network.perform(self.device.eui64, self.device.crash(self.now), Monotonic(self.now))
        self.network.power_off(self.device.eui64)

    def power_on(self) -> None:
        self.network.power_on(self.device.eui64, Monotonic(self.now))

    # --- what came of it ----------------------------------------------------------------------

    @property
    def order_record(self) -> OrderRecord:
        (order,) = self.shell.engine.orders()
        assert order in self.shell.store.load().orders
        return order

    @property
    def boots(self) -> int:
        """How often the device started into a new image."""
        return sum(bool(note.detail.get("new")) for _, note in self.notes if note.kind == "booted")

    @property
    def refusals(self) -> list[str]:
        return [
            str(note.detail["reason"]) for _, note in self.notes if note.kind == "command refused"
        ]

    def outcomes(self, kind: str) -> list[OutcomeRecord]:
        return [each for each in self.shell.store.outcomes() if each.kind == kind]
