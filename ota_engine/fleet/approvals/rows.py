"""What a release has gone through, as rows: evidence, windows, feedback, waivers, sets to test on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ChecklistItem(StrEnum):
    """A step between a release that is entered and one that is approved (firmware management, 3.3)."""

    PIT_ENTRY = "PIT entry"
    PIT_EXIT = "PIT exit"
    SIT_EXIT = "SIT exit"
    UIT = "UIT"  # the window in which customers test
    FEEDBACK = "customers' feedback"
    PROVING = "production proving"
    BOARD = "board"
    CPL_ENTRY = "CPL entry"


class ApprovalScope(StrEnum):
    """What a release may be approved for."""

    OVER_THE_AIR = "over the air"
    MANUFACTURE = "manufacture"


@dataclass(frozen=True, slots=True)
class ApprovalEvidence:
    """What shows that one step was taken; the one with the highest number holds.

    Attributes:
        release: whose.
        item: which step.
        number: from 1.
        sha256: of the document that shows it, hexadecimal.
        text: in one line: which board, which report.
        run: tests run, where the step is one of tests.
        passed: of these.
        open_issues: how many of category 1 to 5, in that order; empty where none were counted.
        configurations: ids of the configuration sets it was tested on.
        scenarios: business scenarios that were tested.
        person: who recorded it.
        utc: when.
    """

    TABLE: ClassVar = "approval_evidence"
    KEY: ClassVar = ("release", "item", "number")
    release: str
    item: ChecklistItem
    number: int
    sha256: str
    text: str
    run: int
    passed: int
    open_issues: tuple[int, ...]
    configurations: tuple[str, ...]
    scenarios: tuple[str, ...]
    person: str
    utc: float


@dataclass(frozen=True, slots=True)
class ExitCriteria:
    """What the plan of a release asks of SIT before it ends.

    Attributes:
        release: whose.
        passed_permille: share of tests that must have passed, in thousandths.
        open_issues: how many of category 1 to 5 may be open, in that order.
        person: who said so.
        reason: why.
    """

    TABLE: ClassVar = "exit_criteria"
    KEY: ClassVar = ("release",)
    release: str
    passed_permille: int
    open_issues: tuple[int, ...]
    person: str
    reason: str


class WindowState(StrEnum):
    """How far a UIT window has come."""

    OPEN = "open"  # or still to begin
    OVER = "over"


@dataclass(frozen=True, slots=True)
class UitWindow:
    """The time in which customers test a release.

    Attributes:
        release: whose.
        opens_utc: from when.
        closes_utc: until when.
        agreed_by: parties that agreed to it.
        state: how far it has come.
        skipped: parties that gave no feedback; known once it is over.
        due_utc: when its clock runs out; None once it has.
        revision: counts its changes.
        changed: what the last one was.
    """

    TABLE: ClassVar = "uit_windows"
    KEY: ClassVar = ("release",)
    INDEXES: ClassVar = (("due_utc",),)
    release: str
    opens_utc: float
    closes_utc: float
    agreed_by: tuple[str, ...]
    state: WindowState
    skipped: tuple[str, ...] = ()
    due_utc: float | None = None
    revision: int = 1
    changed: str = ""


class FeedbackPosition(StrEnum):
    """What a customer says of a release it has tested."""

    SUPPORTS = "supports"
    OBJECTS = "objects"
    NO_COMMENT = "no comment"


@dataclass(frozen=True, slots=True)
class CustomerFeedback:
    """What one party said; a later word takes the place of an earlier one.

    Attributes:
        release: about which.
        party: who.
        position: for or against.
        text: in one line.
        person: who said it for the party.
        utc: when.
    """

    TABLE: ClassVar = "customer_feedback"
    KEY: ClassVar = ("release", "party")
    release: str
    party: str
    position: FeedbackPosition
    text: str
    person: str
    utc: float


@dataclass(frozen=True, slots=True)
class ItemWaiver:
    """A step that is left out: two persons say so, and why.

    Attributes:
        release: whose.
        item: which step.
        person: who asked for it.
        reason: why.
        second: who agreed; empty while nobody did.
        second_reason: why.
        utc: when that was.
    """

    TABLE: ClassVar = "item_waivers"
    KEY: ClassVar = ("release", "item")
    release: str
    item: ChecklistItem
    person: str
    reason: str
    second: str = ""
    second_reason: str = ""
    utc: float = 0.0


@dataclass(frozen=True, slots=True)
class SetReservation:
    """A customer tests a release on a configuration set, alone or with others.

    Attributes:
        release: that is tested.
        configuration: id of the set.
        party: who reserved it.
        from_utc: since when.
        until_utc: until when.
        shared_with: parties that may use it, too.
    """

    TABLE: ClassVar = "set_reservations"
    KEY: ClassVar = ("release", "configuration", "party")
    release: str
    configuration: str
    party: str
    from_utc: float
    until_utc: float
    shared_with: tuple[str, ...] = ()
