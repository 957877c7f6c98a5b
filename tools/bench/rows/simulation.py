"""The simulation shell: blocks a second, and memory, of whole runs with engine and store."""

import json
import os
import subprocess
import sys
from pathlib import Path

from blocks import against_zigpy
from neighbourhood import IMAGE_SIZE, SMALL_IMAGE, faults, neighbourhood, run
from row import Goal, Measurement, Options, row

from emulators.simulation.simulation import SimulationResult

BENCH = Path(__file__).resolve().parent.parent
OUR_PROGRAM = BENCH / "emulated_devices.py"
PEER_PROGRAM = BENCH / "zigpy_devices.py"


@row("simulation-1000", unit="blocks/s", goal=Goal(16, compiled=35))
def simulation_1000(options: Options) -> Measurement:
    """1,000 devices on four channels lose 2 % of their frames; engine, store and judge included.

    The peer is zigpy's block handler, which emulates nothing and keeps nothing.
    """
    devices = 40 if options.quick else 1000
    settings = neighbourhood(options.seed, devices, 4, SMALL_IMAGE if options.quick else IMAGE_SIZE)
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
    engine knows of a device, and the emulated device with its flash. Each side has a process of its
    own, which loads nothing of the other's.
    """
    devices = 100 if options.quick else 5000
    quick = ["quick"] if options.quick else []
    told = output_of(OUR_PROGRAM, str(devices), str(options.seed), *quick)
    peak, blocks, troubles = json.loads(told)
    return Measurement(
        peak,
        float(output_of(PEER_PROGRAM, str(devices))),
        note=f"{blocks:,} blocks to {devices:,} devices",
        faults=tuple(troubles),
    )


def output_of(program: Path, *arguments: str) -> bytes:
    """Run a program of this bench to its end; returns what it printed."""
    command = [sys.executable, str(program), *arguments]
    beside = os.environ | {"PYTHONPATH": str(BENCH.parent.parent)}  # the packages measured
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, env=beside).stdout
