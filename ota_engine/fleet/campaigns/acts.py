"""What persons decide about campaigns."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from images.errors import ImageError
from images.strict_json import read_json
from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.opening import announced
from ota_engine.fleet.campaigns.cohorts import quotas
from ota_engine.fleet.campaigns.policy import DAY_S, CampaignPolicy, policy_text, read_policy
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, PhaseState
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.effects import Draw
from ota_engine.fleet.kernel.rows import Strata
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.releases.acts import release_of
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class ProposeCampaign:
    """A campaign, written and ready for approval; ``policy`` is the text of ``policy_text``."""

    campaign: str
    release: str
    policy: str


@dataclass(frozen=True, slots=True)
class ApproveCampaign:
    """A second person agrees: homes are drawn, the policy is frozen, parties are told."""

    campaign: str


@dataclass(frozen=True, slots=True)
class PauseCampaign:
    """Nothing new begins."""

    campaign: str


@dataclass(frozen=True, slots=True)
class ResumeCampaign:
    """Go on after a pause or a hold."""

    campaign: str


@dataclass(frozen=True, slots=True)
class AbortCampaign:
    """End it for good."""

    campaign: str


CampaignAct = ProposeCampaign | ApproveCampaign | PauseCampaign | ResumeCampaign | AbortCampaign


def available_notice(campaign: str) -> str:
    """Name the notice by which a campaign is announced."""
    return f"{campaign}/available"


def policy_of(campaign: Campaign) -> CampaignPolicy:
    """Read the policy of a campaign from its row."""
    try:
        return _frozen_policy(campaign.policy)
    except ImageError as error:
        raise LocalError(f"{campaign.campaign}: {error}") from error


@lru_cache(maxsize=64)
def _frozen_policy(text: str) -> CampaignPolicy:
    return read_policy(read_json(text, "the policy"))


def _campaign(work: Work, name: str) -> Campaign:
    found = work.get(Campaign, name)
    if found is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{name}: there is no such campaign: propose it first"
        )
    return found


def _propose(act: ProposeCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(Campaign, act.campaign) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.campaign} is proposed already: give another id"
        )
    release_of(work, act.release)
    try:
        policy = read_policy(read_json(act.policy, "the policy"))
    except (ImageError, LocalError) as error:
        raise DecisionRefused(RefusalCode.CONTENT, str(error)) from error
    text = policy_text(policy)
    changed = f"proposed by {actor.person}"
    work.put(
        Campaign(
            act.campaign,
            act.release,
            text,
            hashlib.sha256(text.encode("ascii")).hexdigest(),
            CampaignState.PROPOSED,
            "awaits approval by a second person",
            utc,
            actor.person,
            1,
            changed,
        )
    )
    return f"campaign {act.campaign} is {changed}"


def _approve(act: ApproveCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = _campaign(work, act.campaign)
    if campaign.state is not CampaignState.PROPOSED:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.campaign} is {campaign.state}: only a proposed one is approved",
        )
    if campaign.author == actor.person:
        raise DecisionRefused(
            RefusalCode.AUTHOR, f"{actor.person} wrote {act.campaign}: somebody else approves it"
        )
    release = release_of(work, campaign.release)
    if release.status is not ReleaseStatus.APPROVED:
        raise DecisionRefused(
            RefusalCode.STATE, f"release {release.release} is {release.status}: approve it first"
        )
    policy = policy_of(campaign)
    strata = work.strata(Strata(release.variant, policy.regions, release.version))
    deploy = utc + policy.notice_days * DAY_S
    _draw(campaign, release, policy, strata, work, utc)
    for number, phase in enumerate(policy.phases, 1):
        due = deploy if number == 1 else None
        work.put(
            CampaignPhase(campaign.campaign, number, phase.name, PhaseState.PENDING, due_utc=due)
        )
    _announce(campaign, release, work, utc, deploy)
    moved(
        work, campaign, CampaignState.NOTIFIED, "notice is running", actor, utc, deploy_utc=deploy
    )
    return f"campaign {act.campaign} is approved: {sum(strata.values()):,} homes"


def _draw(
    campaign: Campaign,
    release: FirmwareRelease,
    policy: CampaignPolicy,
    strata: Mapping[str, int],
    work: Work,
    utc: Utc,
) -> None:
    shares = quotas([phase.homes for phase in policy.phases], strata)
    work.draw(
        Draw(
            campaign.campaign,
            policy.key,
            Strata(release.variant, policy.regions, release.version),
            shares,
            utc,
        )
    )


def _announce(
    campaign: Campaign, release: FirmwareRelease, work: Work, utc: Utc, deploy: float
) -> None:
    notice, parties = available_notice(campaign.campaign), with_role(work, SUPPLIERS)
    announce(
        work,
        NoticeKind.AVAILABLE,
        f"campaign:{campaign.campaign}",
        parties,
        f"{release.release} will be deployed",
        {"campaign": campaign.campaign, "release": release.release, "deploy_utc": deploy},
        utc,
        name=notice,
    )
    announced(work, campaign.campaign, release.variant, notice, parties, utc, deploy)


def moved(
    work: Work,
    campaign: Campaign,
    state: CampaignState,
    reason: str,
    actor: Actor | None,
    utc: Utc,
    **changes: object,
) -> Campaign:
    """Let a campaign be in another state."""
    who = "fleet" if actor is None else actor.person
    row = replace(
        campaign,
        state=state,
        reason=reason,
        since_utc=utc,
        revision=campaign.revision + 1,
        changed=f"{state} by {who}: {reason}",
        **changes,  # type: ignore[arg-type] # fields of the row, as their names say
    )
    work.put(row)
    work.note(who, str(state), f"campaign:{campaign.campaign}", reason=reason)
    return row


_STOPPABLE = frozenset({CampaignState.NOTIFIED, CampaignState.RUNNING, CampaignState.HELD})
_RESUMABLE = frozenset({CampaignState.PAUSED, CampaignState.HELD})
_FINAL = frozenset({CampaignState.ABORTED, CampaignState.SUPERSEDED})


def _pause(act: PauseCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = _campaign(work, act.campaign)
    if campaign.state not in _STOPPABLE:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.campaign} is {campaign.state}: nothing to pause"
        )
    moved(work, campaign, CampaignState.PAUSED, actor.reason, actor, utc)
    return f"campaign {act.campaign} is paused: nothing new begins"


def _resume(act: ResumeCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = _campaign(work, act.campaign)
    if campaign.state not in _RESUMABLE:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.campaign} is {campaign.state}: nothing to resume"
        )
    begun = campaign.phase > 0
    state = CampaignState.RUNNING if begun else CampaignState.NOTIFIED
    moved(work, campaign, state, actor.reason, actor, utc)
    phase = work.get(CampaignPhase, act.campaign, max(1, campaign.phase))
    if phase is not None:
        work.put(replace(phase, due_utc=max(utc, campaign.deploy_utc or utc)))
    return f"campaign {act.campaign} is {state}"


def _abort(act: AbortCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = _campaign(work, act.campaign)
    if campaign.state in _FINAL:
        raise DecisionRefused(RefusalCode.STATE, f"{act.campaign} is {campaign.state} already")
    moved(work, campaign, CampaignState.ABORTED, actor.reason, actor, utc)
    return f"campaign {act.campaign} is aborted for good"


def _subject(act: CampaignAct) -> str:
    return f"campaign:{act.campaign}"


def _revision(act: CampaignAct, work: Work) -> int | None:
    found = work.get(Campaign, act.campaign)
    return None if found is None else found.revision


_OPERATORS = frozenset({PartyRole.OPERATOR})

ACTS: Final = {
    ProposeCampaign: ActRow(_OPERATORS | SUPPLIERS, _subject, _revision, _propose),
    ApproveCampaign: ActRow(frozenset({PartyRole.APPROVER}), _subject, _revision, _approve),
    PauseCampaign: ActRow(_OPERATORS | SUPPLIERS, _subject, _revision, _pause),
    ResumeCampaign: ActRow(_OPERATORS, _subject, _revision, _resume),
    AbortCampaign: ActRow(_OPERATORS, _subject, _revision, _abort),
}
