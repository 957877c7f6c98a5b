"""Neighbourhoods of emulated devices that all take an image; knows nothing of what they stand beside."""

from collections.abc import Callable

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
from ota_engine.store.store import Store

IMAGE_SIZE = 128 * 1024  # octets, as zota soak has it
SMALL_IMAGE = 4096  # octets, where figures mean nothing
LOSS = 0.02  # of all frames, beyond what the MAC repairs
HOURS = 12.0  # in which a thousand devices on four channels are done


def neighbourhood(seed: int, devices: int, channels: int, size: int) -> SimulationSettings:
    """Settle devices on channels that lose frames and nothing else."""
    firmware = sample_firmware(size, seed)
    members = populate(devices, firmware, seed=seed, channels=channels, hours=HOURS)
    plan = FaultPlan("loss only", seed, Conditions(loss=LOSS))
    return SimulationSettings(tuple(members), firmware, plan, seed, HOURS, channels)


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
