"""How many homes may begin now: a rate that grows with what has gone well; knows no homes. Pure."""

from dataclasses import replace

from ota_engine.fleet.campaigns.plan.policy import PERMILLE, PhasePolicy
from ota_engine.fleet.campaigns.rows import CampaignPhase
from ota_engine.times import Utc

HOUR_S = 3_600.0


def rate_of(rules: PhasePolicy, activated: int) -> int:
    """Say how many homes an hour may begin.

    Args:
        rules: of the phase.
        activated: homes of the phase that run the release.
    """
    ramp = rules.ramp
    if ramp is None:
        return rules.per_hour
    rate = ramp.start_per_hour
    if ramp.factor_permille <= PERMILLE:
        return min(rate, rules.per_hour)
    for _ in range(activated // ramp.every_activated):
        if rate >= rules.per_hour:
            break
        rate = max(rate + 1, rate * ramp.factor_permille // PERMILLE)
    return min(rate, rules.per_hour)


def credited(phase: CampaignPhase, per_hour: int, utc: Utc) -> CampaignPhase:
    """Credit a phase with the homes that its rate has let begin since it was last looked at.

    No more than an hour's worth is ever saved up: after a hold or a night nothing rushes. A clock that
    was set back credits nothing until it has caught up.
    """
    if phase.credit_utc is None:
        return replace(phase, credit=float(per_hour), credit_utc=utc)
    passed = utc - phase.credit_utc
    if passed <= 0:
        return phase
    credit = min(float(per_hour), phase.credit + passed * per_hour / HOUR_S)
    return replace(phase, credit=credit, credit_utc=utc)
