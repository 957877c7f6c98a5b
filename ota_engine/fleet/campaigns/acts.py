"""What persons decide about a campaign until it is approved: written, changed, rejected, agreed to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.opening import announced
from ota_engine.fleet.campaigns.changing import (
    campaign_of,
    move_campaign,
    refuse_forbidden,
    touch,
)
from ota_engine.fleet.campaigns.homes.members import available_notice
from ota_engine.fleet.campaigns.lives import CampaignStep
from ota_engine.fleet.campaigns.plan.planning import (
    draw_of,
    forecasts,
    may_be_delivered,
    targets_of,
)
from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy, policy_of, policy_text
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, PhaseState
from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus, Variant, is_ordered
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id, refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.releases.acts import release_of
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import DAY_S, Utc

#: Kinds of device whose firmware a supplier rolls out in the homes it answers for.
SUPPLIERS_KINDS: Final = frozenset({"PPMID", "HCALCS"})
#: Rules that an override may set aside for one campaign.
THIRD_VERSION: Final = "third version"
RULES: Final = (THIRD_VERSION,)
#: Versions of one variant that an estate has at a time: N and N-1.
MOST_VERSIONS: Final = 2


@dataclass(frozen=True, slots=True)
class ProposeCampaign:
    """A campaign, written and ready for approval; ``policy`` is the text of ``policy_text``."""

    campaign: str
    release: str
    policy: str


@dataclass(frozen=True, slots=True)
class AmendCampaign:
    """The policy of a campaign that is not approved yet, written anew."""

    campaign: str
    policy: str


@dataclass(frozen=True, slots=True)
class RejectCampaign:
    """A second person does not agree."""

    campaign: str


@dataclass(frozen=True, slots=True)
class OverrideRule:
    """One of ``RULES`` is set aside for a campaign, for a reason."""

    campaign: str
    rule: str


@dataclass(frozen=True, slots=True)
class ApproveCampaign:
    """A second person agrees: homes are drawn, the policy is frozen, parties are told."""

    campaign: str


def _read(text: str) -> CampaignPolicy:
    try:
        return policy_of(text)
    except LocalError as error:
        raise DecisionRefused(RefusalCode.CONTENT, str(error)) from error


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def refuse_others(campaign: Campaign, actor: Actor) -> None:
    """Refuse a person whose campaign it is not.

    Raises:
        DecisionRefused: so it is.
    """
    if actor.party != campaign.party and PartyRole.OPERATOR not in actor.roles:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{campaign.campaign} is a roll-out of {campaign.party}:"
            f" {actor.person} of {actor.party} may not decide about it",
        )


def refuse_author(campaign: Campaign, actor: Actor, what: str) -> None:
    """Refuse the person who wrote a campaign where a second one is needed.

    Raises:
        DecisionRefused: it is that person.
    """
    if campaign.author == actor.person:
        raise DecisionRefused(
            RefusalCode.AUTHOR,
            f"{actor.person} wrote {campaign.campaign}: somebody else {what}",
            campaign.revision,
        )


def need_reason(actor: Actor, what: str) -> None:
    """Refuse a decision that gives no reason where one is needed.

    Raises:
        DecisionRefused: there is none, or it is more than a line.
    """
    refuse_words(actor.reason, f"the reason of {what}")


def _propose(act: ProposeCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(Campaign, act.campaign) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.campaign} is proposed already: give another id"
        )
    refuse_bad_id(act.campaign, "a campaign")
    release = release_of(work, act.release)
    policy = _read(act.policy)
    _refuse_targets(release, policy, actor, work)
    text = policy_text(policy)
    changed = f"proposed by {actor.person}"
    work.put(
        Campaign(
            act.campaign,
            act.release,
            text,
            _hash(text),
            CampaignState.PROPOSED,
            "awaits approval by a second person",
            utc,
            actor.person,
            1,
            changed,
            party=actor.party,
        )
    )
    return f"campaign {act.campaign} is {changed}"


def _refuse_targets(
    release: FirmwareRelease, policy: CampaignPolicy, actor: Actor, work: Work
) -> None:
    variant = work.get(Variant, release.variant)
    assert variant is not None  # noqa: S101 - a release is of a variant
    if not is_ordered(variant):
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"firmware of {variant.variant} ({variant.kind}, SMETS{variant.smets}) is listed only:"
            " it is not ordered here",
        )
    if PartyRole.OPERATOR in actor.roles:
        if policy.supplier:
            raise DecisionRefused(
                RefusalCode.CONTENT,
                f"the policy names the homes of {policy.supplier}: that is for {policy.supplier}"
                " to propose",
            )
        return
    if variant.kind not in SUPPLIERS_KINDS:
        kinds = " or ".join(sorted(SUPPLIERS_KINDS))
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{actor.party} may roll out firmware of a {kinds}, and {variant.variant} is a"
            f" {variant.kind}",
        )
    if policy.supplier != actor.party:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f'{actor.party} may upgrade its own homes alone: write supplier = "{actor.party}" in'
            " the policy",
        )


def _amend(act: AmendCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_others(campaign, actor)
    policy = _read(act.policy)
    _refuse_targets(release_of(work, campaign.release), policy, actor, work)
    text = policy_text(policy)
    move_campaign(
        work,
        campaign,
        CampaignStep.AMEND,
        "awaits approval by a second person",
        actor,
        utc,
        policy=text,
        policy_hash=_hash(text),
        author=actor.person,
    )
    return f"campaign {act.campaign} has a new policy"


def _reject(act: RejectCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    _refuse_wrong_second(campaign, actor)
    move_campaign(work, campaign, CampaignStep.REJECT, actor.reason, actor, utc)
    return f"campaign {act.campaign} is rejected"


def _override(act: OverrideRule, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    if act.rule not in RULES:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.rule!a} is no rule: give one of {', '.join(RULES)}"
        )
    need_reason(actor, "an override")
    refuse_author(campaign, actor, "sets a rule aside")
    overrides = tuple(dict.fromkeys((*campaign.overrides, act.rule)))
    text = f"override of {act.rule!r} by {actor.person}: {actor.reason}"
    touch(campaign, text, work, overrides=overrides)
    work.note(
        actor.person,
        "override",
        f"campaign:{campaign.campaign}",
        rule=act.rule,
        reason=actor.reason,
        decision=actor.key,
    )
    return f"campaign {act.campaign} may go on although: {act.rule}"


def _refuse_wrong_second(campaign: Campaign, actor: Actor) -> None:
    if PartyRole.APPROVER not in actor.roles and actor.party != campaign.party:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{actor.person} of {actor.party} may not decide about {campaign.campaign}: it takes"
            f" an approver, or a second person of {campaign.party}",
        )


def _approve(act: ApproveCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_forbidden(campaign, CampaignStep.APPROVE)
    _refuse_wrong_second(campaign, actor)
    refuse_author(campaign, actor, "approves it")
    release = release_of(work, campaign.release)
    policy = policy_of(campaign.policy)
    _refuse_unapproved(release, policy)
    _refuse_third_version(campaign, release, work)
    strata = work.strata(targets_of(release, policy))
    homes = sum(strata.values())
    deploy = utc + policy.notice_days * DAY_S
    work.draw(draw_of(campaign.campaign, release, policy, strata, utc))
    for number, phase in enumerate(policy.phases, 1):
        due = deploy if number == 1 else None
        work.put(
            CampaignPhase(campaign.campaign, number, phase.name, PhaseState.PENDING, due_utc=due)
        )
    for forecast in forecasts(campaign.campaign, policy, homes, deploy):
        work.put(forecast)
    announce_available(campaign, release, work, utc, deploy)
    move_campaign(
        work,
        campaign,
        CampaignStep.APPROVE,
        "notice is running",
        actor,
        utc,
        deploy_utc=deploy,
        approver=actor.person,
    )
    return f"campaign {act.campaign} is approved: {homes:,} homes"


def _refuse_unapproved(release: FirmwareRelease, policy: CampaignPolicy) -> None:
    if not may_be_delivered(release, policy):
        raise DecisionRefused(
            RefusalCode.STATE,
            f"release {release.release} is {release.status}: approve it first, or name a ring fence"
            " to prove it in",
            release.revision,
        )


def _refuse_third_version(campaign: Campaign, release: FirmwareRelease, work: Work) -> None:
    if THIRD_VERSION in campaign.overrides:
        return
    found = work.counts(InstalledDevice, ("version", "status"), variant=release.variant)
    versions = {
        version
        for version, status in found
        if version is not None and status == InventoryStatus.COMMISSIONED
    }
    if len(versions | {release.version}) > MOST_VERSIONS:
        there = ", ".join(f"{version:08X}" for version in sorted(versions))
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{release.version:08X} would be a third version of {release.variant}, beside {there}:"
            f" override {THIRD_VERSION!r} with a reason",
            campaign.revision,
        )


def announce_available(
    campaign: Campaign, release: FirmwareRelease, work: Work, utc: Utc, deploy: float
) -> None:
    """Tell all suppliers that a release will be deployed."""
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


_ABOUT: Final = about("campaign", Campaign)


def _changed(act: Any, work: Work) -> str:
    """Read the last change of the campaign of an act."""
    found = work.get(Campaign, act.campaign)
    return "" if found is None else found.changed


def campaign_act(
    roles: frozenset[PartyRole], take: Callable[[Any, Actor, Work, Utc], str], *, sees: bool = False
) -> ActRow:
    """Describe an act about a campaign."""
    return ActRow(roles, *_ABOUT, take, sees, _changed)


#: Who may have a campaign: ``refuse_others`` asks whether it is theirs.
OWNERS: Final = frozenset({PartyRole.OPERATOR}) | SUPPLIERS
_SECONDS = frozenset({PartyRole.APPROVER}) | SUPPLIERS

ACTS: Final = {
    ProposeCampaign: campaign_act(OWNERS, _propose),
    AmendCampaign: campaign_act(OWNERS, _amend),
    RejectCampaign: campaign_act(_SECONDS, _reject),
    OverrideRule: campaign_act(frozenset({PartyRole.APPROVER}), _override),
    ApproveCampaign: campaign_act(_SECONDS, _approve),
}
