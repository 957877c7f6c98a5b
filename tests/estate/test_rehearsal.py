"""A whole campaign on an emulated estate: what a bad release does to it, and what its successor."""

import subprocess
import sys

import pytest

from emulators.estate.rehearsed import Rehearsed
from emulators.estate.rehearsing import rehearse_once
from emulators.estate.scenario import read_scenario
from tests.estate.estates import EXAMPLE, HOMES, gates, rehearse, small


@pytest.fixture(scope="module")
def result() -> Rehearsed:
    """The shipped example, small."""
    return rehearse(small())


def test_a_bad_release_is_held_in_the_pilot_and_its_successor_goes_through(
    result: Rehearsed,
) -> None:
    assert gates(result) == [
        ("campaign-R2", "micro pilot", "pass"),
        ("campaign-R2", "pilot", "fail"),
        ("campaign-R2", "mass", ""),
        ("campaign-R3", "micro pilot", "pass"),
        ("campaign-R3", "pilot", "pass"),
        ("campaign-R3", "mass", "pass"),
    ]
    assert result.phases[2].activated == 0
    assert result.complete


def test_every_home_of_the_last_campaign_comes_to_an_end(result: Rehearsed) -> None:
    for phase in result.phases[3:]:
        assert phase.homes == phase.activated + phase.failed + phase.unreachable
    assert sum(phase.homes for phase in result.phases[3:]) == HOMES


def test_every_decision_is_signed_and_none_is_refused(result: Rehearsed) -> None:
    assert len(result.decisions) > 10
    assert all(one["signed"] and one["accepted"] for one in result.decisions)


def test_no_phase_begins_before_the_one_before_it_has_passed_whatever_hubs_are_replaced() -> None:
    result = rehearse(small(good=True), ["replaced=20%"])
    micro, pilot, mass = result.phases
    assert result.happenings["DeviceTold"] > 20
    assert micro.started_utc is not None
    assert micro.started_utc >= result.begin_utc + 30 * 86_400
    assert micro.ended_utc is not None
    assert pilot.started_utc is not None
    assert pilot.started_utc >= micro.ended_utc
    assert pilot.ended_utc is not None
    assert mass.started_utc is not None
    assert mass.started_utc >= pilot.ended_utc


def test_the_same_seed_gives_the_same_journal_and_another_seed_another() -> None:
    first, again, other = (rehearse(small(120, seed, good=True)) for seed in (1, 1, 2))
    assert first.journal_sha256 == again.journal_sha256 != other.journal_sha256
    assert first.audit_head == again.audit_head != other.audit_head


@pytest.mark.heavy
def test_another_process_gives_the_same_journal() -> None:
    program = (
        "from tests.estate.estates import rehearse, small;"
        "print(rehearse(small(200, 1, good=True), ['cos=5%']).journal_sha256)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=EXAMPLE.parents[2],
        env={"PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == rehearse(small(200, 1, good=True), ["cos=5%"]).journal_sha256


@pytest.mark.whole
def test_the_shipped_example_ends_as_it_should_on_20_and_5_000_and_200_000_hubs() -> None:
    result = rehearse_once(read_scenario(EXAMPLE.read_text(), 205_020, 1))
    phases = {(phase.campaign, phase.name): phase for phase in result.phases}
    assert [phase.gate for phase in result.phases] == ["pass", "fail", "", "pass", "pass", "pass"]
    assert phases["campaign-R2", "mass"].reached == 0
    assert phases["campaign-R3", "micro pilot"].homes == 20
    assert phases["campaign-R3", "pilot"].homes == 5_000
    assert phases["campaign-R3", "mass"].activated > 195_000
    assert result.complete
