"""What becomes of a home in a campaign when the home itself, its hub or its supplier changes; pure."""

from collections.abc import Iterator

from ota_engine.fleet.campaigns.homes.hearing import roll_out_of
from ota_engine.fleet.campaigns.homes.members import RollOut, open_campaigns
from ota_engine.fleet.campaigns.homes.moving import (
    change_gateway,
    look_at_phase,
    move,
    told_since_assigned,
    withdraw,
)
from ota_engine.fleet.campaigns.lives import MAY_BRING, UNDER_WAY, MemberStep
from ota_engine.fleet.campaigns.rows import DeviceToReplace, Member
from ota_engine.fleet.gateways.moving import tell_anew
from ota_engine.fleet.inventory.happenings import (
    DeviceMoved,
    GatewayChanged,
    HomeVanished,
    HubReplaced,
    SupplierChanged,
)
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc


def home_vanished(happened: HomeVanished, work: Work, utc: Utc) -> None:
    """A home that is no longer there leaves every campaign."""
    for roll_out, member in in_campaigns(happened.home, work):
        _leave(roll_out, member, "the home is gone", work, utc)


def device_moved(happened: DeviceMoved, work: Work, utc: Utc) -> None:
    """A device that is in another home now leaves with its old home; there it joins as any other."""
    for roll_out, member in in_campaigns(happened.old_home, work):
        if member.device == happened.device:
            _leave(roll_out, member, "the device is in another home now", work, utc)


def hub_replaced(happened: HubReplaced, work: Work, utc: Utc) -> None:
    """A new hub takes the place of the old one, from the beginning, where it needs the release."""
    listed = work.get(DeviceToReplace, happened.old)
    if listed is not None:
        work.drop(listed)
    device = work.get(InstalledDevice, happened.new)
    for roll_out, member in in_campaigns(happened.home, work):
        if member.device != happened.old:
            continue
        release = roll_out.release
        if device is None or device.variant != release.variant:
            _leave(roll_out, member, "another kind of hub stands in the home", work, utc)
        elif device.version == release.version:
            _leave(roll_out, member, "the new hub runs the release already", work, utc)
        else:
            told = withdraw(work, member, release) if member.state in UNDER_WAY else member
            moved = move(
                work,
                told,
                MemberStep.REPLACE,
                "",
                utc,
                device=happened.new,
                used=0,
                due_utc=None,
                activate_utc=None,
                han_lost=False,
                version_before=device.version,
                version_after=None,
            )
            look_at_phase(work, moved, utc)


def gateway_changed(happened: GatewayChanged, work: Work, utc: Utc) -> None:
    """Another gateway is told what the one before was, and holds the place that it held."""
    for _, member in in_campaigns(happened.home, work):
        if member.state not in UNDER_WAY:
            continue
        tell_anew(told_since_assigned(work, member), happened.target, work)
        if member.gateway and member.gateway != happened.target:
            change_gateway(work, member, happened.target)


def supplier_changed(happened: SupplierChanged, work: Work, utc: Utc) -> None:
    """A supplier's own roll-out goes on in no home that the supplier answers for no longer."""
    home = work.get(Home, happened.home)
    for roll_out, member in in_campaigns(happened.home, work):
        party = roll_out.policy.supplier
        if party and (home is None or party not in home.suppliers):
            _leave(roll_out, member, "another supplier answers for the home", work, utc)


def _leave(roll_out: RollOut, member: Member, reason: str, work: Work, utc: Utc) -> None:
    told = withdraw(work, member, roll_out.release) if member.state in MAY_BRING else member
    moved = move(work, told, MemberStep.LEAVE, reason, utc, due_utc=None)
    if member.state in UNDER_WAY:
        look_at_phase(work, moved, utc)


def in_campaigns(home: str, work: Work) -> Iterator[tuple[RollOut, Member]]:
    """Find a home in the campaigns that may still do something."""
    campaigns = open_campaigns(work)
    work.require(RowKey(Member, (campaign.campaign, home)) for campaign in campaigns)
    for campaign in campaigns:
        member = work.get(Member, campaign.campaign, home)
        if member is not None:
            yield roll_out_of(campaign, work), member
