"""What parties and persons say of a phase: positions, assessment meetings, agreement."""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.campaigns.acts import OWNERS, campaign_act, need_reason, refuse_others
from ota_engine.fleet.campaigns.changing import campaign_of, phase_of
from ota_engine.fleet.campaigns.inputs import stated
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState, PhaseState
from ota_engine.fleet.campaigns.troubles import judge_anew
from ota_engine.fleet.campaigns.voices import Meeting, Position, SignOff, Stance
from ota_engine.fleet.kernel.decisions import (
    Actor,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class StatePosition:
    """A party says how it stands to a phase; its words are the reason of the decision."""

    campaign: str
    phase: int
    stance: Stance


@dataclass(frozen=True, slots=True)
class SignPhase:
    """A person agrees that a phase has gone well, and has heard what the parties say."""

    campaign: str
    phase: int


@dataclass(frozen=True, slots=True)
class RecordMeeting:
    """An assessment meeting was held; times are in UTC seconds."""

    campaign: str
    phase: int
    meeting: str
    attendees: tuple[str, ...]
    actions: tuple[str, ...]
    minutes: str
    held_utc: float


def _state(act: StatePosition, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    phase_of(work, act.campaign, act.phase)
    need_reason(actor, "a position")
    work.put(
        Position(act.campaign, act.phase, actor.party, act.stance, actor.reason, actor.person, utc)
    )
    judge_anew(campaign, work, utc)
    return f"{actor.party} {act.stance}"


def _sign(act: SignPhase, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_others(campaign, actor)
    need_reason(actor, "a sign-off")
    phase = phase_of(work, act.campaign, act.phase)
    if campaign.state is not CampaignState.RUNNING or phase.state is not PhaseState.RUNNING:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"phase {phase.name} is {phase.state} and {act.campaign} is {campaign.state}: only a"
            " phase under way is signed off",
            campaign.revision,
        )
    positions = stated(work.select(Position, campaign=act.campaign, phase=act.phase))
    work.put(SignOff(act.campaign, act.phase, actor.person, actor.reason, positions, utc))
    judge_anew(campaign, work, utc)
    return f"phase {phase.name} of {act.campaign} is signed off by {actor.person}"


def _record(act: RecordMeeting, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    refuse_others(campaign, actor)
    phase_of(work, act.campaign, act.phase)
    _refuse_meeting(act, campaign, work, utc)
    positions = stated(work.select(Position, campaign=act.campaign, phase=act.phase))
    work.put(
        Meeting(
            act.campaign,
            act.phase,
            act.meeting,
            act.attendees,
            act.actions,
            act.minutes,
            positions,
            actor.person,
            act.held_utc,
            utc,
        )
    )
    judge_anew(campaign, work, utc)
    return f"meeting {act.meeting} is recorded: {len(act.attendees)} took part"


def _refuse_meeting(act: RecordMeeting, campaign: Campaign, work: Work, utc: Utc) -> None:
    refuse_bad_id(act.meeting, "a meeting")
    if work.get(Meeting, act.campaign, act.phase, act.meeting) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.meeting} is recorded already: give another id"
        )
    if not act.attendees:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.meeting} was attended by nobody: name who took part"
        )
    if act.held_utc > utc:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.meeting} has not been held yet: record it afterwards"
        )


ACTS: Final = {
    StatePosition: campaign_act(frozenset(PartyRole), _state),
    SignPhase: campaign_act(OWNERS, _sign),
    RecordMeeting: campaign_act(OWNERS, _record),
}
