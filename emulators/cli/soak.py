"""``zota soak``: reads options, runs the emulated neighbourhood, shows progress and result."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from emulators.cli import soak_options as options
from emulators.cli.scheduling import SchedulerOption, TlsOption, cluster_at, place_at
from emulators.cli.soak_marathon import blocks_of, run_marathon
from emulators.cli.soak_plans import (
    PlanOption,
    ShrinkOption,
    failures_of,
    plan_command,
    read_plan,
    refuse_others,
    run_plan,
    shrink_plan,
    shrink_soak,
)
from emulators.cli.soak_progress import SoakProgress, of_shards
from images.files import read_bounded, write_whole
from ota_engine.cli.again import as_typed
from ota_engine.cli.captures import CaptureOption, join, recording
from ota_engine.cli.columns import (
    INDENT,
    Column,
    Room,
    TableRow,
    command_lines,
    folded,
    lay_out,
    say_command,
    show,
)
from ota_engine.cli.exits import Exit
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.provenance import provenance
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.wording import counted

if TYPE_CHECKING:
    from emulators.soak.soak import ShardJson, SoakResult, SoakSpec
    from emulators.soak.work import Crew

app = typer.Typer(add_completion=False, rich_markup_mode=None)

SHOWN = 10  # devices listed that were not updated
NAMES = 18  # columns of the names of figures
COLUMNS = (Column("device", tails=True), Column("kind", gives_way=1), Column("verdict"))


@app.command()
@grouped
def soak(
    context: typer.Context,
    soaked: options.SpecOptions,
    processes: options.Processes = None,
    scheduler: SchedulerOption = None,
    tls: TlsOption = None,
    report: options.Report = None,
    model: options.Model = None,
    capture: CaptureOption = None,
    blocks: options.Blocks = None,
    state: options.State = None,
    plan: PlanOption = None,
    shrink: ShrinkOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Run thousands of emulated devices for virtual days and judge every one of them.

    Exits with 0 when no device runs a wrong image, every device that was not updated has a reason,
    every end is told of once, and every part of the work came back; with 2 otherwise.
    """
    from emulators.soak.soak import replay_command

    if plan is not None:
        _play(context, plan, shrink, as_json)
    spec = soaked.spec()
    where = _Where(processes, scheduler, tls, report, capture)
    if blocks is not None or state is not None:
        goal, folder = _marathon(blocks, state, (report, model, capture, shrink))
        given = soaked.seed is not None
        again = as_typed(context)
        run_marathon(spec, goal, folder, where.crew, seed_given=given, again=again, as_json=as_json)
    if soaked.seed is None:
        remark(f"seed {spec.seed}")
    _prepare(report)
    try:
        result = _run(spec, where)
    except KeyboardInterrupt:
        stopped = "zota: stopped; nothing is left running; to run it again"
        say_command(stopped, as_typed(context, {"--seed": spec.seed}), sys.stderr)
        raise typer.Exit(Exit.INTERRUPTED) from None
    if report is not None:
        _write_report(report, result)
    if model is not None:
        _write_model(model, result)
    if shrink is not None and not result.good:
        shrink_soak(result, shrink)
    _show(result, report, as_json, replay_command(spec))
    raise typer.Exit(Exit.OK if result.good else Exit.ERRORS)


def _play(context: typer.Context, path: Path, shrink: Path | None, as_json: bool) -> NoReturn:
    """Run a plan, and nothing else."""
    refuse_others(context)
    plan = read_plan(path)
    firmware = plan.spec.firmware()
    result = run_plan(plan, firmware)
    if shrink is not None and not result.good:
        shrink_plan(plan, firmware, failures_of(plan, firmware), shrink)
    _show(result, None, as_json, plan_command(path))
    raise typer.Exit(Exit.OK if result.good else Exit.ERRORS)


def _marathon(
    blocks: str | None, state: Path | None, others: tuple[Path | None, ...]
) -> tuple[int, Path]:
    """Say how many blocks are to be carried, and where verdicts are kept.

    Raises:
        LocalError: the options do not fit together.
    """
    if blocks is None or state is None:
        raise LocalError("--blocks says how many, and --state where verdicts are kept: give both")
    if any(other is not None for other in others):
        raise LocalError(
            "--report, --model, --capture and --shrink are of one soak: leave out --blocks"
        )
    return blocks_of(blocks), state


def _prepare(report: Path | None) -> None:
    """Find out that the folder cannot be written before hours of work, not after."""
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        write_whole(report / "result.json", b"")


@dataclass(frozen=True, slots=True)
class _Where:
    """Who does the work, and what besides the result is kept of it."""

    processes: int | None
    scheduler: str | None
    tls: Path | None
    journals: Path | None
    capture: Path | None

    def __post_init__(self) -> None:
        if self.scheduler is None:
            if self.tls is not None:
                raise LocalError("--tls is for a scheduler: give --scheduler tls://HOST:PORT")
            return
        place_at(self.scheduler)
        if self.capture is not None:
            raise LocalError("--capture records on this machine: leave out --scheduler")

    @contextmanager
    def crew(self, spec: "SoakSpec", captures: Path | None = None) -> "Iterator[Crew]":
        """Have processes of this machine, or the workers of a scheduler."""
        if self.scheduler is None:
            from emulators.soak.processes import LocalProcesses

            hands = self.processes or os.cpu_count() or 1
            yield LocalProcesses(hands, journals=self.journals, captures=captures)
            return
        image = None if spec.image is None else Path(spec.image).read_bytes()
        with cluster_at(self.scheduler, self.tls) as cluster:
            from emulators.soak.spread import ClusterCrew

            yield ClusterCrew(cluster, image, self.journals, self.processes)


def _run(spec: "SoakSpec", where: _Where) -> "SoakResult":
    from emulators.soak.soak import merge

    with (
        tempfile.TemporaryDirectory(prefix="zota-soak-") as folder,
        recording(where.capture) as sink,
    ):
        handed = spec
        if spec.image is not None:
            copy = Path(folder) / "image"  # what is delivered is what was read now
            copy.write_bytes(read_bounded(Path(spec.image)))
            handed = replace(spec, image=str(copy))
        try:  # refuse it here, in one line, rather than in every worker
            firmware = handed.firmware()
        except LocalError as error:
            raise LocalError(f"{spec.image}: {error}" if spec.image else str(error)) from None
        if spec.faults == "harsh" and not firmware.bears_integrity:
            remark(
                f"{spec.image} has no image integrity code, so no device could tell that an octet"
                " has changed on its way: that fault is left out"
            )
        with where.crew(handed, None if sink is None else Path(folder)) as crew:
            started = time.monotonic()
            results = _results(handed, crew)
            took = time.monotonic() - started
        if sink is not None:
            join(sorted(Path(folder).glob("capture-*.pcapng")), sink)
        return merge(spec, results, took)


def _results(spec: "SoakSpec", crew: "Crew") -> "dict[int, ShardJson]":
    """Run all shards; those of which nothing came back are absent."""
    from emulators.cluster.jobs import SchedulerGoneError
    from emulators.soak.work import Unit

    results: dict[int, ShardJson] = {}
    units = (Unit(spec, shard) for shard in range(spec.shards))
    with SoakProgress(of_shards(spec)) as progress:
        try:
            for end in crew.run(units, progress):
                if end.result is not None:
                    results[end.unit.shard] = end.result
                elif end.trouble:
                    remark(f"shard {end.unit.shard}: {end.trouble}")
        except SchedulerGoneError as error:
            remark(str(error))
    return results


# --- the end -------------------------------------------------------------------------------------


def _write_report(folder: Path, result: "SoakResult") -> None:
    from emulators.soak.report import report

    made = provenance(result.spec.seed)
    write_whole(folder / "report.html", report(result, made.text).encode())
    detail = {**result.summary(), "missing": list(result.missing), "shards": list(result.shards)}
    detail["made"] = made.as_values()
    write_whole(folder / "result.json", (json.dumps(detail, indent=1) + "\n").encode())


def _write_model(path: Path, result: "SoakResult") -> None:
    from emulators.simulation.measured import model_text

    write_whole(path, model_text(result.measured()).encode())


def _show(result: "SoakResult", report: Path | None, as_json: bool, command: str) -> None:
    summary = result.summary()
    if result.missing:
        missing = ", ".join(str(number) for number in result.missing)
        remark(f"shards {missing} gave no result: run it again")
    if as_json:
        print(json.dumps(summary | {"made": provenance(result.spec.seed).as_values()}))  # noqa: T201 - the result
        return
    width = Room.of(sys.stdout).columns
    for name, value in summary.items():
        if name != "faults" and value is not None:
            _fact(name.replace("_", " "), str(value), width)
    unhappy, listed = _worst(result)
    show(lay_out(COLUMNS, listed, width).lines() if listed else ())
    more = unhappy - len(listed)
    if more:
        which = "report.html lists" if report is not None else "--report DIR keeps"
        what = counted(more, "device was", "devices were")
        show(folded(f"{what} not updated either, and not listed here: {which} all", width))
    if report is not None:
        _fact("report", str(report / "report.html"), width)
    line = f"{'command':>{NAMES}}  {command}"
    short = width is None or len(line) <= width
    show([line] if short else command_lines("command", command, width))


def _fact(name: str, value: str, width: int | None) -> None:
    """Print a name and a value, whole; below the name where there is no room beside it."""
    line = f"{name:>{NAMES}}  {value}"
    if width is None or len(line) <= width:
        show([line])
    else:
        show([name, *folded(value, width, INDENT)])


def _worst(result: "SoakResult") -> tuple[int, list[TableRow]]:
    """How many devices were not updated, and rows of the first of them, wrong images first."""
    unhappy = [device for device in result.judgements if device["verdict"] != "updated"]
    unhappy.sort(key=lambda device: (device["verdict"] != "wrong image", device["device"]))
    rows = [
        TableRow((device["device"], device["kind"], device["verdict"]), device["reason"])
        for device in unhappy[:SHOWN]
    ]
    return len(unhappy), rows
