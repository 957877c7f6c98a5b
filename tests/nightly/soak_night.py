"""A night of one neighbourhood: whatever a harsh soak has, under either shell, and its judge."""

from pathlib import Path
from random import Random

from emulators.soak.soak import SoakSpec, merge, replay_command, run_shard

SHELLS = ("sim", "sim", "sim", "trio")


def soak_night(seed: int, folder: Path) -> str:
    """Live through one; no wrong image runs, every end has a reason and is told once, the trail verifies."""
    del folder  # all of it is in memory
    chance = Random(f"soak night {seed}")
    spec = SoakSpec(
        devices=chance.randrange(10, 60),
        hours=chance.randrange(6, 30),
        seed=seed,
        faults="harsh",
        shell=chance.choice(SHELLS),
        image_size=chance.randrange(1_000, 20_000),
        chips=chance.choice((0.0, 0.3)),
    )
    result = merge(spec, {0: run_shard(spec, 0, spec.firmware())}, 1.0)
    assert result.good, f"{replay_command(spec)} --shrink smallest.json"
    counted = (f"{many} x {what}" for what, many in result.struck.items())
    return f"{spec.devices} devices; {', '.join(counted)}"
