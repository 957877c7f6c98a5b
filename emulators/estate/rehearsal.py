"""Runs the real fleet against an emulated estate, in virtual time, and tells what came of it."""

import heapq
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Final

from emulators.estate.operator import EstateOperator, is_over, paperwork_of
from emulators.estate.population import homes, people
from emulators.estate.reaction import react
from emulators.estate.scenario import Scenario
from emulators.simulation.journal import Journal
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    GateDecision,
    MemberState,
    Sum,
)
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.fleet.kernel.decisions import Decision, DecisionRow
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionState, InstructionTaken
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

GRAIN_S: Final = 60.0  # what happens within a minute is one commit
DAY_S: Final = 86_400.0
AT_ONCE: Final = 20_000  # instructions or notices looked for at a time


@dataclass(frozen=True, slots=True)
class RehearsedPhase:
    """How one phase went."""

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


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a rehearsal went.

    Attributes:
        homes: of the estate.
        seed: of everything that was drawn.
        phases: of all campaigns, in order.
        decisions: taken by persons.
        gates: verdicts of gates, with their inputs.
        notices: delivered to parties, by kind.
        ends_utc: when the last home ended.
        complete: the last campaign stands open for homes to come.
        journal_sha256: of everything that happened.
        audit_head: of the audit trail.
    """

    homes: int
    seed: int
    phases: tuple[RehearsedPhase, ...]
    decisions: tuple[dict[str, Any], ...]
    gates: tuple[dict[str, Any], ...]
    notices: dict[str, int]
    ends_utc: float | None
    complete: bool
    journal_sha256: str
    audit_head: str

    def as_values(self) -> dict[str, Any]:
        """The result as plain values, ready for JSON."""
        return asdict(self)


class Rehearsal:
    """One estate, one fleet, and what is to happen when."""

    def __init__(self, scenario: Scenario, desk: FleetDesk, journal: Journal) -> None:
        self.utc = scenario.begin
        self.scenario = scenario
        self.desk = desk
        self.journal = journal
        self._operator = EstateOperator(scenario, self._decide)
        self._ahead: list[tuple[float, int, FleetEvent]] = []
        self._number = count()
        self._look_utc: Utc | None = None
        self._notices: dict[str, int] = {}

    def run(self, progress: Callable[["Rehearsal"], None] = lambda _: None) -> Rehearsed:
        """Let time pass until nothing more happens."""
        store = self.desk.store
        with store.transaction():
            store.insert(people(self.scenario.estate))
            store.insert(paperwork_of(self.scenario))
            store.insert(homes(self.scenario.estate))
        self._operator.begin(self.utc)
        self._settle()
        until = self.scenario.begin + self.scenario.days * DAY_S
        while not self._over():
            following = self._next()
            if following is None or following > until:
                break
            self.utc = max(self.utc, following)
            self._step()
            progress(self)
        return self._result()

    @property
    def campaign(self) -> tuple[Campaign, tuple[CampaignPhase, ...]]:
        """The campaign under way, with its phases."""
        name = self._operator.campaigns[-1]
        with self.desk.store.transaction():
            (row,) = self.desk.store.select(Select(Campaign, (("campaign", name),)))
            phases = self.desk.store.select(Select(CampaignPhase, (("campaign", name),)))
        return row, tuple(phases)

    def _over(self) -> bool:
        campaign, phases = self.campaign
        return is_over(campaign, phases) and not self._ahead

    def _decide(self, decision: Decision) -> Reply:
        reply = self.desk.decide(decision, self.utc)
        self.journal.write(self.utc, "person", type(decision.act).__name__, {"text": reply.text})
        return reply

    def _next(self) -> Utc | None:
        moments = [Utc(self._ahead[0][0] + GRAIN_S)] if self._ahead else []
        wake = self.desk.next_wake()
        moments += [moment for moment in (wake, self._look_utc) if moment is not None]
        return min(moments, default=None)

    def _step(self) -> None:
        events: list[FleetEvent] = []
        while self._ahead and self._ahead[0][0] <= self.utc:
            events.append(heapq.heappop(self._ahead)[2])
        if events:
            self._journal(events)
            self.desk.handle(events, self.utc)
        self.desk.wake(self.utc)
        self._settle()
        campaign, _ = self.campaign
        if campaign.state is CampaignState.HELD:
            self._look_utc = self._operator.look(campaign, self.utc)
        else:
            self._look_utc = None

    def _journal(self, events: list[FleetEvent]) -> None:
        for event in events:
            if isinstance(event, HubOutcome):
                self.journal.write(
                    event.utc, "hub", event.word, {"home": event.home, "reason": event.reason}
                )

    def _settle(self) -> None:
        """Bring instructions to hubs and notices to parties."""
        store = self.desk.store
        with store.transaction():
            waiting = store.select(
                Select(Instruction, (("state", InstructionState.WAITING),), limit=AT_ONCE)
            )
            notices = store.select(Select(Notice, (("state", NoticeState.WAITING),), limit=AT_ONCE))
        events: list[FleetEvent] = [InstructionTaken(one.key) for one in waiting]
        events += [NoticeDelivered(one.notice, one.party) for one in notices]
        if not events:
            return
        self.desk.handle(events, self.utc)
        for notice in notices:
            self._notices[notice.kind] = self._notices.get(notice.kind, 0) + 1
        seed = self.scenario.estate.seed
        for instruction in waiting:
            for outcome in react(self.scenario.model, seed, instruction, self.utc):
                heapq.heappush(self._ahead, (outcome.utc, next(self._number), outcome))

    # --- what came of it ------------------------------------------------------------------------

    def _result(self) -> Rehearsed:
        store = self.desk.store
        campaign, phases = self.campaign
        with store.transaction():
            gates = [asdict(row) for row in store.select(Select(GateDecision, order=("utc",)))]
            decisions = [
                {"utc": row.taken_utc, "person": row.person, "act": row.act, "text": row.text}
                for row in store.select(Select(DecisionRow, order=("taken_utc",)))
            ]
            rows = tuple(
                self._phase(phase)
                for name in self._operator.campaigns
                for phase in store.select(Select(CampaignPhase, (("campaign", name),)))
            )
            head = store.audit_head().hash
        ends = [phase.last_end_utc for phase in phases if phase.last_end_utc is not None]
        for gate in gates:
            self.journal.write(gate["utc"], "fleet", "gate", gate)
        for row in rows:
            self.journal.write(self.utc, "fleet", "phase", asdict(row))
        return Rehearsed(
            homes=self.scenario.estate.homes,
            seed=self.scenario.estate.seed,
            phases=rows,
            decisions=tuple(decisions),
            gates=tuple(gates),
            notices=dict(sorted(self._notices.items())),
            ends_utc=max(ends, default=None),
            complete=is_over(campaign, phases) and campaign.state is CampaignState.RUNNING,
            journal_sha256=self.journal.sha256,
            audit_head=head,
        )

    def _phase(self, phase: CampaignPhase) -> RehearsedPhase:
        store = self.desk.store
        names = ("campaign", phase.campaign)
        homes_in: dict[str, int] = {}
        for row in store.select(Select(Sum, (names, ("phase", phase.number)))):
            homes_in[row.state] = homes_in.get(row.state, 0) + row.homes
        key = (names, ("phase", phase.number))
        gates = store.select(Select(GateDecision, key))
        ended = [homes_in.get(state, 0) for state in (MemberState.ACTIVATED, MemberState.FAILED)]
        under_way = [
            homes_in.get(state, 0) for state in (MemberState.REACHED, MemberState.TRANSFERRED)
        ]
        return RehearsedPhase(
            campaign=phase.campaign,
            name=phase.name,
            started_utc=phase.started_utc,
            homes=sum(homes_in.values()),
            reached=sum(ended) + sum(under_way),
            activated=ended[0],
            failed=ended[1],
            waiting=homes_in.get(MemberState.WAITING, 0),
            unreachable=homes_in.get(MemberState.UNREACHABLE, 0),
            gate=gates[-1].verdict if gates else "",
        )
