"""Numbered rules that judge an OTA file and say why; they never change or refuse one."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from images.rules.context import Context, Expectations, natural_profile, read
from images.rules.findings import Finding, Hit, Profile, Severity, rule_id
from images.rules.table import FILE_RULES, RULES

__all__ = ["Expectations", "Finding", "Profile", "Report", "Severity", "lint"]


class Report(NamedTuple):
    """Everything the rules found in one file, by offset.

    Attributes:
        profile: by whose rules it was judged.
        findings: sorted by severity, gravest first, then by rule.
    """

    profile: Profile
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def worst(self) -> Severity | None:
        """The gravest severity found, or None for a file without findings."""
        return max((finding.severity for finding in self.findings), default=None)


def lint(
    data: bytes | memoryview,
    *,
    profile: Profile | None = None,
    name: str | None = None,
    expect: Expectations | None = None,
) -> Report:
    """Judge a file by every rule.

    Args:
        data: the file as it lies on disk; any bytes.
        profile: by whose rules; None takes the one the file's shape asks for.
        name: its file name without folders; None leaves names unjudged.
        expect: what the user knows beyond the file.
    """
    file, image = read(data, name)
    if image is None:
        profile = profile or Profile.ZCL
        found = (_findings(row.number, row.why, row.check(file), profile) for row in FILE_RULES)
    else:
        profile = profile or natural_profile(image)
        context = Context(image, profile, name, expect or Expectations())
        found = (_findings(row.number, row.why, row.check(context), profile) for row in RULES)
    findings = [finding for group in found for finding in group]
    findings.sort(key=lambda finding: (-finding.severity, finding.rule))
    return Report(profile, tuple(findings))


def _findings(number: int, why: str, hits: Iterable[Hit], profile: Profile) -> Iterator[Finding]:
    for hit in hits:
        severity = hit.severity if isinstance(hit.severity, Severity) else hit.severity[profile]
        if severity is not None:
            yield Finding(rule_id(number), severity, *hit[1:5], why, hit.cure)
