"""One broken rule per case, and how to judge it."""

from typing import Any, NamedTuple

from images import Expectations, Profile, Severity, lint

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741
ZCL, SE, GBP = Profile.ZCL, Profile.SE, Profile.GB


class Case(NamedTuple):
    """A file that breaks one rule, and where."""

    rule: int
    severity: Severity
    data: bytes
    offset: int | None = None
    profile: Profile | None = None
    name: str | None = None
    expect: dict[str, Any] | None = None
    vendor: str | None = None


def judge(case: Case) -> set[tuple[str, Severity, int | None]]:
    report = lint(
        case.data,
        profile=case.profile,
        name=case.name,
        expect=Expectations(**case.expect or {}),
        vendor=case.vendor,
    )
    return {(finding.rule, finding.severity, finding.offset) for finding in report.findings}


def rules_above_info(data: bytes, **given: Any) -> set[str]:
    """Which rules have more than information to say."""
    return {finding.rule for finding in lint(data, **given).findings if finding.severity > I}
