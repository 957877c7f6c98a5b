"""Homes that suppliers propose for a co-operative phase, and that the operator accepts or rejects."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.campaigns.acts import campaign_act, need_reason
from ota_engine.fleet.campaigns.changing import campaign_of, phase_of
from ota_engine.fleet.campaigns.homes.moving import change_phase
from ota_engine.fleet.campaigns.lives import NOT_BEGUN
from ota_engine.fleet.campaigns.plan.policy import PhaseSource, policy_of
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    Member,
    PhaseState,
)
from ota_engine.fleet.campaigns.voices import Nomination, NominationState
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import (
    SUPPLIERS,
    Actor,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc

MOST_HOMES: Final = 5_000  # in one decision
_BEFORE: Final = (CampaignState.PROPOSED, CampaignState.NOTIFIED, CampaignState.RUNNING)


@dataclass(frozen=True, slots=True)
class NominateHomes:
    """A supplier proposes homes that it answers for, by their pseudonyms."""

    campaign: str
    phase: int
    homes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecideNominations:
    """The operator accepts or rejects nominated homes."""

    campaign: str
    phase: int
    homes: tuple[str, ...]
    accept: bool


def _nominate(act: NominateHomes, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    _refuse_phase(campaign, act.phase, work)
    homes = _listed(act.homes)
    work.require(RowKey(Home, (home,)) for home in homes)
    work.require(RowKey(Nomination, (act.campaign, home)) for home in homes)
    bad = [name for name in homes if not _answers_for(work.get(Home, name), actor.party)]
    _refuse_homes(bad, f"{actor.party} does not answer for")
    for name in homes:
        earlier = work.get(Nomination, act.campaign, name)
        if earlier is not None and earlier.state is NominationState.ACCEPTED:
            continue
        state = NominationState.PROPOSED
        work.put(
            Nomination(act.campaign, name, act.phase, actor.party, state, "", actor.reason, utc)
        )
    return f"{actor.party} nominates {len(homes):,} homes for phase {act.phase} of {act.campaign}"


def _answers_for(home: Home | None, party: str) -> bool:
    return home is not None and party in home.suppliers


def _decide(act: DecideNominations, actor: Actor, work: Work, utc: Utc) -> str:
    campaign = campaign_of(work, act.campaign)
    phase_of(work, act.campaign, act.phase)
    _refuse_phase(campaign, act.phase, work)
    if not act.accept:
        need_reason(actor, "a rejection")
    homes = _listed(act.homes)
    work.require(RowKey(Nomination, (act.campaign, home)) for home in homes)
    work.require(RowKey(Member, (act.campaign, home)) for home in homes)
    found = {name: work.get(Nomination, act.campaign, name) for name in homes}
    open_ones = [
        row
        for row in found.values()
        if row is not None and row.phase == act.phase and row.state is NominationState.PROPOSED
    ]
    named = {row.home for row in open_ones}
    _refuse_homes(
        [name for name in homes if name not in named],
        f"nobody nominates for phase {act.phase}, or it is decided already:",
    )
    if act.accept:
        _move(act, homes, work)
    state = NominationState.ACCEPTED if act.accept else NominationState.REJECTED
    for row in open_ones:
        work.put(replace(row, state=state, decided_by=actor.person, reason=actor.reason, utc=utc))
    return f"{len(homes):,} nominations for phase {act.phase} of {act.campaign} are {state}"


def _move(act: DecideNominations, homes: Iterable[str], work: Work) -> None:
    members = {name: work.get(Member, act.campaign, name) for name in homes}
    _refuse_homes(
        [
            name
            for name, member in members.items()
            if member is None or member.state not in NOT_BEGUN
        ],
        "not planned in the campaign, or begun already:",
    )
    for member in members.values():
        if member is not None and member.phase != act.phase:
            change_phase(work, member, act.phase)


def _listed(homes: Iterable[str]) -> tuple[str, ...]:
    listed = tuple(dict.fromkeys(homes))
    if not listed:
        raise DecisionRefused(RefusalCode.CONTENT, "no home is named: name one at least")
    if len(listed) > MOST_HOMES:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"{len(listed):,} homes are too many for one decision: give {MOST_HOMES:,} at most",
        )
    return listed


def _refuse_homes(bad: list[str], what: str) -> None:
    if bad:
        more = f" and {len(bad) - 1:,} more" if len(bad) > 1 else ""
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{what} {bad[0]}{more}: take them out of the list"
        )


def _refuse_phase(campaign: Campaign, number: int, work: Work) -> None:
    phases = policy_of(campaign.policy).phases
    if not 1 <= number <= len(phases):
        raise DecisionRefused(
            RefusalCode.UNKNOWN,
            f"{campaign.campaign} has no phase {number}: give 1 to {len(phases)}",
        )
    if phases[number - 1].source is not PhaseSource.NOMINATED:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"the homes of phase {phases[number - 1].name} are drawn: nominate for another one",
        )
    row = work.get(CampaignPhase, campaign.campaign, number)
    begun = row is not None and row.state is not PhaseState.PENDING
    if begun or campaign.state not in _BEFORE:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{campaign.campaign} is {campaign.state}, and phase {phases[number - 1].name} takes no"
            " nominations any more",
            campaign.revision,
        )


ACTS: Final = {
    NominateHomes: campaign_act(SUPPLIERS, _nominate),
    DecideNominations: campaign_act(frozenset({PartyRole.OPERATOR}), _decide),
}
