"""Emulated devices, the emulated air and the real engine together, in virtual time."""

from collections.abc import Sequence
from random import Random

from emulators.air.network import Network
from emulators.air.port import Port
from emulators.air.radio import CALM, Conditions
from emulators.air.station import Placement
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.node import Note
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import ClockObserved, LinkUp
from ota_engine.hub.delivery.commands import AddImage, Assign, OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.records import Activation, AssignmentRecord, SessionState, VersionPolicy
from ota_engine.times import Monotonic, Utc

UTC = Utc(1_800_000_000.0)
COORDINATOR = Eui64(0x00DB_0000_0000_0001)


class Street:
    """Some devices on one channel and an engine that serves them."""

    def __init__(
        self,
        *specs: DeviceSpec,
        config: DeliveryConfig | None = None,
        conditions: Conditions = CALM,
        seed: int = 1,
        relays: int = 0,
    ) -> None:
        self.notes: list[tuple[float, Eui64, Note]] = []
        self.network = Network(
            Random(seed),
            conditions=conditions,
            on_note=lambda device, note, now: self.notes.append((now, device, note)),
        )
        self.engine = Engine(config or DeliveryConfig())
        self.now = Monotonic(0.0)
        self.port = self.network.attach(self.engine)
        self.fleet = DeviceAssembly()
        self.devices = [self.fleet.build(spec) for spec in specs]
        for device in self.devices:
            self.network.add(device, Placement(relays=relays, router=1 if relays else 0))
        self.order(ClockObserved(UTC, Monotonic(0.0)))
        self.order(LinkUp("test", COORDINATOR, 82, False, Monotonic(0.0)))

    def order(self, event: OperatorCommand | ClockObserved | LinkUp) -> None:
        self.network.submit(self.port, self.engine.handle(event, self.now), self.now)

    def assign(
        self,
        content: bytes,
        *,
        activation: Activation = Activation.IMMEDIATE,
        policy: VersionPolicy = VersionPolicy.UPGRADE,
        at: float | None = None,
        delay: int = 0,
    ) -> None:
        for order in orders(
            content, self.devices, activation=activation, policy=policy, at=at, delay=delay
        ):
            self.order(order)

    def second_server(self, content: bytes, *, beside: bool = False) -> Port:
        """Attach another engine that would deliver other octets, instead of or beside the first."""
        rival = Engine()
        port = self.network.attach(rival, beside=beside)
        for event in (
            ClockObserved(UTC, self.now),
            LinkUp("rival", COORDINATOR, 82, False, self.now),
            *orders(content, self.devices),
        ):
            self.network.submit(port, rival.handle(event, self.now), self.now)
        return port

    def power_on(self) -> None:
        for device in self.devices:
            self.network.power_on(device.eui64, self.now)

    def run(self, seconds: float) -> None:
        self.now += seconds
        self.network.run(self.now)

    def states(self) -> list[SessionState]:
        return [status.state for status in self.engine.status()]

    def reasons(self) -> list[str]:
        return [status.reason for status in self.engine.status()]


def orders(
    content: bytes,
    devices: Sequence[EmulatedDevice],
    *,
    activation: Activation = Activation.IMMEDIATE,
    policy: VersionPolicy = VersionPolicy.UPGRADE,
    at: float | None = None,
    delay: int = 0,
) -> list[OperatorCommand]:
    """What an operator says to have all devices run this image."""
    record = image_record(content, "test.zigbee", UTC)
    due = None if at is None else UTC + at
    wishes = [
        AssignmentRecord(device.eui64, record.sha256, policy, activation, delay, due, UTC)
        for device in devices
    ]
    return [AddImage(record, "test"), *(Assign(wish, "test") for wish in wishes)]
