"""Runs the real fleet against an emulated estate, in virtual time, and tells what came of it.

Whatever happens within ten minutes is handled at once, as it is where hubs report now and then; a day is
one commit. The same scenario gives the same journal, and the same audit trail.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import count
from math import ceil
from typing import Any, Final, Protocol

from emulators.estate.cast import Cast
from emulators.estate.hubs import StatisticalHubs
from emulators.estate.life import EstateLife
from emulators.estate.operator import EstateOperator, paperwork_of
from emulators.estate.population import home_id, homes, hub_variant
from emulators.estate.real_hubs import RealHubs
from emulators.estate.real_lot import LotSpec, RealHomes, RealLot, lot_spec
from emulators.estate.rehearsed import (
    ProgressPoint,
    Rehearsed,
    decisions_of,
    deferred,
    gates_of,
    incidents_of,
    is_over,
    last_end,
    phases_of,
    point,
)
from emulators.estate.scenario import Scenario
from emulators.estate.suppliers import EstateSuppliers
from emulators.simulation.journal import Journal
from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.plan.cohorts import BUSY_STATES
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    GateDecision,
    PhaseState,
)
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.fleet.notices.delivery import NoticeDelivered, NoticeUndelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionState, InstructionTaken
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import DAY_S, Utc

GRAIN_S: Final = 600.0  # what happens within it is handled at once
AT_ONCE: Final = 20_000  # instructions or notices looked for at a time
POINT_S: Final = DAY_S / 4  # between two points of the progress
OPEN_DAYS: Final = 30.0  # how long an open phase is watched for homes to come
QUIET_DAYS: Final = 45.0  # so long nothing has ended, and nothing is to come


_text = lru_cache(maxsize=1024)(canonical_json)  # of the few texts that many lines bear


class EstateHomes(Protocol):
    """The homes of an estate, which has put them into the database."""

    def name_of(self, number: int) -> str:
        """Name a home by its number, from 0."""
        ...

    def settle(self, rehearsal: "Rehearsal") -> None:
        """Have parties, persons, homes and hubs in the database."""
        ...


class DrawnHomes:
    """An estate of which everything is drawn from the seed."""

    name_of = staticmethod(home_id)

    def settle(self, rehearsal: "Rehearsal") -> None:
        """Insert homes and hubs, and let persons come to take part by their acts."""
        spec, store = rehearsal.scenario.estate, rehearsal.desk.store
        with store.transaction():
            store.insert([hub_variant(spec)])
            store.insert(homes(spec))
        for person, act, reason in rehearsal.cast.founding(spec.supplier_ids):
            rehearsal.decide(person, act, reason)


class Rehearsal:
    """One estate, one fleet, and what is to happen when.

    Attributes:
        scenario: what is rehearsed.
        desk: the fleet.
        journal: takes what happens.
        utc: the time.
        cast: the persons, with their keys.
    """

    def __init__(
        self,
        scenario: Scenario,
        desk: FleetDesk,
        journal: Journal,
        estate: EstateHomes | None = None,
        real: int = 0,
        make_homes: Callable[[LotSpec], RealHomes] = RealLot,
    ) -> None:
        self.scenario = scenario
        self.desk = desk
        self.journal = journal
        self.utc = scenario.begin
        self.cast = Cast(scenario.estate.seed, f"r{scenario.estate.seed}-{scenario.begin:.0f}")
        self._estate = DrawnHomes() if estate is None else estate
        self._real = RealHubs(scenario, real, make_homes(lot_spec(scenario)))
        self._hubs = StatisticalHubs(scenario.model, scenario.estate.seed)
        self._life = EstateLife(scenario, self._estate.name_of)
        self._operator = EstateOperator(scenario, self.decide)
        self._suppliers = EstateSuppliers(
            scenario, self.decide, self._life, self._homes_named, self._homes_of
        )
        self._ahead: list[tuple[float, int, FleetEvent]] = []
        self._number = count()
        self._day = 0
        self._campaigns = 0
        self._seen: tuple[Campaign, tuple[CampaignPhase, ...]] | None = None
        self._look_utc: Utc | None = None
        self._retry_utc: Utc | None = None
        self._notices: Counter[str] = Counter()
        self._undelivered: Counter[str] = Counter()
        self._happenings: Counter[str] = Counter()
        self._points: list[ProgressPoint] = []

    def run(self, progress: Callable[["Rehearsal"], None] = lambda _: None) -> Rehearsed:
        """Let time pass until nothing more happens."""
        store = self.desk.store
        self._estate.settle(self)
        with store.transaction():
            store.insert(paperwork_of(self.scenario))
        self._operator.begin(self.utc)
        self._retry_utc = self._operator.try_again(self.utc)
        self._settle()
        until = Utc(self.scenario.begin + self.scenario.days * DAY_S)
        while self._go_on(until, progress):
            pass
        return self._result()

    def _go_on(self, until: Utc, progress: Callable[["Rehearsal"], None]) -> bool:
        """Let a day pass, in one transaction: nobody needs what a broken rehearsal had done.

        Returns:
            whether there is more to come.
        """
        today = self._day
        with self.desk.store.transaction():
            while self._day == today:
                following = until if self._over() else self._next()
                if following >= until:
                    return False
                self.utc = max(self.utc, following)
                self._step()
                progress(self)
        return True

    @property
    def campaign(self) -> tuple[Campaign, tuple[CampaignPhase, ...]]:
        """The campaign under way, with its phases."""
        if self._seen is None:
            name = self._operator.campaigns[-1]
            store = self.desk.store
            with store.reading():
                (row,) = store.select(Select(Campaign, (("campaign", name),)))
                phases = store.select(Select(CampaignPhase, (("campaign", name),)))
            self._seen = row, tuple(phases)
        return self._seen

    @property
    def standing(self) -> ProgressPoint:
        """How many homes of the campaign under way are where."""
        store = self.desk.store
        with store.reading():
            return point(store, self._operator.campaigns[-1], self.utc)

    def decide(self, person: str, act: Any, reason: str, *, revision: int | None = None) -> Reply:
        """Let a person decide, now."""
        decision = self.cast.decision(person, act, reason, self.utc, revision)
        reply = self.desk.decide(decision, self.utc)
        self._seen = None
        told = {"person": person, "accepted": reply.accepted, "text": reply.text}
        self.journal.write(self.utc, "person", type(act).__name__, told)
        return reply

    # --- time -----------------------------------------------------------------------------------

    def _over(self) -> bool:
        campaign, phases = self.campaign
        if not is_over(campaign, phases):
            return self._quiet(campaign, phases)
        late = self.scenario.estate.homes - self.scenario.estate.installed
        opened = phases[-1].ended_utc if phases else None
        if opened is None:
            return True
        if late and self._day <= self.scenario.life.late_days + 2:
            return False
        if self.utc >= opened + OPEN_DAYS * DAY_S and not late:
            return True
        return self._all_ended()

    def _quiet(self, campaign: Campaign, phases: tuple[CampaignPhase, ...]) -> bool:
        """Whether the last phase has had nothing to do for so long that its gate will never pass."""
        if campaign.state is not CampaignState.RUNNING or campaign.phase < len(phases):
            return False
        last = phases[-1].last_end_utc or phases[-1].started_utc or self.utc
        if self.utc < last + QUIET_DAYS * DAY_S:
            return False
        return self._all_ended()

    def _all_ended(self) -> bool:
        """Whether no home of the campaign under way has anything before it."""
        return BUSY_STATES.isdisjoint(self.standing.states)

    def _next(self) -> Utc:
        """Say when to go on: at the end of the grain in which something comes, or of the day."""
        moments = [self._day_begins(self._day)]
        if self._ahead:
            moments.append(Utc(self._ahead[0][0]))
        others = (self._hubs.next_utc, self.desk.next_wake(), self._look_utc, self._retry_utc)
        moments.extend(moment for moment in others if moment is not None)
        begin = self.scenario.begin
        ends = Utc(begin + ceil((min(moments) - begin) / GRAIN_S) * GRAIN_S)
        real = self._real.next_utc
        return ends if real is None else min(ends, real)

    def _day_begins(self, number: int) -> Utc:
        return Utc(self.scenario.begin + number * DAY_S)

    def _step(self) -> None:
        if self.utc >= self._day_begins(self._day):
            self._begin_day()
        self._seen = None
        self._happen()
        real = self._real.said(self.utc)
        said = [*real, *self._hubs.said(self.utc)]
        for outcome in said:
            self._hear(outcome)
        if said:
            self.desk.handle(said, self.utc)
        self._real.settle(real, self.utc)
        self.desk.wake(self.utc)
        self._settle()
        self._persons()
        if not self._points or self.utc >= self._points[-1].utc + POINT_S:
            self._points.append(self.standing)

    def _hear(self, outcome: HubOutcome) -> None:
        campaign, reason = _text(outcome.campaign), _text(outcome.reason)
        told = f'{{"campaign":{campaign},"home":{canonical_json(outcome.home)},"reason":{reason}}}'
        self.journal.write(outcome.utc, "hub", outcome.word, told)

    def _begin_day(self) -> None:
        for utc, event in self._life.day(self._day):
            heapq.heappush(self._ahead, (utc, next(self._number), event))
        self._suppliers.day(self._day, self.utc)
        self._day += 1

    def _happen(self) -> None:
        """Let happen in homes what is due, all at once."""
        events: list[FleetEvent] = []
        while self._ahead and self._ahead[0][0] <= self.utc:
            utc, _, event = heapq.heappop(self._ahead)
            events.append(event)
            name = type(event).__name__
            self._happenings[name] += 1
            self.journal.write(utc, "life", name, {"home": getattr(event, "home", "")})
        if events:
            self.desk.handle(events, self.utc)

    def _persons(self) -> None:
        """Let persons look at how the campaign goes."""
        if self._retry_utc is not None and self.utc >= self._retry_utc:
            self._retry_utc = self._operator.try_again(self.utc)
        campaign, phases = self.campaign
        if self._suppliers.may_raise:
            self._suppliers.raise_incidents(campaign, phases, self._size)
            campaign, phases = self.campaign
        self._look_utc = self._operator.look(
            campaign, self._gate(campaign, phases), self._incidents(campaign), self.utc
        )
        if len(self._operator.campaigns) > self._campaigns:
            self._campaigns = len(self._operator.campaigns)
            begin = Utc(self.utc + self.scenario.policy.notice_days * DAY_S)
            self._suppliers.choose(self._operator.campaigns[-1], begin)

    def _size(self, phase: int) -> int:
        """How many homes a phase of the campaign under way has."""
        with self.desk.store.reading():
            found = phases_of(self.desk.store, self._operator.campaigns[-1:])
        return found[phase - 1].homes

    def _gate(self, campaign: Campaign, phases: tuple[CampaignPhase, ...]) -> GateDecision | None:
        """The last verdict about the phase under way, where persons have a part in it."""
        if not campaign.phase:
            return None
        phase = phases[campaign.phase - 1]
        rules = self.scenario.policy.phases[phase.number - 1].gate
        if phase.state is not PhaseState.RUNNING or not (rules.meeting or rules.sign_off):
            return None
        key = (campaign.campaign, phase.number, phase.verdicts)
        with self.desk.store.reading():
            ((_, row),) = self.desk.store.load([RowKey(GateDecision, key)])
        found: GateDecision | None = row
        return found

    def _incidents(self, campaign: Campaign) -> list[Incident]:
        if not self.scenario.incidents:
            return []
        with self.desk.store.reading():
            return self.desk.store.select(Select(Incident, (("campaign", campaign.campaign),)))

    # --- hubs and parties -----------------------------------------------------------------------

    def _settle(self) -> None:
        """Bring instructions to hubs and notices to parties."""
        with self.desk.store.transaction():
            self._bring()

    def _bring(self) -> None:
        store = self.desk.store
        waiting = store.select(
            Select(Instruction, (("state", InstructionState.WAITING),), limit=AT_ONCE)
        )
        notices = store.select(Select(Notice, (("state", NoticeState.WAITING),), limit=AT_ONCE))
        if not waiting and not notices:
            return
        waiting.sort(key=lambda one: (one.number, one.key))
        real = [one for one in waiting if self._real.takes(one)]
        others = [one for one in waiting if not self._real.takes(one)] if real else waiting
        events: list[FleetEvent] = [*self._real.give(real, self.utc)]
        events += [InstructionTaken(one.key) for one in others]
        events += map(self._brought, notices)
        self.desk.handle_within(events, self.utc, [*waiting, *notices])
        for instruction in others:
            self._hubs.tell(instruction, self.utc)

    def _brought(self, notice: Notice) -> NoticeDelivered | NoticeUndelivered:
        """Bring a notice to its party, where that can be reached."""
        for silence in self.scenario.silences:
            if silence.party == notice.party and self.utc < self.scenario.ends_of(silence):
                self._undelivered[notice.party] += 1
                trouble = "its endpoint does not answer"
                return NoticeUndelivered(notice.notice, notice.party, trouble, True)
        self._notices[notice.kind] += 1
        return NoticeDelivered(notice.notice, notice.party)

    def _homes_named(self, names: Iterable[str]) -> list[Home]:
        store = self.desk.store
        with store.reading():
            found = store.load(RowKey(Home, (name,)) for name in names)
        return [home for _, home in found if home is not None]

    def _homes_of(self, party: str) -> Iterator[Home]:
        """Walk the homes of a party; nothing may be decided meanwhile."""
        store = self.desk.store
        with store.reading():
            yield from store.walk(Select(Home, (("electricity", party),)))
            for home in store.walk(Select(Home, (("gas", party),))):
                if home.electricity != party:
                    yield home

    # --- what came of it ------------------------------------------------------------------------

    def _result(self) -> Rehearsed:
        store = self.desk.store
        campaign, phases = self.campaign
        self._points.append(self.standing)
        names = self._operator.campaigns
        with store.reading():
            gates = gates_of(store)
            head = store.audit_head().hash
            for gate in gates:
                self.journal.write(gate["utc"], "fleet", "gate", gate)
            self.journal.write(self.utc, "fleet", "ends", {"audit_head": head})
            return Rehearsed(
                homes=self.scenario.estate.homes,
                seed=self.scenario.estate.seed,
                phases=phases_of(store, names),
                decisions=decisions_of(store),
                gates=gates,
                incidents=incidents_of(store),
                notices=dict(sorted(self._notices.items())),
                undelivered=dict(sorted(self._undelivered.items())),
                deferred=deferred(self._points),
                happenings=dict(sorted(self._happenings.items())),
                real_homes=self._real.homes,
                begin_utc=self.scenario.begin,
                ends_utc=last_end(store, names[-1]),
                complete=is_over(campaign, phases) and campaign.state is CampaignState.RUNNING,
                journal_sha256=self.journal.sha256,
                audit_head=head,
                progress=tuple(self._points),
            )
