"""How a home is begun, and how what it holds is activated: the two steps of an upgrade; pure."""

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Final

from images.eui64 import Eui64
from ota_engine.fleet.calendar import readiness
from ota_engine.fleet.calendar.readiness import Question, Wait
from ota_engine.fleet.calendar.rows import HomeDiary, HomeStep
from ota_engine.fleet.calendar.sequencing import OtherUpgrade
from ota_engine.fleet.calendar.windows import StepHours
from ota_engine.fleet.campaigns.homes.moving import instruct, move, recall
from ota_engine.fleet.campaigns.lives import ENDED, OPEN_CAMPAIGNS, UNDER_WAY, MemberStep
from ota_engine.fleet.campaigns.plan.planning import may_be_delivered
from ota_engine.fleet.campaigns.plan.policy import CampaignPolicy
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState, Member, MemberState
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
)
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.port import Verb
from ota_engine.fleet.releases.paths import path_refusals
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import DAY_S, Utc

FULL_S: Final = 3_600.0  # until a home is looked at again whose region or gateway is full
LOOK_AGAIN_S: Final = 21_600.0  # at a home whose campaign does not run
HUB: Final = "CHF"
_OPEN: Final = tuple(Select(Campaign, (("state", state),)) for state in OPEN_CAMPAIGNS)
_GOING: Final = (CampaignState.NOTIFIED, CampaignState.RUNNING)
_USABLE: Final = (InventoryStatus.COMMISSIONED, InventoryStatus.SUSPENDED)


@dataclass(frozen=True, slots=True)
class RollOut:
    """A campaign with what belongs to it.

    Attributes:
        campaign: its row.
        release: what it rolls out.
        policy: how.
    """

    campaign: Campaign
    release: FirmwareRelease
    policy: CampaignPolicy


def barred(roll_out: RollOut) -> str:
    """Say why a release may be brought to no home, and run in none; empty where it may."""
    release = roll_out.release
    may = may_be_delivered(release, roll_out.policy)
    return "" if may else f"release {release.release} is {release.status}"


def available_notice(campaign: str) -> str:
    """Name the notice by which a campaign is announced."""
    return f"{campaign}/available"


def questions(
    roll_out: RollOut, homes: Iterable[tuple[Member, Home]], step: HomeStep, work: Work
) -> dict[str, Question]:
    """Ask whether a step may be done in homes, and have at hand what the answers want.

    Returns:
        a question for each home.
    """
    homes = tuple(homes)
    campaign, policy = roll_out.campaign, roll_out.policy
    others = _others(campaign, [home.home for _, home in homes], work)
    download = StepHours(policy.download_window, policy.blackout)
    activation = StepHours(policy.activation_window, policy.blackout)
    asked = {
        home.home: Question(
            home,
            member.device,
            campaign.campaign,
            roll_out.release,
            available_notice(campaign.campaign),
            0.0 if campaign.waiver else policy.least_notice_s,
            download,
            activation,
            others=others.get(home.home, ()),
        )
        for member, home in homes
    }
    readiness.prepare(asked.values(), work, (step,))
    return asked


def open_campaigns(work: Work) -> tuple[Campaign, ...]:
    """Read the campaigns that may still do something."""
    return tuple(row for wanted in _OPEN for row in work.selected(wanted))


def _others(
    campaign: Campaign, homes: Iterable[str], work: Work
) -> dict[str, tuple[OtherUpgrade, ...]]:
    """Find upgrades of homes by other campaigns that are not over."""
    found: dict[str, tuple[OtherUpgrade, ...]] = {}
    for other in open_campaigns(work):
        if other.campaign == campaign.campaign:
            continue
        variant = _variant_of(other, work)
        work.require(RowKey(Member, (other.campaign, home)) for home in homes)
        for home in homes:
            member = work.get(Member, other.campaign, home)
            if member is not None and member.state not in ENDED:
                upgrade = OtherUpgrade(
                    member.device, variant.kind, variant.variant, member.state in UNDER_WAY
                )
                found[home] = (*found.get(home, ()), upgrade)
    return found


def _variant_of(campaign: Campaign, work: Work) -> Variant:
    release = work.get(FirmwareRelease, campaign.release)
    assert release is not None  # noqa: S101 - a campaign is of a release
    variant = work.get(Variant, release.variant)
    assert variant is not None  # noqa: S101 - a release is of a variant
    return variant


def begin(
    members: Iterable[Member],
    roll_out: RollOut,
    room: int,
    places: MutableMapping[str, int],
    work: Work,
    utc: Utc,
) -> int:
    """Begin homes, or say what each waits for.

    Args:
        members: planned ones, in their order.
        roll_out: theirs.
        room: begin no more than so many.
        places: held by region (``region:ID``) and by gateway (``gateway:ID``); kept up to date here.
        work: the event in hand.
        utc: now.

    Returns:
        how many were begun.
    """
    members = tuple(members)
    work.require(ask for member in members for ask in _of_home(member))
    homes = {member.home: work.get(Home, member.home) for member in members}
    present = [(member, home) for member in members if (home := homes[member.home])]
    asked = questions(roll_out, present, HomeStep.DOWNLOAD, work)
    devices = [work.get(InstalledDevice, member.device) for member in members]
    closed = path_refusals(work, roll_out.release, [one.version for one in devices if one])
    ordered = _ordered_by_users(members, roll_out, work)
    begun = 0
    for member in members:
        if begun >= room:
            break
        home = homes[member.home]
        if home is None or (gone := _gone(home, member, roll_out, work)):
            reason = "the home is gone" if home is None else gone
            move(work, member, MemberStep.LEAVE, reason, utc, due_utc=None)
            continue
        wait = (
            _no_path(member, closed, work, utc)
            or _users_first(member, ordered, utc)
            or readiness.before_download(asked[member.home], work, utc)
            or _no_place(home, roll_out.policy, places, utc)
        )
        if wait is not None:
            again = wait.look_again_utc
            move(work, member, MemberStep.DEFER, wait.reason, utc, due_utc=again)
            continue
        _assign(member, home, roll_out, work, utc)
        _take(home, places)
        begun += 1
    return begun


def _of_home(member: Member) -> tuple[RowKey, ...]:
    """Name the rows of a home that are wanted before it is begun."""
    name = (member.home,)
    return RowKey(Home, name), RowKey(InstalledDevice, (member.device,)), RowKey(HomeDiary, name)


def _gone(home: Home, member: Member, roll_out: RollOut, work: Work) -> str:
    """Say why a home is none of the campaign's any more; nothing if it still is."""
    policy = roll_out.policy
    device = work.get(InstalledDevice, member.device)
    if device is None or device.home != member.home:
        return "the device is in the home no longer"
    conditions = (
        (home.status is HomeStatus.GONE, "the home is gone"),
        (home.ring_fence != policy.ring_fence, "the home is in another ring fence"),
        (
            bool(policy.supplier) and policy.supplier not in home.suppliers,
            "another supplier answers for the home",
        ),
        (device.status not in _USABLE, "the device is in use no longer"),
        (device.version == roll_out.release.version, "the device runs the release already"),
    )
    return next((reason for applies, reason in conditions if applies), "")


def _ordered_by_users(
    members: Iterable[Member], roll_out: RollOut, work: Work
) -> Collection[Eui64]:
    """Find devices to which an image that a user ordered is on its way; a hub has none."""
    if _variant_of(roll_out.campaign, work).kind == HUB:
        return ()
    return work.standings(tuple(dict.fromkeys(member.device for member in members))).coming


def _users_first(member: Member, ordered: Collection[Eui64], utc: Utc) -> Wait | None:
    if member.device not in ordered:
        return None
    return Wait("a user's order for the device is under way", Utc(utc + LOOK_AGAIN_S))


def _no_path(member: Member, closed: Mapping[int | None, str], work: Work, utc: Utc) -> Wait | None:
    device = work.get(InstalledDevice, member.device)
    reason = closed.get(device.version) if device is not None else None
    return None if reason is None else Wait(reason, Utc(utc + DAY_S))


def _no_place(
    home: Home, policy: CampaignPolicy, places: Mapping[str, int], utc: Utc
) -> Wait | None:
    again = Utc(utc + FULL_S)
    if policy.per_region and places.get(f"region:{home.region}", 0) >= policy.per_region:
        return Wait("its region has no place free", again)
    if policy.per_gateway and places.get(f"gateway:{home.gateway}", 0) >= policy.per_gateway:
        return Wait("its gateway has no place free", again)
    return None


def _take(home: Home, places: MutableMapping[str, int]) -> None:
    for name in (f"region:{home.region}", f"gateway:{home.gateway}"):
        places[name] = places.get(name, 0) + 1


def _assign(member: Member, home: Home, roll_out: RollOut, work: Work, utc: Utc) -> None:
    attempt = member.attempt + 1
    moved = move(
        work,
        member,
        MemberStep.ASSIGN,
        "",
        utc,
        attempt=attempt,
        region=home.region,
        gateway=home.gateway,
        due_utc=utc + roll_out.policy.unreachable_s,
        activate_utc=None,
    )
    work.put(instruct(work, moved, home.gateway, Verb.ASSIGN, roll_out.release))


def activate(member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    """Tell the hub of a home that holds the image when to activate it, or say what it waits for."""
    home = work.get(Home, member.home)
    if home is None:
        move(work, member, MemberStep.LEAVE, "the home is gone", utc, due_utc=None)
        return
    answer: Wait | Utc
    going = roll_out.campaign.state in _GOING
    reason = barred(roll_out) if going else f"the campaign is {roll_out.campaign.state}"
    if not reason:
        asked = questions(roll_out, [(member, home)], HomeStep.ACTIVATION, work)[member.home]
        answer = readiness.activation(asked, work, utc)
    else:
        answer = Wait(reason, Utc(utc + LOOK_AGAIN_S))
    if isinstance(answer, Wait):
        again = answer.look_again_utc
        move(work, member, MemberStep.POSTPONE, answer.reason, utc, due_utc=again)
        return
    at = Utc(max(answer, utc))
    due = at + roll_out.policy.activation_s
    moved = move(work, member, MemberStep.ORDER, "", utc, due_utc=due, activate_utc=at)
    work.put(instruct(work, moved, home.gateway, Verb.ACTIVATE, roll_out.release, at))


def reconsider(member: Member, roll_out: RollOut, work: Work, utc: Utc) -> None:
    """Take back an activation whose time has not come, where another time or a wait holds by now."""
    home = work.get(Home, member.home)
    at = member.activate_utc
    if member.state is not MemberState.SCHEDULED or home is None or at is None or at <= utc:
        return
    asked = questions(roll_out, [(member, home)], HomeStep.ACTIVATION, work)[member.home]
    answer = readiness.activation(asked, work, utc)
    if answer == at:
        return
    reason = answer.reason if isinstance(answer, Wait) else "another time was chosen"
    moved = move(work, member, MemberStep.RECALL, reason, utc, due_utc=utc, activate_utc=None)
    moved = recall(work, moved, roll_out.release)
    work.put(moved)
    activate(moved, roll_out, work, utc)
