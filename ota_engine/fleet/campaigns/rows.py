"""Campaigns, their phases and the homes in them, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from images.eui64 import Eui64


class CampaignState(StrEnum):
    """Where a campaign stands."""

    PROPOSED = "proposed"  # awaits a second person
    REJECTED = "rejected"
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
    SKIPPED = "skipped"  # waived for an emergency
    CLOSED = "closed"  # with its campaign


class MemberState(StrEnum):
    """Where a home stands in a campaign."""

    PLANNED = "planned"
    WAITING = "waiting"  # with a reason
    OFFERED = "offered"
    REACHED = "reached"
    TRANSFERRED = "transferred"  # may have to wait for its activation, with a reason
    SCHEDULED = "scheduled"  # its hub is told to activate
    ACTIVATED = "activated"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    LEFT = "left"


#: A home in one of these has come to its end in a campaign.
ENDED_STATES: Final = frozenset(
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
        party: whose roll-out it is: the operator, or a supplier of whose homes it is.
        approver: second person; empty until there is one.
        waiver: id of the emergency waiver that lets it start early; empty for none.
        overrides: what was allowed although a rule forbids it, by decisions with a reason.
        successor: release that mends what this one does wrong; empty for none.
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
    party: str = ""
    approver: str = ""
    waiver: str = ""
    overrides: tuple[str, ...] = ()
    successor: str = ""


@dataclass(frozen=True, slots=True)
class CampaignPhase:
    """One phase of a campaign.

    Attributes:
        campaign: whose.
        number: from 1.
        name: as people call it.
        state: where it stands.
        started_utc: when its first home was begun.
        ended_utc: when its gate passed.
        last_end_utc: of the last home that was activated or failed.
        observed_utc: from when its observation runs: the last home that failed, or that was activated
            before no other was to begin or under way. One that had to wait and comes later begins
            no new observation.
        settled: no home was to begin or under way since then.
        due_utc: when to look at it again, None for not by itself.
        begun: homes begun so far.
        credit: homes that its rate lets begin, as of ``credit_utc``.
        credit_utc: when that was reckoned.
        joined_utc: when homes to come were last let in.
        verdicts: of its gate so far.
        excused_failed: failed homes that a person has accepted by going on.
        excused_lost: homes without their HAN that a person has accepted by going on.
    """

    TABLE: ClassVar = "phases"
    KEY: ClassVar = ("campaign", "number")
    INDEXES: ClassVar = (("due_utc",),)
    campaign: str
    number: int
    name: str
    state: PhaseState
    started_utc: float | None = None
    ended_utc: float | None = None
    last_end_utc: float | None = None
    observed_utc: float | None = None
    settled: bool = False
    due_utc: float | None = None
    begun: int = 0
    credit: float = 0.0
    credit_utc: float | None = None
    joined_utc: float | None = None
    verdicts: int = 0
    excused_failed: int = 0
    excused_lost: int = 0


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
        attempt: assignments so far; hubs name them in what they say.
        used: attempts that an outcome or silence has used up; waiting never does.
        orders: instructions so far, of any kind.
        region: in which it holds a place; empty while it holds none.
        gateway: at which it holds a place; empty while it holds none.
        activate_utc: when it is to run what it holds; None before that is known.
        han_lost: its hub said that its devices are gone.
        version_before: that it ran.
        version_after: that it says it runs.
    """

    TABLE: ClassVar = "members"
    KEY: ClassVar = ("campaign", "home")
    INDEXES: ClassVar = (("campaign", "phase", "state", "rank"), ("due_utc",))
    PARTIAL: ClassVar = ((("campaign", "phase", "reason", "since_utc"), "state = 'waiting'"),)
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
    used: int = 0
    orders: int = 0
    region: str = ""
    gateway: str = ""
    activate_utc: float | None = None
    han_lost: bool = False
    version_before: int | None = None
    version_after: int | None = None

    @property
    def evidence(self) -> bool:
        """Whether it has come to its end; the audit trail seals it then."""
        return self.state in ENDED_STATES


#: Phase of the sums that count places by region and by gateway, over all phases.
PLACES: Final = 0
BY_REGION: Final = "places by region"
BY_GATEWAY: Final = "places by gateway"
#: How the reason of a home begins that waits for its next attempt.
TO_TRY_AGAIN: Final = "to try again"
#: State of the sum that counts homes whose hub has lost its devices.
HAN_LOST: Final = "HAN lost"


@dataclass(frozen=True, slots=True)
class Sum:
    """How many homes of a phase are in a state for a reason.

    Attributes:
        campaign: whose.
        phase: number; ``PLACES`` for the places held, by region and by gateway.
        state: of the homes, or ``HAN_LOST``, ``BY_REGION``, ``BY_GATEWAY``.
        reason: why; empty where that needs none; region or gateway.
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
class SumSample:
    """How many homes of a phase were in a state at the end of an hour in which that changed.

    Attributes:
        campaign: whose.
        phase: number.
        state: of the homes.
        hour: of the calendar, counted from 1970.
        homes: how many, for whatever reason.
    """

    TABLE: ClassVar = "sum_samples"
    KEY: ClassVar = ("campaign", "phase", "state", "hour")
    campaign: str
    phase: int
    state: str
    hour: int
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
        named: what is said of a pass: who waits, and for what.
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
    named: str
    inputs: str
    policy_hash: str
    utc: float


@dataclass(frozen=True, slots=True)
class DeviceToReplace:
    """A device that firmware does not reach or does not mend: somebody has to go there.

    Attributes:
        device: which.
        home: where it is.
        campaign: that found it out.
        reason: why.
        since_utc: since when.
    """

    TABLE: ClassVar = "replacements"
    KEY: ClassVar = ("device",)
    INDEXES: ClassVar = (("campaign",),)
    device: Eui64
    home: str
    campaign: str
    reason: str
    since_utc: float


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """When a gateway last said anything, to about an hour.

    Attributes:
        gateway: which.
        utc: when.
    """

    TABLE: ClassVar = "gateway_reports"
    KEY: ClassVar = ("gateway",)
    gateway: str
    utc: float
