"""Many load switches ordered to the same second: all run their image then, none twice."""

from collections import Counter
from random import Random

import pytest

from emulators.air.network import Network
from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.node import Note
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.events import ClockObserved, Effect, LinkUp, Persist
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import PkiDevice, make_pki
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.activation.security import Security
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import Activation, OrderState, OutcomeRecord
from ota_engine.times import Monotonic
from tests.emulators.street import orders
from tests.faults.home import IMAGE_TYPE, MANUFACTURER, NEW, OLD, UTC
from tests.faults.signed_home import ACTOR, signed_image
from tests.gbcs.parties import BROKER, CHF, NOW, SUPPLIER, key_maker

FIRST = 0x00DB_1234_0000_0001
CHANNELS = 4
AT = 7200.0  # seconds from the start
REPORTED_WITHIN = 60.0  # seconds of four channels that a thousand devices share for their alerts


def make_keys(count: int) -> Keystore:
    keys = key_maker()  # the suppliers' come first, so they are those of every test
    devices = [
        PkiDevice("chf", CHF),
        *(PkiDevice(f"{each}", FIRST + each) for each in range(count)),
    ]
    files = make_pki(NOW, lambda: next(keys), devices=devices)
    return Keystore.read({file.name: file.octets for file in files})


class Estate:
    """Load switches on four channels, and the engine that orders them."""

    def __init__(self, count: int) -> None:
        keys = make_keys(count)
        self.outcomes: list[tuple[float, OutcomeRecord]] = []
        self.boots: Counter[Eui64] = Counter()
        self.boot_times: list[float] = []
        self.network = Network(Random(1), channels=CHANNELS, on_note=self._noted)
        security = Security(keys, Eui64(CHF), Eui64(SUPPLIER), Eui64(BROKER))
        self.engine = Engine(security=security)
        self.port = self.network.attach(self.engine, self._effect)
        fleet = DeviceAssembly(keys)
        self.devices = [fleet.build(switch(number)) for number in range(count)]
        for number, device in enumerate(self.devices):
            device.set_clock(UTC, 0.0)
            self.network.add(device, Placement(channel=number % CHANNELS))

    def _noted(self, device: Eui64, note: Note, now: float) -> None:
        if note.kind == "booted" and note.detail.get("new"):
            self.boots[device] += 1
            self.boot_times.append(now)

    def _effect(self, effect: Effect, now: float) -> None:
        if isinstance(effect, Persist):
            found = [row for row in effect.records if isinstance(row, OutcomeRecord)]
            self.outcomes += [(now, row) for row in found if row.kind == "order"]

    def tell(self, event: EngineRequest | ClockObserved | LinkUp) -> None:
        now = self.network.agenda.now
        self.network.submit(self.port, self.engine.handle(event, now), now)


def switch(number: int) -> DeviceSpec:
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


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_all_run_their_image_at_the_second_and_none_twice(count: int) -> None:
    estate, image = Estate(count), signed_image()
    estate.tell(ClockObserved(UTC, Monotonic(0.0)))
    estate.tell(LinkUp("sim", Eui64(CHF), 82, False, Monotonic(0.0)))
    for order in orders(image.data, estate.devices, activation=Activation.EXTERNAL):
        estate.tell(order)
    for device in estate.devices:
        estate.network.power_on(device.eui64, Monotonic(0.0))
    estate.network.run(AT / 2)
    digest = bytes.fromhex(image.manufacturer_image_hash)
    for device in estate.devices:
        estate.tell(ActivateImage(device.eui64, digest, UTC + AT, ACTOR))
    estate.network.run(AT - 1.0)
    assert {order.state for order in estate.engine.orders()} == {OrderState.ACCEPTED}
    assert not estate.boots
    estate.network.run(AT + 600.0)
    assert {device.version for device in estate.devices} == {NEW}
    assert estate.boots == Counter({device.eui64: 1 for device in estate.devices})
    restart = estate.devices[0].spec.timers.restart_time
    assert set(estate.boot_times) == {AT + restart}
    assert {order.state for order in estate.engine.orders()} == {OrderState.ACTIVATED}
    assert len(estate.outcomes) == count
    assert max(now for now, _ in estate.outcomes) < AT + restart + REPORTED_WITHIN
