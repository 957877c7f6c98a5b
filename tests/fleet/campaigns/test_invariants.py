"""Whatever happens in whatever order: sums count what is there, and nothing begins in what is stopped."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ota_engine.fleet.campaigns.lives import WITH_PLACE
from ota_engine.fleet.campaigns.rows import CampaignState, Member, MemberState
from ota_engine.fleet.campaigns.steering import (
    AbortCampaign,
    KeepHome,
    PauseCampaign,
    ResumeCampaign,
    StopAll,
)
from ota_engine.fleet.campaigns.troubles import RaiseIncident, ResolveIncident, TakeIncident
from ota_engine.fleet.incidents.rows import Incident, IncidentState, Resolution
from ota_engine.fleet.inventory.arrivals import HomeTold
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.port import HubOutcome, HubWord, Verb
from ota_engine.times import Utc
from tests.fleet.estate import DAY, VERSION
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy
from tests.fleet.town import OLD_VERSION
from tests.tiers import examples

HOMES = [f"h{number}" for number in range(1, 7)]
GOING = (CampaignState.NOTIFIED, CampaignState.RUNNING)


class RollOutMachine(RuleBasedStateMachine):
    """A pilot of three homes and a phase for all others, under everything that may come."""

    def __init__(self) -> None:
        super().__init__()
        self.town = RollOutTown(len(HOMES))
        pilot = phase("pilot", 3, per_hour=2, gate=gate(failures=1))
        self.town.announce(policy(pilot, phase("mass"), attempts=2, per_gateway=2))
        self.town.pass_time(7 * DAY)
        self.said = 0
        self.stopped_at: int | None = None  # homes begun when it was last seen stopped

    @rule(
        home=st.sampled_from(HOMES),
        word=st.sampled_from(HubWord),
        attempt=st.integers(0, 3),
        version=st.sampled_from([None, OLD_VERSION, VERSION]),
        unasked=st.booleans(),
    )
    def a_hub_speaks(
        self, home: str, word: HubWord, attempt: int, version: int | None, unasked: bool
    ) -> None:
        self.said += 1
        member = self.town.member(home)
        said = HubOutcome(
            f"said-{self.said}",
            "" if unasked else "c1",
            attempt,
            home,
            member.device,
            word,
            "because",
            version,
            b"",
            self.town.utc,
        )
        self.town.happen(said, said)  # all that a hub says may come twice

    @rule(home=st.sampled_from(HOMES))
    def a_home_goes_well(self, home: str) -> None:
        if self.town.state(home) is MemberState.OFFERED:
            self.town.finish(home)

    @rule(seconds=st.sampled_from([60.0, HOUR, DAY, 4 * DAY, 15 * DAY]))
    def time_passes(self, seconds: float) -> None:
        self.town.pass_time(seconds)

    @rule(act=st.sampled_from([PauseCampaign("c1"), StopAll()]))
    def somebody_stops_it(self, act: Any) -> None:
        self.town.ask("olive", act)

    @rule()
    def somebody_goes_on(self) -> None:
        revision = self.town.stands().revision
        self.town.ask("olive", ResumeCampaign("c1"), revision=revision)

    @rule(category=st.integers(1, 5))
    def somebody_raises_an_incident(self, category: int) -> None:
        self.said += 1
        self.town.ask("eve", RaiseIncident(f"i{self.said}", "c1", 1, category, "odd"))

    @rule()
    def somebody_resolves_incidents(self) -> None:
        for incident in self.town.rows(Incident):
            if incident.state is not IncidentState.RESOLVED:
                self.town.ask("olive", TakeIncident(incident.incident, "olive"))
                self.town.ask("olive", ResolveIncident(incident.incident, Resolution.GO_ON))

    @rule(home=st.sampled_from(HOMES))
    def somebody_puts_a_home_off(self, home: str) -> None:
        self.town.ask("olive", KeepHome("c1", home, Utc(self.town.utc + DAY)))

    @rule(home=st.sampled_from(HOMES[4:]))
    def a_home_vanishes(self, home: str) -> None:
        self.town.happen(HomeTold(home, HomeStatus.GONE))

    @precondition(lambda self: self.said > 20)
    @rule()
    def somebody_gives_it_up(self) -> None:
        self.town.ask("olive", AbortCampaign("c1"))

    @invariant()
    def sums_count_what_is_there(self) -> None:
        self.town.check_sums()

    @invariant()
    def places_are_those_of_homes_that_hold_one(self) -> None:
        holding = [row for row in self.town.rows(Member) if row.state in WITH_PLACE]
        places = self.town.places()
        assert places.get("gw", 0) == len(holding) == places.get("North", 0)

    @invariant()
    def nothing_begins_in_what_is_stopped(self) -> None:
        begun = len(self.town.told(Verb.ASSIGN))
        if self.town.stands().state in GOING:
            self.stopped_at = None
        else:
            assert self.stopped_at in (None, begun)
            self.stopped_at = begun

    @invariant()
    def attempts_are_used_up_by_devices_and_silence_alone(self) -> None:
        for member in self.town.rows(Member):
            assert member.used <= 2 or member.state is MemberState.UNREACHABLE
            assert member.used == 0 or member.attempt > 0


TestRollOut = RollOutMachine.TestCase
TestRollOut.settings = settings(examples(50), stateful_step_count=25)
