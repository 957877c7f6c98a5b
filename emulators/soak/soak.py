"""A soak: thousands of devices in shards, each shard a simulation of its own, merged into one result.

The partition depends on the number of devices alone, so it makes no difference to any result how
many processes share the work. Knows nothing of processes or screens.
"""

import hashlib
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from emulators.simulation.faults import FaultPlan
from emulators.simulation.journal import Journal
from emulators.simulation.measured import Journey, MeasuredModel, measure
from emulators.simulation.oracle import DeviceVerdict
from emulators.simulation.population import (
    DEVICES_PER_CHANNEL,
    SimulatedDevice,
    SimulatedFirmware,
    given_firmware,
    populate,
    sample_firmware,
)
from emulators.simulation.simulation import Simulation, SimulationResult, SimulationSettings
from emulators.soak.fault_profiles import World, draw_plan
from ota_engine.errors import LocalError
from ota_engine.store.store import Store

DEFAULT_IMAGE_SIZE = 128 * 1024  # octets
LARGEST_SOAK = 1_000_000  # devices

ShardJson = dict[str, Any]
RunProgress = Callable[[float, int], None]  # virtual seconds, blocks
TakeOctets = Callable[[bytes], object]  # takes the octets of a file, in order


@dataclass(frozen=True, slots=True)
class SoakSpec:
    """What to soak; equal specs give equal journals.

    ``image`` is a file to deliver; without one, ``image_size`` octets are made up per kind.
    ``chips`` is the share of devices with a second chip, among those that can have one.
    """

    devices: int
    hours: float
    seed: int
    faults: str = "none"
    shell: str = "sim"
    image_size: int = DEFAULT_IMAGE_SIZE
    image: str | None = None
    chips: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            LocalError: a number is out of range.
        """
        if not 1 <= self.devices <= LARGEST_SOAK:
            raise LocalError(f"{self.devices} devices: give 1 to {LARGEST_SOAK}")
        if not 0 < self.hours <= 24 * 366:
            raise LocalError(f"{self.hours} hours: give more than 0 and at most {24 * 366}")
        if not 0 <= self.chips <= 1:
            raise LocalError(f"{self.chips:g} of the devices: give a share from 0 to 1")
        if self.shell not in SHELLS:
            raise LocalError(f"{self.shell}: there is no such shell: give sim or trio")

    @property
    def shards(self) -> int:
        """How many parts the devices fall into."""
        return -(-self.devices // DEVICES_PER_CHANNEL)

    def firmware(self, image: bytes | None = None) -> SimulatedFirmware:
        """Make or read what will be delivered.

        Args:
            image: the octets of ``self.image``, where they are at hand; None to read the file.

        Raises:
            LocalError: it cannot be delivered to a fleet.
            OSError: the file cannot be read.
        """
        if self.image is None:
            return sample_firmware(self.image_size, self.seed, chips=self.chips > 0)
        data = Path(self.image).read_bytes() if image is None else image
        return given_firmware(data, chips=self.chips > 0)


def members_of(spec: SoakSpec, shard: int, firmware: SimulatedFirmware) -> list[SimulatedDevice]:
    """Settle the devices of one shard: up to 250 on a channel of their own."""
    first = shard * DEVICES_PER_CHANNEL
    return populate(
        min(DEVICES_PER_CHANNEL, spec.devices - first),
        firmware,
        seed=spec.seed,
        first=first,
        hours=spec.hours,
        oddities=spec.faults == "harsh",
        chips=spec.chips,
    )


def plan_of(spec: SoakSpec, shard: int, members: Sequence[SimulatedDevice]) -> FaultPlan:
    """Draw what goes wrong in one shard."""
    world = World(
        devices=[member.spec.eui64 for member in members],
        battery=[member.spec.eui64 for member in members if member.spec.battery],
        channels=1,
        routers=sorted(
            {(member.placement.channel, member.placement.router) for member in members}
            - {(0, 0)}  # the coordinator itself
        ),
        finds_damage=all(member.spec.options.wants_integrity for member in members),
    )
    return draw_plan(spec.faults, shard_seed(spec, shard), world, spec.hours)


def shard_seed(spec: SoakSpec, shard: int) -> int:
    """The seed of everything that is drawn in one shard."""
    return Random(f"shard {spec.seed} {shard}").getrandbits(63)


def run_shard(
    spec: SoakSpec,
    shard: int,
    firmware: SimulatedFirmware,
    on_progress: RunProgress | None = None,
    journal_sink: TakeOctets | None = None,
    capture_sink: TakeOctets | None = None,
) -> ShardJson:
    """Run one shard to its end; the result is what JSON can carry.

    ``capture_sink`` takes the octets of a pcapng file of all its frames.
    """
    members = members_of(spec, shard, firmware)
    settings = SimulationSettings(
        members=tuple(members),
        firmware=firmware,
        plan=plan_of(spec, shard, members),
        seed=shard_seed(spec, shard),
        hours=spec.hours,
    )
    return {
        "shard": shard,
        **run_settings(spec.shell, settings, on_progress, journal_sink, capture_sink),
    }


def run_settings(
    shell: str,
    settings: SimulationSettings,
    on_progress: RunProgress | None = None,
    journal_sink: TakeOctets | None = None,
    capture_sink: TakeOctets | None = None,
) -> ShardJson:
    """Run devices and a fault plan to the end; see ``run_shard``."""
    with Store.in_memory() as store:
        return _json(
            SHELLS[shell](settings, store, Journal(journal_sink), on_progress, capture_sink)
        )


def _simulate(
    settings: SimulationSettings,
    store: Store,
    journal: Journal,
    on_progress: RunProgress | None,
    capture: TakeOctets | None,
) -> SimulationResult:
    return Simulation(settings, store, journal, capture=capture).run(on_progress)


def _live(
    settings: SimulationSettings,
    store: Store,
    journal: Journal,
    on_progress: RunProgress | None,
    capture: TakeOctets | None,
) -> SimulationResult:
    from emulators.soak.live import run_virtually  # noqa: PLC0415 - trio only when it is asked for

    return run_virtually(settings, store, journal, on_progress, capture)


SHELLS: dict[
    str,
    Callable[
        [SimulationSettings, Store, Journal, RunProgress | None, TakeOctets | None],
        SimulationResult,
    ],
] = {
    "sim": _simulate,
    "trio": _live,
}


def _json(outcome: SimulationResult) -> ShardJson:
    value = asdict(outcome)
    value["faults"] = [fault.describe() for fault in outcome.faults]
    return value


# --- merging -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SoakResult:
    """What a soak gave, and which shards gave nothing."""

    spec: SoakSpec
    wall_seconds: float
    shards: tuple[ShardJson, ...]
    missing: tuple[int, ...]

    @property
    def judgements(self) -> list[ShardJson]:
        """Every device's end."""
        return [device for shard in self.shards for device in shard["judgements"]]

    @property
    def unexplained(self) -> list[ShardJson]:
        """Devices that did not get their image and nobody can say why."""
        return [
            device
            for device in self.judgements
            if device["verdict"] != DeviceVerdict.UPDATED and not device["reason"]
        ]

    @property
    def held_by_clock(self) -> int:
        """How many devices wait only because the wall clock was set back."""
        return sum(device["by_clock"] for device in self.judgements)

    @property
    def audit_faults(self) -> list[str]:
        """What is wrong with the audit trails."""
        return [shard["audit_fault"] for shard in self.shards if shard["audit_fault"]]

    @property
    def lost(self) -> list[str]:
        """Ends of which no outcome tells."""
        return [line for shard in self.shards for line in shard["telling"]["lost"]]

    @property
    def doubled(self) -> list[str]:
        """Ends of which more than one outcome tells."""
        return [line for shard in self.shards for line in shard["telling"]["doubled"]]

    @property
    def journal_sha256(self) -> str | None:
        """One hash over all journals; None when some are missing."""
        if self.missing:
            return None
        lines = "".join(f"{shard['shard']} {shard['journal_sha256']}\n" for shard in self.shards)
        return hashlib.sha256(lines.encode("ascii")).hexdigest()

    @property
    def struck(self) -> dict[str, int]:
        """How often each kind of fault struck."""
        return added(shard["struck"] for shard in self.shards)

    def measured(self) -> MeasuredModel:
        """What was measured of each kind of device, as a rehearsal draws from it."""
        journeys = (Journey(**one) for shard in self.shards for one in shard["journeys"])
        return measure(journeys, self.spec.faults, self.spec.seed)

    @property
    def good(self) -> bool:
        """Whether all ran, nothing runs a wrong image, every failure has a reason and is told of once."""
        verdicts = Counter(device["verdict"] for device in self.judgements)
        wrong = verdicts[DeviceVerdict.WRONG_IMAGE] or self.audit_faults
        return not (wrong or self.missing or self.unexplained or self.lost or self.doubled)

    def summary(self) -> ShardJson:
        """The result in the form of ``zota soak --json``."""
        verdicts = Counter(device["verdict"] for device in self.judgements)
        blocks = sum(shard["blocks"] for shard in self.shards)
        return {
            "seed": self.spec.seed,
            "devices": self.spec.devices,
            "blocks": blocks,
            "virtual_seconds": self.spec.hours * 3600.0,
            "wall_seconds": round(self.wall_seconds, 3),
            "blocks_per_second": round(blocks / self.wall_seconds, 1) if self.wall_seconds else 0.0,
            "updated": verdicts[DeviceVerdict.UPDATED],
            "failed": verdicts[DeviceVerdict.FAILED],
            "stuck": verdicts[DeviceVerdict.STUCK],
            "wrong_image": verdicts[DeviceVerdict.WRONG_IMAGE],
            "held_by_clock": self.held_by_clock,
            "unexplained": len(self.unexplained),
            "lost_outcomes": len(self.lost),
            "doubled_outcomes": len(self.doubled),
            "journal_sha256": self.journal_sha256,
            "faults": {"profile": self.spec.faults, **self.struck},
        }


def added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts by name, names in order."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))


def merge(spec: SoakSpec, results: Mapping[int, ShardJson], wall_seconds: float) -> SoakResult:
    """Put the shards together; what is absent or does not belong is missing."""
    good = {number: part for number, part in results.items() if part.get("shard") == number}
    return SoakResult(
        spec,
        wall_seconds,
        tuple(good[number] for number in sorted(good)),
        tuple(number for number in range(spec.shards) if number not in good),
    )


def replay_command(spec: SoakSpec) -> str:
    """The command that gives the same run again."""
    image = (
        f"--image {shlex.quote(spec.image)}" if spec.image else f"--image-size {spec.image_size}"
    )
    shell = "" if spec.shell == "sim" else f" --shell {spec.shell}"
    chips = f" --chips {spec.chips:g}" if spec.chips else ""
    return (
        f"zota soak --devices {spec.devices} --hours {spec.hours:g} {image} "
        f"--seed {spec.seed} --faults {spec.faults}{shell}{chips}"
    )
