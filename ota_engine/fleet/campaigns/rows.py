"""Campaigns, their phases and the homes in them, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from images.eui64 import Eui64


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"  # awaits a second person
    NOTIFIED = "notified"  # approved, planned, and everybody is being told
    RUNNING = "running"
    PAUSED = "paused"  # by a person
    HELD = "held"  # by a gate or an incident
    ABORTED = "aborted"
    SUPERSEDED = "superseded"  # by a later release; how a mass phase ends


class PhaseState(StrEnum):
    """Where a phase stands."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    HELD = "held"
    OPEN = "open"  # the last phase: homes keep joining
    CLOSED = "closed"


class MemberState(StrEnum):
    """Where a home stands in a campaign."""

    PLANNED = "planned"
    WAITING = "waiting"  # with a reason
    OFFERED = "offered"
    REACHED = "reached"
    TRANSFERRED = "transferred"
    ACTIVATED = "activated"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    LEFT = "left"


_ENDED: Final = frozenset(
    {MemberState.ACTIVATED, MemberState.FAILED, MemberState.UNREACHABLE, MemberState.LEFT}
)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One roll-out of one release.

    Attributes:
        campaign: short id.
        release: what is rolled out.
        policy: as text, frozen once it is approved.
        policy_hash: SHA-256 of that, hexadecimal.
        state: where it stands.
        reason: why.
        since_utc: since when.
        author: person who wrote it.
        revision: counts its changes.
        changed: what the last one was.
        phase: number of the phase under way, 0 for none.
        deploy_utc: not before; known once it is notified.
    """

    TABLE: ClassVar = "campaigns"
    KEY: ClassVar = ("campaign",)
    INDEXES: ClassVar = (("state",),)
    campaign: str
    release: str
    policy: str
    policy_hash: str
    state: CampaignState
    reason: str
    since_utc: float
    author: str
    revision: int
    changed: str
    phase: int = 0
    deploy_utc: float | None = None


@dataclass(frozen=True, slots=True)
class CampaignPhase:
    """One phase of a campaign.

    Attributes:
        campaign: whose.
        number: from 1.
        name: as people call it.
        state: where it stands.
        started_utc: when its first home was begun.
        last_end_utc: of the last home that was activated or failed.
        due_utc: when to look at it again, None for not by itself.
        begun: homes begun so far.
    """

    TABLE: ClassVar = "phases"
    KEY: ClassVar = ("campaign", "number")
    INDEXES: ClassVar = (("due_utc",),)
    campaign: str
    number: int
    name: str
    state: PhaseState
    started_utc: float | None = None
    last_end_utc: float | None = None
    due_utc: float | None = None
    begun: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One home in a campaign.

    Attributes:
        campaign: whose.
        home: pseudonym.
        device: that gets the firmware.
        phase: number of its phase.
        stratum: configuration set it was drawn in.
        rank: place in its phase, by the keyed hash.
        state: where it stands.
        reason: why.
        since_utc: since when.
        due_utc: when to look at it again, None for not by itself.
        attempt: how many were begun.
        version_before: that it ran.
        version_after: that it says it runs.
    """

    TABLE: ClassVar = "members"
    KEY: ClassVar = ("campaign", "home")
    INDEXES: ClassVar = (("campaign", "phase", "state", "rank"), ("due_utc",))
    campaign: str
    home: str
    device: Eui64
    phase: int
    stratum: str
    rank: int
    state: MemberState
    reason: str = ""
    since_utc: float = 0.0
    due_utc: float | None = None
    attempt: int = 0
    version_before: int | None = None
    version_after: int | None = None

    @property
    def evidence(self) -> bool:
        """Whether it has come to its end; the audit trail seals it then."""
        return self.state in _ENDED


@dataclass(frozen=True, slots=True)
class Sum:
    """How many homes of a phase are in a state for a reason.

    Attributes:
        campaign: whose.
        phase: number.
        state: of the homes.
        reason: why; empty where that needs none.
        homes: how many.
    """

    TABLE: ClassVar = "sums"
    KEY: ClassVar = ("campaign", "phase", "state", "reason")
    campaign: str
    phase: int
    state: str
    reason: str
    homes: int


@dataclass(frozen=True, slots=True)
class GateDecision:
    """One verdict of a gate, with all that it was made of.

    Attributes:
        campaign: whose.
        phase: number.
        number: from 1, within the phase.
        verdict: pass, fail or inconclusive.
        missing: what would be needed, or what is wrong; empty for a pass.
        inputs: as text.
        policy_hash: of the policy it was judged by.
        utc: when.
    """

    TABLE: ClassVar = "gate_decisions"
    KEY: ClassVar = ("campaign", "phase", "number")
    evidence: ClassVar = True
    campaign: str
    phase: int
    number: int
    verdict: str
    missing: str
    inputs: str
    policy_hash: str
    utc: float
