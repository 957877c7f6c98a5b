"""An emergency release: seven days' notice and co-operative phases are waived by two persons.

Everybody is told at once, and again as each phase begins: who waives leaves more evidence, not less.
"""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.campaigns.acts import campaign_act, need_reason
from ota_engine.fleet.campaigns.changing import campaign_of, step_phase, touch
from ota_engine.fleet.campaigns.lives import PhaseStep
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, PhaseState
from ota_engine.fleet.campaigns.voices import Waiver
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.releases.acts import release_of
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.times import Utc

TOLD: Final = SUPPLIERS | {
    PartyRole.OPERATOR,
    PartyRole.CSP,
    PartyRole.MANUFACTURER,
    PartyRole.ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class ProposeWaiver:
    """A first person says why a campaign cannot wait, and which co-operative phases to leave out."""

    campaign: str
    phases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApproveWaiver:
    """A second person agrees: the campaign may begin at once."""

    campaign: str


def _propose(act: ProposeWaiver, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = _notified(act.campaign, work)
    need_reason(actor, "a waiver")
    release = release_of(work, campaign.release)
    if release.type is not ReleaseType.EMERGENCY:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{release.release} is a release of type {release.type}: only one of type"
            f" {ReleaseType.EMERGENCY} may come without notice",
        )
    known = {phase.name for phase in policy_of(campaign.policy).phases if phase.co_operative}
    strange = [name for name in act.phases if name not in known]
    if strange:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{strange[0]!a} is no co-operative phase of {act.campaign}: only those are waived",
        )
    work.put(Waiver(act.campaign, actor.reason, act.phases, actor.person, utc))
    return f"a waiver for {act.campaign} awaits a second person"


def _approve(act: ApproveWaiver, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = _notified(act.campaign, work)
    waiver = work.get(Waiver, act.campaign)
    if waiver is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"no waiver for {act.campaign} is proposed: propose it first"
        )
    if waiver.proposer == actor.person:
        raise DecisionRefused(
            RefusalCode.AUTHOR,
            f"{actor.person} proposed the waiver: somebody else approves it",
            campaign.revision,
        )
    need_reason(actor, "a waiver")
    work.put(replace(waiver, approver=actor.person, approver_reason=actor.reason, approved_utc=utc))
    _begin_at_once(campaign, waiver, work, utc)
    text = f"waiver by {waiver.proposer} and {actor.person}: {waiver.reason}"
    campaign = touch(campaign, text, work, waiver=actor.key, deploy_utc=utc)
    tell(campaign, f"begins without seven days of notice: {waiver.reason}", work, utc)
    work.note(
        actor.person,
        "waiver",
        f"campaign:{act.campaign}",
        proposer=waiver.proposer,
        reason=waiver.reason,
        second_reason=actor.reason,
        phases=list(waiver.phases),
    )
    return f"{act.campaign} may begin at once; {len(waiver.phases)} phases are left out"


def _notified(name: str, work: Work) -> Campaign:
    campaign = campaign_of(work, name)
    if campaign.state is not CampaignState.NOTIFIED or campaign.waiver:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{name} is {campaign.state}{', by a waiver' if campaign.waiver else ''}: a waiver is"
            " for one that is approved and waits for its notice",
            campaign.revision,
        )
    return campaign


def _begin_at_once(campaign: Campaign, waiver: Waiver, work: Work, utc: Utc) -> None:
    first = True
    for phase in work.select(CampaignPhase, campaign=campaign.campaign):
        if phase.state is not PhaseState.PENDING:
            continue
        if phase.name in waiver.phases:
            work.put(replace(step_phase(phase, PhaseStep.SKIP), due_utc=None))
        else:
            work.put(replace(phase, due_utc=utc if first else None))
            first = False


def tell(campaign: Campaign, what: str, work: Work, utc: Utc) -> None:
    """Tell every relevant party of an emergency, now."""
    announce(
        work,
        NoticeKind.EMERGENCY,
        f"campaign:{campaign.campaign}",
        with_role(work, TOLD),
        f"{campaign.release} {what}",
        {"campaign": campaign.campaign, "release": campaign.release, "waiver": campaign.waiver},
        utc,
    )


ACTS: Final = {
    ProposeWaiver: campaign_act(frozenset({PartyRole.OPERATOR}), _propose),
    ApproveWaiver: campaign_act(frozenset({PartyRole.APPROVER}), _approve),
}
