"""``zota soak --blocks``: what it prints, what it exits with, and that it goes on after Ctrl-C and a kill."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.zota import Ran, zota
from tests.tiers import first_of

SMALL = (
    *("--devices", 3, "--hours", 1, "--image-size", 2048, "--faults", "mild", "--processes", 1),
)
KEYS = [
    *("goal", "blocks", "shards", "seeds", "first_seed", "devices", "updated", "failed", "stuck"),
    *("wrong_image", "held_by_clock", "unexplained", "outcomes", "lost_outcomes"),
    *("doubled_outcomes", "audit_faults", "missing", "virtual_seconds", "worker_seconds"),
    *("blocks_per_worker_second", "wall_seconds", "verdicts_sha256", "faults", "wrong", "made"),
]


def marathon(blocks: str, state: Path, *others: str | int) -> Ran:
    return zota("soak", *SMALL, "--blocks", blocks, "--state", state, *others)


def told(ran: Ran) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(ran.out)
    return value


def test_json_has_exactly_the_promised_keys(tmp_path: Path) -> None:
    ran = marathon("1e2", tmp_path / "state", "--seed", 5, "--json")
    assert ran.code == Exit.OK
    summary = told(ran)
    assert list(summary) == KEYS
    assert (summary["goal"], summary["first_seed"], summary["wrong"]) == (100, 5, [])
    assert summary["blocks"] >= 100


def test_a_person_sees_the_sum_and_what_was_kept_before(tmp_path: Path) -> None:
    first = marathon("100", tmp_path / "state")
    assert first.code == Exit.OK
    assert "wrong image  0" in first.out
    assert first.err.startswith("zota: first seed ")
    again = marathon("100", tmp_path / "state")
    assert again.code == Exit.OK
    assert again.err.rstrip().endswith("kept already")
    assert again.out.splitlines()[1:5] == first.out.splitlines()[1:5]


def test_what_is_wrong_is_shown_with_its_command_and_exits_with_2(tmp_path: Path) -> None:
    assert marathon("100", tmp_path, "--seed", 5).code == Exit.OK
    (path,) = (tmp_path / "shards").iterdir()
    row = json.loads(path.read_text())
    path.write_text(json.dumps(row | {"unexplained": 1, "wrong": ["a device: stuck"]}) + "\n")
    ran = marathon("100", tmp_path, "--seed", 5)
    assert ran.code == Exit.ERRORS
    assert "seed 5, shard 0: a device: stuck" in ran.out
    assert "again: zota soak --devices 3 --hours 1 --image-size 2048 --seed 5" in ran.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--blocks", "10"), "give both"),
        (("--state", "x"), "give both"),
        (("--blocks", "many", "--state", "x"), "'many' blocks: give a whole number"),
        (("--blocks", "0.5", "--state", "x"), "'0.5' blocks: give a whole number"),
        (("--blocks", "10", "--state", "x", "--report", "y"), "of one soak: leave out --blocks"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = zota("soak", *SMALL, "--seed", 1, *words)
    assert ran.code == Exit.ERRORS
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@first_of("blow", [signal.SIGINT, signal.SIGKILL])
def test_what_was_stopped_goes_on_without_doing_a_shard_again(
    tmp_path: Path, blow: signal.Signals
) -> None:
    shards = tmp_path / "state" / "shards"
    words = ["soak", *map(str, SMALL), "--blocks", "1e9", "--state", str(tmp_path / "state")]
    running = subprocess.Popen(
        [sys.executable, "-m", "ota_engine", *words, "--seed", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(list(shards.glob("*.json"))) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, blow)
    _, err = running.communicate(timeout=300)
    kept = {path: path.stat().st_mtime_ns for path in shards.glob("*.json")}
    if blow is signal.SIGINT:
        assert running.returncode == Exit.INTERRUPTED
        *_, last = err.splitlines()
        typed = shlex.join(["zota", *words, "--seed", "5"])  # as it was typed, with --processes
        assert last.endswith(f" kept; to go on: {typed}")
        assert "Traceback" not in err
    blocks = sum(json.loads(path.read_text())["blocks"] for path in kept)
    ran = marathon(str(blocks + 1), tmp_path / "state", "--json")
    assert ran.code == Exit.OK
    assert told(ran)["shards"] == len(kept) + 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
