"""Writes reports as text and as JSON-ready values; knows nothing of terminals or files."""

import re
from collections.abc import Iterator
from typing import Final

from images.rules import Report
from images.rules.findings import Finding, Severity

# What XML 1.0 cannot carry in any form, and no page should: control characters, lone surrogates
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def presentable(text: str) -> str:
    """The text with ``?`` for whatever a document cannot hold; names and indexes hold anything."""
    return _FORBIDDEN.sub("?", text)


def as_json(report: Report) -> dict[str, object]:
    """The report as plain values; keys and rule ids are stable."""
    return {
        "profile": report.judged_by,
        **counts(report),
        "findings": [finding_as_json(finding) for finding in report.findings],
    }


def counts(report: Report) -> dict[str, int]:
    """How many errors, warnings and infos."""
    return {
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "infos": report.count(Severity.INFO),
    }


def finding_as_json(finding: Finding) -> dict[str, object]:
    """One finding as plain values; what does not apply is null."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.label,
        "message": finding.message,
        "offset": finding.offset,
        "expected": finding.expected or None,
        "actual": finding.actual or None,
        "why": finding.why,
        "cure": finding.cure or None,
    }


def as_text(report: Report, least: Severity = Severity.WARNING) -> Iterator[str]:
    """One to three lines per finding of at least this severity."""
    for finding in report.findings:
        if finding.severity < least:
            continue
        place = "" if finding.offset is None else f" at byte {finding.offset}"
        yield f"{finding.severity.label:7} {finding.rule}{place}: {finding.message}"
        if finding.expected:
            yield f"        expected {finding.expected}; found {finding.actual or 'none'}"
        if finding.severity > Severity.INFO:
            yield f"        why: {finding.why}"
        if finding.cure:
            yield f"        cure: {finding.cure}"
