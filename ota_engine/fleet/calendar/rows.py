"""What stands in the way of an upgrade of a home, and what was agreed about its time, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple


class HomeStep(StrEnum):
    """What is done to a device, at a time of its own."""

    DOWNLOAD = "download"
    ACTIVATION = "activation"


class EntryKind(StrEnum):
    """What else may be going on in a home."""

    SUPPLIER_CHANGE = "change of supplier"
    TENANCY_CHANGE = "change of tenancy"
    PRICE = "price change"
    TARIFF = "tariff change"
    SUPPLIER_FIRMWARE = "supplier's firmware"
    DATA_UPLOAD = "data upload"
    TOP_UP = "top-up"


class CalendarEntry(NamedTuple):
    """Something that goes on in a home, from one time to another.

    Attributes:
        entry: id, within the home.
        kind: text of ``EntryKind``.
        party: that booked it.
        from_utc: when it begins.
        until_utc: when it is over.
        reason: the party's words.
    """

    entry: str
    kind: str
    party: str
    from_utc: float
    until_utc: float
    reason: str


@dataclass(frozen=True, slots=True)
class HomeDiary:
    """The calendar of one home; a home without a row has nothing in it.

    Attributes:
        home: pseudonym.
        entries: values of a ``CalendarEntry`` each, by time.
        gained: campaign, party and notice, for each party that came to answer for the home while a
            campaign had it.
        due_utc: when campaigns look at the home because its entries have changed; None once they did.
    """

    TABLE: ClassVar = "home_diaries"
    KEY: ClassVar = ("home",)
    INDEXES: ClassVar = (("due_utc",),)
    home: str
    entries: tuple[Any, ...] = ()
    gained: tuple[Any, ...] = ()
    due_utc: float | None = None

    @property
    def calendar(self) -> tuple[CalendarEntry, ...]:
        """The entries, read."""
        return tuple(CalendarEntry(*values) for values in self.entries)


@dataclass(frozen=True, slots=True)
class UpgradeWindow:
    """When a step of a campaign may be done, and when it is done where nobody chooses.

    Attributes:
        campaign: whose.
        step: which.
        from_utc: the first moment that the operator would choose; suppliers may choose an earlier one.
        until_utc: the last one.
        default_utc: when it is done where nobody chose; None for as soon as may be.
        choose_by_utc: until when suppliers are asked to choose; None for no such date.
        revision: counts its changes.
    """

    TABLE: ClassVar = "upgrade_windows"
    KEY: ClassVar = ("campaign", "step")
    campaign: str
    step: HomeStep
    from_utc: float
    until_utc: float
    default_utc: float | None
    choose_by_utc: float | None
    revision: int


@dataclass(frozen=True, slots=True)
class Slot:
    """The time that a supplier has chosen for a step in one home.

    Attributes:
        campaign: of which.
        home: pseudonym.
        step: which.
        party: that chose.
        at_utc: the time.
        person: who decided it.
        due_utc: when the home is looked at because of it; None once it was.
    """

    TABLE: ClassVar = "slots"
    KEY: ClassVar = ("campaign", "home", "step", "party")
    INDEXES: ClassVar = (("due_utc",),)
    campaign: str
    home: str
    step: HomeStep
    party: str
    at_utc: float
    person: str
    due_utc: float | None = None


@dataclass(frozen=True, slots=True)
class SequenceRule:
    """In every home, one firmware after another.

    Attributes:
        rule: short id.
        earlier: kind of device, or id of a variant, that comes first.
        earlier_version: that it must run, or a later one; 0 where only its upgrade, if there is one,
            is to be over.
        later: kind or variant that waits for it.
        later_version: of the first release that has to wait.
        source: where that was said.
        person: who entered it.
    """

    TABLE: ClassVar = "sequence_rules"
    KEY: ClassVar = ("rule",)
    rule: str
    earlier: str
    earlier_version: int
    later: str
    later_version: int
    source: str
    person: str


@dataclass(frozen=True, slots=True)
class Compatibility:
    """One cell of the matrix: whether two firmwares go together in one home.

    Attributes:
        cell: short id.
        variant: of the one.
        least: its versions from this one
        most: to this one.
        other: variant of the other.
        other_least: its versions from this one
        other_most: to this one.
        fits: they go together.
        source: where that was said.
        person: who entered it.
    """

    TABLE: ClassVar = "compatibilities"
    KEY: ClassVar = ("cell",)
    cell: str
    variant: str
    least: int
    most: int
    other: str
    other_least: int
    other_most: int
    fits: bool
    source: str
    person: str


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """Until a date, suppliers must agree before a variant is upgraded; silence holds.

    Attributes:
        variant: which.
        until_utc: the date.
        source: where that was agreed.
        person: who entered it.
        revision: counts its changes.
    """

    TABLE: ClassVar = "consent_rules"
    KEY: ClassVar = ("variant",)
    variant: str
    until_utc: float
    source: str
    person: str
    revision: int


@dataclass(frozen=True, slots=True)
class Consent:
    """What a supplier says to a campaign.

    Attributes:
        campaign: which.
        party: who says it.
        given: it agrees; False once that was withdrawn.
        utc: since when.
        person: who decided it.
        reason: the person's words.
    """

    TABLE: ClassVar = "consents"
    KEY: ClassVar = ("campaign", "party")
    campaign: str
    party: str
    given: bool
    utc: float
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """A home that was put off because of its calendar.

    Attributes:
        campaign: whose.
        home: pseudonym.
        reason: what was in the way.
        since_utc: since when.
        due_utc: when somebody is asked; None once that has happened.
        regardless: the operator decided to go on whatever the calendar says.
    """

    TABLE: ClassVar = "deferrals"
    KEY: ClassVar = ("campaign", "home")
    INDEXES: ClassVar = (("due_utc",),)
    campaign: str
    home: str
    reason: str
    since_utc: float
    due_utc: float | None
    regardless: bool = False


@dataclass(frozen=True, slots=True)
class TimeMark:
    """The last time that the fleet has seen, by which a clock that was set is noticed.

    Attributes:
        mark: its name; there is one.
        seen_utc: the time.
        due_utc: when it is to be seen next.
        doubt: what is wrong with the time; empty for nothing.
        revision: counts confirmations.
    """

    TABLE: ClassVar = "time_marks"
    KEY: ClassVar = ("mark",)
    INDEXES: ClassVar = (("due_utc",),)
    mark: str
    seen_utc: float
    due_utc: float | None
    doubt: str = ""
    revision: int = 1
