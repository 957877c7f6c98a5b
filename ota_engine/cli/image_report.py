"""Runs the rules over many files with progress on the way, and prints what they say."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from images.rules import Expectations, Report, Severity, lint
from images.rules.findings import rule_id
from images.rules.report import as_json, as_text, counts
from ota_engine.cli.files import Found, find_images, read_bounded
from ota_engine.cli.image_evidence import ChosenProfile
from ota_engine.cli.image_facts import visible

SPARSE_LINES: Final = 10  # how often a long run speaks up where there is no terminal
LONG_RUN: Final = 100  # files
STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}
NOT_OTA: Final = rule_id(1)


class Judged(NamedTuple):
    """A file and what the rules say, or why it could not be read."""

    path: Path
    report: Report | None
    reason: str = ""


class Outcome(NamedTuple):
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


def judge(paths: Sequence[Path], chosen: ChosenProfile, expect: Expectations) -> Outcome:
    """Look at every file named, and every file below the folders named."""
    judged: list[Judged] = []
    skipped: list[Path] = []
    for found in _progress(list(find_images(paths))):
        one = _judge(found.path, chosen, expect)
        if not found.named and one.report is not None and _is_foreign(one.report):
            skipped.append(found.path)
        else:
            judged.append(one)
    return Outcome(tuple(judged), tuple(skipped))


def _judge(path: Path, chosen: ChosenProfile, expect: Expectations) -> Judged:
    try:
        data = read_bounded(path)
    except OSError as error:
        return Judged(path, None, error.strerror or str(error))
    report = lint(data, profile=chosen.profile, name=path.name, expect=expect, vendor=chosen.vendor)
    return Judged(path, report)


def _is_foreign(report: Report) -> bool:
    """Whether a file is no OTA file: read-me files and indexes lie beside images."""
    return any(finding.rule == NOT_OTA for finding in report.findings)


def _progress(found: Sequence[Found]) -> Iterator[Found]:
    """Pass files through, showing how far we are: a bar on a terminal, a few lines elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal and len(found) > 1:
        from rich.progress import track

        yield from track(found, "Checking", console=console, transient=True)
        return
    step = max(len(found) // SPARSE_LINES, 1)
    for done, one in enumerate(found):
        if len(found) >= LONG_RUN and done and done % step == 0:
            typer.echo(f"zota: {done} of {len(found)} files checked", err=True)
        yield one


def print_json(outcome: Outcome) -> None:
    """One object: files with findings, files that could not be read, files that are no images."""
    report = {
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
    typer.echo(json.dumps(report, indent=2))


def print_text(outcome: Outcome, least: Severity) -> None:
    """A line per file, its findings below, and a summary; unreadable files on standard error."""
    console = Console(highlight=False, soft_wrap=True)
    for one in outcome.judged:
        if one.report is None:
            typer.echo(visible(f"zota: {one.path}: {one.reason}"), err=True)
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
