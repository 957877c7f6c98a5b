"""Rehearsals small enough for a test: the shipped example, with fewer homes in its phases."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from emulators.estate.rehearsal import Rehearsal
from emulators.estate.rehearsed import Rehearsed
from emulators.estate.scenario import Scenario, read_scenario
from emulators.estate.what_ifs import with_what_ifs
from emulators.simulation.journal import Journal
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from tests.fleet.databases import new_store

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "hub-campaign.toml"
HOMES = 160
PILOT = 60  # homes


def small(homes: int = HOMES, seed: int = 7, *, good: bool = False) -> Scenario:
    """The shipped example for few homes; with ``good``, without the release that is bad."""
    scenario = read_scenario(EXAMPLE.read_text(), homes, seed)
    micro, pilot, mass = scenario.policy.phases
    pilot = replace(pilot, homes=PILOT, gate=replace(pilot.gate, sample=30))
    policy = replace(scenario.policy, phases=(micro, pilot, mass))
    releases = scenario.releases[1:] if good else scenario.releases
    return replace(scenario, policy=policy, releases=releases)


def rehearse(scenario: Scenario, what_ifs: Iterable[str] = (), real: int = 0) -> Rehearsed:
    """Run a scenario in memory."""
    return journalled(scenario, what_ifs, real)[0]


def journalled(
    scenario: Scenario, what_ifs: Iterable[str] = (), real: int = 0
) -> tuple[Rehearsed, list[dict[str, Any]]]:
    """Run a scenario in memory, and give its journal, too."""
    store = new_store()
    lines: list[bytes] = []
    try:
        changed = with_what_ifs(scenario, what_ifs)
        journal = Journal(lines.append)
        result = Rehearsal(changed, FleetDesk(Fleet(), store), journal, real=real).run()
    finally:
        store.close()
    return result, [json.loads(line) for line in lines]


def gates(result: Rehearsed) -> list[tuple[str, str, str]]:
    """What each gate said last."""
    return [(phase.campaign, phase.name, phase.gate) for phase in result.phases]
