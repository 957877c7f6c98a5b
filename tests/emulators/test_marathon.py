"""A soak over many seeds in a folder: what is kept is not done again, and what is wrong is named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulators.simulation.oracle import DeviceVerdict
from emulators.soak.marathon import TRIES, Marathon, is_good, opened
from emulators.soak.processes import LocalProcesses
from emulators.soak.soak import SoakSpec, run_shard
from emulators.soak.work import Unit, UnitEnd, UnitProgress, nobody
from ota_engine.errors import LocalError

SPEC = SoakSpec(devices=2, hours=0.5, seed=40, faults="mild", image_size=1024)
FEW = 3 * 32  # blocks: a shard carries 32 to 64
TIMES = {"worker_seconds", "blocks_per_worker_second", "wall_seconds"}


class Here:
    """A crew in this process, which may be told what to give back instead of a result."""

    def __init__(self, spoil: Any = None) -> None:
        self.ran: list[tuple[int, int]] = []
        self._spoil = spoil

    def run(self, units: Iterator[Unit], on_progress: UnitProgress = nobody) -> Iterator[UnitEnd]:
        for unit in units:
            self.ran.append((unit.spec.seed, unit.shard))
            result = run_shard(unit.spec, unit.shard, unit.spec.firmware())
            end = UnitEnd(unit, json.loads(json.dumps(result)), 0.25)
            yield end if self._spoil is None else self._spoil(end)


def soaked(folder: Path, blocks: int, crew: Any, spec: SoakSpec = SPEC) -> dict[str, Any]:
    with opened(folder, spec) as marathon:
        marathon.run(blocks, crew)
        return {
            name: value
            for name, value in marathon.summary(blocks, 1.0).items()
            if name not in TIMES
        }


def test_what_was_stopped_goes_on_where_it_was_and_ends_as_if_it_had_not_been(
    tmp_path: Path,
) -> None:
    whole = soaked(tmp_path / "whole", 2 * FEW, Here())
    first, second = Here(), Here()
    soaked(tmp_path / "two goes", FEW, first)
    assert soaked(tmp_path / "two goes", 2 * FEW, second) == whole
    assert first.ran and second.ran
    assert not set(first.ran) & set(second.ran)
    assert whole["blocks"] >= 2 * FEW
    assert whole["seeds"] == whole["shards"] == len(first.ran + second.ran)
    assert is_good(whole)


def test_processes_of_this_machine_give_the_same_verdicts(tmp_path: Path) -> None:
    here = soaked(tmp_path / "here", 1, Here())
    assert soaked(tmp_path / "there", 1, LocalProcesses(1)) == here


def test_every_verdict_is_a_whole_line_in_a_file_of_its_own(tmp_path: Path) -> None:
    summary = soaked(tmp_path, FEW, Here())
    files = sorted((tmp_path / "shards").iterdir())
    assert [path.name for path in files] == [
        f"{40 + number:010}-0000.json" for number in range(summary["shards"])
    ]
    for path in files:
        (line,) = path.read_text().splitlines()
        assert json.loads(line)["devices"] == 2


def test_a_damaged_verdict_is_worked_out_again_and_no_other(tmp_path: Path) -> None:
    whole = soaked(tmp_path, FEW, Here())
    path = tmp_path / "shards" / "0000000041-0000.json"
    path.write_bytes(path.read_bytes()[:100])
    again = Here()
    assert soaked(tmp_path, FEW, again) == whole
    assert again.ran == [(41, 0)]


def test_the_shards_of_a_seed_are_kept_one_by_one(tmp_path: Path) -> None:
    spec = replace(SPEC, devices=251, hours=0.02)
    crew = Here()
    with opened(tmp_path, spec) as marathon:
        marathon.run(1, crew)
    assert crew.ran == [(40, 0)]
    with opened(tmp_path, spec) as marathon:
        marathon.run(marathon.blocks + 1, crew)
    assert crew.ran[1] == (40, 1)


def wrong_image(end: UnitEnd) -> UnitEnd:
    assert end.result is not None
    end.result["judgements"][0] |= {"verdict": DeviceVerdict.WRONG_IMAGE, "reason": "other octets"}
    return end


def unexplained(end: UnitEnd) -> UnitEnd:
    assert end.result is not None
    end.result["judgements"][1] |= {"verdict": DeviceVerdict.STUCK, "reason": ""}
    return end


def lost(end: UnitEnd) -> UnitEnd:
    assert end.result is not None
    end.result["telling"] = {"lost": ["no end is told"], "doubled": ["an end is told twice"]}
    return end


@pytest.mark.parametrize(
    ("spoil", "counted", "says"),
    [
        (wrong_image, {"wrong_image": 1}, ["wrong image other octets"]),
        (unexplained, {"unexplained": 1, "stuck": 1}, ["stuck without a reason"]),
        (
            lost,
            {"lost_outcomes": 1, "doubled_outcomes": 1},
            ["an outcome is lost: no end is told", "an outcome is doubled: an end is told twice"],
        ),
    ],
)
def test_what_is_wrong_is_kept_with_its_seed_and_how_to_run_it_again(
    tmp_path: Path, spoil: Any, counted: dict[str, int], says: list[str]
) -> None:
    soaked(tmp_path, 1, Here(spoil))
    summary = soaked(tmp_path, 1, Here())  # read from the folder, nothing is run
    assert not is_good(summary)
    assert {name: summary[name] for name in counted} == counted
    assert [one["what"].partition("): ")[2] or one["what"] for one in summary["wrong"]] == says
    for one in summary["wrong"]:
        assert one["seed"] == 40
        assert one["replay"] == (
            "zota soak --devices 2 --hours 0.5 --image-size 1024 --seed 40 --faults mild"
        )


def test_a_shard_whose_worker_dies_is_given_to_another_and_is_named_when_all_die(
    tmp_path: Path,
) -> None:
    deaths = {40: 1, 41: TRIES}

    def dies(end: UnitEnd) -> UnitEnd:
        seed = end.unit.spec.seed
        if deaths.get(seed, 0):
            deaths[seed] -= 1
            return UnitEnd(end.unit, None, trouble="its worker died")
        return end

    summary = soaked(tmp_path, 4 * 64, Here(dies))
    assert summary["missing"] == 1
    (wrong,) = summary["wrong"]
    assert (wrong["seed"], wrong["what"]) == (41, "gave no result in 3 tries: its worker died")
    names = [path.name for path in (tmp_path / "shards").iterdir()]
    assert "0000000040-0000.json" in names
    assert "0000000041-0000.json" not in names


def test_nobody_goes_on_for_ever_where_nothing_comes_back(tmp_path: Path) -> None:
    crew = Here(lambda end: UnitEnd(end.unit, None, trouble="its worker died"))
    with pytest.raises(LocalError, match="5 shards gave no result in 3 tries each, the last"):
        soaked(tmp_path, 1000, crew)
    assert len(crew.ran) == 15


def test_a_folder_is_of_one_soak(tmp_path: Path) -> None:
    soaked(tmp_path, 1, Here())
    with pytest.raises(LocalError, match=r"was begun with hours 0\.5, not 1: give the same"):
        soaked(tmp_path, 1, Here(), replace(SPEC, hours=1))
    with pytest.raises(LocalError, match="was begun with seed 40, not 7"):
        soaked(tmp_path, 1, Here(), replace(SPEC, seed=7))
    with opened(tmp_path, replace(SPEC, seed=7), seed_given=False) as marathon:
        assert marathon.spec.seed == 40


def test_two_do_not_soak_in_one_folder(tmp_path: Path) -> None:
    with opened(tmp_path, SPEC), pytest.raises(LocalError, match="another zota soak is at it"):
        soaked(tmp_path, 1, Here())


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "soak.json").write_text("{}")
    with pytest.raises(LocalError, match="not the book of a soak"):
        soaked(tmp_path, 1, Here())


def test_an_image_that_is_given_is_kept_and_stays_what_it_was(tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"firmware" * 100)
    spec = replace(SPEC, image=str(image))
    soaked(tmp_path / "state", 1, Here(), spec)
    image.write_bytes(b"other" * 100)
    with pytest.raises(LocalError, match="was begun with image"):
        soaked(tmp_path / "state", 1, Here(), spec)
    assert (tmp_path / "state" / "image").read_bytes() == b"firmware" * 100


def test_a_summary_of_nothing_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, SPEC) as marathon:
        assert isinstance(marathon, Marathon)
        summary = marathon.summary(10, 0.0)
    assert (summary["blocks"], summary["shards"], summary["missing"]) == (0, 0, 0)
