"""Lists of homes: the ones behind each number of an estate, of whoever looks alone, read off an index."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, InventoryStatus
from ota_engine.fleet.kernel.decisions import SUPPLIERS
from ota_engine.fleet.releases.versions import VersionBand
from ota_engine.head_end.questions.asking import LOCAL, NotThereError, View, Viewer
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.estate import AskEstate
from ota_engine.head_end.questions.home_lists import AskHomes, AskRegions
from ota_engine.store.fleet.sets import DevicesWanted, HomesWanted, homes_sought, page_of_homes
from tests.fleet.databases import sqlite_of
from tests.fleet.estate import Estate
from tests.head_end.questions.busy_town import PARTIES, BusyTown, supplier
from tests.tiers import examples


def listed(question: AskHomes, view: View) -> Iterator[str]:
    """Turn all pages of a list."""
    while True:
        page = ask(question, view)
        yield from (home.home for home in page.items)
        if not page.more:
            return
        question = AskHomes(
            variant=question.variant, version=question.version, most=3, after=page.more
        )


def behind(town: BusyTown, view: View, variant: str, versions: tuple[int | None, ...]) -> list[str]:
    """Find homes by going through all rows."""
    viewer = view.viewer
    own = {
        row.home
        for row in town.rows(Home)
        if viewer.sees_every_home or viewer.party in row.suppliers
    }
    return sorted(
        {
            row.home
            for row in town.rows(InstalledDevice)
            if row.status is InventoryStatus.COMMISSIONED
            and (row.variant, row.version in versions, row.home in own) == (variant, True, True)
        }
    )


@settings(examples(25), deadline=None)
@given(st.integers(0, 1 << 30), st.integers(4, 12), st.data())
def test_behind_each_number_of_an_estate_are_the_homes_that_it_counts(
    seed: int, homes: int, data: st.DataObject
) -> None:
    town = BusyTown(seed, homes)
    for row in town.rows(InstalledDevice):
        version = data.draw(st.sampled_from([None, 1, 2, 3, 4]))
        town.store.driver.execute(
            "UPDATE fleet_devices SET version = ? WHERE home = ? AND variant = ?",
            (version, row.home, row.variant),
        )
    viewers: list[Viewer] = [LOCAL, *map(supplier, PARTIES)]
    for viewer in viewers:
        view = View(town.desk, viewer, town.utc)
        for one in ask(AskEstate(), view).variants:
            name = one.variant.variant
            for band in VersionBand:
                question = AskHomes(variant=name, version=band, most=3)
                found = behind(town, view, name, one.versions(band))
                assert list(listed(question, view)) == found, (viewer, band)
                assert ask(question, view).total == len(found)
            for version, _ in one.counts:
                question = AskHomes(variant=name, version=f"{version:08X}", most=3)
                assert list(listed(question, view)) == behind(town, view, name, (version,))
            every = (*(version for version, _ in one.counts), None)
            assert list(listed(AskHomes(variant=name, most=3), view)) == behind(
                town, view, name, every
            )
            bands = [one.ahead, one.at_newest, one.at_previous, one.older, one.unknown]
            assert sum(bands) == one.devices


def test_regions_are_those_of_the_homes_that_are_seen() -> None:
    estate = Estate(60)
    whole = ask(AskRegions(), View(estate.desk, LOCAL, estate.utc)).homes
    assert sum(whole.values()) == 60
    viewer = Viewer("sam", "supplier-1", frozenset(SUPPLIERS))
    own = ask(AskRegions(), View(estate.desk, viewer, estate.utc)).homes
    assert 0 < sum(own.values()) < 60
    assert set(own) <= set(whole)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (AskHomes(version="n"), "give the variant"),
        (AskHomes(variant="hub-1", version="newest"), "give ahead, n, n-1, older, unknown, or"),
        (AskHomes(variant="hub-1", version="1FFFFFFFF"), "hexadecimal digits"),
        (AskHomes(variant="hub-1", version="-1"), "hexadecimal digits"),
        (AskHomes(variant="hub-9", version="n"), "no such variant"),
    ],
)
def test_a_version_that_is_none_is_refused_with_what_may_be_given(
    question: AskHomes, words: str
) -> None:
    estate = Estate(4)
    with pytest.raises((LocalError, NotThereError), match=words):
        ask(question, View(estate.desk, LOCAL, estate.utc))


@pytest.mark.parametrize("party", ["", "supplier-1"])
def test_a_page_of_homes_by_a_version_is_read_in_the_order_of_an_index(party: str) -> None:
    estate = Estate(400)
    driver = sqlite_of(estate.store)
    wanted = HomesWanted((), party, "", 10, DevicesWanted("hub-1", (1, None)))
    sought = homes_sought(driver, wanted)
    statements: list[str] = []
    driver.set_trace_callback(statements.append)
    page_of_homes(driver, sought, wanted)
    driver.set_trace_callback(None)
    plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statements[-1]}")]
    assert any("COVERING INDEX ix_fleet_devices_variant_version_status_home" in it for it in plan)
    assert not [it for it in plan if it.startswith(("SCAN fleet", "SCAN homes"))]
    assert not [it for it in plan if "TEMP B-TREE FOR GROUP" in it]
