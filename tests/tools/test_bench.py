"""The benchmark framework: rows are found, run and written; figures are not judged here."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"
KEYS = {"name", "value", "unit", "peer", "ratio", "goal", "met", "seed", "versions", "note"}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_rows_write_their_figures_in_the_agreed_form(tmp_path: Path) -> None:
    output, names = tmp_path / "bench.json", ["image-parse", "server-path"]
    ended = bench(*names, "--quick", "--seed", "7", "--output", str(output))
    assert ended.returncode in {0, 1}, ended.stderr  # 1: a goal missed, which tiny sizes may
    results = json.loads(output.read_text())
    assert [result["name"] for result in results] == names
    for result in results:
        assert set(result) == KEYS
        assert result["seed"] == 7
        assert result["value"] > 0 and result["peer"] > 0
        assert result["ratio"] == pytest.approx(result["value"] / result["peer"])
        assert {"python", "zota", "zigpy"} <= set(result["versions"])
        assert result["name"] in ended.stdout
        assert "differ" not in result["note"] and "we do not" not in result["note"]


def test_validation_is_measured_against_zigpy_over_cores_and_in_memory(tmp_path: Path) -> None:
    output, rows = tmp_path / "bench.json", ("validate-folder", "validate-cores", "validate-memory")
    ended = bench(*rows, "--quick", "--here", "--output", str(output))
    assert ended.returncode in {0, 1}, ended.stderr
    folder, cores, memory = json.loads(output.read_text())
    assert folder["ratio"] == pytest.approx(folder["value"] / folder["peer"])
    assert "1 carry an integrity code" in folder["note"]
    for result in (cores, memory):
        assert result["value"] > 0 and result["peer"] > 0


def test_a_folder_of_images_is_parsed_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "broken.ota").write_bytes(b"not an image")
    output = tmp_path / "bench.json"
    bench("image-parse", "--quick", "--here", "--images", str(folder), "--output", str(output))
    (result,) = json.loads(output.read_text())
    assert "1 files of images/: 0 parsed, 0 by zigpy" in result["note"]


def test_another_checkout_runs_the_same_row_and_its_ratio_stands_beside_ours(
    tmp_path: Path,
) -> None:
    output = tmp_path / "bench.json"
    there = tmp_path / "there" / "tools" / "bench"
    there.mkdir(parents=True)
    answer = {"name": "image-parse", "value": 6.0, "peer": 3.0, "ratio": 2.0}
    (there / "__main__.py").write_text(
        "import sys, pathlib\n"
        f"pathlib.Path(sys.argv[sys.argv.index('--output') + 1]).write_text({json.dumps([answer])!r})\n"
    )
    ended = bench(
        "image-parse", "--quick", "--output", str(output), "--against", str(tmp_path / "there")
    )
    (result,) = json.loads(output.read_text())
    assert set(result) == KEYS | {"against"}
    assert result["against"] == answer
    assert "ratio there" in ended.stdout


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    ended = bench("image-parse", "--against", str(tmp_path))
    assert ended.returncode == 2
    assert "name another checkout" in ended.stdout


def test_an_unknown_row_is_refused_with_the_names_there_are() -> None:
    ended = bench("no-such-row")
    assert ended.returncode == 2
    assert "no-such-row" in ended.stdout and "server-path" in ended.stdout


@pytest.fixture
def row_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("row")


@pytest.mark.parametrize(
    ("limit", "at_most", "value", "peer", "met"),
    [
        (150, False, 300.0, 2.0, True),
        (150, False, 299.0, 2.0, False),
        (2.2, True, 0.22, 0.1, True),
        (2.2, True, 0.23, 0.1, False),
    ],
)
def test_a_goal_is_met_by_the_ratio_and_nothing_else(
    row_module: Any, limit: float, at_most: bool, value: float, peer: float, met: bool
) -> None:
    goal = row_module.Goal(limit, at_most)
    entry = row_module.Row("row", "unit", goal, lambda options: None)
    assert row_module.judge(entry, row_module.Measurement(value, peer), 1)["met"] is met


def test_a_fault_misses_the_goal_whatever_the_figures(row_module: Any) -> None:
    goal = row_module.Goal(1)
    entry = row_module.Row("row", "unit", goal, lambda options: None)
    found = row_module.Measurement(2.0, 1.0, faults=("octets differ",))
    judged = row_module.judge(entry, found, 1)
    assert judged["met"] is False
    assert "octets differ" in judged["note"]
