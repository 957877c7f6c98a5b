"""What a rule says about a file: severities, profiles, findings; knows no rule."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from functools import cache
from typing import Final, NamedTuple


class Severity(IntEnum):
    """How much a finding matters."""

    INFO = 0  # worth knowing
    WARNING = 1  # works on some devices only, or hides a mistake
    ERROR = 2  # a device or the standard will refuse the file

    @property
    def label(self) -> str:
        """Lower-case name, as reports print it."""
        return self.name.lower()


class Profile(StrEnum):
    """By whose rules a file is judged."""

    ZCL = "zcl"  # the cluster specification
    SE = "se"  # Smart Energy: stricter
    GB = "gb"  # Great Britain: a bare Manufacturer Image behind the header


Severities = Mapping[Profile, Severity | None]


@cache
def by_profile(
    *, zcl: Severity | None = None, se: Severity | None = None, gb: Severity | None = None
) -> Severities:
    """A severity that depends on the profile; None keeps the rule silent there."""
    return {Profile.ZCL: zcl, Profile.SE: se, Profile.GB: gb}


class Hit(NamedTuple):
    """What one rule found; becomes a ``Finding`` once the profile has set its severity.

    Attributes:
        severity: the same for every profile, or one per profile.
        message: what is wrong with this file, in one line.
        offset: byte offset in the file on disk, or None when no byte is to blame.
        expected: what a good file has there.
        actual: what this one has.
        cure: what to do about it; empty when nothing needs doing.
    """

    severity: Severity | Severities
    message: str
    offset: int | None = None
    expected: str = ""
    actual: str = ""
    cure: str = ""


class Finding(NamedTuple):
    """One line of a report. ``rule`` is stable: scripts may rely on it."""

    rule: str
    severity: Severity
    message: str
    offset: int | None
    expected: str
    actual: str
    why: str
    cure: str


RULE_PREFIX: Final = "ZOTA"


@cache
def rule_id(number: int) -> str:
    """The stable name of a rule: ``ZOTA006``."""
    return f"{RULE_PREFIX}{number:03}"
