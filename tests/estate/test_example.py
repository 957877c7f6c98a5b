"""The example estate of the portal: whoever signs in finds something that can be done."""

from pathlib import Path

import pytest

from emulators.demo.portal.founding import FLEET_NAME, ExampleFacts, found
from emulators.demo.portal.people import SUPPLIERS
from emulators.estate.cast import Cast, person_of
from ota_engine.fleet.calendar.rows import HomeStep, UpgradeWindow
from ota_engine.fleet.calendar.slots import ChooseSlots
from ota_engine.fleet.campaigns.rows import Member, MemberState
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import DAY_S, Utc

OPENS = Utc(1_800_000_000.0)
HOMES = 700


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ExampleFacts]:
    state = tmp_path_factory.mktemp("example")
    return state, found(state, HOMES, OPENS)


def test_suppliers_have_weeks_to_choose_times_and_can(founded: tuple[Path, ExampleFacts]) -> None:
    state, facts = founded
    store = FleetStore.open(state / FLEET_NAME)
    try:
        desk = FleetDesk(Fleet(), store)
        (window,) = store.select(Select(UpgradeWindow))
        assert window.choose_by_utc is not None
        assert OPENS + 14 * DAY_S < window.choose_by_utc <= window.until_utc
        ahead = store.select(Select(Member, (("state", MemberState.PLANNED),)))
        theirs = {one.home for one in store.select(Select(Home)) if SUPPLIERS[0] in one.suppliers}
        home = next(one for one in ahead if one.home in theirs)
        act = ChooseSlots(home.campaign, HomeStep.ACTIVATION, ((home.home, window.choose_by_utc),))
        lead = person_of(SUPPLIERS[0])
        reply = desk.decide(Cast(facts.seed, "t").decision(lead, act, "", OPENS), OPENS)
        assert reply.accepted, reply.text
    finally:
        store.close()
