"""Numbered rules that judge an OTA file and say why; they never change or refuse one."""

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Final, NamedTuple

from images.errors import ImageError
from images.manifest import ManifestEntry
from images.rules.context import Context, Expectations, natural_profile, read
from images.rules.findings import Finding, Hit, Profile, Severity, rule_id
from images.rules.repository import manifest_hits
from images.rules.table import FILE_RULES, INDEX_RULE, RULES, FileRule, Rule
from images.rules.vendors import VENDORS, Vendor, vendor_of

__all__ = ["Expectations", "Finding", "Profile", "Report", "Severity", "lint", "lint_manifest"]

NOTHING_KNOWN: Final = Expectations()
NO_HABITS: Final[frozenset[int]] = frozenset()
_SEVERITY: Final = attrgetter("severity")


class Report(NamedTuple):
    """Everything the rules found in one file, by offset.

    Attributes:
        profile: by whose rules it was judged.
        findings: sorted by severity, gravest first, then by rule.
        vendor: whose habits were accepted, or None.
        parsed: whether it is an OTA file; the rules cannot look into another, only say why.
    """

    profile: Profile
    findings: tuple[Finding, ...]
    vendor: str | None = None
    parsed: bool = True

    @property
    def judged_by(self) -> str:
        """The profile as a user names it: ``zcl``, or ``vendor:ikea``."""
        return self.profile.value if self.vendor is None else f"vendor:{self.vendor}"

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
    vendor: str | None = None,
) -> Report:
    """Judge a file by every rule.

    Args:
        data: the file as it lies on disk; any bytes.
        profile: by whose rules; None takes the one the file's shape asks for.
        name: its file name without folders; None leaves names unjudged.
        expect: what the user knows beyond the file.
        vendor: a name of ``images.rules.vendors.VENDORS``: what this vendor's devices expect is
            information, and another vendor's code is an error. Left out, the habits of the file's
            own maker are information under ``zcl``; Smart Energy and GB know no such habits.

    Raises:
        ImageError: no such vendor is known.
    """
    habits, octets = _vendor(vendor), bytes(data)  # no copy of what is bytes already
    file, image = read(octets, name)
    hits: Iterable[tuple[Rule | FileRule, Hit]]
    if image is None:
        profile = profile or Profile.ZCL
        hits = ((row, hit) for row in FILE_RULES for hit in row.check(file))
    else:
        profile = profile or natural_profile(image)
        context = Context(image, octets, profile, name, expect or NOTHING_KNOWN, habits)
        if habits is None and profile is Profile.ZCL:
            habits = vendor_of(image)
        hits = ((row, hit) for row in RULES for hit in row.check(context))
    accepted = NO_HABITS if habits is None else habits.habits
    findings = [
        finding
        for row, hit in hits
        if (finding := _finding(row, hit, profile, row.number in accepted)) is not None
    ]
    findings.sort(key=_SEVERITY, reverse=True)  # stable: the table is in the order of the rules
    return Report(profile, tuple(findings), vendor, image is not None)


def lint_manifest(entries: Collection[ManifestEntry], present: Collection[str]) -> Report:
    """Judge an index of released files by itself (``INDEX_RULE``).

    Args:
        entries: the index, as ``images.manifest.parse_manifest`` reads it.
        present: names of the files that are there.
    """
    found = (_finding(INDEX_RULE, hit, Profile.ZCL) for hit in manifest_hits(entries, present))
    return Report(Profile.ZCL, tuple(finding for finding in found if finding is not None))


def _vendor(name: str | None) -> Vendor | None:
    if name is not None and name not in VENDORS:
        raise ImageError(f"no vendor {name!r} is known; there are {', '.join(VENDORS)}")
    return None if name is None else VENDORS[name]


def _finding(
    row: Rule | FileRule, hit: Hit, profile: Profile, accepted: bool = False
) -> Finding | None:
    """What a hit means under a profile; None where the profile keeps silent.

    Args:
        row: the rule.
        hit: what it found.
        profile: by whose rules.
        accepted: the file's maker always does what this rule warns of.
    """
    severity = hit.severity if isinstance(hit.severity, Severity) else hit.severity[profile]
    if severity is None:
        return None
    if accepted and severity is Severity.WARNING:
        severity = Severity.INFO
    return Finding(rule_id(row.number), severity, *hit[1:5], row.why, hit.cure)
