"""The benchmark framework: rows are found, run and written; figures are not judged here."""

import json
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.tools.by_path import modules_of

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"
Bench: TypeAlias = Callable[..., int]  # takes arguments of the command line, gives its exit code
KEYS = {"name", "value", "unit", "peer", "ratio", "goal", "met", "seed", "versions", "note"}


@pytest.fixture
def program() -> Iterator[Any]:
    """The module that is run by path."""
    with modules_of(BENCH):
        place = spec_from_file_location("bench_program", BENCH / "__main__.py")
        assert place is not None and place.loader is not None
        loaded = module_from_spec(place)
        place.loader.exec_module(loaded)
        yield loaded


@pytest.fixture
def bench(program: Any) -> Bench:
    """The program in this process; without ``--here`` its rows have processes of their own."""
    return lambda *arguments: int(program.main(arguments))


@pytest.mark.parametrize(
    "names",
    [["server-path"], pytest.param(["image-parse", "server-path"], marks=pytest.mark.heavy)],
    ids="-".join,
)
def test_rows_write_their_figures_in_the_agreed_form(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str], names: list[str]
) -> None:
    output = tmp_path / "bench.json"
    code = bench(*names, "--quick", "--seed", "7", "--output", str(output))
    assert code in {0, 1}  # 1: a goal missed, which tiny sizes may
    shown = capsys.readouterr().out
    results = json.loads(output.read_text())
    assert [result["name"] for result in results] == names
    for result in results:
        assert set(result) == KEYS
        assert result["seed"] == 7
        assert result["value"] > 0 and result["peer"] > 0
        assert result["ratio"] == pytest.approx(result["value"] / result["peer"])
        assert {"python", "zota", "zigpy"} <= set(result["versions"])
        assert result["name"] in shown
        assert "differ" not in result["note"] and "we do not" not in result["note"]


@pytest.mark.heavy
def test_validation_is_measured_against_zigpy(bench: Bench, tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    assert bench("validate-folder", "--quick", "--here", "--output", str(output)) in {0, 1}
    (folder,) = json.loads(output.read_text())
    assert folder["ratio"] == pytest.approx(folder["value"] / folder["peer"])
    assert "1 carry an integrity code" in folder["note"]


@pytest.mark.heavy
def test_validation_is_measured_over_cores_and_in_memory(bench: Bench, tmp_path: Path) -> None:
    output, rows = tmp_path / "bench.json", ("validate-cores", "validate-memory")
    assert bench(*rows, "--quick", "--here", "--output", str(output)) in {0, 1}
    for result in json.loads(output.read_text()):
        assert result["value"] > 0 and result["peer"] > 0


@pytest.mark.heavy
def test_both_rows_of_messages_run_without_a_fault(bench: Bench, tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    rows = ("gbcs-parse", "gbcs-verify")
    assert bench(*rows, "--quick", "--here", "--output", str(output)) in {0, 1}
    parse, verify = json.loads(output.read_text())
    assert (parse["name"], verify["name"]) == ("gbcs-parse", "gbcs-verify")
    assert parse["value"] > 0 and parse["peer"] > 0
    assert verify["value"] > 0 and verify["peer"] > 0
    assert "with an ECDH for each, ratio" in verify["note"]


@pytest.mark.heavy
def test_rows_of_a_server_count_what_people_and_gateways_cost(bench: Bench, tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    rows = ("portal-page", "sse-1000", "gateway-day")
    assert bench(*rows, "--quick", "--here", "--output", str(output)) in {0, 1}
    found = json.loads(output.read_text())
    assert [row["name"] for row in found] == list(rows)
    assert all(row["value"] > 0 for row in found)


def test_every_load_switch_activates_once_and_proves_it_in_time(
    bench: Bench, tmp_path: Path
) -> None:
    output = tmp_path / "bench.json"
    assert bench("activation-1000", "--quick", "--here", "--output", str(output)) == 0
    (result,) = json.loads(output.read_text())
    assert "20 of 20 activated on 4 channels, 0 twice" in result["note"]
    assert 0 < result["ratio"] <= 4


def test_a_folder_of_images_is_parsed_file_by_file(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "broken.ota").write_bytes(b"not an image")
    output = tmp_path / "bench.json"
    bench("image-parse", "--quick", "--here", "--images", str(folder), "--output", str(output))
    (result,) = json.loads(output.read_text())
    assert "1 files of images/: 0 parsed, 0 by zigpy" in result["note"]


def test_another_checkout_runs_the_same_row_and_its_ratio_stands_beside_ours(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "bench.json"
    there = tmp_path / "there" / "tools" / "bench"
    there.mkdir(parents=True)
    answer = {"name": "image-parse", "value": 6.0, "peer": 3.0, "ratio": 2.0}
    (there / "__main__.py").write_text(
        "import sys, pathlib\n"
        f"pathlib.Path(sys.argv[sys.argv.index('--output') + 1]).write_text({json.dumps([answer])!r})\n"
    )
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "broken.ota").write_bytes(b"not an image")  # read in no time
    words = ["--quick", "--images", str(tmp_path / "images"), "--output", str(output)]
    bench("image-parse", *words, "--against", str(tmp_path / "there"))
    (result,) = json.loads(output.read_text())
    assert set(result) == KEYS | {"against"}
    assert result["against"] == answer
    assert "ratio there" in capsys.readouterr().out


def test_a_row_without_a_ratio_in_the_other_checkout_is_told_in_words(
    program: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"name": "image-parse", "value": 0.62, "unit": "of ideal", "peer": None, "ratio": None}
    ours = {"name": "image-parse", "value": 6.0, "unit": "files/s", "peer": 3.0, "ratio": 2.0}
    shown = {"goal": "ratio >= 1", "met": True, "note": "", "versions": {}, "against": there}
    program.show([{**ours, **shown}])
    told = " ".join(capsys.readouterr().out.split())
    assert "image-parse: the other checkout's row has no ratio, only 0.62 of ideal" in told


def test_a_folder_that_is_no_checkout_is_refused(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("image-parse", "--against", str(tmp_path)) == 2
    assert "name another checkout" in capsys.readouterr().out


def test_an_unknown_row_is_refused_with_the_names_there_are(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("no-such-row") == 2
    told = capsys.readouterr().out
    assert "no-such-row" in told and "server-path" in told


@pytest.fixture
def row_module() -> Iterator[Any]:
    with modules_of(BENCH) as imported:
        yield imported("row")


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
