"""Which findings count: selected rules, ignored ones with their reason, those known already."""

import json
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from images.errors import ImageError
from images.rules import Finding, Report
from images.rules.findings import rule_id
from images.rules.table import FILE_RULES, RULES

BASELINE_VERSION: Final = 1
#: Rules that compare with what a user gives, and are silent without: the fields of ``Expectations``.
NEEDS: Final[Mapping[str, frozenset[str]]] = {
    rule_id(24): frozenset(("manifest",)),
    rule_id(28): frozenset(("ca_key",)),
    rule_id(40): frozenset(("manifest", "retracted")),
}


class Ignore(NamedTuple):
    """A decision not to hear of a rule.

    Attributes:
        rule: an id, or the beginning of several: ``ZOTA03``.
        reason: why; never empty.
        files: pattern of the paths it holds for.
    """

    rule: str
    reason: str
    files: str = "*"


def require_rule(prefix: str) -> None:
    """Refuse to select or ignore what is no rule: a check of nothing must not pass.

    Raises:
        ImageError: no rule begins so.
    """
    known = sorted({rule_id(row.number) for row in (*FILE_RULES, *RULES)})
    if not prefix or not any(rule.startswith(prefix) for rule in known):
        raise ImageError(
            f"no rule begins with {prefix!r}: give one, {known[0]} to {known[-1]}, or the beginning "
            f"of some, like {known[-1][:-1]}"
        )


def require_data(select: Iterable[str], fields: Collection[str]) -> None:
    """Refuse to select a rule alone whose comparison nothing was given for: it would always pass.

    Args:
        select: ids or beginnings of ids.
        fields: of ``Expectations``, those that were given for any file.

    Raises:
        ImageError: such a rule is selected; the text says what to give.
    """
    for prefix in select:
        rules = {rule_id(row.number) for row in RULES if rule_id(row.number).startswith(prefix)}
        silent = [rule for rule in rules if rule in NEEDS and NEEDS[rule].isdisjoint(fields)]
        if rules and len(silent) == len(rules):
            options = " or ".join(
                f"--{name.replace('_', '-')}" for name in sorted(NEEDS[silent[0]])
            )
            raise ImageError(f"{silent[0]} has nothing to compare with: give {options}")


class Known(NamedTuple):
    """A finding of an earlier run, told again without its offset: that moves with every build."""

    path: str
    rule: str
    message: str


class RulePolicy(NamedTuple):
    """What counts.

    Attributes:
        select: ids or beginnings of ids; empty selects every rule.
        ignores: what not to hear of.
        baseline: findings that were there before.
    """

    select: tuple[str, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    baseline: frozenset[Known] = frozenset()


def sift(path: str, report: Report, policy: RulePolicy) -> Report:
    """Leave only the findings that count.

    What could not be parsed passes no rule, whichever were selected: why stays in the report.
    """
    if not report.parsed:
        policy = policy._replace(select=())
    kept = tuple(finding for finding in report.findings if _counts(path, finding, policy))
    return report._replace(findings=kept)


def _counts(path: str, finding: Finding, policy: RulePolicy) -> bool:
    if policy.select and not finding.rule.startswith(policy.select):
        return False
    for ignore in policy.ignores:
        if finding.rule.startswith(ignore.rule) and fnmatchcase(path, ignore.files):
            return False
    return Known(path, finding.rule, finding.message) not in policy.baseline


def write_baseline(reports: Iterable[tuple[str, Report]]) -> str:
    """The findings above information, as a file to read back and to review."""
    known = sorted(
        Known(path, finding.rule, finding.message)
        for path, report in reports
        for finding in report.findings
        if finding.severity
    )
    content = {"version": BASELINE_VERSION, "findings": [entry._asdict() for entry in known]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_baseline(text: bytes | str) -> frozenset[Known]:
    """Read what ``write_baseline`` wrote.

    Raises:
        ImageError: it is something else.
    """
    try:
        content = json.loads(text)
        if content["version"] != BASELINE_VERSION:
            raise ValueError
        known = [Known(**entry) for entry in content["findings"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ImageError("not a baseline: write one with --write-baseline") from None
    if not all(isinstance(value, str) for entry in known for value in entry):
        raise ImageError("not a baseline: path, rule and message are text")
    return frozenset(known)
