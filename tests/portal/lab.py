"""A server of the portal over a town with a roll-out in the middle: something to see on every page."""

from pathlib import Path
from typing import Final

from ota_engine.canonical import canonical_json
from ota_engine.fleet.calendar.diary import BookCalendar
from ota_engine.fleet.calendar.rows import EntryKind
from ota_engine.fleet.campaigns.acts import ProposeCampaign
from ota_engine.fleet.campaigns.assessment import StatePosition
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.campaigns.voices import Stance
from tests.fleet.estate import DAY, VERSION
from tests.fleet.rollout import HOUR, RollOutTown, gate, phase, policy
from tests.head_end.service_lab import ServiceLab

#: Somebody of each kind of party.
PEOPLE: Final = ("olive", "peter", "cleo", "eve", "will", "mona", "ada", "otto")
NASTY: Final = "<script>alert(1)</script>\"'&{{7*7}}"


class PortalLab(ServiceLab):
    """The lab.

    Attributes:
        town: its fleet.
    """

    def __init__(self, folder: Path, homes: int = 30) -> None:
        super().__init__(folder, homes=0)
        self.town = RollOutTown(homes, store=self._store)
        self.estate = self.town
        for number in range(1, homes + 1):
            self.town.device(f"h{number}", "ESME", "meter-1")

    def roll_out(self) -> None:
        """Have a campaign whose first phase has passed, whose second one is held, and one that is proposed."""
        town = self.town
        town.announce(
            policy(
                phase("Pilot", 6),
                phase("Early homes", 12, gate=gate(failures_permille=100)),
                phase("Everybody"),
            )
        )
        town.pass_time(7 * DAY)
        first = self.homes_in(1)
        for home in first:
            town.finish(home)
            town.pass_time(2 * HOUR)
        town.pass_time(3 * DAY)
        second = self.homes_in(2)
        for home in second[:5]:
            town.finish(home)
            town.pass_time(HOUR)
        town.begin_to_fail(*second[5:7])
        town.reach(*second[7:9])
        town.decide("eve", RaiseIncident("i1", "c1", 2, 3, f"meters lose their clock {NASTY}"))
        town.decide(
            "eve", StatePosition("c1", 2, Stance.OBJECTS), f"not before that is mended {NASTY}"
        )
        booked = BookCalendar(
            "b1", (second[8],), EntryKind.TOP_UP, town.utc + DAY, town.utc + 2 * DAY
        )
        town.decide(self.party_of(second[8]), booked, f"they are away {NASTY}")
        town.approved_release("r2", VERSION + 1)
        town.decide("olive", ProposeCampaign("c2", "r2", canonical_json(policy())))

    def homes_in(self, phase: int) -> list[str]:
        """Name the homes of a phase, in the order in which they are begun."""
        found = [one for one in self.town.rows(Member, campaign="c1") if one.phase == phase]
        return [one.home for one in sorted(found, key=lambda one: one.rank)]

    def party_of(self, home: str) -> str:
        """Name a person of the supplier of a home."""
        return "eve" if int(home.removeprefix("h")) % 2 else "will"
