"""``zota rehearse``: runs a campaign against an emulated estate, shows how it went."""

import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.text import Text

from emulators.cli.scheduling import SchedulerOption, TlsOption, cluster_at, place_at
from images.files import read_bounded, write_whole
from ota_engine.cli.again import as_typed
from ota_engine.cli.columns import Column, Room, TableRow, folded, lay_out, say_command, show
from ota_engine.cli.exits import Exit
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.progress import duration
from ota_engine.cli.provenance import provenance
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.times import DAY_S, Utc
from ota_engine.wording import counted, utc_text

if TYPE_CHECKING:
    from emulators.cluster.cluster import Cluster
    from emulators.estate.forecast import EndForecast, SeedEnd
    from emulators.estate.real_lot import LotSpec, RealHomes
    from emulators.estate.recipe import Recipe
    from emulators.estate.rehearsal import Rehearsal
    from emulators.estate.rehearsed import ProgressPoint, Rehearsed, RehearsedPhase
    from emulators.estate.scenario import Scenario

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PIPED_EVERY = 5.0  # seconds between two lines when standard error is no terminal
DRAWN_EVERY = 0.5  # seconds between two pictures of the bar
BAR = 24  # columns of it
BELOW = "  "  # before a phase that stands below its campaign
DRAWN_HOMES = 10_000
MAX_SCENARIO = 1 << 20  # octets
MAX_MODEL = 1 << 24
COLUMNS = (
    Column("campaign"),
    Column("phase"),
    Column("gate"),
    Column("homes", right=True),
    Column("activated", right=True),
    Column("failed", right=True),
    Column("waiting", right=True, gives_way=1),
    Column("unreachable", right=True, gives_way=2),
    Column("begins", gives_way=3),
)


class RehearsedOptions(NamedTuple):
    """On what and how often a campaign is rehearsed."""

    homes: Annotated[
        int | None, typer.Option(min=1, help="How many are drawn; 10,000 when left out.")
    ] = None
    estate: Annotated[
        Path | None,
        typer.Option(help="Rehearse on a copy of this fleet's database instead of drawn homes."),
    ] = None
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of every draw; chosen and shown when left out.")
    ] = None
    seeds: Annotated[
        int, typer.Option(min=1, help="Rehearse with so many, for the spread of the end.")
    ] = 1
    what_ifs: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="WHAT-IF",
            help="What if: incident@pilot, cos=2% and others; repeatable.",
        ),
    ] = None
    model: Annotated[
        Path | None, typer.Option(help="How hubs react: a file of zota soak --model.")
    ] = None
    real: Annotated[
        int, typer.Option(min=0, help="So many of the first homes run block by block.")
    ] = 0


@app.command()
@grouped
def rehearse(
    context: typer.Context,
    scenario: Annotated[
        Path, typer.Argument(metavar="CAMPAIGN.toml", help="What is rehearsed: see docs/examples.")
    ],
    tried: RehearsedOptions,
    scheduler: SchedulerOption = None,
    tls: TlsOption = None,
    report: Annotated[
        Path | None, typer.Option(help="A folder for report.html, result.json and the journal.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="An empty folder, in which the rehearsed fleet is kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a campaign against an emulated estate, months in minutes.

    Exits with 0 when the last campaign ends open for homes to come, with every seed; with 2
    otherwise.
    """
    drawn = secrets.randbelow(2**32) if tried.seed is None else tried.seed
    if tried.homes is not None and tried.estate is not None:
        raise LocalError("--homes draws homes and --estate has its own: give one of them")
    if scheduler is not None:
        place_at(scheduler)
    elif tls is not None:
        raise LocalError("--tls is for a scheduler: give --scheduler tls://HOST:PORT")
    recipe = _recipe(scenario, tried, drawn)
    plan = _planned(recipe, scenario, tried.model)
    _prepare(report)
    if tried.seed is None:
        remark(f"seed {drawn}")
    try:
        with _workers(scheduler, tls) as cluster:
            where = _Where(cluster, tried.estate, report, state)
            result, ends = _run(plan, recipe, tried.seeds, where)
    except KeyboardInterrupt:
        said = "zota: stopped; nothing is left running; to run it again"
        say_command(said, as_typed(context, {"--seed": drawn}), sys.stderr)
        raise typer.Exit(Exit.INTERRUPTED) from None
    forecast = _forecast(ends) if tried.seeds > 1 else None
    if report is not None:
        _write_report(report, result, forecast, tried.what_ifs or [])
    _show(result, forecast, report, as_json)
    good = all(end.complete for end in ends)
    raise typer.Exit(Exit.OK if good else Exit.ERRORS)


def _recipe(path: Path, tried: RehearsedOptions, seed: int) -> "Recipe":
    from emulators.estate.recipe import Recipe

    try:
        text = _text(path, MAX_SCENARIO)
    except LocalError as error:
        raise LocalError(f"{path}: {error}") from error
    measured = None
    if tried.model is not None:
        try:
            measured = _text(tried.model, MAX_MODEL)
        except LocalError as error:
            raise LocalError(f"{tried.model}: {error}") from error
    homes, what_ifs = tried.homes or DRAWN_HOMES, tuple(tried.what_ifs or ())
    return Recipe(text, homes, seed, what_ifs, measured, tried.real)


def _planned(recipe: "Recipe", path: Path, model: Path | None) -> "Scenario":
    """Plan a rehearsal, and say which file it is that cannot be read."""
    try:
        plan = recipe.drawn()
    except LocalError as error:
        raise LocalError(f"{path}: {error}") from error
    try:
        plan = recipe.measured(plan)
    except LocalError as error:
        raise LocalError(f"{model}: {error}") from error
    return recipe.worse(plan)


def _text(path: Path, most: int) -> str:
    try:
        return read_bounded(path, most).decode()
    except UnicodeDecodeError as error:
        raise LocalError("not UTF-8: save it as UTF-8") from error


def _prepare(report: Path | None) -> None:
    """Find out that the folder cannot be written before the work, not after."""
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        write_whole(report / "result.json", b"")


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a rehearsal runs, and what is kept of it.

    Attributes:
        cluster: workers that share it; None for this process alone.
    """

    cluster: "Cluster | None"
    estate: Path | None
    report: Path | None
    state: Path | None


@contextmanager
def _workers(scheduler: str | None, tls: Path | None) -> "Iterator[Cluster | None]":
    if scheduler is None:
        yield None
        return
    with cluster_at(scheduler, tls) as cluster:
        yield cluster


def _run(
    plan: "Scenario", recipe: "Recipe", seeds: int, where: _Where
) -> "tuple[Rehearsed, list[SeedEnd]]":
    """Rehearse with the first seed, which is what is reported, and then with the others."""
    from emulators.estate.forecast import end_of
    from emulators.estate.rehearsing import rehearse_once, with_seed

    which = f"seed 1 of {seeds}: " if seeds > 1 else ""
    others_on = where.cluster if where.estate is None and seeds > 1 else None
    with (
        _Progress(which, others_on) as progress,
        _homes_of(where.cluster, recipe.real) as make_homes,
    ):
        result = rehearse_once(
            plan,
            progress,
            real=recipe.real,
            make_homes=make_homes,
            estate=where.estate,
            keep=where.state,
            journal=where.report / "journal.jsonl" if where.report is not None else None,
        )
    ends = [end_of(result)]
    if others_on is not None:
        return result, [*ends, *_spread(others_on, recipe, seeds)]
    for number in range(1, seeds):
        with _Progress(f"seed {number + 1} of {seeds}: ") as progress:
            other = with_seed(plan, plan.estate.seed + number)
            ends.append(
                end_of(rehearse_once(other, progress, real=recipe.real, estate=where.estate))
            )
    return result, ends


@contextmanager
def _homes_of(cluster: "Cluster | None", real: int) -> "Iterator[Callable[[LotSpec], RealHomes]]":
    """Say where homes with real engines live: in this process, or in lots on workers."""
    from emulators.estate.real_lot import RealLot

    if cluster is None or not real:
        yield RealLot
        return
    from emulators.estate.spread_lots import SpreadLots, lot_job

    with cluster.begun(lot_job) as run:
        yield lambda spec: SpreadLots(run, spec, cluster.workers)


def _spread(cluster: "Cluster", recipe: "Recipe", seeds: int) -> "Iterator[SeedEnd]":
    """Rehearse with all seeds but the first on workers."""
    from emulators.estate.seeds import rehearse_seeds

    others = range(recipe.seed + 1, recipe.seed + seeds)
    started = time.monotonic()
    for done, end in enumerate(rehearse_seeds(cluster, recipe, others), 2):
        left = duration((time.monotonic() - started) / (done - 1) * (seeds - done))
        remark(f"seed {end.seed} has ended, {done} of {seeds}; {left} left")
        yield end


def _forecast(ends: "list[SeedEnd]") -> "EndForecast":
    from emulators.estate.forecast import forecast

    return forecast(ends)


# --- progress ------------------------------------------------------------------------------------


class _Progress:
    """Tells where the campaign stands: a bar on a terminal, now and then a line elsewhere.

    Args:
        which: of several seeds; before everything else.
        needed: what is to go on after this one; whether it is there still is looked at in between.
    """

    def __init__(self, which: str, needed: "Cluster | None" = None) -> None:
        self._which = which
        self._needed = needed
        self._terminal = sys.stderr.isatty()
        self._every = DRAWN_EVERY if self._terminal else PIPED_EVERY
        self._next = time.monotonic() + self._every
        self._drawn = False

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            print(file=sys.stderr)  # noqa: T201 - ends the bar's line

    def __call__(self, rehearsal: "Rehearsal") -> None:
        if self._needed is not None:
            self._needed.refuse_gone()
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        campaign, phases = rehearsal.campaign
        phase = phases[campaign.phase - 1].name if campaign.phase else "notice"
        day = (rehearsal.utc - rehearsal.scenario.begin) / DAY_S
        where = f"day {day:,.0f}, {campaign.campaign}, {phase}"
        if campaign.state not in ("running", "notified"):
            where += f", {campaign.state}"
        ended, share = _ended(rehearsal.standing)
        if self._terminal:
            self._draw(f"{self._which}{where}: {ended}", share)
        else:
            remark(f"{self._which}{where}: {ended}")

    def _draw(self, text: str, share: float) -> None:
        columns = (Room.of(sys.stderr).columns or 80) - 1
        bar = min(BAR, columns - len(text) - 3)
        done = int(bar * share)
        drawn = f"[{'#' * done}{'.' * (bar - done)}] " if bar > 3 else ""
        line = f"{drawn}{text}"[:columns]
        print(f"\r{line:<{columns}}", end="", file=sys.stderr, flush=True)  # noqa: T201 - a bar
        self._drawn = True


def _ended(standing: "ProgressPoint") -> tuple[str, float]:
    homes = sum(standing.states.values())
    activated = standing.states.get("activated", 0)
    failed = standing.states.get("failed", 0)
    text = f"{activated:,} of {homes:,} activated"
    if failed:
        text += f", {failed:,} failed"
    return text, activated / homes if homes else 0.0


# --- the end -------------------------------------------------------------------------------------


def _values(result: "Rehearsed", ends: "EndForecast | None") -> dict[str, object]:
    values = result.as_values()
    if ends is not None:
        values["forecast"] = ends.as_values()
    values["made"] = provenance(result.seed).as_values()
    return values


def _write_report(
    folder: Path, result: "Rehearsed", ends: "EndForecast | None", what_ifs: list[str]
) -> None:
    from emulators.estate.report import report

    made = provenance(result.seed)
    write_whole(folder / "report.html", report(result, ends, what_ifs, made.text).encode())
    detail = {**_values(result, ends), "progress": [asdict(one) for one in result.progress]}
    write_whole(folder / "result.json", (json.dumps(detail, indent=1) + "\n").encode())


def _show(
    result: "Rehearsed", ends: "EndForecast | None", report: Path | None, as_json: bool
) -> None:
    if as_json:
        print(json.dumps(_values(result, ends), indent=2))  # noqa: T201 - the result
        return
    width = Room.of(sys.stdout).columns
    show(_phases(result, width))
    for line in _ending(result, ends, report):
        show(folded(line, width))


def _phases(result: "Rehearsed", width: int | None) -> list[Text]:
    """Lay out a row for each phase, below a line for its campaign where that has no room beside it."""
    named = [(phase.campaign, _cells(phase)) for phase in result.phases]
    whole = lay_out(COLUMNS, [TableRow((name, *cells)) for name, cells in named], None).lines()
    if width is None or max(line.cell_len for line in whole) <= width:
        return whole
    rows = [TableRow((BELOW + phase, *others)) for _, (phase, *others) in named]
    laid = lay_out(COLUMNS[1:], rows, width)
    lines, before = laid.heading, None
    for (campaign, _), row in zip(named, laid.rows, strict=True):
        lines += [Text(campaign), *row] if campaign != before else row
        before = campaign
    return lines


def _cells(phase: "RehearsedPhase") -> tuple[str, ...]:
    begins = "" if phase.started_utc is None else utc_text(Utc(phase.started_utc))[:10]
    counts = (f"{getattr(phase, name):,}" for name in _COUNTS)
    return (phase.name, phase.gate or "-", *counts, begins)


_COUNTS = ("homes", "activated", "failed", "waiting", "unreachable")


def _ending(result: "Rehearsed", ends: "EndForecast | None", report: Path | None) -> list[str]:
    told = []
    if result.ends_utc is not None and result.days is not None:
        told.append(
            f"last home ends {utc_text(Utc(result.ends_utc))}, after {result.days:,.0f} days"
        )
    if not result.complete:
        told.append("the last campaign did not come to its end")
    if ends is not None:
        many = counted(len(ends.runs), "seed")
        if ends.median_days is None:
            told.append(f"none of {many} came to its end")
        else:
            told.append(
                f"{ends.complete} of {many}: the end comes after {ends.earliest_days:,.0f} to"
                f" {ends.latest_days:,.0f} days, {ends.median_days:,.0f} in the middle"
            )
    told.append(f"seed {result.seed}, journal {result.journal_sha256}")
    if report is not None:
        told.append(f"report {report / 'report.html'}")
    return told
