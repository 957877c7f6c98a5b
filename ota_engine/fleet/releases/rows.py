"""Releases of firmware, and the paths that lead to them, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ReleaseType(StrEnum):
    """What kind of release it is (Communications Hub firmware management, release types)."""

    SEC = "SEC"
    PLANNED = "planned"
    UNPLANNED = "unplanned"
    EMERGENCY = "emergency security"


class ReleaseStatus(StrEnum):
    """Where a release stands."""

    DRAFT = "draft"
    APPROVED = "approved"  # for delivery over the air
    WITHDRAWN = "withdrawn"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class FirmwareRelease:
    """One version of the firmware of one variant.

    Attributes:
        release: short id.
        variant: of the devices it is for.
        version: file version.
        cpl: id of its entry in the Central Products List.
        type: what kind of release.
        sha256: of the image in the catalogue, hexadecimal.
        status: where it stands.
        author: person who entered it.
        revision: counts its changes.
        changed: what the last one was, for whoever saw an earlier revision.
    """

    TABLE: ClassVar = "releases"
    KEY: ClassVar = ("release",)
    INDEXES: ClassVar = (("variant", "version"),)
    release: str
    variant: str
    version: int
    cpl: str
    type: ReleaseType
    sha256: str
    status: ReleaseStatus
    author: str
    revision: int
    changed: str
