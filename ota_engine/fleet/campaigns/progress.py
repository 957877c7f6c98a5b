"""How a campaign goes on by itself: phases begin, are judged, pass or hold; pure.

A phase is judged whenever it is looked at, and before it begins one more home. Only a time that a
supplier chose begins homes elsewhere (``choices``), in a phase that is under way.
"""

from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from typing import Final

from ota_engine.canonical import canonical_json
from ota_engine.fleet.calendar.windows import next_open
from ota_engine.fleet.campaigns import emergency
from ota_engine.fleet.campaigns.changing import move_campaign, step_phase
from ota_engine.fleet.campaigns.gates import GateInputs, GateJudgement, GateVerdict, judge
from ota_engine.fleet.campaigns.homes import members
from ota_engine.fleet.campaigns.homes.hearing import roll_out_of
from ota_engine.fleet.campaigns.homes.members import RollOut
from ota_engine.fleet.campaigns.homes.moving import move, recall, withdraw
from ota_engine.fleet.campaigns.inputs import gate_inputs
from ota_engine.fleet.campaigns.lives import CampaignStep, MemberStep, PhaseStep
from ota_engine.fleet.campaigns.plan.planning import targets_of
from ota_engine.fleet.campaigns.plan.rates import HOUR_S, credited, rate_of
from ota_engine.fleet.campaigns.rows import (
    BY_GATEWAY,
    BY_REGION,
    PLACES,
    Campaign,
    CampaignPhase,
    CampaignState,
    GateDecision,
    Member,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.campaigns.voices import SignOff
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.decisions import SUPPLIERS, PartyRole
from ota_engine.fleet.kernel.effects import Join
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce, with_role
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.times import DAY_S, Utc

MOST_BEGUN: Final = 1_000  # homes of one phase looked at in one commit
SPARE: Final = 8  # homes looked at beyond those for which there is room: some will have to wait
JOIN_S: Final = DAY_S  # between two times that homes to come are let in
PAGE_S: Final = 60.0  # until the next page of homes, while there is room
_RECALLED: Final = (MemberState.SCHEDULED,)
_CLOSED: Final = (
    MemberState.OFFERED,
    MemberState.REACHED,
    MemberState.TRANSFERRED,
    MemberState.SCHEDULED,
)


def due(phase: CampaignPhase, work: Work, utc: Utc) -> None:
    """Look at a phase whose time has come."""
    campaign = work.get(Campaign, phase.campaign)
    if campaign is None:
        work.put(replace(phase, due_utc=None))
        return
    roll_out = roll_out_of(campaign, work)
    match campaign.state:
        case CampaignState.NOTIFIED | CampaignState.RUNNING:
            _run(roll_out, phase, work, utc)
        case CampaignState.HELD | CampaignState.PAUSED:
            _recall(roll_out, phase, work, utc)
        case CampaignState.ABORTED | CampaignState.SUPERSEDED:
            _close(roll_out, phase, work, utc)
        case _:
            work.put(replace(phase, due_utc=None))


def _run(roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc) -> None:
    wrong = members.barred(roll_out)
    if wrong:
        hold(roll_out.campaign, wrong, work, utc)
        return
    if phase.state is PhaseState.PENDING:
        roll_out, phase = _start(roll_out, phase, work, utc)
    inputs = gate_inputs(roll_out, phase, work, utc)
    if phase.observed_utc is not None and not inputs.unfinished:
        phase = replace(phase, settled=True)
    rules = roll_out.policy.phases[phase.number - 1]
    judgement = judge(rules.gate, inputs, utc)
    phase = _note(judgement, inputs, roll_out.campaign, phase, work, utc)
    if judgement.verdict is GateVerdict.FAIL:
        work.put(phase)
        hold(roll_out.campaign, "; ".join(judgement.missing), work, utc, phase.number)
        return
    if judgement.verdict is GateVerdict.PASS and phase.state is PhaseState.RUNNING:
        phase = _pass(roll_out, phase, work, utc)
    _go_on(roll_out, phase, inputs, work, utc)


def _start(
    roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc
) -> tuple[RollOut, CampaignPhase]:
    campaign = move_campaign(
        work,
        roll_out.campaign,
        CampaignStep.BEGIN,
        f"phase {phase.name} begins",
        None,
        utc,
        phase=phase.number,
    )
    if campaign.waiver:
        emergency.tell(
            campaign, f"begins phase {phase.name} without seven days of notice", work, utc
        )
    roll_out = replace(roll_out, campaign=campaign)
    if phase.number == len(roll_out.policy.phases) and not roll_out.policy.ring_fence:
        _supersede(roll_out, work, utc)
    return roll_out, replace(step_phase(phase, PhaseStep.BEGIN), started_utc=utc)


def _supersede(roll_out: RollOut, work: Work, utc: Utc) -> None:
    """End the campaigns of earlier releases whose homes this one now takes over."""
    for other in members.open_campaigns(work):
        if _takes_over(roll_out, roll_out_of(other, work)):
            reason = f"{roll_out.release.release} takes its place"
            move_campaign(work, other, CampaignStep.SUPERSEDE, reason, None, utc)
            for phase in work.select(CampaignPhase, campaign=other.campaign):
                work.put(replace(phase, due_utc=utc))


def _takes_over(later: RollOut, earlier: RollOut) -> bool:
    regions = later.policy.regions
    return (
        earlier.campaign.campaign != later.campaign.campaign
        and earlier.release.variant == later.release.variant
        and earlier.release.version < later.release.version
        and earlier.policy.supplier == later.policy.supplier
        and not earlier.policy.ring_fence
        and (not regions or regions == earlier.policy.regions)
    )


def _note(
    judgement: GateJudgement,
    inputs: GateInputs,
    campaign: Campaign,
    phase: CampaignPhase,
    work: Work,
    utc: Utc,
) -> CampaignPhase:
    """Keep a verdict that is another one than the last.

    Of a phase that has passed, only a failure is kept: homes that come to it later keep no gate shut.
    """
    if phase.state is not PhaseState.RUNNING and judgement.verdict is not GateVerdict.FAIL:
        return phase
    missing = "; ".join(judgement.missing)
    last = work.get(GateDecision, campaign.campaign, phase.number, phase.verdicts)
    if last is not None and (last.verdict, last.missing) == (judgement.verdict, missing):
        return phase
    number = phase.verdicts + 1
    work.put(
        GateDecision(
            campaign.campaign,
            phase.number,
            number,
            judgement.verdict,
            missing,
            "; ".join(judgement.named),
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
    return replace(phase, verdicts=number)


def hold(
    campaign: Campaign, reason: str, work: Work, utc: Utc, phase: int | None = None
) -> Campaign:
    """Hold a campaign at once: nothing new begins, and what is not activated yet is taken back.

    Args:
        campaign: as it stands.
        reason: why.
        work: the event in hand.
        utc: now.
        phase: that is held; the one under way where none is named.
    """
    held = move_campaign(work, campaign, CampaignStep.HOLD, reason, None, utc)
    number = campaign.phase if phase is None else phase
    for row in work.select(CampaignPhase, campaign=campaign.campaign):
        now = step_phase(row, PhaseStep.FAIL) if row.number == number else row
        if row.state is not PhaseState.PENDING:
            now = replace(now, due_utc=utc)  # to take back what is to be activated
        work.put(now)
    _take_back_sign_off(campaign.campaign, number, work)
    if held is not campaign:
        _tell_of_hold(held, reason, work, utc)
    return held


def _tell_of_hold(campaign: Campaign, reason: str, work: Work, utc: Utc) -> None:
    announce(
        work,
        NoticeKind.HELD,
        f"campaign:{campaign.campaign}",
        with_role(work, SUPPLIERS | {PartyRole.OPERATOR}),
        f"{campaign.campaign} is held: {reason}",
        {"campaign": campaign.campaign, "reason": reason},
        utc,
        name=f"{campaign.campaign}/held/{campaign.revision}",
    )


def _take_back_sign_off(campaign: str, phase: int, work: Work) -> None:
    signed = work.get(SignOff, campaign, phase)
    if signed is not None and signed.valid:
        work.put(replace(signed, valid=False))


def _pass(roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc) -> CampaignPhase:
    campaign, policy = roll_out.campaign, roll_out.policy
    if phase.number == len(policy.phases):
        text = f"phase {phase.name} stays open for homes to come"
        move_campaign(work, campaign, CampaignStep.BEGIN, text, None, utc)
        return replace(step_phase(phase, PhaseStep.OPEN), ended_utc=utc)
    for following in work.select(CampaignPhase, campaign=campaign.campaign):
        if following.number > phase.number and following.state is PhaseState.PENDING:
            work.put(replace(following, due_utc=utc))
            break
    return replace(step_phase(phase, PhaseStep.PASS), ended_utc=utc)


def _go_on(
    roll_out: RollOut, phase: CampaignPhase, inputs: GateInputs, work: Work, utc: Utc
) -> None:
    """Begin homes as far as rate, places and hours let it, and say when to look again."""
    policy = roll_out.policy
    rules = policy.phases[phase.number - 1]
    phase = credited(phase, rate_of(rules, inputs.activated), utc)
    opens = next_open(policy.download_window, policy.blackout, utc)
    page_left = False
    if opens <= utc and inputs.planned:
        under_way = inputs.under_way
        room = min(rules.at_once - under_way, int(phase.credit), MOST_BEGUN)
        if room > 0:
            phase, page_left = _begin(roll_out, phase, room, work, utc)
    phase = _let_in(roll_out, phase, work, utc)
    look = _next_look(roll_out, phase, inputs, opens, utc)
    work.put(replace(phase, due_utc=utc + PAGE_S if page_left else look))


def _begin(
    roll_out: RollOut, phase: CampaignPhase, room: int, work: Work, utc: Utc
) -> tuple[CampaignPhase, bool]:
    campaign = phase.campaign
    page = min(MOST_BEGUN, room + room // 4 + SPARE)
    chosen = work.select(
        Member,
        campaign=campaign,
        phase=phase.number,
        state=MemberState.PLANNED,
        order=("rank",),
        limit=page,
    )
    places = places_of(roll_out, work)
    begun = members.begin(chosen, roll_out, room, places, work, utc)
    phase = replace(phase, begun=phase.begun + begun, credit=phase.credit - begun)
    return phase, begun < room and len(chosen) == page


def places_of(roll_out: RollOut, work: Work) -> dict[str, int]:
    """Say how many places are held, as ``members.begin`` wants it."""
    policy, campaign = roll_out.policy, roll_out.campaign.campaign
    places = {}
    for limit, state, name in (
        (policy.per_region, BY_REGION, "region"),
        (policy.per_gateway, BY_GATEWAY, "gateway"),
    ):
        if limit:
            for row in work.select(Sum, campaign=campaign, phase=PLACES, state=state):
                places[f"{name}:{row.reason}"] = row.homes
    return places


def _let_in(roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc) -> CampaignPhase:
    """Let homes that were installed meanwhile join the last phase."""
    policy = roll_out.policy
    if phase.number < len(policy.phases):
        return phase
    last = phase.started_utc if phase.joined_utc is None else phase.joined_utc
    if last is not None and utc < last + JOIN_S:
        return phase
    targets = targets_of(roll_out.release, policy)
    work.join(Join(phase.campaign, policy.key, targets, phase.number, utc))
    return replace(phase, joined_utc=utc)


def _next_look(
    roll_out: RollOut, phase: CampaignPhase, inputs: GateInputs, opens: Utc, utc: Utc
) -> float | None:
    policy = roll_out.policy
    moments: list[float] = []
    if inputs.planned:
        moments.append(opens if opens > utc else utc + HOUR_S)
    elif phase.observed_utc is not None and not inputs.unfinished:
        gate = policy.phases[phase.number - 1].gate
        moments.append(phase.observed_utc + gate.observation_s)
    if inputs.stale:
        moments.append(utc + HOUR_S)  # reports come without anybody being told
    if phase.number == len(policy.phases):
        joined = phase.started_utc if phase.joined_utc is None else phase.joined_utc
        moments.append(utc + PAGE_S if joined == utc else (joined or utc) + JOIN_S)
    return min((moment for moment in moments if moment > utc), default=None)


# --- while it is held, and at its end -----------------------------------------------------------


def _recall(roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc) -> None:
    """Take back what is to be activated; downloads go on to their end."""
    reason = f"the campaign is {roll_out.campaign.state}"

    def put_off(member: Member) -> None:
        again = utc + members.LOOK_AGAIN_S
        moved = move(work, member, MemberStep.RECALL, reason, utc, due_utc=again)
        work.put(recall(work, moved, roll_out.release))

    left = _sweep(phase, _RECALLED, work, put_off)
    work.put(replace(phase, due_utc=utc + 1 if left else None))


def _close(roll_out: RollOut, phase: CampaignPhase, work: Work, utc: Utc) -> None:
    """Withdraw what is under way, and close the phase when nothing is."""
    reason = f"the campaign is {roll_out.campaign.state}"

    def leave(member: Member) -> None:
        told = withdraw(work, member, roll_out.release)
        move(work, told, MemberStep.LEAVE, reason, utc, due_utc=None)

    if _sweep(phase, _CLOSED, work, leave):
        work.put(replace(phase, due_utc=utc + 1))
    else:
        work.put(replace(step_phase(phase, PhaseStep.CLOSE), due_utc=None))


def _sweep(
    phase: CampaignPhase,
    states: Collection[MemberState],
    work: Work,
    act: Callable[[Member], None],
) -> bool:
    """Do something with homes of a phase in some states, a page at a time.

    Returns:
        whether there may be more.
    """
    page: list[Member] = []
    for state in states:
        if len(page) < MOST_BEGUN:
            page += work.select(
                Member,
                campaign=phase.campaign,
                phase=phase.number,
                state=state,
                order=("rank",),
                limit=MOST_BEGUN,
            )
    page = page[:MOST_BEGUN]
    work.require(RowKey(Home, (member.home,)) for member in page)
    work.require(RowKey(InstalledDevice, (member.device,)) for member in page)
    for member in page:
        act(member)
    return len(page) == MOST_BEGUN
