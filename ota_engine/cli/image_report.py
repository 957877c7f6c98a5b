"""Shows how far judging files is, and prints what the rules say; judges nothing."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

from images.comparison import Change
from images.judging.result import JudgingResult, as_json
from images.judging.workers import Judged
from images.rules import Report, Severity
from images.rules.html import as_html
from images.rules.junit import as_junit
from images.rules.report import as_text, counts
from images.rules.sarif import as_sarif
from ota_engine.cli.console import PeopleConsole
from ota_engine.cli.image_facts import visible
from ota_engine.cli.image_options import Format, TellingOptions
from ota_engine.cli.provenance import provenance
from ota_engine.cli.remarks import remark

SPARSE_LINES: Final = 10  # how often a long run speaks up where there is no terminal
LONG_RUN: Final = 100  # files
STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def show_progress(results: Iterator[Judged], count: int) -> Iterator[Judged]:
    """Pass results through, showing how far we are: a bar on a terminal, else a few lines."""
    console = PeopleConsole(stderr=True)
    if console.is_terminal and count > 1:
        from rich.progress import track

        yield from track(results, "Checking", total=count, console=console, transient=True)
        return
    step = max(count // SPARSE_LINES, 1)
    for done, one in enumerate(results):
        if count >= LONG_RUN and done and done % step == 0:
            remark(f"{done} of {count} files checked")
        yield one


def show(
    outcome: JudgingResult,
    told: TellingOptions,
    changes: Sequence[Change] | None = None,
    *,
    strict: bool = False,
) -> None:
    """Print the outcome in the form asked for.

    Args:
        outcome: what was found.
        told: how to tell it.
        changes: what differs from an older release, for text and JSON; None without one.
        strict: warnings fail a file in JUnit.
    """
    chosen, made = told.chosen, provenance()
    files = [(str(one.path), one.report) for one in outcome.judged if one.report is not None]
    seen = [(visible(path), report) for path, report in files]
    unreadable = [
        (visible(str(one.path)), one.reason) for one in outcome.judged if one.report is None
    ]
    if chosen is Format.JSON:
        shown = as_json(outcome, changes) | {"made": made.as_values()}
        typer.echo(json.dumps(shown, indent=2))
    elif chosen is Format.SARIF:
        missed = [(str(one.path), one.reason) for one in outcome.judged if one.report is None]
        typer.echo(json.dumps(as_sarif(files, made.version, missed, made), indent=2))
    elif chosen is Format.JUNIT:
        typer.echo(as_junit(seen, unreadable, strict=strict, made=made), nl=False)
    elif chosen is Format.HTML:
        typer.echo(as_html(seen, unreadable, made.text), nl=False)
    else:
        for change in changes or ():
            line = f"{change.part:8} {change.what}: {change.old} -> {change.new}"
            typer.echo(visible(line))
        if changes == ():
            typer.echo("nothing changed")
        least = Severity.INFO if told.verbose else Severity.WARNING
        print_text(outcome, least, quiet=told.quiet)


def print_text(outcome: JudgingResult, least: Severity, *, quiet: bool = False) -> None:
    """A line per file, its findings below, and a summary; unreadable files on standard error."""
    console = PeopleConsole(highlight=False, soft_wrap=True)
    for one in outcome.judged:
        if one.report is None:
            remark(f"{one.path}: {one.reason}")
            continue
        if quiet and (one.report.worst or Severity.INFO) < max(least, Severity.WARNING):
            continue
        console.print(_headline(one.path, one.report))
        for line in as_text(one.report, least):
            style = STYLES.get(line.split(maxsplit=1)[0], "")
            console.print(Text("  " + visible(line), style=style))
    for why, paths in (
        ("skipped, not OTA files", outcome.skipped),
        ("not followed, links out of the folder", outcome.outside),
    ):
        if paths:
            names = ", ".join(str(path) for path in paths[:3])
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            console.print(Text(visible(f"{why}: {names}{more}"), style="dim"))
    totals = (
        f"{value} {key.removesuffix('s') if value == 1 else key}"
        for key, value in outcome.summary().items()
    )
    console.print(", ".join(totals), style="bold")


def _headline(path: Path, report: Report) -> Text:
    numbers = counts(report)
    verdict, style = "ok", "green"
    if numbers["warnings"]:
        verdict, style = "warnings", STYLES["warning"]
    if numbers["errors"]:
        verdict, style = "ERRORS", STYLES["error"]
    return Text.assemble(
        (f"{verdict:9}", style), visible(str(path)), (f"  {report.judged_by}", "dim")
    )
