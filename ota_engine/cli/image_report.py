"""Runs the rules over many files with progress on the way, and prints what they say."""

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from images.comparison import Change
from images.rules import Report, Severity, lint_manifest
from images.rules.findings import rule_id
from images.rules.html import as_html
from images.rules.junit import as_junit
from images.rules.policy import sift, write_baseline
from images.rules.report import as_json, as_text, counts
from images.rules.sarif import as_sarif
from ota_engine.cli.files import find_images
from ota_engine.cli.image_config import JudgingSettings
from ota_engine.cli.image_facts import visible
from ota_engine.cli.image_options import Format
from ota_engine.cli.image_workers import Judged, judge_files

SPARSE_LINES: Final = 10  # how often a long run speaks up where there is no terminal
LONG_RUN: Final = 100  # files
STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}
NOT_OTA: Final = rule_id(1)


class JudgingResult(NamedTuple):
    """All files looked at, and those in folders that are no OTA files at all."""

    judged: tuple[Judged, ...]
    skipped: tuple[Path, ...]

    @property
    def reports(self) -> tuple[Report, ...]:
        """The reports of all files that could be read."""
        return tuple(one.report for one in self.judged if one.report is not None)

    @property
    def unreadable(self) -> int:
        """How many files could not be read."""
        return len(self.judged) - len(self.reports)

    @property
    def worst(self) -> Severity:
        """The gravest severity over all files."""
        return max(
            (report.worst or Severity.INFO for report in self.reports), default=Severity.INFO
        )

    def summary(self) -> dict[str, int]:
        """Files, findings by severity, files that could not be read."""
        totals = [counts(report) for report in self.reports]
        return {
            "files": len(totals),
            "errors": sum(total["errors"] for total in totals),
            "warnings": sum(total["warnings"] for total in totals),
            "infos": sum(total["infos"] for total in totals),
            "unreadable": self.unreadable,
            "skipped": len(self.skipped),
        }


def judge(
    paths: Sequence[Path], settings: JudgingSettings, jobs: int | None, manifest: Path | None = None
) -> JudgingResult:
    """Look at every file named, and every file below the folders named.

    Args:
        paths: files and folders.
        settings: what to go by.
        jobs: how many processes; None chooses by the number of files.
        manifest: the index given on the command line, judged beside the files.
    """
    judged: list[Judged] = []
    skipped: list[Path] = []
    files = list(find_images(paths))
    results = judge_files([found.path for found in files], settings, jobs)
    for found, one in zip(files, _progress(results, len(files)), strict=True):
        if not found.named and one.report is not None and _is_foreign(one.report):
            skipped.append(found.path)
        elif one.report is None:
            judged.append(one)
        else:
            kept = sift(found.path.as_posix(), one.report, settings.policy)
            judged.append(one._replace(report=kept))
    if manifest is not None:
        names = {found.path.name for found in files}
        report = lint_manifest(settings.given["manifest"].entries, names)
        judged.append(Judged(manifest, sift(manifest.as_posix(), report, settings.policy)))
    return JudgingResult(tuple(judged), tuple(skipped))


def _is_foreign(report: Report) -> bool:
    """Whether a file is no OTA file: read-me files and indexes lie beside images."""
    return any(finding.rule == NOT_OTA for finding in report.findings)


def _progress(results: Iterator[Judged], count: int) -> Iterator[Judged]:
    """Pass results through, showing how far we are: a bar on a terminal, else a few lines."""
    console = Console(stderr=True)
    if console.is_terminal and count > 1:
        from rich.progress import track

        yield from track(results, "Checking", total=count, console=console, transient=True)
        return
    step = max(count // SPARSE_LINES, 1)
    for done, one in enumerate(results):
        if count >= LONG_RUN and done and done % step == 0:
            typer.echo(f"zota: {done} of {count} files checked", err=True)
        yield one


class Telling(NamedTuple):
    """How an outcome is told.

    Attributes:
        chosen: the form.
        verbose: text shows information, too.
        quiet: text leaves out files with nothing to show.
        strict: warnings fail a file in JUnit.
    """

    chosen: Format = Format.TEXT
    verbose: bool = False
    quiet: bool = False
    strict: bool = False


def show(outcome: JudgingResult, told: Telling, changes: Sequence[Change] | None = None) -> None:
    """Print the outcome in the form asked for.

    Args:
        outcome: what was found.
        told: how to tell it.
        changes: what differs from an older release, for text and JSON; None without one.
    """
    chosen = told.chosen
    files = [(str(one.path), one.report) for one in outcome.judged if one.report is not None]
    seen = [(visible(path), report) for path, report in files]
    unreadable = [
        (visible(str(one.path)), one.reason) for one in outcome.judged if one.report is None
    ]
    if chosen is Format.JSON:
        print_json(outcome, changes)
    elif chosen is Format.SARIF:
        missed = [(str(one.path), one.reason) for one in outcome.judged if one.report is None]
        typer.echo(json.dumps(as_sarif(files, version("zota"), missed), indent=2))
    elif chosen is Format.JUNIT:
        typer.echo(as_junit(seen, unreadable, strict=told.strict), nl=False)
    elif chosen is Format.HTML:
        typer.echo(as_html(seen, unreadable), nl=False)
    else:
        for change in changes or ():
            line = f"{change.part:8} {change.what}: {change.old} -> {change.new}"
            typer.echo(visible(line))
        if changes == ():
            typer.echo("nothing changed")
        least = Severity.INFO if told.verbose else Severity.WARNING
        print_text(outcome, least, quiet=told.quiet)


def baseline(outcome: JudgingResult) -> bytes:
    """The findings of this run, to be known from now on."""
    reports = (
        (one.path.as_posix(), one.report) for one in outcome.judged if one.report is not None
    )
    return write_baseline(reports).encode("utf-8", "backslashreplace")


def print_json(outcome: JudgingResult, changes: Sequence[Change] | None = None) -> None:
    """One object: files with findings, files that could not be read, files that are no images."""
    report: dict[str, object] = {
        "summary": outcome.summary(),
        "files": [
            {"path": str(one.path), **as_json(one.report)}
            for one in outcome.judged
            if one.report is not None
        ],
        "unreadable": [
            {"path": str(one.path), "reason": one.reason}
            for one in outcome.judged
            if one.report is None
        ],
        "skipped": [str(path) for path in outcome.skipped],
    }
    if changes is not None:
        report["changes"] = [change._asdict() for change in changes]
    typer.echo(json.dumps(report, indent=2))


def print_text(outcome: JudgingResult, least: Severity, *, quiet: bool = False) -> None:
    """A line per file, its findings below, and a summary; unreadable files on standard error."""
    console = Console(highlight=False, soft_wrap=True)
    for one in outcome.judged:
        if one.report is None:
            typer.echo(visible(f"zota: {one.path}: {one.reason}"), err=True)
            continue
        if quiet and (one.report.worst or Severity.INFO) < max(least, Severity.WARNING):
            continue
        console.print(_headline(one.path, one.report))
        for line in as_text(one.report, least):
            style = STYLES.get(line.split(maxsplit=1)[0], "")
            console.print(Text("  " + visible(line), style=style))
    if outcome.skipped:
        names = ", ".join(str(path) for path in outcome.skipped[:3])
        more = f" and {len(outcome.skipped) - 3} more" if len(outcome.skipped) > 3 else ""
        console.print(Text(visible(f"skipped, not OTA files: {names}{more}"), style="dim"))
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
