"""What is planned when a campaign is approved: which homes, in which phases, and how long it takes."""

from collections.abc import Mapping
from typing import Final

from ota_engine.fleet.campaigns.plan.cohorts import quotas
from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy, PhasePolicy, PhaseSource
from ota_engine.fleet.campaigns.plan.rates import HOUR_S, rate_of
from ota_engine.fleet.campaigns.rows import CampaignPhase
from ota_engine.fleet.campaigns.voices import Forecast
from ota_engine.fleet.kernel.effects import Draw
from ota_engine.fleet.kernel.rows import Strata
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus
from ota_engine.times import Utc

_MOST_HOURS: Final = 100_000  # reckoned one by one


def may_be_delivered(release: FirmwareRelease, policy: CampaignPolicy) -> bool:
    """Whether a campaign may deliver a release: one approved, or a draft in the ring fence that proves it."""
    return release.status is ReleaseStatus.APPROVED or (
        release.status is ReleaseStatus.DRAFT and bool(policy.ring_fence)
    )


def targets_of(release: FirmwareRelease, policy: CampaignPolicy) -> Strata:
    """Say which homes a campaign means."""
    return Strata(
        release.variant, policy.regions, release.version, policy.ring_fence, policy.supplier
    )


def draw_of(
    campaign: str,
    release: FirmwareRelease,
    policy: CampaignPolicy,
    strata: Mapping[str, int],
    utc: Utc,
) -> Draw:
    """Plan the phases of a campaign; phases of nominated homes are drawn none."""
    sizes = [0 if phase.source is PhaseSource.NOMINATED else phase.homes for phase in policy.phases]
    return Draw(campaign, policy.key, targets_of(release, policy), quotas(sizes, strata), utc)


def forecasts(
    campaign: str, policy: CampaignPolicy, homes: int, deploy_utc: float
) -> tuple[Forecast, ...]:
    """Say how each phase is expected to go, if all homes answer and none has to wait.

    A phase takes as long as its rate needs, one download, and its observation.
    """
    made = []
    starts, left = deploy_utc, homes
    for number, phase in enumerate(policy.phases, 1):
        size = _size(phase, left)
        left -= size
        ends = starts + _hours(phase, size) * HOUR_S + policy.download_s + phase.gate.observation_s
        made.append(Forecast(campaign, number, size, starts, ends))
        starts = ends
    return tuple(made)


def _size(phase: PhasePolicy, left: int) -> int:
    if phase.source is PhaseSource.NOMINATED:
        return min(phase.homes or 0, left)
    return left if phase.homes is None else min(phase.homes, left)


def _hours(phase: PhasePolicy, homes: int) -> int:
    begun = hours = 0
    while begun < homes and hours < _MOST_HOURS:
        rate = rate_of(phase, begun)
        if phase.ramp is None or rate >= phase.per_hour:
            return hours + -(-(homes - begun) // rate)
        begun += rate
        hours += 1
    return hours


def lateness_s(forecast: Forecast, phase: CampaignPhase, utc: Utc) -> float:
    """Say by how much a phase ended later than forecast; so far, where it has not ended.

    Returns:
        seconds; below zero where it was earlier.
    """
    ended = utc if phase.ended_utc is None else phase.ended_utc
    if phase.ended_utc is None and utc < forecast.ends_utc:
        return 0.0
    return ended - forecast.ends_utc
