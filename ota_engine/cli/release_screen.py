"""Shows a release, and what a supplier gained, in the columns of a terminal; decides nothing."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ota_engine.cli.columns import Column, TableRow, beside, lay_out
from ota_engine.fleet.inventory.configurations import version_text
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text

if TYPE_CHECKING:
    from ota_engine.fleet.releases.gaining import GainedModel
    from ota_engine.head_end.questions.releases import ReleaseReport

MOST_SETS: Final = 5  # untested ones that are shown; --json has all
_INDENT: Final = 14


def release_lines(report: "ReleaseReport", width: int | None) -> list[Text | str]:
    """Lay a release out."""
    one = report.release
    scope = ", also made" if one.manufacture else ""
    lines: list[Text | str] = [
        f"{one.release}: {one.variant} {version_text(one.version)}, {one.type}, {one.status}{scope}",
        *_told("last change", f"{one.changed} (revision {one.revision})", width),
        *_told("CPL entry", one.cpl, width),
        *_told("reached from", report.paths or "unknown: nobody said", width),
        *_told("image", _digest(one.sha256, width), width),
    ]
    if one.successor:
        lines += _told("successor", one.successor, width)
    lines.append("")
    rows = [TableRow(("yes" if step.done else "no", step.item), step.text) for step in report.steps]
    lines += lay_out(
        (Column("done"), Column("step")), rows, width, "by what, or what lacks"
    ).lines()
    lines += ["", *_coverage(report, width)]
    for item in report.items:
        agreed = ", ".join(item.agreed_by)
        lines += _told(str(item.kind), f"{item.item}: {item.title}, agreed by {agreed}", width)
    for defect in report.defects:
        hits = f", hits {', '.join(defect.hits)}" if defect.hits else ""
        fixed = f"; fixed in {defect.fixed_in}" if defect.fixed_in else ""
        text = f"{defect.defect}: category {defect.category}{hits}: {defect.text}{fixed}"
        lines += _told("defect", text, width)
    for milestone, dates in report.dates.items():
        last = dates[-1]
        moved = f", moved {counted(len(dates) - 1, 'time')}" if len(dates) > 1 else ""
        planned = utc_text(Utc(last.planned_utc))
        lines += _told("planned", f"{milestone} {planned}{moved}: {last.reason}", width)
    return lines


def _coverage(report: "ReleaseReport", width: int | None) -> Iterator[str]:
    found = report.coverage
    share = f"{found.permille / 10:.1f} % of {counted(found.homes, 'home')}"
    yield from _told("tested on", f"sets of {share}", width)
    for name, homes in found.untested[:MOST_SETS]:
        yield from _told("untested", f"{name or 'no devices'}: {counted(homes, 'home')}", width)
    if len(found.untested) > MOST_SETS:
        yield from _told("", f"and {len(found.untested) - MOST_SETS:,} sets more", width)
    if found.untested_scenarios:
        yield from _told("no scenario", ", ".join(found.untested_scenarios), width)


def gained_lines(models: Iterable["GainedModel"], width: int | None) -> list[str]:
    """Lay out what a supplier gained."""
    lines: list[str] = []
    for model in models:
        one = model.variant
        lines.append(f"{one.variant}: {one.manufacturer} {one.model} {one.hardware}, {one.kind}")
        for version, homes in model.versions:
            lines += _told(version_text(version), counted(homes, "home"), width)
        for version, sha256 in model.images.items():
            lines += _told("image", f"{version_text(version)} {_digest(sha256, width, 9)}", width)
            paths = model.paths.get(version, "") or "unknown: nobody said"
            lines += _told("reached from", paths, width)
        lines += _told("contact", model.contact or "none is registered", width)
    return lines or ["nothing was gained in that time"]


def _digest(sha256: str, width: int | None, before: int = 0) -> str:
    """Give a digest a place to be folded where it does not fit."""
    if width is None or len(sha256) + before + _INDENT <= width:
        return sha256
    half = len(sha256) // 2
    return f"{sha256[:half]} {sha256[half:]}"


def _told(name: str, text: str, width: int | None) -> list[str]:
    return beside(f"{name:<{_INDENT - 1}} ", text, width)
