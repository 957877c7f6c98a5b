"""A chosen time has come, or something that was agreed has changed: the home is looked at.

A chosen time for the download begins the home at that time, before its place in the phase, where the
phase is under way: suppliers may be earlier than the operator. It passes no gate and shortens no notice.
"""

from dataclasses import replace
from typing import Final

from ota_engine.fleet.calendar.rows import HomeDiary, HomeStep, Slot
from ota_engine.fleet.calendar.slots import AHEAD_S
from ota_engine.fleet.campaigns import progress
from ota_engine.fleet.campaigns.homes import hearing, members
from ota_engine.fleet.campaigns.homes.moving import move
from ota_engine.fleet.campaigns.lives import NOT_BEGUN, UNDER_WAY, MemberStep
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    CampaignState,
    Member,
    MemberState,
    PhaseState,
    Sum,
)
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc

_LOOKED_AT = (MemberState.WAITING, MemberState.TRANSFERRED)
_GOING = (PhaseState.RUNNING, PhaseState.OPEN)
NO_ROOM_S: Final = 900.0  # until the next look where a phase has no room


def due(slot: Slot, work: Work, utc: Utc) -> None:
    """Look at the home of a chosen time."""
    begins = slot.at_utc - AHEAD_S
    later = begins if slot.step is HomeStep.ACTIVATION and begins > utc else None
    work.put(replace(slot, due_utc=later))
    campaign = work.get(Campaign, slot.campaign)
    member = work.get(Member, slot.campaign, slot.home)
    if campaign is None or member is None or campaign.state is not CampaignState.RUNNING:
        return
    if slot.step is HomeStep.DOWNLOAD:
        if member.state in NOT_BEGUN and not _begin(campaign, member, work, utc):
            work.put(replace(slot, due_utc=utc + NO_ROOM_S))
    elif member.state is MemberState.TRANSFERRED:
        hearing.due(member, work, utc)
    else:
        members.reconsider(member, hearing.roll_out_of(campaign, work), work, utc)


def diary_due(diary: HomeDiary, work: Work, utc: Utc) -> None:
    """Look at a home whose calendar has changed, in every campaign that has it."""
    work.put(replace(diary, due_utc=None))
    running = work.select(Campaign, state=CampaignState.RUNNING)
    work.require(RowKey(Member, (one.campaign, diary.home)) for one in running)
    for campaign in running:
        member = work.get(Member, campaign.campaign, diary.home)
        if member is None:
            continue
        if member.state is MemberState.SCHEDULED:
            members.reconsider(member, hearing.roll_out_of(campaign, work), work, utc)
        elif member.state in _LOOKED_AT:
            hearing.due(member, work, utc)


def _begin(campaign: Campaign, member: Member, work: Work, utc: Utc) -> bool:
    """Begin a home, or say what it waits for, where its phase is under way.

    Returns:
        False where the phase has no room for one more now.
    """
    phase = work.get(CampaignPhase, campaign.campaign, member.phase)
    roll_out = hearing.roll_out_of(campaign, work)
    if phase is None or phase.state not in _GOING or members.barred(roll_out):
        return True  # it is looked at when the phase begins, if it may
    rules = roll_out.policy.phases[phase.number - 1]
    sums = work.select(Sum, campaign=campaign.campaign, phase=phase.number)
    under_way = sum(row.homes for row in sums if row.state in UNDER_WAY)
    if phase.credit < 1 or under_way >= rules.at_once:
        return False
    if member.state is MemberState.WAITING:
        member = move(work, member, MemberStep.LOOK, "", utc, due_utc=None)
    places = progress.places_of(roll_out, work)
    begun = members.begin([member], roll_out, 1, places, work, utc)
    work.put(replace(phase, begun=phase.begun + begun, credit=phase.credit - begun))
    return True
