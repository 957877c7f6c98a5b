"""``zota soak --plan`` and ``--shrink``: a part of a soak out of a file, and the smallest that still fails into one."""

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from images.errors import ImageError
from images.files import read_bounded, write_whole
from images.strict_json import read_json
from ota_engine.cli.columns import say_command
from ota_engine.cli.exits import Exit
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.wording import counted

if TYPE_CHECKING:
    from emulators.simulation.population import SimulatedFirmware
    from emulators.soak.plans import SoakPlan
    from emulators.soak.shrinking import ShrinkStep
    from emulators.soak.soak import SoakResult

PlanOption = Annotated[
    Path | None, typer.Option("--plan", help="Run what a file of --shrink says, and nothing else.")
]
ShrinkOption = Annotated[
    Path | None,
    typer.Option("--shrink", help="If it fails: find the smallest plan that does, for this file."),
]

ALLOWED = frozenset(("plan", "shrink", "as_json"))
SAID_EVERY = 5.0  # seconds between two remarks, where nothing became smaller
SHOWN = 10  # faults of a plan that are listed


def refuse_others(context: typer.Context) -> None:
    """Refuse options beside --plan that would have to change what the plan says.

    Raises:
        LocalError: one was given.
    """
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        given = source is not None and source.name == "COMMANDLINE"
        if given and parameter.name not in ALLOWED:
            raise LocalError(f"{parameter.opts[0]}: the file of --plan says all that: leave it out")


def read_plan(path: Path) -> "SoakPlan":
    """Read a plan.

    Raises:
        LocalError: it is none.
        OSError: the file cannot be read.
    """
    from emulators.soak.plans import SoakPlan

    try:
        return SoakPlan.from_json(read_json(read_bounded(path), "it"))
    except ImageError as error:
        raise LocalError(f"{path}: {error}: give a plan that --shrink wrote") from None
    except LocalError as error:
        raise LocalError(f"{path}: {error}") from None


def plan_command(path: Path) -> str:
    """The command that runs a plan."""
    return f"zota soak --plan {shlex.quote(str(path))}"


def run_plan(plan: "SoakPlan", firmware: "SimulatedFirmware") -> "SoakResult":
    """Run a plan, as a soak of one shard."""
    from emulators.soak.soak import merge

    started = time.monotonic()
    part = plan.run(firmware)
    return merge(plan.told, {0: part}, time.monotonic() - started)


def shrink_soak(result: "SoakResult", path: Path) -> None:
    """Find the smallest plan of a soak that failed, in its first shard that did."""
    from emulators.soak.plans import SoakPlan

    spec = result.spec
    firmware = spec.firmware()
    for shard in range(spec.shards):
        plan = SoakPlan.whole(spec, shard, firmware)
        if kinds := failures_of(plan, firmware):
            shrink_plan(plan, firmware, kinds, path)
            return
    remark("every shard is good when it runs alone: nothing to shrink; was a worker killed?")


def shrink_plan(
    plan: "SoakPlan", firmware: "SimulatedFirmware", kinds: frozenset[str], path: Path
) -> None:
    """Make a plan that fails as small as it goes, and write it; also when stopped in between."""
    from emulators.soak.shrinking import Shrinker

    remark(f"shrinking ({', '.join(sorted(kinds))}); Ctrl-C keeps the smallest so far")
    shrinker = Shrinker(plan, lambda tried: bool(failures_of(tried, firmware) & kinds), _Teller())
    stopped = False
    try:
        shrinker.run()
    except KeyboardInterrupt:
        stopped = True
    smallest = shrinker.smallest
    write_whole(path, (json.dumps(smallest.to_json(), indent=1) + "\n").encode())
    faults = smallest.plan.faults
    remark(f"smallest after {counted(shrinker.tried, 'try', 'tries')}: {_size(smallest)}")
    for fault in faults[:SHOWN]:
        remark(f"  {_told(fault.describe())}")
    if len(faults) > SHOWN:
        remark(f"  and {len(faults) - SHOWN} more, in {path}")
    say_command("zota: to run it again", plan_command(path), sys.stderr)
    if stopped:
        raise typer.Exit(Exit.INTERRUPTED)


def failures_of(plan: "SoakPlan", firmware: "SimulatedFirmware") -> frozenset[str]:
    """In which ways a plan fails; none when its run is good."""
    try:
        result = run_plan(plan, firmware)
    except Exception as error:  # noqa: BLE001 - a defect of ours is what is looked for
        return frozenset((f"ends in {type(error).__name__}",))
    if result.good:
        return frozenset()
    wrong = any(device["verdict"] == "wrong image" for device in result.judgements)
    found = {
        "wrong image": wrong,
        "no reason": bool(result.unexplained),
        "audit trail": bool(result.audit_faults),
        "lost outcome": bool(result.lost),
        "doubled outcome": bool(result.doubled),
    }
    return frozenset(name for name, so in found.items() if so)


class _Teller:
    """Says how far it is: whenever a plan became smaller, and now and then."""

    def __init__(self) -> None:
        self._smallest: SoakPlan | None = None
        self._said = time.monotonic()

    def __call__(self, step: "ShrinkStep") -> None:
        now = time.monotonic()
        if step.smallest == self._smallest and now - self._said < SAID_EVERY:
            return
        self._smallest, self._said = step.smallest, now
        remark(f"try {step.tried}: {_size(step.smallest)}")


def _size(plan: "SoakPlan") -> str:
    faults = counted(len(plan.plan.faults), "fault")
    return f"{faults}, {counted(len(plan.members), 'device')}, {plan.hours:g} h"


def _told(fault: dict[str, Any]) -> str:
    at, kind = fault.pop("at"), fault.pop("fault")
    rest = "".join(f", {name} {value}" for name, value in fault.items())
    return f"at {at:g} s: {kind}{rest}"
