"""How a campaign goes on by itself: phases begin, are judged, pass or hold; pure."""

from dataclasses import asdict, replace
from typing import Final

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns import members
from ota_engine.fleet.campaigns.acts import moved, policy_of
from ota_engine.fleet.campaigns.gates import GateInputs, GateJudgement, GateVerdict, counted, judge
from ota_engine.fleet.campaigns.policy import CampaignPolicy
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    GateDecision,
    Member,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc

HOUR_S: Final = 3_600.0
MOST_BEGUN: Final = 1_000  # homes of one phase in one commit


def due(phase: CampaignPhase, work: Work, utc: Utc) -> None:
    """Look at a phase whose time has come: judge it first, then begin homes."""
    campaign = work.get(Campaign, phase.campaign)
    if campaign is None or campaign.state not in (CampaignState.NOTIFIED, CampaignState.RUNNING):
        work.put(replace(phase, due_utc=None))
        return
    policy = policy_of(campaign)
    if phase.state is PhaseState.PENDING:
        campaign, phase = _start(campaign, phase, work, utc)
    sums = work.select(Sum, campaign=campaign.campaign, phase=phase.number)
    inputs = replace(counted(sums), last_end_utc=phase.last_end_utc)
    judgement = judge(policy.phases[phase.number - 1].gate, inputs, utc)
    _note(judgement, inputs, campaign, phase, work, utc)
    if judgement.verdict is GateVerdict.FAIL:
        reason = "; ".join(judgement.missing)
        moved(work, campaign, CampaignState.HELD, reason, None, utc)
        work.put(replace(phase, state=PhaseState.HELD, due_utc=None))
    elif judgement.verdict is GateVerdict.PASS and phase.state is not PhaseState.OPEN:
        _pass(campaign, phase, policy, work, utc)
    else:
        _go_on(campaign, phase, policy, inputs, work, utc)


def _start(
    campaign: Campaign, phase: CampaignPhase, work: Work, utc: Utc
) -> tuple[Campaign, CampaignPhase]:
    campaign = moved(
        work,
        campaign,
        CampaignState.RUNNING,
        f"phase {phase.name} begins",
        None,
        utc,
        phase=phase.number,
    )
    phase = replace(phase, state=PhaseState.RUNNING, started_utc=utc)
    work.put(phase)
    return campaign, phase


def _note(
    judgement: GateJudgement,
    inputs: GateInputs,
    campaign: Campaign,
    phase: CampaignPhase,
    work: Work,
    utc: Utc,
) -> None:
    """Keep a verdict that is another one than the last."""
    rows = work.select(GateDecision, campaign=campaign.campaign, phase=phase.number)
    missing = "; ".join(judgement.missing)
    last = rows[-1] if rows else None
    if last is not None and (last.verdict, last.missing) == (judgement.verdict, missing):
        return
    number = len(rows) + 1
    work.put(
        GateDecision(
            campaign.campaign,
            phase.number,
            number,
            judgement.verdict,
            missing,
            canonical_json(asdict(inputs)),
            campaign.policy_hash,
            utc,
        )
    )
    work.note(
        "fleet",
        f"gate {judgement.verdict}",
        f"campaign:{campaign.campaign}",
        phase=phase.number,
        number=number,
        missing=missing,
        policy=campaign.policy_hash,
    )


def _pass(
    campaign: Campaign, phase: CampaignPhase, policy: CampaignPolicy, work: Work, utc: Utc
) -> None:
    if phase.number == len(policy.phases):
        work.put(replace(phase, state=PhaseState.OPEN, due_utc=None))
        moved(
            work,
            campaign,
            CampaignState.RUNNING,
            f"phase {phase.name} stays open for homes to come",
            None,
            utc,
        )
        return
    work.put(replace(phase, state=PhaseState.PASSED, due_utc=None))
    following = work.get(CampaignPhase, campaign.campaign, phase.number + 1)
    if following is not None:
        work.put(replace(following, due_utc=utc))


def _go_on(
    campaign: Campaign,
    phase: CampaignPhase,
    policy: CampaignPolicy,
    inputs: GateInputs,
    work: Work,
    utc: Utc,
) -> None:
    rules = policy.phases[phase.number - 1]
    room = min(rules.at_once - inputs.under_way, _allowed(rules.per_hour, phase, utc), MOST_BEGUN)
    begun = 0
    if room > 0 and inputs.planned:
        release = work.get(FirmwareRelease, campaign.release)
        assert release is not None  # noqa: S101 - a campaign is of a release
        chosen = work.select(
            Member,
            campaign=campaign.campaign,
            phase=phase.number,
            state=MemberState.PLANNED,
            order=("rank",),
            limit=room,
        )
        begun = members.begin(chosen, campaign, release, policy, work, utc)
    work.put(
        replace(
            phase,
            begun=phase.begun + begun,
            due_utc=_next_look(policy, phase, inputs, utc),
        )
    )


def _allowed(per_hour: int, phase: CampaignPhase, utc: Utc) -> int:
    """How many more homes the rate lets begin."""
    started = utc if phase.started_utc is None else phase.started_utc
    return int((utc - started + HOUR_S) * per_hour / HOUR_S) - phase.begun


def _next_look(
    policy: CampaignPolicy, phase: CampaignPhase, inputs: GateInputs, utc: Utc
) -> float | None:
    if inputs.planned:
        return utc + HOUR_S
    if phase.last_end_utc is None or inputs.under_way:
        return None  # the next home that ends has it looked at
    observed = phase.last_end_utc + policy.phases[phase.number - 1].gate.observation_s
    return observed if observed > utc else None
