"""Notices on their way to parties, and clocks that run for parties, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class NoticeKind(StrEnum):
    """What a notice is about."""

    AVAILABLE = "available"  # a release will be deployed
    STATUS = "status"  # how a stage goes, by schedule
    ACTIVATED = "activated"  # a device of the party's homes runs it, as it says itself
    HELD = "held"
    INCIDENT = "incident"
    EMERGENCY = "emergency"
    ROADMAP = "roadmap"  # a planned date or a manufactured version has changed
    RETIREMENT = "retirement"  # a release ends, with its successor
    GAINED = "gained"  # homes came to the party while a campaign has them
    SLOT = "slot"  # a time was chosen for homes that are the party's, too
    CONSENT = "consent"  # the party is asked to agree
    LATE = "late"  # somebody did not do in time what was to be done
    DEFERRED = "deferred"  # homes have been put off for as long as was agreed


class NoticeState(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; a person may queue it again


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice to one party; the outbox of the fleet.

    Attributes:
        notice: names it for ever.
        party: who is told.
        kind: what it is about.
        subject: as ``kind:id``.
        text: one line for people.
        body: plain values, as text.
        created_utc: when it was written.
        state: how far it has come.
        delivered_utc: when the party's endpoint took it, None while it has not.
        trouble: why it has not been delivered, in the words of whoever tried; empty for no trouble.
    """

    TABLE: ClassVar = "notices"
    KEY: ClassVar = ("notice", "party")
    INDEXES: ClassVar = (("state", "party"),)
    PARTIAL: ClassVar = (
        (("subject", "party"), "kind <> 'activated'"),
        (("party", "created_utc"), "kind <> 'activated'"),
    )  # those are one for each home
    notice: str
    party: str
    kind: NoticeKind
    subject: str
    text: str
    body: str
    created_utc: float
    state: NoticeState = NoticeState.WAITING
    delivered_utc: float | None = None
    trouble: str = ""

    @property
    def evidence(self) -> bool:
        """Whether the party knows; the audit trail seals that then."""
        return self.state is NoticeState.DELIVERED


@dataclass(frozen=True, slots=True)
class PartyClock:
    """What a party must do in time. Where it does not, that is told.

    Attributes:
        clock: names it for ever; that of a notice is the notice's name.
        party: for whom it runs.
        subject: as ``kind:id``.
        duty: what is to be done, as one reads it after "was to".
        started_utc: since when it runs.
        due_utc: when it is over; None once it is met or was not.
        met_utc: when it was done, None while it was not.
        late: it was not done in time.
    """

    TABLE: ClassVar = "party_clocks"
    KEY: ClassVar = ("clock", "party")
    INDEXES: ClassVar = (("due_utc",), ("subject",))
    clock: str
    party: str
    subject: str
    duty: str
    started_utc: float
    due_utc: float | None
    met_utc: float | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class StatusSchedule:
    """How often the parties of a campaign are told how it goes.

    Attributes:
        campaign: whose.
        every_s: between two reports.
        due_utc: when the next one is; None once the campaign is over.
        reports: written so far.
        told: phase that the last one was about, 0 for none.
    """

    TABLE: ClassVar = "status_schedules"
    KEY: ClassVar = ("campaign",)
    INDEXES: ClassVar = (("due_utc",),)
    campaign: str
    every_s: float
    due_utc: float | None
    reports: int = 0
    told: int = 0
