"""The fuzzer: it finds what is planted, keeps it, and does the same again from the same seed."""

import importlib
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "tools" / "fuzz"
FOREVER = sys.maxsize


def fuzzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FUZZ), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FUZZ))
    return importlib.import_module("campaign")


@pytest.mark.parametrize("runs", [1, pytest.param(20, marks=pytest.mark.heavy)])
def test_every_target_stands_its_seeds_and_some_changes_of_them(tmp_path: Path, runs: int) -> None:
    ended = fuzzed("--runs", str(runs), "--seconds", "600", "--folder", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "seed 1" in ended.stdout and "0 defects" in ended.stdout.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_target_is_refused_with_the_names_there_are() -> None:
    ended = fuzzed("no-such-target")
    assert ended.returncode == 2
    assert "no-such-target" in ended.stdout and "manifest" in ended.stdout


def test_a_planted_defect_is_found_and_its_input_kept(parts: Any, tmp_path: Path) -> None:
    def breaks_on_a_zero(data: bytes) -> None:
        assert 0 not in data

    target = parts.Target(lambda: (b"abcd" * 4,), breaks_on_a_zero)
    tally = parts.fuzz("planted", target, 1, time.monotonic() + 600, 2_000, tmp_path)
    (defect,) = tally.defects  # one per place, however many inputs reach it
    assert list((tmp_path / "planted").iterdir()) == [defect.kept]
    assert 0 in defect.kept.read_bytes()
    assert "AssertionError" in defect.place and "breaks_on_a_zero" in defect.trace


def test_an_endless_walk_is_a_defect(
    parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_ends(data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr(parts, "SLOWEST", 0.05)
    target = parts.Target(lambda: (b"a",), never_ends)
    (defect,) = parts.fuzz("endless", target, 1, time.monotonic() + 600, 1, tmp_path).defects
    assert "TooSlow" in defect.place


def test_the_same_seed_makes_the_same_inputs(parts: Any, tmp_path: Path) -> None:
    def inputs(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        target = parts.Target(lambda: (b"abc", b"defgh"), seen.append)
        parts.fuzz("same", target, seed, time.monotonic() + 600, 200, tmp_path)
        return seen

    assert inputs(7) == inputs(7)
    assert inputs(7) != inputs(8)
    assert len(inputs(7)) == 200


def test_no_input_grows_beyond_the_limit(parts: Any) -> None:
    mutation = importlib.import_module("mutation")
    draw = random.Random(1)
    corpus = [bytes(60_000), b"", b"abc"]
    made = [mutation.mutate(draw, draw.choice(corpus), corpus) for _ in range(300)]
    assert max(map(len, made)) <= mutation.LARGEST_INPUT
    assert len(set(made)) > 200


def test_a_line_counts_once(parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "walked.py").write_text(
        "def walk(far):\n    if far:\n        return 1\n    return 0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    walk = importlib.import_module("walked").walk
    reached = importlib.import_module("reached").Reached((tmp_path,))
    assert [reached.by(lambda far=far: walk(far)) for far in (0, 0, 1, 1, 0)] == [
        True,
        False,
        True,
        False,
        False,
    ]
