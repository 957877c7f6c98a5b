"""The simulation shell: steps one engine and its emulated devices on one heap of virtual time.

Puts network, engine, store, faults and operator together, runs them, and judges the end. Same
settings, same journal, byte for byte: nothing here reads a clock or draws from anything but the
seed. Writes nothing but the store and the journal it was given.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from emulators.air.network import Network
from emulators.air.radio import AirCounters
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.node import COORDINATOR, Note
from emulators.simulation.faults import Fault, FaultKind, FaultPlan
from emulators.simulation.host import LINK, EngineFactory, EngineHost, Host, SteppingClock
from emulators.simulation.injection import FaultInjector
from emulators.simulation.journal import Journal
from emulators.simulation.measured import Journey, JourneyTimes
from emulators.simulation.operator import RolloutOperator
from emulators.simulation.oracle import ClockAtEnd, DeviceVerdict, Expectation, Judgement, judge
from emulators.simulation.population import SimulatedDevice, SimulatedFirmware
from emulators.simulation.telling import Telling, check_telling
from images.eui64 import Eui64
from ota_engine.capture.recorder import CaptureMedium, Recorder
from ota_engine.catalogue.intake import image_record
from ota_engine.gbcs.keystore import Keystore
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.engine import DEFAULT, Engine
from ota_engine.hub.push.verdict import PushStanding
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    SessionRecord,
    SessionState,
    Snapshot,
    VersionPolicy,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

_Firmware: TypeAlias = tuple[Eui64, int]  # whose, and its image type

HostFactory: TypeAlias = Callable[
    [
        Network,
        Store,
        EngineFactory,
        SteppingClock,
        Journal,
        Callable[[SessionRecord, Monotonic], None],
    ],
    Host,
]

PAN_ID = 0x1A62
EPOCH = Utc(1_782_864_000.0)  # 2026-07-01 00:00 UTC: when every simulated run begins
SLICE = 60.0  # seconds of virtual time between two commits
POWER_ON_WITHIN = 60.0  # seconds in which all devices are switched on
CONFIRM_AFTER = 3600.0  # seconds after which somebody vouches for a clock that stepped
SAMPLES = 240  # points of the progress plot
ORDERED = frozenset(
    {SessionState.RESTARTING, SessionState.SCHEDULED}
)  # states in which a device was told when to run what it holds


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """Everything a run depends on; equal settings give equal journals.

    ``keys`` are those of devices and of whom they trust; without them no device speaks GBCS.
    ``security`` is what the engine needs to order such devices.
    """

    members: tuple[SimulatedDevice, ...]
    firmware: SimulatedFirmware = field(repr=False)
    plan: FaultPlan
    seed: int
    hours: float
    channels: int = 1
    config: DeliveryConfig = DEFAULT
    keys: Keystore | None = field(default=None, repr=False)
    security: Security | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the plots: virtual seconds, blocks so far, sessions by state."""

    time: float
    blocks: int
    states: dict[str, int]


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What a run gave."""

    journal_sha256: str
    journal_lines: int
    virtual_seconds: float
    blocks: int
    judgements: tuple[Judgement, ...]
    journeys: tuple[Journey, ...]
    samples: tuple[Sample, ...]
    faults: tuple[Fault, ...]
    struck: dict[str, int]
    air: AirCounters
    counters: dict[str, int]
    engine_starts: int
    commits: int
    audit_fault: str | None
    outcomes: int
    telling: Telling


class Simulation:
    """One run.

    Args:
        settings: what to run.
        store: an empty store; its content is evidence afterwards.
        journal: where to write what happens.
        make_host: who gives the engine its life; the trio shell brings its own.
        capture: takes the octets of a pcapng file of every frame; None records nothing.
    """

    def __init__(
        self,
        settings: SimulationSettings,
        store: Store,
        journal: Journal,
        make_host: HostFactory = EngineHost,
        capture: Callable[[bytes], object] | None = None,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self._store = store
        self._wall = SteppingClock(EPOCH)
        self._states: dict[_Firmware, SessionState] = {}  # of every session
        self._counted: Counter[SessionState] = Counter()  # how many are in each
        self._may_run: set[_Firmware] = set()
        self._unordered: Counter[_Firmware] = Counter()
        self._samples: list[Sample] = []
        self._times: dict[_Firmware, JourneyTimes] = {}
        self.network = Network(
            Random(f"network {settings.seed}"),
            channels=settings.channels,
            conditions=settings.plan.air,
            on_note=self._noted,
        )
        if capture is not None:
            recorder = Recorder(CaptureMedium(LINK, COORDINATOR, PAN_ID), capture, self._wall.utc)
            self.network.listen(recorder.heard, recorder.sent)
        self.devices = self._settle()
        self.host = make_host(
            self.network, store, self._engine, self._wall, journal, self._session_written
        )
        self._operator = RolloutOperator(self.network, self.host, self.devices, journal)
        self._injector = FaultInjector(
            settings.plan,
            self.network,
            self.devices,
            self.host,
            self._wall,
            journal,
            self._second_server,
            self._operator.resume,
        )
        self._images = {
            kind: image_record(data, f"type-{kind:04x}.zigbee", EPOCH)
            for kind, data in settings.firmware.new.items()
        }
        self._types = {image.sha256: kind for kind, image in self._images.items()}

    def _settle(self) -> dict[Eui64, EmulatedDevice]:
        assembly = DeviceAssembly(self.settings.keys)
        devices = {}
        for member in self.settings.members:
            device = assembly.build(member.spec)
            device.set_clock(self._wall.utc(Monotonic(0.0)), 0.0)
            devices[device.eui64] = device
            self.network.add(device, member.placement)
        return devices

    def _engine(self, snapshot: Snapshot) -> Engine:
        return Engine(self.settings.config, snapshot, self.settings.security)

    # --- running ---------------------------------------------------------------------------------

    def run(self, on_progress: Callable[[float, int], None] | None = None) -> SimulationResult:
        """Run to the end and judge.

        Args:
            on_progress: called now and then with the virtual seconds and the blocks so far.
        """
        self.begin()
        for time in self.slices():
            self.network.run(time)
            self.host.commit()
            if on_progress is not None:
                on_progress(time, self.blocks)
        if self.host.engine is None:
            self.host.start(self.end)
        self.host.commit()
        return self.judge()

    @property
    def end(self) -> Monotonic:
        """Virtual seconds at which the run is over."""
        return Monotonic(self.settings.hours * 3600.0)

    @property
    def blocks(self) -> int:
        """Blocks all devices have taken so far."""
        return sum(chip.client.blocks for device in self.devices.values() for chip in device.chips)

    def statuses(self) -> list[SessionStatus]:
        """View every session as the engine sees it; none while it is dead."""
        return [] if self.host.engine is None else self.host.engine.status()

    def standings(self) -> Sequence[PushStanding]:
        """View where the push has every firmware; nowhere while the engine is dead."""
        engine = self.host.engine
        return () if engine is None else engine.pushes.standings(self.network.agenda.now)

    def begin(self) -> None:
        """Start the engine, hand out the orders, and put faults and power into the agenda."""
        settings, agenda = self.settings, self.network.agenda
        self.host.start(Monotonic(0.0))
        self._injector.schedule()
        for fault in settings.plan.faults:
            if fault.kind is FaultKind.CLOCK_STEP:
                agenda.at(fault.at + CONFIRM_AFTER, self._operator.confirm_clock)
        half = EPOCH + settings.hours * 1800.0
        self._operator.roll_out(list(settings.members), self._images, half, Monotonic(0.0))
        rng = Random(f"power on {settings.seed}")
        for device in self.devices:
            agenda.at(rng.uniform(0.0, POWER_ON_WITHIN), self._switch_on(device))

    def _switch_on(self, device: Eui64) -> Callable[[Monotonic], None]:
        def switch_on(now: Monotonic) -> None:
            if not self._injector.dark(device):
                self.network.power_on(device, now)

        return switch_on

    def slices(self) -> Iterator[float]:
        """Yield the end of every slice, and take a sample at every so many."""
        end = self.end
        count = max(1, round(end / SLICE))
        every = max(1, count // SAMPLES)
        self._sample(0.0)
        for number in range(1, count + 1):
            yield end * number / count
            if number % every == 0 or number == count:
                self._sample(end * number / count)

    def _sample(self, time: float) -> None:
        states = {state.value: count for state, count in sorted(self._counted.items()) if count}
        self._samples.append(Sample(round(time, 3), self.blocks, states))

    # --- what is heard ---------------------------------------------------------------------------

    def _noted(self, device: Eui64, note: Note, now: Monotonic) -> None:
        self.journal.write(now, "device", note.kind, note.detail, device)
        if note.kind == "booted" and note.detail.get("new"):
            firmware = (device, _image_type(self.devices[device], note))
            if firmware not in self._may_run and device not in self._operator.triggered:
                self._unordered[firmware] += 1
            self._may_run.discard(firmware)
        self._injector.noticed(device, note, now)
        self._operator.heard(device, note, now)

    def _session_written(self, session: SessionRecord, now: Monotonic) -> None:
        firmware = (session.device, self._types[session.sha256])
        before, self._states[firmware] = self._states.get(firmware), session.state
        if before is not session.state:
            self._counted[session.state] += 1
            self._times.setdefault(firmware, JourneyTimes()).saw(session.state, now)
            if before is not None:
                self._counted[before] -= 1
        if session.state in ORDERED:
            self._may_run.add(firmware)
        self._operator.told(session, now)

    # --- the other server ------------------------------------------------------------------------

    def _second_server(self, now: Monotonic) -> Engine:
        """Make the server that turns up beside ours: it offers everybody the previous release."""
        firmware = self.settings.firmware
        images = {
            kind: image_record(data, "previous", EPOCH) for kind, data in firmware.previous.items()
        }
        chosen = [
            (member.spec.eui64, part.image_type)
            for member in self.settings.members
            for part in member.spec.parts
            if part.image_type in images
        ]
        assignments = tuple(
            AssignmentRecord(
                device,
                images[image_type].sha256,
                VersionPolicy.UPGRADE,
                Activation.IMMEDIATE,
                0,
                None,
                EPOCH,
            )
            for device, image_type in chosen
        )
        snapshot = Snapshot(images=tuple(images.values()), assignments=assignments)
        self._may_run.update(chosen)
        return Engine(self.settings.config, snapshot)

    # --- the end ---------------------------------------------------------------------------------

    def judge(self) -> SimulationResult:
        """Compare what devices run with what the store says, once all is committed."""
        records = self._store.load().sessions
        sessions = {(one.device, self._types[one.sha256]): one for one in records}
        outcomes = self._store.outcomes()
        touched = self._faults_by_device()
        waits = {one.device: one.reason for one in self.standings() if one.session is None}
        clock = ClockAtEnd(self._wall.utc(self.end), self._wall.ahead)
        judgements = tuple(
            judge(
                self.devices[member.spec.eui64],
                self._expectation(part.image_type),
                sessions.get((member.spec.eui64, part.image_type)),
                self._unordered[member.spec.eui64, part.image_type],
                touched.get(member.spec.eui64, ()),
                number,
                waits.get(member.spec.eui64, ""),
                clock if member.activation is Activation.AT else None,
            )
            for member in self.settings.members
            for number, part in enumerate(member.spec.parts)
        )
        fault = self._store.verify_audit()
        engine = self.host.engine
        return SimulationResult(
            journal_sha256=self.journal.sha256,
            journal_lines=self.journal.lines,
            virtual_seconds=self.end,
            blocks=self.blocks,
            judgements=judgements,
            journeys=tuple(self._journeys(judgements)),
            samples=tuple(self._samples),
            faults=self.settings.plan.faults,
            struck={kind.value: count for kind, count in sorted(self._injector.struck.items())},
            air=self.network.counters(),
            counters=dict(sorted(engine.counters.items())) if engine else {},
            engine_starts=self.host.starts,
            commits=self.host.commits,
            audit_fault=None if fault is None else fault.problem,
            outcomes=len(outcomes),
            telling=check_telling(records, outcomes),
        )

    def _journeys(self, judgements: Sequence[Judgement]) -> Iterator[Journey]:
        """Say how each firmware came to its end, in the order of the judgements."""
        parts = (
            (member.spec, part) for member in self.settings.members for part in member.spec.parts
        )
        for judgement, (spec, part) in zip(judgements, parts, strict=True):
            times = self._times.get((spec.eui64, part.image_type)) or JourneyTimes()
            reason = judgement.reason if judgement.verdict is DeviceVerdict.FAILED else ""
            yield times.journey(spec.kind.word, reason)

    def _expectation(self, image_type: int) -> Expectation:
        image = self._images[image_type]
        others = {}
        previous = self.settings.firmware.previous.get(image_type)
        if previous is not None:
            old = image_record(previous, "previous", EPOCH)
            others[old.file_version] = old.sha256
        return Expectation(image.sha256, image.file_version, others)

    def _faults_by_device(self) -> dict[Eui64, tuple[str, ...]]:
        touched: dict[Eui64, tuple[str, ...]] = {}
        for fault in self.settings.plan.faults:
            if fault.device:
                device = Eui64(fault.device)
                what = f"{fault.kind.value} at {fault.at / 3600:.2f} h"
                touched[device] = (*touched.get(device, ()), what)
        return touched


def _image_type(device: EmulatedDevice, note: Note) -> int:
    """Which of a device's firmwares a note is of; devices with one do not say."""
    told = note.detail.get("image_type")
    return told if isinstance(told, int) else device.spec.image_type


def summary(outcome: SimulationResult) -> Counter[DeviceVerdict]:
    """Count the verdicts."""
    return Counter(judgement.verdict for judgement in outcome.judgements)
