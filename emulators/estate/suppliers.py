"""The suppliers' persons in a rehearsal: they choose times, book calendars and raise incidents.

They decide by the same signed acts as everybody, and know of homes what registration data say.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from emulators.estate.cast import person_of
from emulators.estate.life import EstateLife
from emulators.estate.lots import Lot
from emulators.estate.operator import Decide
from emulators.estate.scenario import PERMILLE, Scenario
from ota_engine.fleet.calendar.diary import BookCalendar
from ota_engine.fleet.calendar.rows import EntryKind, HomeStep
from ota_engine.fleet.calendar.slots import ChooseSlots
from ota_engine.fleet.campaigns.rows import Campaign, CampaignPhase, CampaignState, PhaseState
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.inventory.rows import Home
from ota_engine.times import DAY_S, Utc

SLOTS_AT_ONCE: Final = 2_000  # in one decision
_BOOKED: Final = (
    ("tariff", "tariffs_permille", EntryKind.TARIFF, 2 * DAY_S),
    ("upload", "uploads_permille", EntryKind.DATA_UPLOAD, DAY_S / 4),
)
_BOOKED_AHEAD_S: Final = 7 * DAY_S

HomesOf = Callable[[str], Iterator[Home]]
HomesNamed = Callable[[Iterable[str]], list[Home]]


class EstateSuppliers:
    """All suppliers.

    Args:
        scenario: what they do.
        decide: takes a decision to the fleet.
        life: draws the homes in which something is booked.
        homes_named: reads homes by their names.
        homes_of: walks the homes that a party answers for.
    """

    def __init__(
        self,
        scenario: Scenario,
        decide: Decide,
        life: EstateLife,
        homes_named: HomesNamed,
        homes_of: HomesOf,
    ) -> None:
        self._scenario = scenario
        self._decide = decide
        self._life = life
        self._homes_named = homes_named
        self._homes_of = homes_of
        self._incidents = list(enumerate(scenario.incidents, 1))

    def day(self, number: int, utc: Utc) -> None:
        """Book in calendars what is booked on a day."""
        for what, name, kind, lasts_s in _BOOKED:
            permille = getattr(self._scenario.life, name)
            drawn = self._life.homes_drawn(what, permille, number) if permille else ()
            by_party: dict[str, list[str]] = {}
            for home in self._homes_named(name for name, _ in drawn):
                party = home.electricity or home.gas
                if party:
                    by_party.setdefault(party, []).append(home.home)
            for party, homes in sorted(by_party.items()):
                begin = utc + _BOOKED_AHEAD_S
                names = tuple(dict.fromkeys(homes))
                act = BookCalendar(f"{what}-{number}", names, kind, begin, begin + lasts_s)
                self._decide(person_of(party), act, f"{kind} as agreed with the people there")

    def choose(self, campaign: str, begin: Utc) -> None:
        """Choose times for the activation in some of their homes, from a moment on."""
        share = self._scenario.habits.slots_permille / PERMILLE
        for party in self._scenario.estate.supplier_ids if share else ():
            slots = self._slots(campaign, party, begin, share)
            for start in range(0, len(slots), SLOTS_AT_ONCE):
                act = ChooseSlots(
                    campaign, HomeStep.ACTIVATION, tuple(slots[start : start + SLOTS_AT_ONCE])
                )
                self._decide(person_of(party), act, "agreed with the people there")

    def _slots(
        self, campaign: str, party: str, begin: Utc, share: float
    ) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = []
        days = self._scenario.habits.chosen_days
        for home in self._homes_of(party):
            lot = Lot(self._scenario.estate.seed, "slot", campaign, party, home.home)
            if lot.chance(share):
                found.append((home.home, begin + lot.share() * days * DAY_S))
        return found

    @property
    def may_raise(self) -> bool:
        """Whether an incident is still to be raised."""
        return bool(self._incidents)

    def raise_incidents(
        self, campaign: Campaign, phases: Sequence[CampaignPhase], size: Callable[[int], int]
    ) -> None:
        """Raise incidents whose moment has come.

        Args:
            campaign: under way.
            phases: of it.
            size: says how many homes a phase has, by its number.
        """
        if campaign.state is not CampaignState.RUNNING:
            return
        for number, planned in list(self._incidents):
            for phase in phases:
                begun = phase.name == planned.phase and phase.state is PhaseState.RUNNING
                if begun and phase.begun * PERMILLE >= planned.begun_permille * size(phase.number):
                    self._incidents.remove((number, planned))
                    person = person_of(self._scenario.estate.supplier_ids[0])
                    text = "displays of some homes show no price since the upgrade"
                    act = RaiseIncident(
                        f"{campaign.campaign}-incident-{number}",
                        campaign.campaign,
                        phase.number,
                        planned.category,
                        text,
                    )
                    self._decide(person, act, "people have called")
