"""A small home for fault tests: real devices on an emulated air, a store, and a mortal engine."""

import hashlib
from collections.abc import Sequence
from random import Random

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.commanded import Commanded
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import kind_of
from emulators.node import Note
from emulators.platform.spec import DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import (
    ClockObserved,
    Effect,
    Joined,
    LinkEvent,
    LinkUp,
    Persist,
    Send,
)
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.commands import AddImage, Assign, OperatorCommand
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    ImageRecord,
    SessionState,
    VersionPolicy,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

UTC = Utc(1_800_000_000.0)
MANUFACTURER, IMAGE_TYPE, OLD, NEW = 0x121D, 0x0084, 1, 2
KINDS = (kinds.PPMID, kinds.HCALCS, kinds.IHD, kinds.COMMUNICATIONS_HUB)


def make_image(octets: int = 1500, version: int = NEW, seed: int = 1) -> ImageRecord:
    """A small image with an integrity code."""
    spec = ImageSpec(
        manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=version, integrity=True
    )
    return image_record(build(Random(seed).randbytes(octets), spec), "test", UTC)


def make_devices(count: int) -> list[EmulatedDevice]:
    """One device of each kind in turn, with the zero-delay timers of the lab."""
    fleet = DeviceAssembly()
    return [
        fleet.build(
            DeviceSpec(
                Eui64(0x025A_0000_0000_0001 + index),
                KINDS[index % len(KINDS)],
                0x1001 + index,
                MANUFACTURER,
                IMAGE_TYPE,
                OLD,
            )
        )
        for index in range(count)
    ]


def wish(device: EmulatedDevice, image: ImageRecord) -> AssignmentRecord:
    """Assign an image the way its kind is activated."""
    external = kind_of(device.spec).commanded
    activation = Activation.EXTERNAL if external else Activation.IMMEDIATE
    return AssignmentRecord(
        device.eui64, image.sha256, VersionPolicy.UPGRADE, activation, 0, None, UTC
    )


class MortalShell:
    """A shell around one engine that can be killed before any single effect.

    What was committed stays, what was not is lost, and a new engine loads what the store remembers.
    """

    def __init__(
        self,
        store: Store,
        config: DeliveryConfig,
        kill_before: frozenset[int],
        security: Security | None = None,
    ) -> None:
        self.store = store
        self.engine = Engine(config, store.load(), security)
        self.effects = 0
        self.kills = 0
        self._config = config
        self._security = security
        self._kill_before = kill_before

    @property
    def next_wake(self) -> Monotonic:
        return self.engine.next_wake

    def handle(
        self, event: LinkEvent | ClockObserved | EngineRequest, now: Monotonic
    ) -> Sequence[Effect]:
        return self._carry_out(self.engine.handle(event, now), now)

    def wake(self, now: Monotonic) -> Sequence[Effect]:
        return self._carry_out(self.engine.wake(now), now)

    def _carry_out(self, effects: Sequence[Effect], now: Monotonic) -> list[Effect]:
        done: list[Effect] = []
        for effect in effects:
            self.effects += 1
            if self.effects in self._kill_before:
                return done + self.restart(now)
            if isinstance(effect, Persist):
                self.store.apply(effect.records)
            elif isinstance(effect, Send):
                done.append(effect)
        return done

    def restart(self, now: Monotonic) -> list[Effect]:
        """Kill the engine and start another."""
        self.kills += 1
        self.engine = Engine(self._config, self.store.load(), self._security)
        return [
            *self._carry_out(self.engine.handle(ClockObserved(UTC + now, now), now), now),
            *self._carry_out(self.engine.handle(link_up(now), now), now),
        ]


def link_up(now: Monotonic) -> LinkUp:
    """The radio of the home is ready."""
    return LinkUp("sim", Eui64(0x1), 82, False, now)


class Home:
    """Devices, air, store and engine, wired together in virtual time."""

    def __init__(
        self,
        store: Store,
        devices: Sequence[EmulatedDevice],
        *,
        kill_before: frozenset[int] = frozenset(),
        config: DeliveryConfig | None = None,
        seed: int = 7,
        security: Security | None = None,
    ) -> None:
        self.devices = devices
        self.notes: list[tuple[Eui64, Note]] = []
        self.shell = MortalShell(store, config or DeliveryConfig(), kill_before, security)
        self.network = Network(
            Random(seed), on_note=lambda device, note, _: self.notes.append((device, note))
        )
        self.port = self.network.attach(self.shell)
        for device in devices:
            self.network.add(device)

    def start(self, image: ImageRecord) -> None:
        """Bring the radio up, order the image for everybody, switch everybody on."""
        self.order(ClockObserved(UTC, Monotonic(0.0)))
        self.order(link_up(Monotonic(0.0)))
        self.order(AddImage(image, "test"))
        for device in self.devices:
            self.order(Assign(wish(device, image), "test"))
        for device in self.devices:
            self.network.power_on(device.eui64, Monotonic(0.0))

    def order(self, event: OperatorCommand | ClockObserved | LinkEvent) -> None:
        """Give the engine an event; an order lost to a kill is given again, as a person would."""
        now = self.network.agenda.now
        again = True
        while again:
            kills = self.shell.kills
            self.network.submit(self.port, self.shell.handle(event, now), now)
            again = self.shell.kills > kills and not isinstance(event, Joined)

    def run(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass; a person triggers every HCALCS without keys that holds its image."""
        until = self.network.agenda.now + seconds
        while self.network.agenda.now < until and not self.done:
            self.network.run(self.network.agenda.now + step)
            for device in self.devices:
                if not isinstance(device, Commanded) or device.security is not None:
                    continue
                if device.client.holding is not None:
                    now = self.network.agenda.now
                    self.network.perform(device.eui64, device.activate_locally(now), now)

    @property
    def statuses(self) -> list[SessionStatus]:
        return self.shell.engine.status()

    @property
    def done(self) -> bool:
        return all(status.state is SessionState.UPDATED for status in self.statuses)


def check_home(home: Home, image: ImageRecord) -> None:
    """The oracle of every fault: nothing wrong runs, nothing is lost, nothing is told twice."""
    store = home.shell.store
    assert store.verify_audit() is None
    saved = {record.device: record for record in store.load().sessions}
    for status in home.statuses:
        assert saved[status.device].state is status.state
    for device in home.devices:
        content = device.flash.running_content()
        assert device.version in (OLD, NEW)
        if device.version == NEW:
            assert hashlib.sha256(content).hexdigest() == image.sha256
    keys = [outcome.key for outcome in store.outcomes()]
    assert len(keys) == len(set(keys))


def check_all_updated(home: Home, image: ImageRecord) -> None:
    """Everybody runs the image, says so, and each outcome was told exactly once."""
    check_home(home, image)
    assert [device.version for device in home.devices] == [NEW] * len(home.devices)
    assert home.done
    outcomes = home.shell.store.outcomes()
    for kind in ("transfer", "activation"):
        told = [outcome.device for outcome in outcomes if outcome.kind == kind]
        assert sorted(told) == sorted(device.eui64 for device in home.devices)
    assert {outcome.verdict for outcome in outcomes} == {"succeeded"}
