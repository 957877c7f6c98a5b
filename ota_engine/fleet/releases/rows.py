"""Releases of firmware, what is known of them, and the paths that lead to them, as rows."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
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
        notes: SHA-256 of its release notes, hexadecimal; empty while there are none.
        manufacture: whether new devices may be made with it.
        successor: release that takes its place, once it is retired.
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
    notes: str = ""
    manufacture: bool = False
    successor: str = ""


@dataclass(frozen=True, slots=True)
class CataloguedImage:
    """An image as the catalogue has it; a copy for the fleet, made by whoever reads the folder.

    Attributes:
        sha256: of the image, hexadecimal.
        manufacturer_code: of its header.
        image_type: of its header.
        version: of its header.
        approved: whether the catalogue lets it be served.
        manufacturer_hash: SHA-256 of the manufacturer image, hexadecimal; empty where it has none.
    """

    TABLE: ClassVar = "catalogued_images"
    KEY: ClassVar = ("sha256",)
    sha256: str
    manufacturer_code: int
    image_type: int
    version: int
    approved: bool
    manufacturer_hash: str = ""


class ContentKind(StrEnum):
    """Why something is in a release."""

    CHANGE_REQUEST = "change request"
    INCIDENT = "incident"
    ENHANCEMENT = "enhancement"


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One thing that a release changes.

    Attributes:
        release: whose.
        item: id of the change request, incident or enhancement.
        kind: which of them.
        title: in one line.
        agreed_by: parties that agreed that it is in.
    """

    TABLE: ClassVar = "content_items"
    KEY: ClassVar = ("release", "item")
    release: str
    item: str
    kind: ContentKind
    title: str
    agreed_by: tuple[str, ...]


class DefectCategory(IntEnum):
    """How bad a defect is; the numbers of incident categories."""

    CRITICAL = 1
    SEVERE = 2
    MODERATE = 3
    MINOR = 4
    COSMETIC = 5


class DefectHit(StrEnum):
    """What a defect keeps from working, as far as it decides about manufacture."""

    INSTALLATION = "installation"
    SMART_SERVICES = "smart services"
    HAN = "HAN"


@dataclass(frozen=True, slots=True)
class KnownDefect:
    """Something known to be wrong in a release.

    Attributes:
        release: whose.
        defect: id.
        category: 1 to 5.
        hits: texts of ``DefectHit``; empty for none of them.
        text: in one line.
        fixed_in: release without it; empty while there is none.
    """

    TABLE: ClassVar = "known_defects"
    KEY: ClassVar = ("release", "defect")
    release: str
    defect: str
    category: int
    hits: tuple[str, ...]
    text: str
    fixed_in: str = ""


class Milestone(StrEnum):
    """What a date of the roadmap is for."""

    UIT = "UIT"
    OVER_THE_AIR = "over the air"
    MANUFACTURE = "manufacture"


@dataclass(frozen=True, slots=True)
class PlannedDate:
    """A date of the roadmap; the one with the highest number holds, the others are its history.

    Attributes:
        release: whose.
        milestone: of what.
        number: from 1.
        planned_utc: the date.
        told_utc: when it was given.
        person: by whom.
        reason: why.
    """

    TABLE: ClassVar = "planned_dates"
    KEY: ClassVar = ("release", "milestone", "number")
    release: str
    milestone: Milestone
    number: int
    planned_utc: float
    told_utc: float
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class ManufacturedVersion:
    """Which release new devices of a variant are made with; the highest number holds.

    Attributes:
        variant: of the devices.
        number: from 1.
        release: they are made with.
        from_utc: since, or from, when.
        person: who said so.
        reason: why.
    """

    TABLE: ClassVar = "manufactured_versions"
    KEY: ClassVar = ("variant", "number")
    variant: str
    number: int
    release: str
    from_utc: float
    person: str
    reason: str


class PathKnowledge(StrEnum):
    """What is known of the ways to a version. *None* is not *unknown*."""

    STATED = "stated"
    NONE = "none"  # somebody said that there is none: "N/A" in the repository
    UNKNOWN = "unknown"  # nobody said anything


class PathStanding(StrEnum):
    """How much a stated path may be relied upon."""

    MANDATORY = "mandatory"
    BEST_ENDEAVOURS = "best endeavours"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CplEntry:
    """One version of one variant in the Central Products List; ids and versions go one to one.

    Attributes:
        cpl: id.
        variant: of the devices.
        version: of their firmware.
        paths: what is known of the ways to it.
        revision: counts the changes of its paths.
        changed: what the last one was.
    """

    TABLE: ClassVar = "cpl_entries"
    KEY: ClassVar = ("cpl",)
    INDEXES: ClassVar = (("variant", "version"),)
    cpl: str
    variant: str
    version: int
    paths: PathKnowledge = PathKnowledge.UNKNOWN
    revision: int = 1
    changed: str = ""


@dataclass(frozen=True, slots=True)
class UpgradePath:
    """One hop between two versions, as somebody stated it.

    Attributes:
        cpl: id of the version that is reached.
        from_cpl: id of the version from which.
        variant: of both.
        standing: how much it may be relied upon.
        source: who or what stated it.
    """

    TABLE: ClassVar = "upgrade_paths"
    KEY: ClassVar = ("cpl", "from_cpl")
    INDEXES: ClassVar = (("variant",),)
    cpl: str
    from_cpl: str
    variant: str
    standing: PathStanding
    source: str


@dataclass(frozen=True, slots=True)
class PathChange:
    """One edit of the paths to a version.

    Attributes:
        cpl: id of the version.
        number: revision that it led to.
        before: paths as text.
        after: paths as text.
        person: who.
        reason: why.
        utc: when.
    """

    TABLE: ClassVar = "path_changes"
    KEY: ClassVar = ("cpl", "number")
    cpl: str
    number: int
    before: str
    after: str
    person: str
    reason: str
    utc: float


@dataclass(frozen=True, slots=True)
class HopAgreement:
    """An exception: a version may be reached from another in more than one hop.

    Attributes:
        cpl: id of the version that is reached.
        from_cpl: id of the version from which.
        agreed_by: parties that agreed.
        person: who recorded it.
        reason: why.
    """

    TABLE: ClassVar = "hop_agreements"
    KEY: ClassVar = ("cpl", "from_cpl")
    cpl: str
    from_cpl: str
    agreed_by: tuple[str, ...]
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class PathOverride:
    """A person lets devices take a release although no path is stated for their version.

    Attributes:
        release: that they take.
        version: that they run.
        person: who.
        reason: why.
        utc: when.
    """

    TABLE: ClassVar = "path_overrides"
    KEY: ClassVar = ("release", "version")
    release: str
    version: int
    person: str
    reason: str
    utc: float
