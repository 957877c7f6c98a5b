"""The simulation shell: blocks a second, and memory, of whole runs with engine and store."""

from collections.abc import Callable

from clocks import peak_memory, processor_seconds
from row import Figure, Goal, Measurement, Options, row

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
HOURS = 12.0  # in which a thousand devices on four channels are done


@row("simulation-1000", unit="blocks/s", goal=Goal(Figure.VALUE, 60_000))
def simulation_1000(options: Options) -> Measurement:
    """1,000 devices on four channels lose 2 % of their frames; engine, store and judge included."""
    devices = 40 if options.quick else 1000
    settings = neighbourhood(options, devices, 4, 4096 if options.quick else IMAGE_SIZE)
    outcomes: list[SimulationResult] = []
    seconds = processor_seconds(lambda: outcomes.append(run(settings)))
    outcome = outcomes[0]
    return Measurement(
        outcome.blocks / seconds,
        note=(
            f"{outcome.blocks:,} blocks to {devices:,} devices in {seconds:.1f} s, "
            f"{outcome.air.lost:,} frames lost, {outcome.commits} commits"
        ),
        faults=faults(outcome, devices),
    )


@row(
    "simulation-memory-5000",
    unit="MB",
    goal=Goal(Figure.VALUE, 300, at_most=True),
)
def simulation_memory_5000(options: Options) -> Measurement:
    """The largest resident set of 5,000 devices on twenty channels that all take an image."""
    devices = 100 if options.quick else 5000
    settings = neighbourhood(options, devices, 20, 4096 if options.quick else IMAGE_SIZE)
    spare_the_collector()
    outcome = run(settings)
    return Measurement(
        peak_memory(),
        note=f"{outcome.blocks:,} blocks to {devices:,} devices",
        faults=faults(outcome, devices),
    )


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
