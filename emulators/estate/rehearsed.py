"""How a rehearsal went: what is told of it, and how that is read from the fleet's rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from ota_engine.fleet.campaigns.gates import waits
from ota_engine.fleet.campaigns.lives import ENDED, UNDER_WAY, WITH_PLACE
from ota_engine.fleet.campaigns.rows import (
    PLACES,
    Campaign,
    CampaignPhase,
    CampaignState,
    GateDecision,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.campaigns.voices import Forecast
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import DAY_S

REACHED: Final = (ENDED | UNDER_WAY) - WITH_PLACE - {MemberState.LEFT} | {MemberState.REACHED}
#: Keys of the JSON that come first, and stay.
PROMISED: Final = (
    "homes",
    "seed",
    "phases",
    "decisions",
    "notices",
    "ends_utc",
    "journal_sha256",
)
STATES: Final = frozenset(MemberState)


@dataclass(frozen=True, slots=True)
class RehearsedPhase:
    """How one phase went; homes by where they stand at the end.

    Attributes:
        campaign: whose.
        name: as people call it.
        started_utc: when its first home could begin, None where none could.
        homes: in it.
        reached: whose hub has begun a delivery.
        activated: that say they run the release.
        failed: for good.
        waiting: with a reason.
        unreachable: that say nothing.
        gate: last verdict; empty for none.
        ended_utc: when its gate passed, None where it did not.
        forecast_utc: when its gate was to pass, as was said at approval.
    """

    campaign: str
    name: str
    started_utc: float | None
    homes: int
    reached: int
    activated: int
    failed: int
    waiting: int
    unreachable: int
    gate: str
    ended_utc: float | None = None
    forecast_utc: float | None = None


@dataclass(frozen=True, slots=True)
class ProgressPoint:
    """How many homes of a campaign were in each state at a time, and what for those waited that did.

    Attributes:
        utc: when.
        campaign: whose.
        states: homes by state.
        waits: homes by the reason for which they wait.
    """

    utc: float
    campaign: str
    states: Mapping[str, int]
    waits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a rehearsal went.

    Attributes:
        homes: of the estate.
        seed: of everything that was drawn.
        phases: of all campaigns, in order.
        decisions: taken by persons, or refused.
        gates: verdicts of gates, with their inputs.
        incidents: that were raised.
        notices: delivered to parties, by kind.
        undelivered: notices that could not be, by party.
        deferred: home-days waited, by reason.
        happenings: what went on in homes meanwhile, by kind.
        real_homes: homes with real engines and emulated devices; all others reacted by numbers.
        begin_utc: the first moment.
        ends_utc: when the last home ended.
        complete: the last campaign stands open for homes to come.
        journal_sha256: of everything that happened.
        audit_head: of the audit trail.
        progress: homes by state, as time went by.
    """

    homes: int
    seed: int
    phases: tuple[RehearsedPhase, ...]
    decisions: tuple[dict[str, Any], ...]
    gates: tuple[dict[str, Any], ...]
    incidents: tuple[dict[str, Any], ...]
    notices: dict[str, int]
    undelivered: dict[str, int]
    deferred: dict[str, float]
    happenings: dict[str, int]
    real_homes: int
    begin_utc: float
    ends_utc: float | None
    complete: bool
    journal_sha256: str
    audit_head: str
    progress: tuple[ProgressPoint, ...]

    def as_values(self) -> dict[str, Any]:
        """The result as plain values, ready for JSON; how it went in between is not in it."""
        values = asdict(self)
        del values["progress"]
        return {name: values.pop(name) for name in PROMISED} | values

    @property
    def days(self) -> float | None:
        """How long it took; None where no home ended."""
        return None if self.ends_utc is None else (self.ends_utc - self.begin_utc) / DAY_S


def point(store: FleetStore, campaign: str, utc: float) -> ProgressPoint:
    """Read how many homes of a campaign are where; within a transaction."""
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for row in store.select(Select(Sum, (("campaign", campaign),))):
        if row.phase == PLACES or row.state not in STATES or not row.homes:
            continue
        states[row.state] = states.get(row.state, 0) + row.homes
        if waits(row):
            reasons[row.reason] = reasons.get(row.reason, 0) + row.homes
    return ProgressPoint(utc, campaign, states, reasons)


def deferred(points: Iterable[ProgressPoint]) -> dict[str, float]:
    """Add up home-days of waiting by reason."""
    days: dict[str, float] = {}
    last: ProgressPoint | None = None
    for now in points:
        if last is not None and last.campaign == now.campaign:
            for reason, homes in last.waits.items():
                passed = (now.utc - last.utc) / DAY_S
                days[reason] = days.get(reason, 0.0) + homes * passed
        last = now
    return {reason: round(days[reason], 2) for reason in sorted(days)}


def is_over(campaign: Campaign, phases: Sequence[CampaignPhase]) -> bool:
    """Whether it was given up, or its last phase stands open for homes to come."""
    if campaign.state in (CampaignState.ABORTED, CampaignState.SUPERSEDED):
        return True
    return bool(phases) and phases[-1].state is PhaseState.OPEN


def phases_of(store: FleetStore, campaigns: Iterable[str]) -> tuple[RehearsedPhase, ...]:
    """Read how the phases of some campaigns went; within a transaction."""
    return tuple(
        _phase(store, phase)
        for name in campaigns
        for phase in store.select(Select(CampaignPhase, (("campaign", name),)))
    )


def _phase(store: FleetStore, phase: CampaignPhase) -> RehearsedPhase:
    key = (("campaign", phase.campaign), ("phase", phase.number))
    homes: dict[str, int] = {}
    for row in store.select(Select(Sum, key)):
        if row.state in STATES:
            homes[row.state] = homes.get(row.state, 0) + row.homes
    gates = store.select(Select(GateDecision, key))
    forecasts = store.select(Select(Forecast, key))
    return RehearsedPhase(
        campaign=phase.campaign,
        name=phase.name,
        started_utc=phase.started_utc,
        homes=sum(homes.values()),
        reached=sum(homes.get(state, 0) for state in REACHED),
        activated=homes.get(MemberState.ACTIVATED, 0),
        failed=homes.get(MemberState.FAILED, 0),
        waiting=homes.get(MemberState.WAITING, 0),
        unreachable=homes.get(MemberState.UNREACHABLE, 0),
        gate=_last_word(phase, gates),
        ended_utc=phase.ended_utc,
        forecast_utc=forecasts[0].ends_utc if forecasts else None,
    )


def _last_word(phase: CampaignPhase, gates: Sequence[GateDecision]) -> str:
    """What its gate said last before the phase ended; what joins later is judged, but changes nothing."""
    before = [one for one in gates if phase.ended_utc is None or one.utc <= phase.ended_utc]
    return before[-1].verdict if before else ""


def gates_of(store: FleetStore) -> tuple[dict[str, Any], ...]:
    """Read all verdicts of gates; within a transaction."""
    return tuple(asdict(row) for row in store.select(Select(GateDecision, order=("utc",))))


def incidents_of(store: FleetStore) -> tuple[dict[str, Any], ...]:
    """Read all incidents; within a transaction."""
    return tuple(asdict(row) for row in store.select(Select(Incident, order=("raised_utc",))))


def decisions_of(store: FleetStore) -> tuple[dict[str, Any], ...]:
    """Read all decisions; within a transaction."""
    return tuple(
        {
            "utc": row.taken_utc,
            "key": row.key,
            "person": row.person,
            "act": row.act,
            "accepted": row.accepted,
            "text": row.text,
            "signed": bool(row.signature),
        }
        for row in store.walk(Select(DecisionRow, order=("taken_utc",)))
    )


def last_end(store: FleetStore, campaign: str) -> float | None:
    """Read when the last home of a campaign ended; within a transaction."""
    phases = store.select(Select(CampaignPhase, (("campaign", campaign),)))
    return max((one.last_end_utc for one in phases if one.last_end_utc is not None), default=None)
