"""An estate whose homes have names: a test says who lives where, what was told, and what hubs say.

Suppliers are ``east``, ``west`` and ``north``; ``eve``, ``will`` and ``nora`` decide for them. Notices
stay under way until a test delivers them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.inventory.registration import SupplierTold
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    VersionSource,
)
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.parties.rows import Fuel, Party, Person
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction
from ota_engine.store.fleet.book import FleetStore
from tests.fleet.estate import VERSION, Estate

OLD_VERSION: Final = 0x0001_0000
FIRST_DEVICE: Final = 0x00DB_1234_0000_0000
_ROLES: Final = (PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER)


def one_phase(**changes: Any) -> dict[str, Any]:
    """A policy with one phase that takes all homes at once."""
    phase: dict[str, Any] = {"name": "all", "homes": None, "per_hour": 100_000, "at_once": 100_000}
    return {"key": "0011223344556677", "notice_days": 7, "phases": [phase], **changes}


class Town(Estate):
    """A fleet with the homes that a test names."""

    def __init__(self, *, store: FleetStore | None = None) -> None:
        super().__init__(0, store=store)
        self._devices = count(FIRST_DEVICE)
        self._said = count(1)
        for party, person in (("east", "eve"), ("west", "will"), ("north", "nora")):
            self.put(Party(party, party.title(), _ROLES, endpoint=party))
            self.put(Person(person, party, person.title(), ""))

    def home(self, home: str, electricity: str = "east", gas: str = "", **changes: Any) -> Eui64:
        """Have a home with a hub, and give the EUI-64 of that."""
        gas = gas or electricity
        row = Home(home, "North", "gw", HomeStatus.COMPLETE, "set-a", electricity, gas)
        self.put(replace(row, **changes))
        return self.device(home)

    def device(
        self, home: str, kind: str = "CHF", variant: str = "hub-1", version: int = OLD_VERSION
    ) -> Eui64:
        """Have a device in a home."""
        device = Eui64(next(self._devices))
        self.put(
            InstalledDevice(
                device,
                home,
                kind,
                variant,
                InventoryStatus.COMMISSIONED,
                version,
                VersionSource.DEVICE,
                0.0,
            )
        )
        return device

    def devices_of(self, home: str, kind: str) -> Sequence[InstalledDevice]:
        """The devices of a kind in a home."""
        found = self.rows(InstalledDevice, home=home)
        return [device for device in found if device.kind == kind]

    def forget_version(self, device: InstalledDevice) -> None:
        """Let nobody know what a device runs."""
        self.put(replace(device, version=None))

    def campaign(
        self,
        campaign: str = "c1",
        release: str = "r1",
        *,
        variant: str = "hub-1",
        version: int = VERSION,
        policy: dict[str, Any] | None = None,
    ) -> None:
        """Have a campaign that was approved, of a release that was."""
        self.approved_release(release, version, variant=variant)
        text = canonical_json(policy or one_phase())
        self.decide("olive", ProposeCampaign(campaign, release, text))
        self.decide("peter", ApproveCampaign(campaign))

    def deliver(self, *parties: str) -> list[Notice]:
        """Let notices under way reach parties; all, where none is named."""
        sent = [
            notice
            for notice in self.rows(Notice, state=NoticeState.WAITING)
            if not parties or notice.party in parties
        ]
        self.happen(*(NoticeDelivered(notice.notice, notice.party) for notice in sent))
        return sent

    def say(
        self, home: str, word: HubWord, *, campaign: str = "c1", reason: str = "", **changes: Any
    ) -> None:
        """Let a hub say something of the device that a campaign means."""
        member = self.member(home, campaign)
        told = HubOutcome(
            f"outcome-{next(self._said)}",
            campaign,
            member.attempt,
            home,
            member.device,
            word,
            reason,
            VERSION if word is HubWord.ACTIVATED else None,
            b"",
            self.utc,
        )
        self.happen(told._replace(**changes))

    def change_supplier(self, home: str, party: str, *, fuels: Iterable[Fuel] = Fuel) -> None:
        """Let registration data tell that a party answers for a home from now on."""
        self.happen(*(SupplierTold(home, fuel, party, self.utc) for fuel in fuels))

    def member(self, home: str, campaign: str = "c1") -> Member:
        """Where a home stands."""
        return self.row(Member, campaign=campaign, home=home)

    def instructions(self, campaign: str = "c1") -> Sequence[Instruction]:
        """What gateways were told on behalf of a campaign."""
        return self.rows(Instruction, campaign=campaign)

    def notices(self, kind: str = "", *, party: str = "") -> Sequence[Notice]:
        """Notices of a kind, or to a party."""
        return [
            notice
            for notice in self.rows(Notice)
            if kind in ("", notice.kind) and party in ("", notice.party)
        ]
