"""A supplier that comes to answer for a home while a campaign has it: told, and given its own notice."""

from ota_engine.fleet.calendar.diary import gained
from ota_engine.fleet.calendar.opening import REACHED_S
from ota_engine.fleet.campaigns.homes.members import reconsider
from ota_engine.fleet.campaigns.homes.upheavals import in_campaigns
from ota_engine.fleet.campaigns.lives import ENDED
from ota_engine.fleet.campaigns.rows import Campaign, Member
from ota_engine.fleet.inventory.happenings import SupplierChanged
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks
from ota_engine.fleet.notices.announcing import announce
from ota_engine.fleet.notices.rows import NoticeKind
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.times import Utc


def supplier_changed(change: SupplierChanged, work: Work, utc: Utc) -> None:
    """Tell the gaining supplier of every campaign that has not come to its end in the home.

    Its own notice runs from when this one reaches it: the home begins no step before, and an activation
    whose time has not come is taken back. A download that is under way goes on. A supplier that
    answered for the home already, for the other fuel, knows.
    """
    home = work.get(Home, change.home)
    if not change.gaining or home is None or _knows(home, change):
        return
    for roll_out, member in in_campaigns(change.home, work):
        if member.state not in ENDED:
            _tell(roll_out.campaign, member, change, work, utc)
            reconsider(member, roll_out, work, utc)


def _knows(home: Home, change: SupplierChanged) -> bool:
    """Whether the gaining supplier answered for the home already, for the other fuel."""
    other = home.gas if change.fuel is Fuel.ELECTRICITY else home.electricity
    return other == change.gaining


def _tell(
    campaign: Campaign, member: Member, change: SupplierChanged, work: Work, utc: Utc
) -> None:
    name = f"{campaign.campaign}/{change.home}/gained/{change.fuel}/{change.utc:.0f}"
    subject = f"campaign:{campaign.campaign}"
    announce(
        work,
        NoticeKind.GAINED,
        subject,
        [change.gaining],
        f"home {change.home} is yours now, and {member.state} in {campaign.campaign}",
        {"campaign": campaign.campaign, "home": change.home, "release": campaign.release},
        utc,
        name=name,
    )
    gained(work, change.home, campaign.campaign, change.gaining, name)
    clocks.start(work, name, [change.gaining], subject, "take the notice", utc, utc + REACHED_S)
