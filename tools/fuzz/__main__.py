"""Fuzz what reads a stranger's octets: ``python tools/fuzz [--seconds 3600] [--status] [TARGET]...``.

    python tools/fuzz                               # every target, a minute in all
    python tools/fuzz --seconds 3600 lint parse     # some of them, an hour
    python tools/fuzz --seconds 3600 --unproven     # those that were not fed enough
    python tools/fuzz --status                      # what was done so far
    python tools/fuzz lint --replay build/fuzz/defects/lint/0123456789abcdef

Each run goes on where the last one stopped, and several may run at the same time.
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

REPOSITORY: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # what is fuzzed is what lies beside us

from probes import Probes  # noqa: E402

OURS: Final = ("images", "ota_engine", "emulators", "hw")
PROBES: Final = Probes()
PROBES.install(REPOSITORY, OURS)  # before anything of ours is loaded

from apart import feed_apart  # noqa: E402
from campaign import Limits, Tally, attempt  # noqa: E402
from status import TargetStatus, as_json, as_lines, read_status  # noqa: E402
from targets import TARGETS  # noqa: E402
from words import read_words  # noqa: E402

FOLDER: Final = REPOSITORY / "build" / "fuzz"
MEMORY: Final = 1 << 30  # octets of address space, beside what is loaded


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the targets named, or all, each for its share of the time; or say what was done."""
    choice = read_words(arguments, list(TARGETS), FOLDER, __doc__.splitlines()[0])
    names = choice.targets
    if choice.status or choice.json:
        return _status(read_status(choice.folder, names), choice.json)
    if choice.replay is not None:
        return _replay(names[0], choice.replay)
    if choice.unproven:
        rows = read_status(choice.folder, names)
        names = [row.target for row in rows if not row.state.verdict]
    return _feed(names, choice)


def _feed(names: Sequence[str], choice: argparse.Namespace) -> int:
    _limit_memory()
    print(f"fuzz: seed {choice.seed}, {choice.seconds:g} s for {', '.join(names)}", flush=True)
    begun, given, tallies = time.monotonic(), 0.0, []
    shares = sum(TARGETS[name].share for name in names)
    for name in names:
        given += choice.seconds * TARGETS[name].share / shares
        limits = Limits(begun + given, choice.runs, choice.unproven)
        tally = feed_apart(name, TARGETS[name], PROBES, choice.folder, choice.seed, limits)
        _show(tally)
        tallies.append(tally)
    runs = sum(tally.runs for tally in tallies)
    broken = sum(len(tally.defects) for tally in tallies)
    print(f"fuzz: {runs:,} inputs in {time.monotonic() - begun:.0f} s, {broken} defects")
    return 1 if broken else 0


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _status(rows: Sequence[TargetStatus], json: bool) -> int:
    print(as_json(rows) if json else "\n".join(as_lines(rows)))
    return 1 if any(row.defects for row in rows) else 0


def _replay(name: str, path: Path) -> int:
    """Feed one kept input again."""
    broken = attempt(TARGETS[name], path.read_bytes())
    print(broken.trace if broken is not None else f"fuzz: {path} breaks nothing in {name}")
    return 1 if broken is not None else 0


def _show(tally: Tally) -> None:
    state = tally.state
    print(
        f"fuzz: {tally.name}: {tally.runs:,} inputs, {state.reached:,} of {state.places:,} places"
        f" reached, {tally.kept} inputs in the corpus, {len(tally.defects)} defects",
        flush=True,
    )
    for defect in tally.defects:
        print(f"fuzz: {defect.place}: python tools/fuzz {tally.name} --replay {defect.kept}")
        print(defect.trace, flush=True)


if __name__ == "__main__":
    sys.exit(main())
