"""A whole campaign on an emulated estate: what a bad release does to it, and what its successor."""

from pathlib import Path

from emulators.estate.rehearsal import Rehearsal, Rehearsed
from emulators.estate.scenario import read_scenario
from emulators.simulation.journal import Journal
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "hub-campaign.toml"


def rehearse(homes: int, seed: int) -> Rehearsed:
    text = (
        EXAMPLE.read_text()
        .replace("homes = 5000", "homes = 100")
        .replace("sample = 200", "sample = 50")
    )
    text = text.replace("sample = 1000", "sample = 100")
    store = FleetStore.open(None)
    try:
        scenario = read_scenario(text, homes, seed)
        return Rehearsal(scenario, FleetDesk(Fleet(), store), Journal()).run()
    finally:
        store.close()


def test_a_bad_release_is_held_in_the_pilot_and_its_successor_goes_through() -> None:
    result = rehearse(300, seed=7)
    gates = [(phase.campaign, phase.name, phase.gate) for phase in result.phases]
    assert gates == [
        ("campaign-R2", "micro pilot", "pass"),
        ("campaign-R2", "pilot", "fail"),
        ("campaign-R2", "mass", ""),
        ("campaign-R3", "micro pilot", "pass"),
        ("campaign-R3", "pilot", "pass"),
        ("campaign-R3", "mass", "pass"),
    ]
    assert result.phases[2].activated == 0
    assert result.complete


def test_the_same_seed_gives_the_same_journal_and_another_seed_another() -> None:
    first, again, other = rehearse(200, 1), rehearse(200, 1), rehearse(200, 2)
    assert first.journal_sha256 == again.journal_sha256 != other.journal_sha256
