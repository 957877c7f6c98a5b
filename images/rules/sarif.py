"""Reports as SARIF 2.1.0, for code scanning; knows nothing of where the result goes."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from images.provenance import Provenance
from images.rules import Finding, Report, Severity
from images.rules.findings import rule_id
from images.rules.table import FILE_RULES, RULES

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def as_sarif(
    files: Sequence[tuple[str, Report]],
    version: str,
    unreadable: Sequence[tuple[str, str]] = (),
    made: Provenance | None = None,
) -> dict[str, Any]:
    """One run over all files.

    Args:
        files: path and report of each.
        version: of the program.
        unreadable: path and reason of what could not be read.
        made: when and by which command, if that is to be told.
    """
    rules = _rules()
    rule_places = {str(rule["id"]): place for place, rule in enumerate(rules)}
    uris = dict.fromkeys(_uri(path) for path, _ in files)  # an artifact may be listed only once
    places = {uri: place for place, uri in enumerate(uris)}
    run = {
        "tool": {"driver": {"name": "zota", "version": version, "rules": rules}},
        "invocations": [_invocation(unreadable, made)],
        "artifacts": [{"location": {"uri": uri}} for uri in uris],
        "results": [
            _result(_uri(path), places[_uri(path)], finding, rule_places)
            for path, report in files
            for finding in report.findings
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _invocation(unreadable: Sequence[tuple[str, str]], made: Provenance | None) -> dict[str, Any]:
    """Whether everything could be looked at, and what could not, by which command and when (3.20)."""
    notifications = [
        {
            "level": "error",
            "message": {"text": f"not read: {reason}"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}],
        }
        for path, reason in unreadable
    ]
    told = {} if made is None else {"commandLine": made.command, "endTimeUtc": made.utc}
    return told | {
        "executionSuccessful": not unreadable,
        "toolExecutionNotifications": notifications,
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


def _result(uri: str, place: int, finding: Finding, rules: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": uri, "index": place}}
    text = explain(finding)
    if finding.offset is not None:
        location["region"] = {"byteOffset": finding.offset, "byteLength": 0}
        text = f"Byte {finding.offset}: {text}"  # code scanners show lines, and no byte offsets
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def explain(finding: Finding) -> str:
    """The finding in sentences: what, expected and found, why, cure."""
    text = finding.message
    if finding.expected:
        text += f": expected {finding.expected}, found {finding.actual or 'none'}"
    cure = f" Cure: {finding.cure}." if finding.cure else ""
    return f"{text}. Why it matters: {finding.why}.{cure}"
