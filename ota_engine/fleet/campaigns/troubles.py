"""What persons decide about incidents, and what each does to its campaign.

Any party raises one against a phase. A grave one holds the campaign in the same commit; one of any
category keeps the gate from passing until it is resolved.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from ota_engine.fleet.campaigns.acts import need_reason
from ota_engine.fleet.campaigns.changing import campaign_of, phase_of, touch
from ota_engine.fleet.campaigns.lives import OPEN_CAMPAIGNS
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.progress import hold
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState
from ota_engine.fleet.campaigns.steering import abort
from ota_engine.fleet.incidents.life import INCIDENTS, IncidentStep
from ota_engine.fleet.incidents.rows import (
    MILDEST,
    WORST,
    Incident,
    IncidentState,
    Resolution,
)
from ota_engine.fleet.kernel.decisions import (
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
from ota_engine.fleet.parties.rows import Person
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class RaiseIncident:
    """Something goes wrong in a phase; category 1 is the worst, 5 the mildest."""

    incident: str
    campaign: str
    phase: int
    category: int
    text: str


@dataclass(frozen=True, slots=True)
class TakeIncident:
    """A person owns an incident and looks into it."""

    incident: str
    owner: str


@dataclass(frozen=True, slots=True)
class RateIncident:
    """An incident is of another category than was thought."""

    incident: str
    category: int


@dataclass(frozen=True, slots=True)
class ResolveIncident:
    """What is to be done about the campaign; ``successor`` is the release that mends it."""

    incident: str
    resolution: Resolution
    successor: str = ""


@dataclass(frozen=True, slots=True)
class ReopenIncident:
    """An incident was not resolved after all."""

    incident: str


def _raise(act: RaiseIncident, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(Incident, act.incident) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.incident} is raised already: give another id"
        )
    _refuse_category(act.category)
    refuse_bad_id(act.incident, "an incident")
    refuse_words(act.text, "the text of the incident")
    campaign = campaign_of(work, act.campaign)
    phase_of(work, act.campaign, act.phase)
    incident = Incident(
        act.incident,
        act.campaign,
        act.phase,
        act.category,
        act.text,
        actor.party,
        actor.person,
        "",
        IncidentState.OPEN,
        Resolution.NONE,
        "",
        "",
        utc,
        None,
        1,
    )
    work.put(incident)
    announce(
        work,
        NoticeKind.INCIDENT,
        f"incident:{act.incident}",
        with_role(work, {PartyRole.OPERATOR}),
        f"category {act.category} in phase {act.phase} of {act.campaign}: {act.text}",
        {"campaign": act.campaign, "phase": act.phase, "category": act.category},
        utc,
    )
    held = _weigh(campaign, incident, work, utc)
    return f"incident {act.incident} is raised" + (f"; {held}" if held else "")


def _refuse_category(category: int) -> None:
    if not WORST <= category <= MILDEST:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{category} is no category: give {WORST} (worst) to {MILDEST}",
        )


def _weigh(campaign: Campaign, incident: Incident, work: Work, utc: Utc) -> str:
    """Hold the campaign for a grave incident; have its gate judged anew for any other."""
    if campaign.state not in OPEN_CAMPAIGNS:
        return ""
    gate = policy_of(campaign.policy).phases[incident.phase - 1].gate
    if incident.category <= gate.worst_category:
        reason = f"incident {incident.incident} of category {incident.category}"
        hold(campaign, reason, work, utc, campaign.phase or incident.phase)
        return f"{campaign.campaign} is held"
    judge_anew(campaign, work, utc)
    return ""


def judge_anew(campaign: Campaign, work: Work, utc: Utc) -> None:
    """Have the phase under way looked at, now that something was said about it."""
    phase = work.get(CampaignPhase, campaign.campaign, campaign.phase) if campaign.phase else None
    if phase is not None and campaign.state is CampaignState.RUNNING:
        work.put(replace(phase, due_utc=utc))


def _take(act: TakeIncident, actor: Actor, work: Work, utc: Utc) -> str:
    person = work.get(Person, act.owner)
    if person is None or not person.active:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.owner} is not registered: register the person first"
        )
    _step(act.incident, IncidentStep.TAKE, work, owner=act.owner)
    return f"{act.owner} looks into incident {act.incident}"


def _rate(act: RateIncident, actor: Actor, work: Work, utc: Utc) -> str:
    _refuse_category(act.category)
    need_reason(actor, "another category")
    incident = _step(act.incident, IncidentStep.RATE, work, category=act.category)
    held = _weigh(campaign_of(work, incident.campaign), incident, work, utc)
    text = f"incident {act.incident} is of category {act.category}"
    return text + (f"; {held}" if held else "")


def _resolve(act: ResolveIncident, actor: Actor, work: Work, utc: Utc) -> str:
    need_reason(actor, "a resolution")
    _refuse_resolution(act)
    incident = _step(
        act.incident,
        IncidentStep.RESOLVE,
        work,
        resolution=act.resolution,
        resolved_by=actor.person,
        reason=actor.reason,
        resolved_utc=utc,
    )
    campaign = campaign_of(work, incident.campaign)
    if campaign.state in OPEN_CAMPAIGNS:
        match act.resolution:
            case Resolution.ABORT:
                abort(campaign, actor, work, utc)
            case Resolution.FIX_FORWARD:
                held = hold(campaign, f"to be mended by {act.successor}", work, utc)
                touch(held, f"to be mended by {act.successor}", work, successor=act.successor)
            case _:
                judge_anew(campaign, work, utc)
    return f"incident {act.incident} is resolved: {act.resolution}"


def _refuse_resolution(act: ResolveIncident) -> None:
    if act.resolution is Resolution.NONE:
        choices = ", ".join(one for one in Resolution if one)
        raise DecisionRefused(RefusalCode.CONTENT, f"say what is to be done: {choices}")
    if (act.resolution is Resolution.FIX_FORWARD) != bool(act.successor):
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{Resolution.FIX_FORWARD} names the release that mends it, and nothing else does",
        )
    if act.successor:
        refuse_bad_id(act.successor, "a release")


def _reopen(act: ReopenIncident, actor: Actor, work: Work, utc: Utc) -> str:
    need_reason(actor, "opening it again")
    incident = _step(
        act.incident, IncidentStep.REOPEN, work, resolution=Resolution.NONE, resolved_utc=None
    )
    held = _weigh(campaign_of(work, incident.campaign), incident, work, utc)
    return f"incident {act.incident} is open again" + (f"; {held}" if held else "")


def _step(name: str, step: IncidentStep, work: Work, **changes: Any) -> Incident:
    incident = work.get(Incident, name)
    if incident is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{name}: there is no such incident: raise it first"
        )
    state = INCIDENTS.transitions.get((incident.state, step))
    if state is None:
        states = [one for one, other in INCIDENTS.transitions if other is step]
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{name} is {incident.state}: that takes one that is {' or '.join(states)}"
            f"{_cure(incident.state, states)}",
            incident.revision,
        )
    row = replace(incident, state=state, revision=incident.revision + 1, **changes)
    work.put(row)
    return row


def _cure(now: IncidentState, wanted: Collection[IncidentState]) -> str:
    if now is IncidentState.OPEN and IncidentState.INVESTIGATED in wanted:
        return ": let somebody own it first"
    return ": look at it again"


_ABOUT: Final = about("incident", Incident)
_ANYBODY = frozenset(PartyRole)
_OPERATORS = frozenset({PartyRole.OPERATOR})

ACTS: Final = {
    RaiseIncident: ActRow(_ANYBODY, *_ABOUT, _raise),
    TakeIncident: ActRow(_OPERATORS, *_ABOUT, _take),
    RateIncident: ActRow(_OPERATORS, *_ABOUT, _rate),
    ResolveIncident: ActRow(_OPERATORS, *_ABOUT, _resolve),
    ReopenIncident: ActRow(_ANYBODY, *_ABOUT, _reopen),
}
