"""Rehearsals on the workers of a Dask scheduler: the same journal as without, whatever dies meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from emulators.estate.population import FIRST_HUB
from images.eui64 import Eui64
from ota_engine.cli.exits import Exit
from ota_engine.fleet.port import Instruction, Verb
from ota_engine.gateway.wire import INSTRUCTION
from ota_engine.times import Utc
from tests.cli.zota import zota, zota_process
from tests.cluster.machines import scheduler, worker, workers_of
from tests.estate.estates import EXAMPLE, small

pytest.importorskip("distributed", reason="distributed is not installed: zota[cluster]")


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped example without the release that is bad, and with a pilot of a hundred homes."""
    text = EXAMPLE.read_text().replace("homes = 5000", "homes = 100")
    text = text.replace("sample = 200", "sample = 50").replace("fails_permille = 200", "")
    first, _, rest = text.partition("[[releases]]                   #")
    path = tmp_path_factory.mktemp("campaign") / "small.toml"
    path.write_text(first + rest[rest.index("[policy]") :])
    return path


def told(out: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(out)
    del values["made"]
    return values


WORDS = ("--homes", 130, "--seed", 3, "--real", 5, "--seeds", 2, "--json")


@pytest.mark.heavy
def test_lots_and_seeds_on_workers_give_what_one_process_gives(campaign: Path) -> None:
    alone = zota("rehearse", campaign, *WORDS)
    spread = zota_process("rehearse", campaign, *WORDS, "--scheduler", "local:2")
    assert alone.code == spread.code == Exit.OK, spread.err
    assert told(spread.out) == told(alone.out)
    assert told(alone.out)["real_homes"] == 5
    assert len({run["journal_sha256"] for run in told(alone.out)["forecast"]["runs"]}) == 2
    assert "2 of 2" in spread.err


@pytest.mark.heavy
def test_a_worker_killed_while_its_homes_live_changes_nothing_but_time(
    campaign: Path, tmp_path: Path
) -> None:
    words = ("--homes", "130", "--seed", "3", "--real", "5", "--json")
    alone = zota("rehearse", campaign, *words)
    journal = tmp_path / "report" / "journal.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "rehearse", str(campaign), *words,
         "--scheduler", "local:2", "--report", str(tmp_path / "report")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as running:  # fmt: skip
        while not journal.exists() or b'"source":"hub"' not in journal.read_bytes():
            assert running.poll() is None
            time.sleep(0.05)
        workers = workers_of(running)
        os.kill(workers[0], signal.SIGKILL)
        out, _ = running.communicate(timeout=500)
    assert running.returncode == Exit.OK
    assert told(out) == told(alone.out)


@pytest.mark.heavy
def test_a_scheduler_that_dies_while_the_first_seed_runs_ends_a_rehearsal_in_one_line(
    campaign: Path, tmp_path: Path
) -> None:
    words = ("--homes", "130", "--seed", "3", "--seeds", "2")
    with (
        scheduler(tmp_path) as (address, chief),
        worker(address, tmp_path),
        subprocess.Popen(
            [sys.executable, "-m", "ota_engine", "rehearse", str(campaign), *words,
             "--scheduler", address, "--report", str(tmp_path / "report")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as running,
    ):  # fmt: skip
        while not (tmp_path / "report" / "journal.jsonl").exists():
            assert running.poll() is None
            time.sleep(0.05)
        os.killpg(chief.pid, signal.SIGKILL)
        _, err = running.communicate(timeout=500)
    assert running.returncode == Exit.ERRORS
    lines = [line for line in err.splitlines() if "seed 1 of 2: day" not in line]
    assert len(lines) == 1, err
    assert lines[0].startswith(f"zota: {address}: the scheduler is gone")
    assert lines[0].endswith("again, then this command")


@pytest.mark.heavy
def test_a_scheduler_that_the_other_seeds_need_is_missed_while_the_first_one_runs(
    campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulators.cluster.door.CONNECT_S", 2.0)

    def ended(_: object) -> None:
        raise AssertionError("the first seed has come to its end")

    monkeypatch.setattr("emulators.estate.forecast.end_of", ended)
    journal = tmp_path / "report" / "journal.jsonl"

    def kill(process: int) -> None:
        while not journal.exists():
            time.sleep(0.05)
        os.killpg(process, signal.SIGKILL)

    words = ("--homes", 20_000, "--seed", 3, "--seeds", 2, "--report", tmp_path / "report")
    with scheduler(tmp_path) as (address, chief), worker(address, tmp_path):
        killer = Thread(target=kill, args=(chief.pid,))
        killer.start()
        ran = zota("rehearse", campaign, *words, "--scheduler", address)
        killer.join()
    assert (ran.code, ran.out) == (Exit.ERRORS, ""), ran
    assert f"zota: {address}: the scheduler is gone: start it and its workers" in ran.err


def test_a_lot_goes_on_where_it_is_known_and_asks_for_all_where_it_is_not() -> None:
    from emulators.estate.real_lot import lot_spec
    from emulators.estate.spread_lots import lot_job

    scenario = small(10, good=True)
    utc = Utc(scenario.begin)
    instruction = Instruction(
        "c/h00000001/1", "estate", "c", 1, "h00000001", Eui64(FIRST_HUB), Verb.ASSIGN,
        "ab" * 32, 0x0003_0000, utc, None, number=1,
    )  # fmt: skip
    story = [
        ["give", utc, [INSTRUCTION.write(instruction)]],
        *(["said", utc + 600.0 * step] for step in range(1, 6)),
    ]

    def tell(run: str, begin: int, end: int) -> Any:
        task = {"run": run, "lot": 0, "spec": list(lot_spec(scenario))}
        plain = json.loads(json.dumps({**task, "from": begin, "story": story[begin:end]}))
        return lot_job(plain, None, lambda _: None)["answer"]

    whole = tell("whole", 0, 6)
    assert whole
    assert tell("pieces", 0, 1) == ["c/h00000001/1"]
    assert tell("pieces", 1, 3) is not None
    assert tell("pieces", 5, 6) is None  # it knows less than that
    assert tell("pieces", 3, 6) is None  # and nothing any more
    assert tell("pieces", 0, 6) == whole
    assert tell("whole", 6, 6) is None  # another run has begun since


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scheduler", "tcp://10.0.0.1:1"), "whoever reaches a scheduler has it run anything"),
        (("--tls", "x"), "--tls is for a scheduler"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_in_one_line(
    campaign: Path, words: tuple[str, ...], says: str
) -> None:
    ran = zota("rehearse", campaign, "--seed", 1, *words)
    assert ran.code == Exit.ERRORS
    assert says in ran.err
    assert ran.err.count("\n") == 1
