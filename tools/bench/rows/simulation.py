"""The simulation shell: blocks a second, and memory, of whole runs with engine and store."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from blocks import against_zigpy
from clocks import peak_memory
from row import Goal, Measurement, Options, row

from emulators.air.radio import Conditions
from emulators.simulation.faults import FaultPlan
from emulators.simulation.journal import Journal
from emulators.simulation.population import populate, sample_firmware
from emulators.simulation.simulation import (
    Simulation,
    SimulationResult,
    SimulationSettings,
    summary,
)
from emulators.soak.worker import spare_the_collector
from ota_engine.store.store import Store

IMAGE_SIZE = 128 * 1024  # octets, as zota soak has it
LOSS = 0.02  # of all frames, beyond what the MAC repairs
PEER_PROGRAM = Path(__file__).resolve().parent.parent / "zigpy_devices.py"
HOURS = 12.0  # in which a thousand devices on four channels are done


@row("simulation-1000", unit="blocks/s", goal=Goal(14))
def simulation_1000(options: Options) -> Measurement:
    """1,000 devices on four channels lose 2 % of their frames; engine, store and judge included.

    The peer is zigpy's block handler, which emulates nothing and keeps nothing.
    """
    devices = 40 if options.quick else 1000
    settings = neighbourhood(options, devices, 4, 4096 if options.quick else IMAGE_SIZE)
    outcomes: list[SimulationResult] = []

    def deliver() -> int:
        outcomes.append(run(settings))
        return outcomes[-1].blocks

    ours, theirs = against_zigpy(options, deliver)
    outcome = outcomes[0]
    return Measurement(
        ours,
        theirs,
        note=(
            f"{outcome.blocks:,} blocks to {devices:,} devices, {outcome.air.lost:,} frames lost, "
            f"{outcome.commits} commits; median of {len(outcomes)}"
        ),
        faults=faults(outcome, devices),
    )


@row("simulation-memory-5000", unit="MB", goal=Goal(2.6, at_most=True))
def simulation_memory_5000(options: Options) -> Measurement:
    """The largest resident set of 5,000 devices on twenty channels that all take an image.

    The peer is zigpy with as many devices, none of which does anything. Ours are both: what the
    engine knows of a device, and the emulated device with its flash.
    """
    devices = 100 if options.quick else 5000
    settings = neighbourhood(options, devices, 20, 4096 if options.quick else IMAGE_SIZE)
    spare_the_collector()
    outcome = run(settings)
    return Measurement(
        peak_memory(),
        memory_of_zigpy(devices),
        note=f"{outcome.blocks:,} blocks to {devices:,} devices",
        faults=faults(outcome, devices),
    )


def memory_of_zigpy(devices: int) -> float:
    """Peak memory of a process in which zigpy keeps devices, in megabytes."""
    command = [sys.executable, str(PEER_PROGRAM), str(devices)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def neighbourhood(options: Options, devices: int, channels: int, size: int) -> SimulationSettings:
    """Settle devices on channels that lose frames and nothing else."""
    firmware = sample_firmware(size, options.seed)
    members = populate(devices, firmware, seed=options.seed, channels=channels, hours=HOURS)
    plan = FaultPlan("loss only", options.seed, Conditions(loss=LOSS))
    return SimulationSettings(tuple(members), firmware, plan, options.seed, HOURS, channels)


def run(
    settings: SimulationSettings, journal: Callable[[bytes], object] | None = None
) -> SimulationResult:
    """Run to the end, with a store in memory."""
    with Store.in_memory() as store:
        return Simulation(settings, store, Journal(journal)).run()


def faults(outcome: SimulationResult, devices: int) -> tuple[str, ...]:
    """A run in which devices were left out measured something else."""
    verdicts = {verdict.value: count for verdict, count in summary(outcome).items()}
    if verdicts.get("updated", 0) >= 0.98 * devices and "wrong image" not in verdicts:
        return ()
    return (f"not all were updated: {verdicts}",)
