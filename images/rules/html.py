"""Reports as one self-contained page: totals by rule and by file, every finding, sortable."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from images.rules import Report, Severity
from images.rules.report import presentable

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --error: #c62828; --warning: #b26a00; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
th { cursor: pointer; user-select: none } th::after { content: " \\2195"; opacity: .4 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.error { color: var(--error); font-weight: 600 } .warning { color: var(--warning) }
.why { opacity: .75 }
@media (prefers-color-scheme: dark) { :root { --error: #ff8a80; --warning: #ffb74d } }
"""
_SORT: Final = """
for (const head of document.querySelectorAll("th")) head.onclick = () => {
  const body = head.closest("table").tBodies[0], at = head.cellIndex;
  const turn = head.dataset.turn = head.dataset.turn === "1" ? "-1" : "1";
  const key = row => row.cells[at].dataset.key ?? row.cells[at].textContent;
  const rows = [...body.rows].sort((a, b) =>
    turn * key(a).localeCompare(key(b), undefined, {numeric: true}));
  body.append(...rows);
};
"""


def as_html(files: Sequence[tuple[str, Report]], unreadable: Sequence[tuple[str, str]] = ()) -> str:
    """The page.

    Args:
        files: path and report of each.
        unreadable: path and reason of what could not be read.
    """
    totals = Counter(finding.severity for _, report in files for finding in report.findings)
    summary = (
        f"{len(files)} files: {totals[Severity.ERROR]} errors, "
        f"{totals[Severity.WARNING]} warnings, {totals[Severity.INFO]} infos; "
        f"{len(unreadable)} unreadable"
    )
    parts = [
        "<h1>zota image validate</h1>",
        f"<p>{summary}</p>",
        _table("By rule", ("rule", "errors", "warnings", "infos", "why"), _by_rule(files)),
        _table("By file", ("file", "profile", "errors", "warnings", "infos"), _by_file(files)),
        _table("Findings", ("severity", "rule", "file", "byte", "finding"), _findings(files)),
    ]
    if unreadable:
        rows = (_row(_cell(path), _cell(reason)) for path, reason in unreadable)
        parts.append(_table("Unreadable", ("file", "reason"), rows))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>zota image validate</title>'
        f"<style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + f"\n<script>{_SORT}</script></body></html>\n"
    )


def _by_rule(files: Sequence[tuple[str, Report]]) -> Iterable[str]:
    counts: dict[str, Counter[Severity]] = {}
    whys = {}
    for _, report in files:
        for finding in report.findings:
            counts.setdefault(finding.rule, Counter())[finding.severity] += 1
            whys[finding.rule] = finding.why
    for rule in sorted(counts):
        yield _row(_cell(rule), *_counted(counts[rule]), _cell(whys[rule], "why"))


def _by_file(files: Sequence[tuple[str, Report]]) -> Iterable[str]:
    for path, report in files:
        counts = Counter(finding.severity for finding in report.findings)
        yield _row(_cell(path), _cell(report.judged_by), *_counted(counts))


def _counted(counts: Counter[Severity]) -> tuple[str, ...]:
    return tuple(
        _cell(str(counts[severity]), "number")
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    )


def _findings(files: Sequence[tuple[str, Report]]) -> Iterable[str]:
    for path, report in files:
        for finding in report.findings:
            label = finding.severity.label
            text = _text(finding.message)
            if finding.expected:
                text += f"<br>expected {_text(finding.expected)}"
                text += f"; found {_text(finding.actual or 'none')}"
            if finding.cure:
                text += f"<br><span class=why>{_text(finding.cure)}</span>"
            key = 2 - finding.severity
            yield _row(
                f'<td class="{label}" data-key="{key}">{label}</td>',
                _cell(finding.rule),
                _cell(path),
                _cell("" if finding.offset is None else str(finding.offset), "number"),
                f"<td>{text}</td>",
            )


def _cell(text: str, style: str = "") -> str:
    return f'<td class="{style}">{_text(text)}</td>' if style else f"<td>{_text(text)}</td>"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _table(title: str, headings: Sequence[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    body = "\n".join(rows)
    return (
        f"<h2>{title}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    )


def _text(text: str) -> str:
    return escape(presentable(text))
