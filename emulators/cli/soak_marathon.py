"""``zota soak --blocks``: goes on, or begins, with a soak over many seeds, and sums up what it has given."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from emulators.cli.soak_progress import SoakProgress, of_blocks
from ota_engine.cli.columns import Room, folded, say_command, show
from ota_engine.cli.exits import Exit
from ota_engine.cli.provenance import provenance
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.wording import counted

if TYPE_CHECKING:
    from emulators.soak.marathon import Marathon
    from emulators.soak.soak import SoakSpec
    from emulators.soak.work import Crew

NAMES = 26  # columns of the names of figures
SHOWN = 10  # lines of what is wrong
MOST_BLOCKS = 10**15


def blocks_of(text: str) -> int:
    """Read how many blocks: ``1000000`` or ``1e9``.

    Raises:
        LocalError: it is no number of blocks.
    """
    try:
        blocks = float(text.replace("_", ""))
    except ValueError:
        blocks = 0.0
    if not 1 <= blocks <= MOST_BLOCKS or blocks != int(blocks):
        raise LocalError(f"{text!a} blocks: give a whole number of them, as in 1e9")
    return int(blocks)


def run_marathon(
    spec: "SoakSpec",
    goal: int,
    folder: Path,
    make_crew: "Callable[[SoakSpec], AbstractContextManager[Crew]]",
    *,
    seed_given: bool,
    again: str,
    as_json: bool,
) -> None:
    """Soak until the goal is reached, show what came of it, and exit.

    Raises:
        LocalError: the folder is of another soak, or shards give nothing.
        OSError: the folder cannot be written.
        Exit: always.
    """
    from emulators.soak.marathon import is_good, opened

    with opened(folder, spec, seed_given=seed_given) as marathon:
        if not seed_given:
            remark(f"first seed {marathon.spec.seed}")
        if marathon.damaged:
            many = counted(len(marathon.damaged), "damaged verdict")
            remark(f"{many} in {folder}: worked out again")
        if marathon.shards:
            remark(f"{_kept(marathon)} kept already")
        started = time.monotonic()
        try:
            _go_on(marathon, goal, make_crew)
        except KeyboardInterrupt:
            stopped = f"zota: stopped; {_kept(marathon)} kept; to go on"
            say_command(stopped, again, sys.stderr)
            raise typer.Exit(Exit.INTERRUPTED) from None
        summary = marathon.summary(goal, time.monotonic() - started)
    _show(summary, as_json)
    raise typer.Exit(Exit.OK if is_good(summary) else Exit.ERRORS)


def _go_on(
    marathon: "Marathon",
    goal: int,
    make_crew: "Callable[[SoakSpec], AbstractContextManager[Crew]]",
) -> None:
    if marathon.blocks < goal:
        with (
            make_crew(marathon.spec) as crew,
            SoakProgress(of_blocks(goal, marathon.blocks)) as progress,
        ):
            marathon.run(goal, crew, progress)


def _kept(marathon: "Marathon") -> str:
    return f"{marathon.blocks:,} blocks of {counted(marathon.shards, 'shard')}"


def _show(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        made = provenance(summary["first_seed"]).as_values()
        print(json.dumps(summary | {"made": made}))  # noqa: T201 - the result
        return
    width = Room.of(sys.stdout).columns
    for name, value in summary.items():
        if name not in ("faults", "wrong"):
            in_groups = isinstance(value, int | float) and name != "first_seed"
            figure = f"{value:,}" if in_groups else value
            line = f"{name.replace('_', ' '):>{NAMES}}  {figure}"
            show([line] if width is None or len(line) <= width else folded(line.strip(), width))
    for one in summary["wrong"][:SHOWN]:
        show(folded(f"seed {one['seed']}, shard {one['shard']}: {one['what']}", width))
        show(folded(f"again: {one['replay']}", width))
    more = len(summary["wrong"]) - SHOWN
    if more > 0:
        show(folded(f"{more:,} more are wrong: --json lists them", width))
