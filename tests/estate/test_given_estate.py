"""A rehearsal on the estate that somebody has: its homes, its hubs and its suppliers, and not a row changed."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from emulators.estate.population import EstateSpec, home, hub, hub_variant, people
from emulators.estate.rehearsed import Rehearsed
from emulators.estate.rehearsing import rehearse_once
from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.parties.rows import Person
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from tests.estate.estates import small

HOMES = 160


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet with hubs of two versions, whose persons have keys that nobody here has."""
    path = tmp_path_factory.mktemp("given") / "fleet.sqlite"
    spec = EstateSpec(HOMES, 99, suppliers=2, variant="hub-x")
    store = FleetStore.open(path)
    with store.transaction():
        store.insert([*people(spec), hub_variant(spec), Person("olive", "dcc", "Olive", "her key")])
        store.insert(home(spec, number) for number in range(HOMES))
        older = replace(spec, version=0x0000_9000)
        store.insert(hub(older if number % 10 else spec, number) for number in range(HOMES))
    store.close()
    return path


def rehearsed(estate: Path) -> Rehearsed:
    return rehearse_once(small(7, good=True), estate=estate)


def test_all_homes_of_the_file_are_upgraded_and_the_file_stays_as_it_was(estate: Path) -> None:
    before = sha256(estate.read_bytes()).digest()
    result = rehearsed(estate)
    assert result.complete
    assert result.homes == HOMES
    assert sum(phase.homes for phase in result.phases) >= HOMES - 2
    refused = [one["text"] for one in result.decisions if not one["accepted"]]
    assert [text.partition(":")[0] for text in refused] == [
        "00030000 would be a third version of hub-x, beside 00009000, 00010000"
    ]
    assert all(one["signed"] for one in result.decisions)
    assert sha256(estate.read_bytes()).digest() == before


def test_the_same_file_and_seed_give_the_same_journal(estate: Path) -> None:
    assert rehearsed(estate).journal_sha256 == rehearsed(estate).journal_sha256


def test_a_kept_rehearsal_can_be_rehearsed_on(estate: Path, tmp_path: Path) -> None:
    rehearse_once(small(7, good=True), estate=estate, keep=tmp_path)
    later = small(7)
    mended = replace(later.releases[1], release="R4", version=0x0004_0000, cpl="CPL-0004")
    following = replace(later, releases=(mended,), begin=Utc(later.begin + 200 * 86_400))
    result = rehearse_once(following, estate=tmp_path / "fleet.sqlite")
    assert result.phases[-1].activated > 0


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such file"):
        rehearsed(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("no database at all, but long enough to be read " * 50)
    with pytest.raises(StoreError, match="no database of a fleet"):
        rehearsed(tmp_path / "text.sqlite")


def test_an_empty_estate_is_refused(tmp_path: Path) -> None:
    FleetStore.open(tmp_path / "empty.sqlite").close()
    with pytest.raises(LocalError, match=r"write variant in \[estate\]: none"):
        rehearsed(tmp_path / "empty.sqlite")
