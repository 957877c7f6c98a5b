"""What hubs say, and what their silence means for a home in a campaign; pure.

What a device says of itself counts, whoever asked and whenever it comes: that it runs the release ends
its upgrade, that it runs another version again undoes that.
"""

from dataclasses import replace
from typing import Final

from ota_engine.fleet.campaigns.homes import members
from ota_engine.fleet.campaigns.homes.members import RollOut
from ota_engine.fleet.campaigns.homes.moving import look_at_phase, lose_han, move, withdraw
from ota_engine.fleet.campaigns.homes.words import keep_message
from ota_engine.fleet.campaigns.lives import MAY_BRING, OPEN_CAMPAIGNS, UNDER_WAY, MemberStep
from ota_engine.fleet.campaigns.plan.policy import policy_of
from ota_engine.fleet.campaigns.rows import (
    TO_TRY_AGAIN,
    Campaign,
    DeviceToReplace,
    GatewayReport,
    Member,
    MemberState,
)
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, VersionSource
from ota_engine.fleet.kernel.rows import replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc

REPORT_S: Final = 3_600.0  # a gateway's reports are noted no more often


def roll_out_of(campaign: Campaign, work: Work) -> RollOut:
    """Bring together what belongs to a campaign."""
    release = work.get(FirmwareRelease, campaign.release)
    assert release is not None  # noqa: S101 - a campaign is of a release
    return RollOut(campaign, release, policy_of(campaign.policy))


def heard(outcome: HubOutcome, work: Work, utc: Utc) -> None:
    """Take what a hub says of a device."""
    home = work.get(Home, outcome.home)
    keep_message(outcome, work)
    if home is not None:
        _note_report(home.gateway, work, utc)
    if not _note_version(outcome, work, utc) and outcome.word is HubWord.VERSION:
        return  # said before something that is known already; it came late, or twice
    for campaign in _campaigns(outcome, work):
        member = work.get(Member, campaign.campaign, outcome.home)
        if member is not None and member.device == outcome.device:
            _take(outcome, member, roll_out_of(campaign, work), work, utc)


def _campaigns(outcome: HubOutcome, work: Work) -> tuple[Campaign, ...]:
    """The campaign that led to it; where none did, all that are open."""
    if outcome.campaign:
        found = work.get(Campaign, outcome.campaign)
        return () if found is None else (found,)
    return members.open_campaigns(work)


def _take(outcome: HubOutcome, member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    match outcome.word:
        case HubWord.ACTIVATED | HubWord.VERSION:
            _says_version(outcome, member, roll_out, work, utc)
        case HubWord.HAN_LOST if not member.han_lost:
            look_at_phase(work, lose_han(work, member), utc)
        case _ if outcome.campaign and outcome.attempt == member.attempt:
            _goes_on(outcome, member, roll_out, work, utc)


def _goes_on(outcome: HubOutcome, member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    over = roll_out.campaign.state not in OPEN_CAMPAIGNS
    match outcome.word:
        case HubWord.REACHED | HubWord.TRANSFERRED if over and member.state in MAY_BRING:
            _too_late(member, roll_out, work, utc)
        case HubWord.REACHED:
            _reached(member, roll_out, work, utc)
        case HubWord.TRANSFERRED:
            _speaks_again(member, work)
            moved = move(work, member, MemberStep.TRANSFER, "", utc, due_utc=None)
            if moved is not member:
                members.activate(moved, roll_out, work, utc)
        case HubWord.FAILED if member.state in UNDER_WAY:
            failed(outcome.reason, member, roll_out, work, utc)
        case HubWord.UNREACHABLE if member.state in UNDER_WAY:
            lost(outcome.reason or "nobody answers there", member, work, utc)


def _too_late(member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    """A hub has come back and brings what nobody wants any more: it is told to go no further."""
    _speaks_again(member, work)
    told = withdraw(work, member, roll_out.release)
    reason = f"the campaign is {roll_out.campaign.state}"
    move(work, told, MemberStep.LEAVE, reason, utc, due_utc=None)


def _reached(member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    """The delivery has begun; a hub that was given up takes a place again."""
    _speaks_again(member, work)
    home = work.get(Home, member.home)
    place = (home.region, home.gateway) if home is not None else ("", "")
    region, gateway = (member.region, member.gateway) if member.gateway else place
    due = utc + roll_out.policy.download_s
    move(work, member, MemberStep.REACH, "", utc, due_utc=due, region=region, gateway=gateway)


def _says_version(
    outcome: HubOutcome, member: Member, roll_out: RollOut, work: Work, utc: Utc
) -> None:
    release = roll_out.release
    if outcome.version is None:
        return  # only the device's own word ends an upgrade; its time runs on
    if outcome.version == release.version:
        _activated(member, roll_out, work, utc)
    elif member.state is MemberState.ACTIVATED:
        reason = "fell back to another version"
        moved = move(work, member, MemberStep.FALL_BACK, reason, utc, version_after=outcome.version)
        _replace_device(moved, work, utc)
        look_at_phase(work, moved, utc, ended=True)
    elif outcome.word is HubWord.ACTIVATED and member.state in UNDER_WAY:
        failed(f"runs another version than {release.version:08X}", member, roll_out, work, utc)


def _activated(member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    version = roll_out.release.version
    moved = move(work, member, MemberStep.ACTIVATE, "", utc, due_utc=None, version_after=version)
    if moved is member:
        return
    _unlist(member, work)
    look_at_phase(work, moved, utc, ended=True)
    home = work.get(Home, member.home)
    if home is None:
        return
    announce(
        work,
        NoticeKind.ACTIVATED,
        f"home:{member.home}",
        home.suppliers,
        f"runs {version:08X}",
        {"home": member.home, "device": member.device, "version": version},
        utc,
        name=f"{member.campaign}/{member.home}/activated/{utc:.0f}",
    )


def failed(reason: str, member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    """Use up an attempt of a home that is under way."""
    used = member.used + 1
    if used < roll_out.policy.attempts:
        again = utc + roll_out.policy.retry_s
        text = f"{TO_TRY_AGAIN}: {reason}"
        move(work, member, MemberStep.RETRY, text, utc, used=used, due_utc=again)
        return
    moved = move(work, member, MemberStep.GIVE_UP, reason, utc, used=used, due_utc=None)
    _replace_device(moved, work, utc)
    look_at_phase(work, moved, utc, ended=True)


def lost(reason: str, member: Member, work: Work, utc: Utc) -> None:
    """Give up waiting for a home that says nothing; it is heard when it speaks again."""
    moved = move(work, member, MemberStep.LOSE, reason, utc, used=member.used + 1, due_utc=None)
    _replace_device(moved, work, utc)
    look_at_phase(work, moved, utc)


def _speaks_again(member: Member, work: Work) -> None:
    if member.state is MemberState.UNREACHABLE:
        _unlist(member, work)


def _unlist(member: Member, work: Work) -> None:
    """Nobody has to go to the device of a home any more."""
    if member.state in (MemberState.FAILED, MemberState.UNREACHABLE):
        listed = work.get(DeviceToReplace, member.device)
        if listed is not None:
            work.drop(listed)


def _replace_device(member: Member, work: Work, utc: Utc) -> None:
    work.put(DeviceToReplace(member.device, member.home, member.campaign, member.reason, utc))


def _note_version(outcome: HubOutcome, work: Work, utc: Utc) -> bool:
    """Note what a device says that it runs; whether that is its last word.

    It was not said later than it is heard, whatever the clock of its hub was.
    """
    if outcome.version is None:
        return False
    device = work.get(InstalledDevice, outcome.device)
    if device is None:
        return True
    if device.version_since_utc > outcome.utc:
        return False
    work.put(
        replaced(
            device,
            version=outcome.version,
            version_source=VersionSource.DEVICE,
            version_since_utc=min(outcome.utc, utc),
        )
    )
    return True


def _note_report(gateway: str, work: Work, utc: Utc) -> None:
    known = work.get(GatewayReport, gateway)
    if known is None or abs(utc - known.utc) >= REPORT_S:  # a clock may be set back
        work.put(GatewayReport(gateway, utc))


# --- a home whose time has come -----------------------------------------------------------------


def due(member: Member, work: Work, utc: Utc) -> None:
    """Look at a home whose time has come."""
    campaign = work.get(Campaign, member.campaign)
    if campaign is None or campaign.state not in OPEN_CAMPAIGNS:
        work.put(replace(member, due_utc=None))
        return
    roll_out = roll_out_of(campaign, work)
    match member.state:
        case MemberState.WAITING:
            move(work, member, MemberStep.LOOK, "", utc, due_utc=None)
            look_at_phase(work, member, utc)
        case MemberState.TRANSFERRED:
            members.activate(member, roll_out, work, utc)
        case MemberState.OFFERED:
            lost("the hub says nothing", member, work, utc)
        case MemberState.REACHED | MemberState.SCHEDULED:
            told = withdraw(work, member, roll_out.release)  # it may speak too late
            failed(_silence(member), told, roll_out, work, utc)
        case _:
            work.put(replace(member, due_utc=None))


def _silence(member: Member) -> str:
    if member.state is MemberState.REACHED:
        return "the delivery came to no end"
    return "the device has not said that it runs the release"
