"""Reports as SARIF 2.1.0, for code scanning; knows nothing of where the result goes."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from images.rules import Finding, Report, Severity
from images.rules.findings import rule_id
from images.rules.table import FILE_RULES, RULES

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def as_sarif(files: Sequence[tuple[str, Report]], version: str) -> dict[str, Any]:
    """One run over all files.

    Args:
        files: path and report of each.
        version: of the program.
    """
    rules = _rules()
    places = {str(rule["id"]): place for place, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "zota", "version": version, "rules": rules}},
                "artifacts": [{"location": {"uri": _uri(path)}} for path, _ in files],
                "results": [
                    _result(path, place, finding, places)
                    for place, (path, report) in enumerate(files)
                    for finding in report.findings
                ],
            }
        ],
    }


def _uri(path: str) -> str:
    """A relative reference; bytes of a name that are no text are percent-encoded as they are."""
    return quote(path.encode("utf-8", "surrogateescape"))


def _rules() -> list[dict[str, Any]]:
    """Every rule once, described by why it exists."""
    whys = {rule_id(row.number): row.why for row in (*FILE_RULES, *RULES)}
    return [
        {"id": rule, "shortDescription": {"text": whys[rule]}, "help": {"text": whys[rule]}}
        for rule in sorted(whys)
    ]


def _result(path: str, place: int, finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(path), "index": place}}
    if finding.offset is not None:
        location["region"] = {"byteOffset": finding.offset, "byteLength": 0}
    return {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": explain(finding)},
        "locations": [{"physicalLocation": location}],
    }


def explain(finding: Finding) -> str:
    """The finding in sentences: what, expected and found, why, cure."""
    text = finding.message
    if finding.expected:
        text += f": expected {finding.expected}, found {finding.actual or 'none'}"
    cure = f" Cure: {finding.cure}." if finding.cure else ""
    return f"{text}. Why it matters: {finding.why}.{cure}"
