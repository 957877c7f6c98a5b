"""How the row of a campaign or of a phase changes: by its table, with its revision, for the record."""

from dataclasses import replace
from typing import Any, Final

from ota_engine.fleet.campaigns.lives import CAMPAIGNS, PHASES, CampaignStep, PhaseStep
from ota_engine.fleet.campaigns.reports import stage
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase
from ota_engine.fleet.kernel.decisions import Actor, DecisionRefused, RefusalCode
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc

#: What every party of a campaign is told at once; of a hold it is told with what is wrong.
_STAGES: Final = frozenset(CampaignStep) - {
    CampaignStep.AMEND,
    CampaignStep.REJECT,
    CampaignStep.APPROVE,
    CampaignStep.HOLD,
}


def move_campaign(
    work: Work,
    campaign: Campaign,
    step: CampaignStep,
    reason: str,
    actor: Actor | None,
    utc: Utc,
    **changes: Any,
) -> Campaign:
    """Let something happen to a campaign.

    Args:
        work: the event in hand.
        campaign: as it stands.
        step: what happens.
        reason: why it stands where it then does.
        actor: who decided it; None for the fleet itself.
        utc: now.
        changes: of other fields.

    Returns:
        the campaign as it stands then; the same one where the step means nothing.

    Raises:
        DecisionRefused: a person wants what is forbidden from there.
    """
    if actor is not None:
        refuse_forbidden(campaign, step)
    state = CAMPAIGNS.turn(campaign.state, step)
    if state is None:
        return campaign
    who = "fleet" if actor is None else actor.person
    row = replace(
        campaign,
        state=state,
        reason=reason,
        since_utc=utc if state is not campaign.state else campaign.since_utc,
        revision=campaign.revision + 1,
        changed=f"{state} by {who}: {reason}",
        **changes,
    )
    work.put(row)
    work.note(who, str(state), f"campaign:{campaign.campaign}", reason=reason)
    if step in _STAGES:
        stage(row, work, utc)
    return row


def refuse_forbidden(campaign: Campaign, step: CampaignStep) -> None:
    """Refuse what a campaign cannot do from where it stands.

    Raises:
        DecisionRefused: so it is.
    """
    if (campaign.state, step) not in CAMPAIGNS.transitions:
        states = [state for state, other in CAMPAIGNS.transitions if other is step]
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{campaign.campaign} is {campaign.state}: that takes a campaign that is"
            f" {' or '.join(states)}",
            campaign.revision,
        )


def touch(campaign: Campaign, changed: str, work: Work, **changes: Any) -> Campaign:
    """Note a change of a campaign that stands where it stood."""
    row = replace(campaign, revision=campaign.revision + 1, changed=changed, **changes)
    work.put(row)
    return row


def step_phase(phase: CampaignPhase, step: PhaseStep) -> CampaignPhase:
    """Let something happen to a phase; whoever calls keeps it."""
    state = PHASES.turn(phase.state, step)
    return phase if state is None else replace(phase, state=state)


def campaign_of(work: Work, name: str) -> Campaign:
    """Read a campaign.

    Raises:
        DecisionRefused: there is none.
    """
    found = work.get(Campaign, name)
    if found is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{name}: there is no such campaign: propose it first"
        )
    return found


def phase_of(work: Work, campaign: str, number: int) -> CampaignPhase:
    """Read a phase.

    Raises:
        DecisionRefused: there is none.
    """
    found = work.get(CampaignPhase, campaign, number)
    if found is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN,
            f"{campaign} has no phase {number}: approve the campaign, or give another number",
        )
    return found
