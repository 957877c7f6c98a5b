"""How a campaign stands, read from its rows for people; decides nothing.

As many rows for any number of homes: sums, and one look at an index for each reason to wait. Only the homes
of one supplier are counted, by one statement over them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, NamedTuple, TypeVar

from ota_engine.fleet.campaigns.lives import OVER, UNDER_WAY
from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy, policy_of
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    DeviceToReplace,
    GateDecision,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.campaigns.voices import Forecast, Position, SignOff
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.head_end.questions.asking import View
from ota_engine.head_end.questions.counting import counted
from ota_engine.head_end.questions.scope import home_party
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.sets import (
    HomesCounted,
    count_of,
    count_own,
    in_homes_of,
    waiting_since,
)

_HOUR_S: Final = 3_600.0
_STATES: Final = frozenset(MemberState)
AnySum = TypeVar("AnySum", Sum, HomesCounted, Sum | HomesCounted)


@dataclass(frozen=True, slots=True)
class HomesWaiting:
    """Homes of a phase that wait for one reason, and since when the first of them does."""

    phase: int
    reason: str
    homes: int
    since_utc: float | None


@dataclass(frozen=True, slots=True)
class PhaseStatus:
    """How one phase stands.

    Attributes:
        number: from 1.
        name: as people call it.
        state: where it stands.
        homes: in it now.
        counts: of them, by state.
        positions: of parties, as they stand.
        sign_off: of a person; None while there is none.
        own: homes of the viewer alone, by state; None for who sees every home.
        started_utc: None before it has begun.
        ended_utc: None before its gate has passed.
        verdict: of its gate, empty before the first.
        missing: what that lacks, or what is wrong.
        judged_utc: when, None before the first.
        forecast_utc: when it was to end, as reckoned at approval.
        expected_utc: when it ends by what is left of it now; None for a phase that stays open.
    """

    number: int
    name: str
    state: PhaseState
    homes: int
    counts: Mapping[str, int]
    started_utc: float | None
    ended_utc: float | None
    verdict: str
    missing: tuple[str, ...]
    judged_utc: float | None
    forecast_utc: float | None
    expected_utc: float | None
    positions: tuple[Position, ...] = ()
    sign_off: SignOff | None = None
    own: Mapping[str, int] | None = None

    def count(self, *states: MemberState) -> int:
        """How many homes are in one of some states."""
        return sum(self.counts.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """How a campaign stands.

    Attributes:
        campaign: its row.
        version: of the firmware.
        variant: of the devices.
        phases: in order.
        waiting: homes that wait, by phase and reason, most first; of a supplier's, its own.
        incidents: that are not resolved.
        replacements: devices that somebody has to go to, in homes that the viewer sees.
        notices: about it to parties that the viewer knows of, by how far they have come.
        counted_utc: when the viewer's own homes were counted, which for very many is not done for
            every answer; None for who sees every home.
    """

    campaign: Campaign
    version: int
    variant: str
    phases: tuple[PhaseStatus, ...]
    waiting: tuple[HomesWaiting, ...]
    incidents: tuple[Incident, ...]
    replacements: int
    notices: Mapping[str, int]
    counted_utc: float | None = None

    @property
    def revision(self) -> int:
        """Of the campaign, for decisions about it."""
        return self.campaign.revision

    def as_values(self) -> dict[str, Any]:
        """The status as plain values, ready for JSON."""
        return asdict(self)


def campaign_status(view: View, campaign: Campaign) -> CampaignStatus:
    """Read how a campaign stands, as far as its viewer may see."""
    store = view.desk.store
    mine = ("campaign", campaign.campaign)
    (release,) = store.select(Select(FirmwareRelease, (("release", campaign.release),)))
    sums = store.select(Select(Sum, (mine,)))
    own = own_counts(view, campaign, sums)
    incidents = store.select(Select(Incident, (mine,)))
    return CampaignStatus(
        campaign,
        release.version,
        release.variant,
        tuple(_phases(view, campaign, sums, own.counts)),
        waiting_homes(view, campaign, sums, own.counts),
        tuple(row for row in incidents if row.state is not IncidentState.RESOLVED),
        count_replacements(view, campaign.campaign),
        _notices(view, campaign),
        own.utc,
    )


class OwnCounts(NamedTuple):
    """How a viewer's own homes stand in a campaign.

    Attributes:
        counts: of them; None for who sees every home.
        utc: when they were counted; None where nothing was.
    """

    counts: Sequence[HomesCounted] | None
    utc: float | None


def own_counts(view: View, campaign: Campaign, sums: Sequence[Sum]) -> OwnCounts:
    """Count the viewer's own homes; of very many, not for every answer."""
    party = home_party(view)
    if not party or not view.viewer.is_supplier:
        return OwnCounts(() if party else None, None)
    members = sum(row.homes for row in of_homes(sums))
    driver = view.desk.store.driver
    name = ("own homes in a campaign", campaign.campaign, party)
    counts = counted(view, name, lambda: count_own(driver, campaign.campaign, party, members))
    return OwnCounts(*counts)


def _phases(
    view: View, campaign: Campaign, sums: Sequence[Sum], own: Sequence[HomesCounted] | None
) -> Iterator[PhaseStatus]:
    store = view.desk.store
    mine = ("campaign", campaign.campaign)
    forecasts = {row.phase: row for row in store.select(Select(Forecast, (mine,)))}
    policy = policy_of(campaign.policy)
    expected: float | None = view.utc
    for phase in store.select(Select(CampaignPhase, (mine,))):
        counts = counts_of(sums, phase.number)
        forecast = forecasts.get(phase.number)
        expected = _expected(policy, phase, counts, forecast, expected)
        last = last_verdict(store, phase)
        mine_alone = None if own is None else counts_of(own, phase.number)
        here = ("campaign", phase.campaign), ("phase", phase.number)
        signed = store.select(Select(SignOff, here))
        yield replace(
            _phase(phase, counts, last, forecast, expected),
            positions=tuple(store.select(Select(Position, here))),
            sign_off=signed[0] if signed else None,
            own=mine_alone,
        )


def last_verdict(store: FleetStore, phase: CampaignPhase) -> GateDecision | None:
    """Read what the gate of a phase said last; None before the first."""
    here = ("campaign", phase.campaign), ("phase", phase.number), ("number", phase.verdicts)
    found = store.select(Select(GateDecision, here))
    return found[0] if found else None


def lacking(verdict: GateDecision | None) -> tuple[str, ...]:
    """Name what a gate lacks, or what is wrong."""
    return () if verdict is None or not verdict.missing else tuple(verdict.missing.split("; "))


def _notices(view: View, campaign: Campaign) -> dict[str, int]:
    """Count notices about a campaign by how far they have come, where they lie; none of them is read."""
    party = home_party(view)
    given = {"subject": f"campaign:{campaign.campaign}", "party": party}
    ending = "WHERE r.subject = :subject AND r.kind <> 'activated'"
    if party:
        ending += " AND r.party = :party"
    ending += " AND r.state = :state"
    counts = {
        str(state): count_of(view.desk.store.driver, Notice, ending, given | {"state": str(state)})
        for state in sorted(NoticeState)
    }
    return {state: many for state, many in counts.items() if many}


def count_replacements(view: View, campaign: str) -> int:
    """Count devices of a campaign that are to be replaced, of homes that are seen."""
    ending, given = replacements_seen(view, campaign)
    return count_of(view.desk.store.driver, DeviceToReplace, ending, given)


def replacements_seen(view: View, campaign: str) -> tuple[str, dict[str, Any]]:
    """Write the end of a statement that reads them, and what it is given."""
    party = home_party(view)
    return in_homes_of(party, "r.campaign = :campaign"), {"campaign": campaign, "party": party}


def of_homes(sums: Iterable[AnySum]) -> list[AnySum]:
    """Take those sums that count homes where any stand: others count places at gateways."""
    return [row for row in sums if row.state in _STATES and row.homes]


def counts_of(sums: Iterable[Sum | HomesCounted], phase: int = 0) -> dict[str, int]:
    """Count homes by state, of one phase or of all."""
    counts: dict[str, int] = {}
    for row in of_homes(sums):
        if phase in (0, row.phase):
            counts[row.state] = counts.get(row.state, 0) + row.homes
    return counts


def _phase(
    phase: CampaignPhase,
    counts: Mapping[str, int],
    last: GateDecision | None,
    forecast: Forecast | None,
    expected: float | None,
) -> PhaseStatus:
    return PhaseStatus(
        phase.number,
        phase.name,
        phase.state,
        sum(counts.values()),
        counts,
        phase.started_utc,
        phase.ended_utc,
        "" if last is None else last.verdict,
        lacking(last),
        None if last is None else last.utc,
        None if forecast is None else forecast.ends_utc,
        expected,
    )


def _expected(
    policy: CampaignPolicy,
    phase: CampaignPhase,
    counts: Mapping[str, int],
    forecast: Forecast | None,
    before: float | None,
) -> float | None:
    """Say when a phase ends, if whatever is left of it goes as agreed and nothing has to wait.

    Args:
        policy: of the campaign.
        phase: which.
        counts: of its homes, by state.
        forecast: made at approval.
        before: when the phase before it ends, or now.
    """
    if phase.state in OVER:
        return phase.ended_utc
    if before is None or forecast is None:
        return None
    if phase.started_utc is None:
        return max(before, forecast.starts_utc) + forecast.ends_utc - forecast.starts_utc
    agreed = policy.phases[phase.number - 1]
    left = counts.get(MemberState.PLANNED, 0) + counts.get(MemberState.WAITING, 0)
    under_way = sum(counts.get(state, 0) for state in UNDER_WAY)
    ends = before + left / agreed.per_hour * _HOUR_S
    if left or under_way:
        ends += policy.download_s
    last = phase.observed_utc if not left and not under_way else ends
    return max(before, (last or before) + agreed.gate.observation_s)


def waiting_homes(
    view: View, campaign: Campaign, sums: Sequence[Sum], own: Sequence[HomesCounted] | None
) -> tuple[HomesWaiting, ...]:
    """Say which homes wait for what, most first; of a supplier's, its own."""
    found = [
        HomesWaiting(row.phase, row.reason, row.homes, _since(view, row))
        for row in (sums if own is None else own)
        if row.state == MemberState.WAITING and row.homes
    ]
    return tuple(sorted(found, key=lambda one: (-one.homes, one.phase, one.reason)))


def _since(view: View, row: Sum | HomesCounted) -> float | None:
    if isinstance(row, HomesCounted):
        return row.since_utc
    return waiting_since(view.desk.store.driver, row.campaign, row.phase, row.reason)
