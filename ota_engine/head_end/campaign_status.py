"""How a campaign stands, read from its rows for people; decides nothing.

As many rows for any number of homes, but for the statements that find since when homes wait.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from ota_engine.errors import LocalError
from ota_engine.fleet.campaigns.lives import OVER, UNDER_WAY
from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy, policy_of
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    DeviceToReplace,
    GateDecision,
    Member,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.campaigns.voices import Forecast
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

_HOUR_S: Final = 3_600.0


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
        waiting: homes that wait, by phase and reason, most first.
        incidents: that are not resolved.
        replacements: devices that somebody has to go to.
        notices: about it, by how far they have come.
    """

    campaign: Campaign
    version: int
    variant: str
    phases: tuple[PhaseStatus, ...]
    waiting: tuple[HomesWaiting, ...]
    incidents: tuple[Incident, ...]
    replacements: int
    notices: Mapping[str, int]

    def as_values(self) -> dict[str, Any]:
        """The status as plain values, ready for JSON."""
        return asdict(self)


def campaign_status(store: FleetStore, name: str, utc: Utc) -> CampaignStatus:
    """Read how a campaign stands.

    Raises:
        LocalError: there is none of this name.
    """
    with store.reading():
        found = store.select(Select(Campaign, (("campaign", name),)))
        if not found:
            names = ", ".join(row.campaign for row in store.select(Select(Campaign)))
            raise LocalError(
                f"{name!a}: there is no such campaign: there are {names}"
                if names
                else f"{name!a}: there is no campaign yet: propose one"
            )
        (campaign,) = found
        return _status(store, campaign, utc)


def _status(store: FleetStore, campaign: Campaign, utc: Utc) -> CampaignStatus:
    mine = ("campaign", campaign.campaign)
    (release,) = store.select(Select(FirmwareRelease, (("release", campaign.release),)))
    phases = store.select(Select(CampaignPhase, (mine,)))
    sums = store.select(Select(Sum, (mine,)))
    forecasts = {row.phase: row for row in store.select(Select(Forecast, (mine,)))}
    verdicts = {(row.phase, row.number): row for row in store.select(Select(GateDecision, (mine,)))}
    policy = policy_of(campaign.policy)
    shown = []
    expected: float | None = utc
    for phase in phases:
        counts = _counts(sums, phase.number)
        forecast = forecasts.get(phase.number)
        expected = _expected(policy, phase, counts, forecast, expected)
        last = verdicts.get((phase.number, phase.verdicts))
        shown.append(_phase(phase, counts, last, forecast, expected))
    about = ("subject", f"campaign:{campaign.campaign}")
    notices = store.count(Counts(Notice, ("state",), (about,)))
    incidents = store.select(Select(Incident, (mine,)))
    return CampaignStatus(
        campaign,
        release.version,
        release.variant,
        tuple(shown),
        _waiting(store, campaign, sums),
        tuple(row for row in incidents if row.state is not IncidentState.RESOLVED),
        sum(store.count(Counts(DeviceToReplace, ("campaign",), (mine,))).values()),
        {str(NoticeState(state)): number for (state,), number in notices.items()},
    )


def _counts(sums: Sequence[Sum], phase: int) -> dict[str, int]:
    known = frozenset(MemberState)
    counts: dict[str, int] = {}
    for row in sums:
        if row.phase == phase and row.state in known and row.homes:
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
        () if last is None or not last.missing else tuple(last.missing.split("; ")),
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


def _waiting(
    store: FleetStore, campaign: Campaign, sums: Sequence[Sum]
) -> tuple[HomesWaiting, ...]:
    found = []
    for row in sums:
        if row.state != MemberState.WAITING or not row.homes:
            continue
        here = (
            ("campaign", campaign.campaign),
            ("phase", row.phase),
            ("state", MemberState.WAITING),
            ("reason", row.reason),
        )
        first = store.select(Select(Member, here, (), ("since_utc",), 1))
        since = first[0].since_utc if first else None
        found.append(HomesWaiting(row.phase, row.reason, row.homes, since))
    return tuple(sorted(found, key=lambda one: (-one.homes, one.phase, one.reason)))
