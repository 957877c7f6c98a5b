"""What persons decide about a campaign under way: stop, go on, give up, put off one home, report."""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.campaigns.acts import OWNERS, campaign_act, need_reason, refuse_others
from ota_engine.fleet.campaigns.changing import campaign_of, move_campaign, step_phase
from ota_engine.fleet.campaigns.homes.hearing import roll_out_of
from ota_engine.fleet.campaigns.homes.moving import look_at_phase, move, recall, withdraw
from ota_engine.fleet.campaigns.lives import (
    OPEN_CAMPAIGNS,
    UNDER_WAY,
    WITH_PLACE,
    CampaignStep,
    MemberStep,
    PhaseStep,
)
from ota_engine.fleet.campaigns.rows import (
    HAN_LOST,
    PLACES,
    Campaign,
    CampaignPhase,
    CampaignState,
    Member,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    no_revision,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.rows import StatusSchedule
from ota_engine.times import DAY_S, Utc


@dataclass(frozen=True, slots=True)
class PauseCampaign:
    """Nothing new begins, and what is not activated yet is taken back."""

    campaign: str


@dataclass(frozen=True, slots=True)
class ResumeCampaign:
    """Go on after a pause or a hold; what failed so far is accepted."""

    campaign: str


@dataclass(frozen=True, slots=True)
class AbortCampaign:
    """End it for good."""

    campaign: str


@dataclass(frozen=True, slots=True)
class StopAll:
    """Stop every campaign."""


@dataclass(frozen=True, slots=True)
class KeepHome:
    """Put one home of a campaign off until a time; that is in UTC seconds."""

    campaign: str
    home: str
    until_utc: float


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """Tell the parties of a campaign how it goes, every so many days."""

    campaign: str
    days: int


def _pause(act: PauseCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_others(campaign, actor)
    move_campaign(work, campaign, CampaignStep.PAUSE, actor.reason, actor, utc)
    look_at_all(campaign, work, utc)
    return f"campaign {act.campaign} is paused: nothing new begins"


def look_at_all(campaign: Campaign, work: Work, utc: Utc) -> None:
    """Have all phases that have begun looked at."""
    for phase in work.select(CampaignPhase, campaign=campaign.campaign):
        if phase.state is not PhaseState.PENDING:
            work.put(replace(phase, due_utc=utc))


def _resume(act: ResumeCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_others(campaign, actor)
    step = CampaignStep.GO_ON if campaign.phase else CampaignStep.WAIT_ON
    held = campaign.state is CampaignState.HELD
    campaign = move_campaign(work, campaign, step, actor.reason, actor, utc)
    need_reason(actor, "going on")
    _refuse_unresolved(campaign, work)
    _wake_phases(campaign, work, utc, excuse=held)
    return f"campaign {act.campaign} is {campaign.state}"


def _refuse_unresolved(campaign: Campaign, work: Work) -> None:
    if campaign.successor:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{campaign.campaign} is to be mended by {campaign.successor}: propose a campaign of"
            " that release",
            campaign.revision,
        )
    for incident in work.select(Incident, campaign=campaign.campaign):
        if incident.state is not IncidentState.RESOLVED:
            raise DecisionRefused(
                RefusalCode.STATE,
                f"incident {incident.incident} is {incident.state}: resolve it first",
                campaign.revision,
            )


def _wake_phases(campaign: Campaign, work: Work, utc: Utc, *, excuse: bool) -> None:
    next_found = False
    for phase in work.select(CampaignPhase, campaign=campaign.campaign):
        if phase.state is PhaseState.PENDING:
            due = None if next_found else max(utc, campaign.deploy_utc or utc)
            next_found = True
            work.put(replace(phase, due_utc=due))
            continue
        next_found = next_found or phase.state in (PhaseState.RUNNING, PhaseState.HELD)
        phase = replace(step_phase(phase, PhaseStep.RESUME), due_utc=utc)  # noqa: PLW2901 - the same phase, as it then is
        work.put(_excused(phase, work) if excuse else phase)


def _excused(phase: CampaignPhase, work: Work) -> CampaignPhase:
    """Accept what failed so far: from here on only what comes after it counts."""
    failed = lost = 0
    for row in work.select(Sum, campaign=phase.campaign, phase=phase.number):
        failed += row.homes if row.state == MemberState.FAILED else 0
        lost += row.homes if row.state == HAN_LOST else 0
    return replace(phase, excused_failed=failed, excused_lost=lost)


def _abort(act: AbortCampaign, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_others(campaign, actor)
    need_reason(actor, "an abort")
    abort(campaign, actor, work, utc)
    return f"campaign {act.campaign} is aborted for good"


def abort(campaign: Campaign, actor: Actor, work: Work, utc: Utc) -> None:
    """End a campaign for good; what is under way is withdrawn."""
    move_campaign(work, campaign, CampaignStep.ABORT, actor.reason, actor, utc)
    for phase in work.select(CampaignPhase, campaign=campaign.campaign):
        work.put(replace(phase, due_utc=utc))


def _stop_all(act: StopAll, actor: Actor, work: Work, utc: Utc) -> str:
    stopped = []
    for state in (CampaignState.NOTIFIED, CampaignState.RUNNING):
        for campaign in work.select(Campaign, state=state):
            move_campaign(work, campaign, CampaignStep.PAUSE, actor.reason, actor, utc)
            look_at_all(campaign, work, utc)
            stopped.append(f"{campaign.campaign} {under_way(campaign.campaign, work):,}")
    if not stopped:
        return _stopped_already(work)
    number = "1 campaign is" if len(stopped) == 1 else f"{len(stopped)} campaigns are"
    return f"{number} stopped; homes under way: {', '.join(stopped)}"


def _stopped_already(work: Work) -> str:
    """Name the campaigns in which nothing new starts as it is, with their homes under way."""
    still = [
        f"{campaign.campaign} is {state}, homes under way: {under_way(campaign.campaign, work):,}"
        for state in (CampaignState.HELD, CampaignState.PAUSED)
        for campaign in work.select(Campaign, state=state)
    ]
    return "; ".join(["nothing to stop", *still]) if still else "no campaign is under way"


def under_way(campaign: str, work: Work) -> int:
    """Count the homes of a campaign that are begun and not ended."""
    rows = work.select(Sum, campaign=campaign)
    return sum(row.homes for row in rows if row.phase != PLACES and row.state in UNDER_WAY)


def _keep(act: KeepHome, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    member = work.get(Member, act.campaign, act.home)
    home = work.get(Home, act.home)
    if member is None or home is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.home} is not in {act.campaign}: check the home"
        )
    if PartyRole.OPERATOR not in actor.roles and actor.party not in home.suppliers:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN, f"{actor.party} does not answer for {act.home}"
        )
    if campaign.state not in OPEN_CAMPAIGNS:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.campaign} is {campaign.state}: it does nothing in {act.home} any more",
            campaign.revision,
        )
    if act.until_utc <= utc:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.home} cannot be put off into the past: give a later time"
        )
    reason = f"put off by {actor.party}"
    told = member
    if member.state in WITH_PLACE or member.state is MemberState.UNREACHABLE:
        told = withdraw(work, member, roll_out_of(campaign, work).release)
    elif member.state is MemberState.SCHEDULED:
        told = recall(work, member, roll_out_of(campaign, work).release)
    moved = move(work, told, MemberStep.KEEP, reason, utc, due_utc=act.until_utc)
    if moved is told:
        raise DecisionRefused(RefusalCode.STATE, f"{act.home} is {member.state} already")
    look_at_phase(work, moved, utc)
    return f"{act.home} is put off"


def _schedule(act: ScheduleStatus, actor: Actor, work: Work, utc: Utc) -> str:
    row = work.get(StatusSchedule, act.campaign)
    if row is None or row.due_utc is None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.campaign} is not under way: nothing to tell of it"
        )
    if act.days < 1:
        raise DecisionRefused(RefusalCode.CONTENT, f"every {act.days} days is too often: 1 or more")
    every = act.days * DAY_S
    work.put(replace(row, every_s=every, due_utc=min(row.due_utc, utc + every)))
    return f"parties are told of {act.campaign} every {act.days} days"


def _fleet_subject(act: StopAll) -> str:
    return "fleet:campaigns"


_OPERATORS = frozenset({PartyRole.OPERATOR})

ACTS: Final = {
    PauseCampaign: campaign_act(OWNERS, _pause),
    ResumeCampaign: campaign_act(OWNERS, _resume, sees=True),
    AbortCampaign: campaign_act(OWNERS, _abort),
    StopAll: ActRow(_OPERATORS, _fleet_subject, no_revision, _stop_all),
    KeepHome: campaign_act(OWNERS, _keep),
    ScheduleStatus: campaign_act(_OPERATORS, _schedule),
}
