"""What goes on in homes while campaigns run, day by day; pure, all from a seed.

Suppliers and people change, hubs are replaced, homes vanish, installations are completed. How many do so
on a day is drawn, and which: no home is looked at for whom nothing happens.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from emulators.estate.lots import Lot
from emulators.estate.population import FIRST_NEW_HUB
from emulators.estate.scenario import PERMILLE, Scenario
from images.eui64 import Eui64
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.registration import SupplierTold, TenancyTold
from ota_engine.fleet.inventory.rows import HomeStatus, InventoryStatus
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.times import DAY_S, Utc

MONTH_DAYS: Final = 30.0
_AHEAD_S: Final = 5 * DAY_S  # a change of supplier is told so long before
_HUBS_A_DAY: Final = 1 << 16

LifeEvent: TypeAlias = SupplierTold | TenancyTold | DeviceTold | HomeTold


class LifeOnDay(NamedTuple):
    """Something that happens, and when."""

    utc: Utc
    event: LifeEvent


class EstateLife:
    """The days of an estate.

    Args:
        scenario: how often what happens.
        name_of: names a home by its number.
    """

    def __init__(self, scenario: Scenario, name_of: Callable[[int], str]) -> None:
        self._scenario = scenario
        self._name_of = name_of
        self._seed = scenario.estate.seed

    def day(self, number: int) -> list[LifeOnDay]:
        """Say what happens on a day, the first of which is 0, in order."""
        begin = self._scenario.begin + number * DAY_S
        life = self._scenario.life
        found = [
            *self._drawn("supplier", life.supplier_changes_permille, number, self._supplier),
            *self._drawn("tenancy", life.tenancies_permille, number, self._tenancy),
            *self._drawn("hub", life.hubs_replaced_permille, number, self._hub),
            *self._drawn("gone", life.homes_gone_permille, number, self._gone),
            *self._completed(number),
        ]
        happens = [LifeOnDay(Utc(begin + at), event) for at, event in found]
        return sorted(happens, key=lambda one: one.utc)

    def homes_drawn(self, what: str, permille: float, day: int) -> list[tuple[str, Lot]]:
        """Draw the homes in which something happens on a day that happens so often in a month."""
        homes = self._scenario.estate.homes
        lot = Lot(self._seed, what, day)
        many = lot.about(homes * permille / PERMILLE / MONTH_DAYS)
        drawn = []
        for one in range(many):
            mine = Lot(self._seed, what, day, one)
            drawn.append((self._name_of(mine.below(homes)), mine))
        return drawn

    def _drawn(
        self,
        what: str,
        permille: float,
        day: int,
        make: Callable[[str, Lot, int, int], LifeEvent],
    ) -> Iterator[tuple[float, LifeEvent]]:
        if not permille:
            return
        for number, (home, lot) in enumerate(self.homes_drawn(what, permille, day)):
            yield lot.share() * DAY_S, make(home, lot, day, number)

    def _supplier(self, home: str, lot: Lot, day: int, number: int) -> LifeEvent:
        fuel = lot.pick(tuple(Fuel))
        party = lot.pick(self._scenario.estate.supplier_ids)
        midnight = (self._scenario.begin + day * DAY_S) // DAY_S * DAY_S
        return SupplierTold(home, fuel, party, Utc(midnight + DAY_S + _AHEAD_S))

    def _tenancy(self, home: str, lot: Lot, day: int, number: int) -> LifeEvent:
        return TenancyTold(home, Utc(self._scenario.begin + (day + 2) * DAY_S))

    def _hub(self, home: str, lot: Lot, day: int, number: int) -> LifeEvent:
        utc = Utc(self._scenario.begin + day * DAY_S)
        return DeviceTold(
            Eui64(FIRST_NEW_HUB + day * _HUBS_A_DAY + number),
            home,
            "CHF",
            self._scenario.estate.variant,
            InventoryStatus.COMMISSIONED,
            self._scenario.estate.version,
            utc,
            "4.1",
            installed_utc=utc,
        )

    def _gone(self, home: str, lot: Lot, day: int, number: int) -> LifeEvent:
        return HomeTold(home, HomeStatus.GONE)

    def _completed(self, day: int) -> Iterator[tuple[float, LifeEvent]]:
        """Complete installations: those with the smallest numbers first, as many every day."""
        estate, days = self._scenario.estate, max(1.0, self._scenario.life.late_days)
        late = estate.homes - estate.installed
        first, last = (min(late, int(late * one / days)) for one in (day, day + 1))
        for number in range(first, last):
            at = Lot(self._seed, "completed", number).share() * DAY_S
            yield at, HomeTold(self._name_of(estate.installed + number), HomeStatus.COMPLETE)
