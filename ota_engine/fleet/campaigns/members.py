"""One home in a campaign: begun, what its hub says of it, and its end; pure."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from ota_engine.fleet.calendar import readiness
from ota_engine.fleet.calendar.readiness import Question
from ota_engine.fleet.campaigns.acts import available_notice, policy_of
from ota_engine.fleet.campaigns.policy import DAY_S, CampaignPolicy
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignPhase,
    Member,
    MemberState,
)
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, VersionSource
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.announcing import announce
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc

RETRY_S: Final = DAY_S  # after a failed attempt

_ENDED: Final = frozenset(
    {MemberState.ACTIVATED, MemberState.FAILED, MemberState.LEFT, MemberState.UNREACHABLE}
)


def move(
    work: Work, member: Member, state: MemberState, reason: str, utc: Utc, **changes: Any
) -> None:
    """Let a home be in another state, with the sums."""
    work.put(replace(member, state=state, reason=reason, since_utc=utc, **changes))
    if (member.state, member.reason) == (state, reason):
        return
    work.tally(member.campaign, member.phase, member.state, member.reason, -1)
    work.tally(member.campaign, member.phase, state, reason, +1)


def begin(
    members: Iterable[Member],
    campaign: Campaign,
    release: FirmwareRelease,
    policy: CampaignPolicy,
    work: Work,
    utc: Utc,
) -> int:
    """Begin homes, or say what each waits for.

    Returns:
        how many were begun.
    """
    members = tuple(members)
    work.require(RowKey(Home, (member.home,)) for member in members)
    homes = [(member, work.get(Home, member.home)) for member in members]
    notice = available_notice(campaign.campaign)
    asked = {
        home.home: Question(home, member.device, campaign.campaign, release, notice)
        for member, home in homes
        if home is not None
    }
    readiness.prepare(asked.values(), work)
    begun = 0
    for member, home in homes:
        if home is None:
            move(work, member, MemberState.LEFT, "the home is gone", utc, due_utc=None)
            continue
        wait = readiness.before_download(asked[home.home], work, utc)
        if wait is not None:
            again = wait.look_again_utc
            move(work, member, MemberState.WAITING, wait.reason, utc, due_utc=again)
            continue
        _assign(member, home, release, policy, work, utc)
        begun += 1
    return begun


def _assign(
    member: Member,
    home: Home,
    release: FirmwareRelease,
    policy: CampaignPolicy,
    work: Work,
    utc: Utc,
) -> None:
    attempt = member.attempt + 1
    work.put(
        Instruction(
            f"{member.campaign}/{member.home}/{attempt}/{Verb.ASSIGN}",
            home.gateway,
            member.campaign,
            attempt,
            member.home,
            member.device,
            Verb.ASSIGN,
            release.sha256,
            release.version,
        )
    )
    due = utc + policy.unreachable_s
    move(work, member, MemberState.OFFERED, "", utc, attempt=attempt, due_utc=due)


def heard(outcome: HubOutcome, work: Work, utc: Utc) -> None:
    """Take what a hub says of a device."""
    _note_version(outcome, work)
    if not outcome.campaign:
        return
    member = work.get(Member, outcome.campaign, outcome.home)
    if member is None or member.device != outcome.device or member.state in _ENDED:
        return  # it was told before, or of another device
    match outcome.word:
        case HubWord.REACHED if member.state is MemberState.OFFERED:
            policy = policy_of(_must(work.get(Campaign, outcome.campaign)))
            move(work, member, MemberState.REACHED, "", utc, due_utc=utc + policy.download_s)
        case HubWord.TRANSFERRED if member.state in (MemberState.OFFERED, MemberState.REACHED):
            move(work, member, MemberState.TRANSFERRED, "", utc)
        case HubWord.ACTIVATED:
            _activated(outcome, member, work, utc)
        case HubWord.FAILED if outcome.attempt == member.attempt:
            _failed(outcome.reason, member, work, utc)


def _activated(outcome: HubOutcome, member: Member, work: Work, utc: Utc) -> None:
    campaign = _must(work.get(Campaign, member.campaign))
    release = _must(work.get(FirmwareRelease, campaign.release))
    if outcome.version != release.version:
        _failed(f"runs another version than {release.version:08X}", member, work, utc)
        return
    move(
        work,
        member,
        MemberState.ACTIVATED,
        "",
        utc,
        due_utc=None,
        version_after=outcome.version,
    )
    _ended(member, work, utc)
    home = work.get(Home, member.home)
    if home is not None:
        announce(
            work,
            NoticeKind.ACTIVATED,
            f"home:{member.home}",
            home.suppliers,
            f"runs {outcome.version:08X}",
            {"home": member.home, "device": member.device, "version": outcome.version},
            utc,
            name=f"{member.campaign}/{member.home}/activated",
        )


def _failed(reason: str, member: Member, work: Work, utc: Utc) -> None:
    policy = policy_of(_must(work.get(Campaign, member.campaign)))
    if member.attempt < policy.attempts:
        move(
            work, member, MemberState.WAITING, f"to try again: {reason}", utc, due_utc=utc + RETRY_S
        )
        return
    move(work, member, MemberState.FAILED, reason, utc, due_utc=None)
    _ended(member, work, utc)


def _ended(member: Member, work: Work, utc: Utc) -> None:
    """Have the phase looked at, before it begins one more home."""
    phase = work.get(CampaignPhase, member.campaign, member.phase)
    if phase is not None:
        work.put(replace(phase, last_end_utc=utc, due_utc=utc))


def _note_version(outcome: HubOutcome, work: Work) -> None:
    if outcome.version is None:
        return
    device = work.get(InstalledDevice, outcome.device)
    if device is None or device.version_since_utc > outcome.utc:
        return
    work.put(
        replace(
            device,
            version=outcome.version,
            version_source=VersionSource.DEVICE,
            version_since_utc=outcome.utc,
        )
    )


def due(member: Member, work: Work, utc: Utc) -> None:
    """Look at a home whose time has come."""
    if member.state is MemberState.WAITING:
        move(work, member, MemberState.PLANNED, "", utc, due_utc=None)
        phase = work.get(CampaignPhase, member.campaign, member.phase)
        if phase is not None and phase.due_utc is None:
            work.put(replace(phase, due_utc=utc))
    elif member.state is MemberState.OFFERED:
        move(work, member, MemberState.UNREACHABLE, "the hub says nothing", utc, due_utc=None)
        _ended(member, work, utc)
    else:
        _failed(f"{member.state} for too long", member, work, utc)


def _must(row: Any) -> Any:
    assert row is not None  # noqa: S101 - it is what another row of ours names
    return row
