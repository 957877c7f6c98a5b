"""A home whose hub has a real engine, and real emulated devices, behind the port; in virtual time.

Steps one engine and its devices as a simulation does, and takes what is to be done from a fleet. What
its gateway remembers outlives it, as its store does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from emulators.air.network import Network
from emulators.air.radio import CALM, Conditions
from emulators.air.station import Placement
from emulators.devices.assembly import DeviceAssembly
from emulators.estate.hub import EmulatedHub, HubSpec
from emulators.platform.spec import DeviceSpec
from emulators.simulation.host import EngineHost, SteppingClock
from emulators.simulation.journal import Journal
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionTaken
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.gateway.core import GatewayCore, ImageFinder, heard_up_to
from ota_engine.gateway.effects import Direct, Forget, GatewayEffect, Remember
from ota_engine.gateway.errands import GatewayRow
from ota_engine.gateway.sight import OwnHub
from ota_engine.gbcs.keystore import Keystore
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import DEFAULT, Engine
from ota_engine.hub.kernel.devices import Client
from ota_engine.hub.own_firmware.firmware import OwnRequest
from ota_engine.hub.own_firmware.life import OwnFirmwareRecord
from ota_engine.hub.push.commands import BeginPush, ResumePush
from ota_engine.records import CounterRecord, Record, Snapshot
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

GRAIN_S: Final = 5.0  # between two commits while anything happens
ALONE_S: Final = 60.0  # the same while nothing is to be done


class HomeDiedError(Exception):
    """Hub and gateway of a home died where they were told to; ``start`` brings them back."""


@dataclass(frozen=True, slots=True)
class RealHomeSpec:
    """What a home is made of.

    Attributes:
        home: pseudonym.
        devices: of its HAN, each with its place.
        begin: the first moment.
        seed: of everything that is drawn.
        keys: of devices and of those they trust; without them no device speaks GBCS.
        security: what the engine needs to give signed orders.
        config: of the engine.
        air: what the air of the home does.
        hub: the hub itself, where it is upgraded, too.
        unanswered_s: seconds until a user is told that a device has not answered.
    """

    home: str
    devices: tuple[tuple[DeviceSpec, Placement], ...]
    begin: Utc
    seed: int = 0
    keys: Keystore | None = field(default=None, repr=False)
    security: Security | None = field(default=None, repr=False)
    config: DeliveryConfig = DEFAULT
    air: Conditions = CALM
    hub: HubSpec | None = None
    unanswered_s: float = UNANSWERED_S


class RealHome:
    """One home.

    Args:
        spec: what it is made of.
        images: finds those that its gateway can give.
        journal: takes what happens.

    Attributes:
        network: its air, where devices are switched on and off.
        rows: that its gateway remembers.
        store: that its engine remembers.
        host: the life of its engine.
        hub: with its own firmware; None where that is not upgraded.
        effects: that its gateway has had carried out so far.
        dies_before: the effect, counted from 0, before which hub and gateway die; None for never.
    """

    def __init__(
        self, spec: RealHomeSpec, images: ImageFinder, journal: Journal | None = None
    ) -> None:
        self.spec = spec
        self.rows: dict[str, GatewayRow] = {}
        self.store = Store.in_memory()
        self.network = Network(Random(f"home {spec.home} {spec.seed}"), conditions=spec.air)
        self._find = images
        self.effects = 0
        self.dies_before: int | None = None
        self._wall = SteppingClock(spec.begin)
        self._records: list[Record] = []
        self._again = False
        self._own_seen: tuple[OwnFirmwareRecord | None, bool] = (None, False)
        self._clients: dict[Eui64, Client] = {}
        assembly = DeviceAssembly(spec.keys)
        for device, placement in spec.devices:
            node = assembly.build(device)
            node.set_clock(spec.begin, 0.0)
            self.network.add(node, placement)
            self._clients[node.eui64] = Client(*node.clients[0])
        self._journal = journal or Journal()
        self.host = self._make_host()
        self.hub = self._make_hub(spec.hub)
        self._core = self._remembering()
        self.start()
        for device, _ in spec.devices:
            self.network.power_on(device.eui64, Monotonic(0.0))

    def _make_host(self) -> EngineHost:
        return EngineHost(
            self.network,
            self.store,
            self._engine,
            self._wall,
            self._journal,
            lambda _, __: None,
            self._records.extend,
        )

    def _engine(self, snapshot: Snapshot) -> Engine:
        return Engine(self.spec.config, snapshot, self.spec.security)

    def _make_hub(self, spec: HubSpec | None) -> EmulatedHub | None:
        if spec is None:
            return None
        return EmulatedHub(
            spec, self.network.agenda, self._wall.utc, self._octets, self.spec.seed, self._restart
        )

    def _octets(self, sha256: str) -> bytes | None:
        image = self._find(sha256)
        return None if image is None else image.data

    def _remembering(self) -> GatewayCore:
        firmware = None if self.hub is None else self.hub.firmware
        own = None
        if self.hub is not None and firmware is not None:
            devices = tuple(device.eui64 for device, _ in self.spec.devices)
            own = OwnHub(self.hub.spec.chf, firmware, devices)
        spec = self.spec
        rows = self.rows.values()
        return GatewayCore(spec.home, self._find, rows, own, spec.unanswered_s)

    # --- the fleet's side ------------------------------------------------------------------------

    @property
    def utc(self) -> Utc:
        """The time there."""
        return self._wall.utc(self.network.agenda.now)

    def give(self, instructions: Iterable[Instruction]) -> list[InstructionTaken]:
        """Tell its hub something; nothing is taken while that is off."""
        if self.host.engine is None:
            return []
        taken = []
        for instruction in instructions:
            self._carry_out(self._core.take(instruction, self.utc))
            taken.append(InstructionTaken(instruction.key))
        self._look()
        return taken

    def outcomes(self) -> tuple[HubOutcome, ...]:
        """Hear what is not settled; nothing while its hub is off."""
        return () if self.host.engine is None else self._core.outcomes

    def settle(self, keys: Sequence[str]) -> None:
        """Say that outcomes are kept."""
        self._carry_out(self._core.settle(keys))

    # --- time ------------------------------------------------------------------------------------

    def run(self, until: Utc) -> None:
        """Let time pass there."""
        end = until - self.spec.begin - self._wall.ahead
        agenda = self.network.agenda
        while agenda.now < end:
            busy = self.host.engine is not None and agenda.next_time() <= agenda.now + GRAIN_S
            self.network.run(min(agenda.now + (GRAIN_S if busy else ALONE_S), end))
            self._settle()

    def kill(self) -> None:
        """Let hub and gateway die where they stand; what they remember stays."""
        if self.hub is not None:
            self.hub.stop()
        self.host.kill()
        self._records.clear()

    def let_go(self) -> None:
        """Have its gateway do nothing more for the home: it belongs to another one."""
        self._carry_out(self._core.let_go(self.utc))
        self._look()

    @property
    def counters(self) -> dict[Eui64, int]:
        """The highest counters that its gateway has used, by originator."""
        return {one.originator: one.last for one in self.store.load().counters}

    def taken_over(self, floors: Mapping[Eui64, int]) -> None:
        """Have another gateway, which remembers nothing of it, take the home; its devices stay as they are.

        Args:
            floors: counters above which that draws.
        """
        self.kill()
        self.rows = {}
        self.store = Store.in_memory()
        self.store.apply([CounterRecord(*one) for one in floors.items()])
        self.host = self._make_host()
        self.start()

    def start(self) -> None:
        """Switch the hub on, for the first time or again; it lives on where it has lived so far."""
        now = self.network.agenda.now
        if self.hub is not None:
            self.hub.start(now)
            if self.hub.firmware is None:
                return  # power went again
            self._find_devices(self.hub, now)
        self._core = self._remembering()
        self.host.start(now)
        self.host.order(ResumePush(self._clients, if_any=True), now)
        assert self.host.engine is not None  # noqa: S101 - just started
        missed = self.store.outcomes_after(heard_up_to(self.rows))
        self._carry_out(self._core.heard(missed))
        self._carry_out(self._core.restarted(self.host.engine, self.utc))
        self._look()

    def _find_devices(self, hub: EmulatedHub, now: Monotonic) -> None:
        """A hub whose firmware does not find its HAN has a radio that hears nothing."""
        if self.network.link_is_up and not hub.finds_devices:
            self.network.link_down("the hub does not find its HAN", now)
        elif hub.finds_devices and not self.network.link_is_up:
            self.network.link_up(self.host.link_up(now), now)

    def _restart(self, now: Monotonic) -> None:
        """The hub has gone down: all that lives in it does, and comes back when it has started."""
        self.host.kill()
        self._records.clear()
        boot_s = 0.0 if self.spec.hub is None else self.spec.hub.boot_s
        self.network.agenda.at(now + boot_s, lambda _: self.start())

    def _settle(self) -> None:
        """Commit, and let the gateway see what was."""
        if self.host.engine is None:
            return
        self.host.commit()
        own = None if self.hub is None else self.hub.firmware
        record, staged = (None, False) if own is None else (own.record, own.staged > 0)
        wake = self._core.next_wake(Utc(self.utc - ALONE_S))
        due = wake is not None and wake <= self.utc
        if self._records or due or self._own_seen != (record, staged):
            self._own_seen = (record, staged)
            self._look()

    def _look(self) -> None:
        engine = self.host.engine
        if engine is None:
            return
        self._again = True
        while self._again:
            self._again = False
            self.host.commit()
            records = self._records.copy()
            self._records.clear()
            self._carry_out(self._core.heard(records))
            self._carry_out(self._core.look(engine, self.network.agenda.now, self.utc))

    def _carry_out(self, effects: Iterable[GatewayEffect]) -> None:
        for effect in effects:
            if self.effects == self.dies_before:
                self.kill()
                self.dies_before = None
                raise HomeDiedError(self.spec.home)
            self.effects += 1
            match effect:
                case Remember():
                    self.rows[effect.row.key] = effect.row
                case Forget():
                    self.rows.pop(effect.row.key, None)
                case Direct():
                    self._direct(effect)

    def _direct(self, direct: Direct) -> None:
        request, now = direct.request, self.network.agenda.now
        if isinstance(request, OwnRequest):
            if self.hub is not None:
                self.hub.handle(request, now)
            return
        if isinstance(request, BeginPush):
            request = replace(request, clients=self._clients)
        try:
            self.host.order(request, now)
        except LocalError as error:
            self._carry_out(self._core.refused(direct, str(error), self.utc))
            self._again = True  # another may go instead
