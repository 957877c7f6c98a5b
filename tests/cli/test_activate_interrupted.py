"""An order whose follower is stopped or killed goes on: nothing is ordered twice."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.zota import zota

HCALCS = "00-DB-12-34-00-00-00-03"


@contextmanager
def waiting(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """``zota activate`` in a process of its own, in real time, whose order was accepted."""
    assert zota("pki", "init", folder / "keys").code == 0
    words: list[str | Path] = [
        "--link",
        f"han://?keys={folder / 'keys'}",
        "--state",
        folder / "state",
    ]
    words += ["--keys", folder / "keys", "--device", HCALCS, "--hash", "ab" * 32]
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "activate", *words, "--at", "+1h", "--wait"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if ": accepted" in line:
                    break
            yield process
        finally:
            process.kill()


def orders(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        zota("orders", "list", "--state", folder / "state", "--json").out
    )
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_the_printed_command_goes_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    with waiting(tmp_path) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert out == "order 1 is accepted\n"
    words = shlex.split(err.splitlines()[-1].partition("to go on: ")[2])
    assert words[:2] == ["zota", "activate"]
    again = zota(*words[1:], "--timeout", "1s")
    assert again.code == 2
    assert "time is up" in again.err
    (order,) = orders(tmp_path)
    assert (order["number"], order["state"]) == (1, "accepted")


def test_a_killed_follower_leaves_the_order_and_its_state_as_they_were(tmp_path: Path) -> None:
    with waiting(tmp_path) as process:
        process.kill()
        process.wait()
    (order,) = orders(tmp_path)
    assert (order["state"], order["attempts"]) == ("accepted", 1)
    link = f"sim://?keys={tmp_path / 'keys'}"
    taken_back = zota(
        "orders",
        "cancel",
        1,
        "--link",
        link,
        "--state",
        tmp_path / "state",
        "--keys",
        tmp_path / "keys",
    )
    assert (taken_back.code, taken_back.out) == (0, "order 1 is cancelled\n")
