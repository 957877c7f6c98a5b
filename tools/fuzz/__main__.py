"""Fuzz what reads files and documents by path: ``python tools/fuzz [--seconds 3600] [--seed N] [TARGET]...``.

    python tools/fuzz                               # every target, a minute in all
    python tools/fuzz --seconds 3600 lint parse     # some of them, an hour
    python tools/fuzz lint --replay build/fuzz/lint/0123456789ab

Memory is limited, so that a length that is believed shows as a defect and not as a slow machine.
Exit code 0: nothing broke; 1: something did, and its input is kept; 2: a wrong call.
"""

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # what is fuzzed is what lies beside us

from campaign import Tally, attempt, fuzz  # noqa: E402
from reached import Reached  # noqa: E402
from targets import TARGETS  # noqa: E402

DEFAULT_SEED: Final = 1
DEFAULT_SECONDS: Final = 60.0
MEMORY: Final = 1 << 30  # octets of address space


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the targets named, or all, each for its share of the time."""
    choice = _parser().parse_args(arguments)
    names = choice.targets or list(TARGETS)
    unknown = sorted(set(names) - set(TARGETS))
    if unknown:
        print(f"fuzz: no target named {', '.join(unknown)}; there are {', '.join(TARGETS)}")
        return 2
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if choice.replay is not None:
        return _replay(names[0], choice.replay)
    print(f"fuzz: seed {choice.seed}, {choice.seconds:g} s for {', '.join(names)}", flush=True)
    tallies, begun, given = [], time.monotonic(), 0.0
    shares = sum(TARGETS[name].share for name in names)
    for name in names:
        given += choice.seconds * TARGETS[name].share / shares
        until = begun + given
        tally = fuzz(name, TARGETS[name], choice.seed, until, choice.runs, choice.folder)
        _show(tally)
        tallies.append(tally)
    runs = sum(tally.runs for tally in tallies)
    broken = sum(len(tally.defects) for tally in tallies)
    print(f"fuzz: {runs:,} inputs in {time.monotonic() - begun:.0f} s, {broken} defects")
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    usage = argparse.ArgumentParser(prog="python tools/fuzz", description=__doc__.splitlines()[0])
    usage.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    usage.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="for all together")
    usage.add_argument("--runs", type=int, default=sys.maxsize, help="inputs per target at most")
    usage.add_argument("--seed", type=int, default=DEFAULT_SEED)
    usage.add_argument("--folder", type=Path, default=REPOSITORY / "build" / "fuzz")
    usage.add_argument("--replay", type=Path, metavar="FILE", help="one input, to one target")
    return usage


def _replay(name: str, path: Path) -> int:
    """Feed one kept input again."""
    _, broken = attempt(TARGETS[name], path.read_bytes(), Reached(()))
    print(broken.trace if broken is not None else f"fuzz: {path} breaks nothing in {name}")
    return 1 if broken is not None else 0


def _show(tally: Tally) -> None:
    print(
        f"fuzz: {tally.name}: {tally.runs:,} inputs, {tally.lines} lines of ours reached, "
        f"{tally.kept} inputs in the corpus, {len(tally.defects)} defects",
        flush=True,
    )
    for defect in tally.defects:
        print(f"fuzz: {defect.place}: python tools/fuzz {tally.name} --replay {defect.kept}")
        print(defect.trace, flush=True)


if __name__ == "__main__":
    sys.exit(main())
