"""A town with a roll-out under way: homes h1, h2, ... of suppliers east and west, notices delivered.

A test says what hubs say; ``deliver_all`` and ``finish`` do so for many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import (
    PLACES,
    Campaign,
    CampaignPhase,
    GateDecision,
    Member,
    MemberState,
    Sum,
)
from ota_engine.fleet.inventory.rows import Home, HomeStatus, InstalledDevice
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus, ReleaseType
from ota_engine.store.fleet.book import FleetStore
from tests.fleet.estate import DAY, VERSION
from tests.fleet.town import Town

HOUR: Final = 3_600.0
KEY: Final = "0011223344556677"


def gate(**changes: Any) -> dict[str, Any]:
    """A gate that asks for little but two days of observation."""
    return {"sample": 1, "observation_s": 2 * DAY, "failures_permille": 1000, **changes}


def phase(name: str, homes: int | None = None, **changes: Any) -> dict[str, Any]:
    """A phase that begins all its homes at once."""
    return {
        "name": name,
        "homes": homes,
        "per_hour": 100_000,
        "at_once": 100_000,
        "gate": gate(),
        **changes,
    }


def policy(*phases: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A policy with seven days of notice."""
    return {"key": KEY, "notice_days": 7, "phases": phases or (phase("all"),), **changes}


class RollOutTown(Town):
    """A town whose roll-out a test can follow."""

    def __init__(self, homes: int = 0, *, store: FleetStore | None = None) -> None:
        super().__init__(store=store)
        for number in range(1, homes + 1):
            self.home(f"h{number}", "east" if number % 2 else "west")

    def announce(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        campaign: str = "c1",
        release: str = "r1",
        version: int = VERSION,
        kind: ReleaseType = ReleaseType.PLANNED,
    ) -> None:
        """Have a campaign approved, and its notices delivered."""
        self.approved_release(release, version, kind=kind)
        self.announce_undelivered(values, campaign=campaign, release=release)
        self.deliver()

    def announce_undelivered(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        campaign: str = "c1",
        release: str = "r1",
    ) -> None:
        """Have a campaign approved whose notices nobody has taken yet."""
        self.decide("olive", ProposeCampaign(campaign, release, canonical_json(values or policy())))
        self.decide("peter", ApproveCampaign(campaign))

    def announce_after_release(self, values: Mapping[str, Any]) -> None:
        """Have a campaign of an approved release whose notices nobody has taken yet."""
        self.approved_release()
        self.announce_undelivered(values)

    def put_notice_back(self, party: str) -> None:
        """Let a party have known of the campaign for a month."""
        for notice in self.notices("available", party=party):
            self.put(replace(notice, delivered_utc=self.utc - 30 * DAY))

    def withdraw_release(self, release: FirmwareRelease) -> None:
        """Let a release be withdrawn."""
        self.put(replace(release, status=ReleaseStatus.WITHDRAWN))

    def begin(self, values: Mapping[str, Any] | None = None, **names: Any) -> None:
        """Have a campaign whose first phase has just begun."""
        self.announce(values, **names)
        self.pass_time(7 * DAY)

    def transfer(self, *homes: str, campaign: str = "c1") -> None:
        """Let homes take the image."""
        for home in homes:
            self.say(home, HubWord.REACHED, campaign=campaign)
            self.say(home, HubWord.TRANSFERRED, campaign=campaign)

    def reach(self, *homes: str, campaign: str = "c1") -> None:
        """Let the delivery to homes begin."""
        for home in homes:
            self.say(home, HubWord.REACHED, campaign=campaign)

    def runs(self, device: InstalledDevice, version: int) -> None:
        """Let a device run a version, as it said itself."""
        self.put(replace(device, version=version))

    def begin_to_fail(self, *homes: str, campaign: str = "c1") -> None:
        """Let homes fail together, until they have no attempt left."""
        while any(self.state(home, campaign) is not MemberState.FAILED for home in homes):
            for home in homes:
                self.transfer(home, campaign=campaign)
                self.say(home, HubWord.FAILED, campaign=campaign, reason="it did not start")
            self.pass_time(DAY + HOUR)

    def put_home(self, home: str, party: str = "east") -> None:
        """Have a home without any device."""
        self.put(Home(home, "North", "gw", HomeStatus.COMPLETE, "set-a", party, party))

    def finish_as(self, device: Eui64, home: str) -> None:
        """Let a hub that is in a home no longer say that it runs the release."""
        said = HubOutcome(
            f"late-{device}", "c1", 1, home, device, HubWord.ACTIVATED, "", VERSION, b"", self.utc
        )
        self.happen(said)

    def report(self, home: str, version: int) -> None:
        """Let the hub of a home say unasked what it runs."""
        device = self.member(home).device
        key = f"report-{home}-{version}-{self.utc}"
        said = HubOutcome(key, "", 0, home, device, HubWord.VERSION, "", version, b"", self.utc)
        self.happen(said)

    def finish(self, *homes: str, campaign: str = "c1", version: int = VERSION) -> None:
        """Let homes take the image and run it."""
        for home in homes:
            self.transfer(home, campaign=campaign)
            self.say(home, HubWord.ACTIVATED, campaign=campaign, version=version)

    def fail(self, *homes: str, campaign: str = "c1") -> None:
        """Let homes fail at activation, until they have no attempt left."""
        for home in homes:
            while self.member(home, campaign).state is not MemberState.FAILED:
                if self.member(home, campaign).state is MemberState.WAITING:
                    self.pass_time(DAY + HOUR)
                self.transfer(home, campaign=campaign)
                self.say(home, HubWord.FAILED, campaign=campaign, reason="it did not start")

    def state(self, home: str, campaign: str = "c1") -> MemberState:
        """Where a home stands."""
        return self.member(home, campaign).state

    def in_state(self, state: MemberState, *, number: int | None = None) -> Sequence[str]:
        """Homes in a state, of one phase or of all."""
        where: dict[str, Any] = {"state": state}
        if number is not None:
            where["phase"] = number
        return [member.home for member in self.rows(Member, campaign="c1", **where)]

    def stands(self, campaign: str = "c1") -> Campaign:
        """A campaign as it stands."""
        return self.row(Campaign, campaign=campaign)

    def phase(self, number: int, campaign: str = "c1") -> CampaignPhase:
        """A phase as it stands."""
        return self.row(CampaignPhase, campaign=campaign, number=number)

    def verdicts(self, number: int = 1, campaign: str = "c1") -> Sequence[GateDecision]:
        """What the gate of a phase said, in order."""
        return self.rows(GateDecision, campaign=campaign, phase=number)

    def told(self, verb: Verb, campaign: str = "c1") -> Sequence[Instruction]:
        """Instructions of a kind."""
        return [one for one in self.instructions(campaign) if one.verb is verb]

    def places(self) -> dict[str, int]:
        """Places held, by region and by gateway."""
        rows = self.rows(Sum, campaign="c1", phase=PLACES)
        return {row.reason: row.homes for row in rows if row.homes}

    def check_sums(self) -> None:
        """Compare the sums with the homes that they count."""
        counted: dict[tuple[int, str, str], int] = {}
        for member in self.rows(Member, campaign="c1"):
            name = member.phase, str(member.state), member.reason
            counted[name] = counted.get(name, 0) + 1
        kept = {
            (row.phase, row.state, row.reason): row.homes
            for row in self.rows(Sum, campaign="c1")
            if row.homes and row.phase != PLACES and row.state in list(MemberState)
        }
        assert kept == counted
