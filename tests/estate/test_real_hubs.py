"""The first homes of a rehearsal, with real engines and emulated devices, beside all others by numbers."""

from dataclasses import replace
from typing import Any

from emulators.estate.reaction import Badness
from emulators.estate.scenario import Scenario
from tests.estate.estates import journalled, rehearse, small

REAL = 3


def of_real_homes(journal: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What the hubs of the real homes said: they say what they run before anything else."""
    said: dict[str, list[str]] = {}
    for line in journal:
        if line["source"] == "hub":
            said.setdefault(line["detail"]["home"], []).append(line["kind"])
    return {home: words for home, words in said.items() if words[0] == "version"}


def with_bad(scenario: Scenario, bad: Badness) -> Scenario:
    """Let the first release be bad everywhere."""
    first = replace(scenario.releases[0], bad=bad)
    model = replace(scenario.model, bad={first.version: bad})
    return replace(scenario, releases=(first, *scenario.releases[1:]), model=model)


def test_the_first_homes_take_both_releases_block_by_block() -> None:
    sound = with_bad(small(200), Badness())
    result, journal = journalled(sound, (), REAL)
    assert result.real_homes == REAL
    assert result.complete
    words = of_real_homes(journal)
    assert len(words) == REAL
    for said in words.values():
        assert said == ["version", "reached", "transferred", "activated"]


def test_a_version_that_does_not_start_fails_in_real_homes_too_and_the_next_one_runs() -> None:
    result, journal = journalled(with_bad(small(200), Badness(fails=1.0)), (), REAL)
    assert result.phases[0].gate == "fail"
    assert result.complete
    for said in of_real_homes(journal).values():
        assert "failed" in said
        assert said[-1] == "activated"


def test_a_version_that_loses_the_devices_of_a_home_is_told_by_a_real_hub() -> None:
    result, journal = journalled(with_bad(small(200), Badness(loses_han=1.0)), (), REAL)
    assert "lost their HAN" in next(
        gate["missing"] for gate in result.gates if gate["verdict"] == "fail"
    )
    assert any("HAN lost" in said for said in of_real_homes(journal).values())


def test_real_homes_give_the_same_journal_for_the_same_seed() -> None:
    first, again = (rehearse(small(150, good=True), (), REAL) for _ in range(2))
    assert first.journal_sha256 == again.journal_sha256
    assert first.journal_sha256 != rehearse(small(150, good=True)).journal_sha256
