"""Reports as one self-contained page: totals first, then rules, files and every finding, sortable."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from images.page import Total, page, totals
from images.rules import Finding, Report, Severity
from images.rules.report import presentable

_STYLE: Final = """
body{max-width:80rem}table{margin-bottom:1rem}
th{position:sticky;top:0;background:Canvas}
th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid}
th button::after{content:" \\2195";opacity:.4}
th[aria-sort=ascending] button::after{content:" \\2191";opacity:1}
th[aria-sort=descending] button::after{content:" \\2193";opacity:1}
.error{color:var(--bad);font-weight:600}.warning{color:var(--warn)}.info{color:var(--busy)}
.none{opacity:.35}.why{color:var(--soft)}label{margin-right:1rem}tr:target{background:var(--paper)}
body.no-error tr.of-error,body.no-warning tr.of-warning,body.no-info tr.of-info{display:none}
@media print{label{display:none}th{position:static}}
"""
_SCRIPT: Final = """
for (const button of document.querySelectorAll("th button")) button.onclick = () => {
  const head = button.parentElement, body = head.closest("table").tBodies[0];
  const turn = head.ariaSort === "ascending" ? -1 : 1;
  for (const other of head.parentElement.cells) other.ariaSort = "none";
  head.ariaSort = turn > 0 ? "ascending" : "descending";
  const key = row => row.cells[head.cellIndex].dataset.key ?? row.cells[head.cellIndex].textContent;
  body.append(...[...body.rows].sort((a, b) =>
    turn * key(a).localeCompare(key(b), undefined, {numeric: true})));
};
for (const box of document.querySelectorAll("input")) box.onchange = () =>
  document.body.classList.toggle("no-" + box.value, !box.checked);
"""
_FILTER: Final = (
    "<p>Show: "
    + "".join(
        f'<label><input type="checkbox" value="{one.label}" checked> {one.label}</label>'
        for one in sorted(Severity, reverse=True)
    )
    + "</p>"
)
_NUMBERS: Final = frozenset(("errors", "warnings", "infos", "byte"))


def as_html(
    files: Sequence[tuple[str, Report]],
    unreadable: Sequence[tuple[str, str]] = (),
    made: str = "",
) -> str:
    """The page.

    Args:
        files: path and report of each.
        unreadable: path and reason of what could not be read.
        made: with what and when, for the foot of the page.
    """
    parts = [
        "<h1>zota image validate</h1>",
        totals(_totals(files, unreadable)),
        _table("By rule", ("rule", "errors", "warnings", "infos", "why"), _by_rule(files)),
        _table("By file", ("file", "profile", "errors", "warnings", "infos"), _by_file(files)),
        _table(
            "Findings", ("severity", "rule", "file", "byte", "finding"), _findings(files), _FILTER
        ),
    ]
    if unreadable:
        rows = (_row(_cell(path), _cell(reason)) for path, reason in unreadable)
        parts.append(_table("Unreadable", ("file", "reason"), rows))
    parts.append(f"<script>{_SCRIPT}</script>")
    return page("zota image validate", parts, style=_STYLE, provenance=made)


def _totals(
    files: Sequence[tuple[str, Report]], unreadable: Sequence[tuple[str, str]]
) -> Iterable[Total]:
    counts = Counter(finding.severity for _, report in files for finding in report.findings)
    yield Total(len(files), "file" if len(files) == 1 else "files")
    for one in sorted(Severity, reverse=True):
        label = one.label if counts[one] == 1 else f"{one.label}s"
        yield Total(counts[one], label, one.label if counts[one] else "none")
    yield Total(len(unreadable), "unreadable", "error" if unreadable else "none")


def _by_rule(files: Sequence[tuple[str, Report]]) -> Iterable[str]:
    counts: dict[str, Counter[Severity]] = {}
    whys = {}
    for _, report in files:
        for finding in report.findings:
            counts.setdefault(finding.rule, Counter())[finding.severity] += 1
            whys[finding.rule] = finding.why
    for rule in sorted(counts):
        yield _row(
            _cell(rule, "whole"),
            *_counted(counts[rule]),
            f'<td id="{rule}" class="why">{_text(whys[rule])}</td>',
        )


def _by_file(files: Sequence[tuple[str, Report]]) -> Iterable[str]:
    for path, report in files:
        counts = Counter(finding.severity for finding in report.findings)
        yield _row(_cell(path), _cell(report.judged_by), *_counted(counts))


def _counted(counts: Counter[Severity]) -> tuple[str, ...]:
    return tuple(
        _cell(str(counts[one]), f"number {one.label if counts[one] else 'none'}")
        for one in sorted(Severity, reverse=True)
    )


def _findings(files: Sequence[tuple[str, Report]]) -> Iterable[str]:
    """Gravest first, then by file."""
    found = [(path, finding) for path, report in files for finding in report.findings]
    for path, finding in sorted(found, key=lambda pair: -pair[1].severity):
        label = finding.severity.label
        yield _row(
            f'<td class="{label}" data-key="{Severity.ERROR - finding.severity}">{label}</td>',
            f'<td class="whole"><a href="#{finding.rule}" title="{_text(finding.why)}">'
            f"{finding.rule}</a></td>",
            _cell(path),
            _cell("" if finding.offset is None else str(finding.offset), "number"),
            f"<td>{_told(finding)}</td>",
            style=f"of-{label}",
        )


def _told(finding: Finding) -> str:
    """What is wrong, what was expected, what to do: a line each."""
    lines = [_text(finding.message)]
    if finding.expected:
        found = _text(finding.actual or "none")
        lines.append(f"expected {_text(finding.expected)}; found {found}")
    if finding.cure:
        lines.append(f'<span class="why">{_text(finding.cure)}</span>')
    return "<br>".join(lines)


def _cell(text: str, style: str = "") -> str:
    return f'<td class="{style}">{_text(text)}</td>' if style else f"<td>{_text(text)}</td>"


def _row(*cells: str, style: str = "") -> str:
    return (f'<tr class="{style}">' if style else "<tr>") + "".join(cells) + "</tr>"


def _table(title: str, headings: Sequence[str], rows: Iterable[str], above: str = "") -> str:
    head = "".join(
        f'<th aria-sort="none"{" class=number" if heading in _NUMBERS else ""}>'
        f'<button type="button">{heading}</button></th>'
        for heading in headings
    )
    body = "\n".join(rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'<h2>{title}</h2>{above}\n<div class="scroll">{table}</div>'


def _text(text: str) -> str:
    return escape(presentable(text))
