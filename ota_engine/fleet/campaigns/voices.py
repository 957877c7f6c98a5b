"""What persons and parties said about a campaign, as rows: positions, sign-offs, meetings, nominations."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Stance(StrEnum):
    """How a party stands to a phase and what follows it."""

    AGREES = "agrees"
    OBJECTS = "objects"
    NOTES = "notes"  # comments, for the record


@dataclass(frozen=True, slots=True)
class Position:
    """What a party thinks of a phase; the last word counts.

    Attributes:
        campaign: of which.
        phase: number.
        party: whose.
        stance: how it stands to it.
        comment: in its words.
        person: who said so.
        utc: when.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "positions"
    KEY: ClassVar = ("campaign", "phase", "party")
    campaign: str
    phase: int
    party: str
    stance: Stance
    comment: str
    person: str
    utc: float


@dataclass(frozen=True, slots=True)
class SignOff:
    """A person agrees that a phase has gone well; a hold afterwards takes that back.

    Attributes:
        campaign: of which.
        phase: number.
        person: who.
        reason: in her words.
        positions: of the parties, as they stood then.
        utc: when.
        valid: until the phase is held.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "sign_offs"
    KEY: ClassVar = ("campaign", "phase")
    campaign: str
    phase: int
    person: str
    reason: str
    positions: tuple[str, ...]
    utc: float
    valid: bool = True


@dataclass(frozen=True, slots=True)
class Meeting:
    """An assessment meeting about a phase.

    Attributes:
        campaign: of which.
        phase: number.
        meeting: id of it.
        attendees: who took part.
        actions: what is to be done, and by whom.
        minutes: what was said and found.
        positions: of the parties, as they stood then.
        person: who keeps the record.
        held_utc: when it was held.
        utc: when it was recorded.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "meetings"
    KEY: ClassVar = ("campaign", "phase", "meeting")
    campaign: str
    phase: int
    meeting: str
    attendees: tuple[str, ...]
    actions: tuple[str, ...]
    minutes: str
    positions: tuple[str, ...]
    person: str
    held_utc: float
    utc: float


class NominationState(StrEnum):
    """How far a nomination has come."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Nomination:
    """A home that a supplier proposes for a co-operative phase.

    Attributes:
        campaign: of which.
        home: pseudonym.
        phase: number of the phase.
        party: that proposes it.
        state: how far it has come.
        decided_by: person who accepted or rejected it; empty until then.
        reason: why.
        utc: when it came there.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "nominations"
    KEY: ClassVar = ("campaign", "home")
    INDEXES: ClassVar = (("campaign", "phase", "state"),)
    campaign: str
    home: str
    phase: int
    party: str
    state: NominationState
    decided_by: str
    reason: str
    utc: float


@dataclass(frozen=True, slots=True)
class Waiver:
    """An emergency: seven days' notice and co-operative phases are waived, by two persons.

    Attributes:
        campaign: whose.
        reason: why it cannot wait.
        phases: names of those left out.
        proposer: first person.
        proposed_utc: when.
        approver: second person; empty until there is one.
        approver_reason: in that person's words.
        approved_utc: when, None until then.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "waivers"
    KEY: ClassVar = ("campaign",)
    campaign: str
    reason: str
    phases: tuple[str, ...]
    proposer: str
    proposed_utc: float
    approver: str = ""
    approver_reason: str = ""
    approved_utc: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a phase was expected to go when the campaign was approved.

    Attributes:
        campaign: whose.
        phase: number.
        homes: in it.
        starts_utc: when it was to begin.
        ends_utc: when its gate was to pass at the earliest.
    """

    evidence: ClassVar = True
    TABLE: ClassVar = "forecasts"
    KEY: ClassVar = ("campaign", "phase")
    campaign: str
    phase: int
    homes: int
    starts_utc: float
    ends_utc: float
