"""Soaks on the workers of a Dask scheduler: the same result as on one machine, whatever dies meanwhile."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import emulators
import images
import ota_engine
from emulators.soak.processes import run_shards
from emulators.soak.soak import SoakSpec, merge
from ota_engine.cli.exits import Exit
from tests.cli.test_commands import without
from tests.cli.zota import Ran, zota, zota_process
from tests.cluster.machines import certificates, scheduler, worker, workers_of

pytest.importorskip("distributed", reason="distributed is not installed: zota[cluster]")

SPEC = SoakSpec(devices=510, hours=0.05, seed=5, faults="mild", image_size=1024)  # three shards
WORDS = (
    *("soak", "--devices", "510", "--hours", "0.05", "--image-size", "1024"),
    *("--seed", "5", "--faults", "mild", "--json"),
)


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    """What the soak gives in a process of this machine."""
    summary = merge(SPEC, run_shards(SPEC, 1), 1.0).summary()
    return lasting(summary)


def lasting(summary: dict[str, Any]) -> dict[str, Any]:
    """What of a result does not depend on the clock."""
    return {
        name: value
        for name, value in summary.items()
        if name not in ("wall_seconds", "blocks_per_second", "made")
    }


@contextmanager
def soaking(*words: str) -> "Iterator[subprocess.Popen[str]]":
    """A soak under way, once it has said how far it is."""
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stderr is not None
        assert "blocks/s" in running.stderr.readline()
        yield running


def ended(running: "subprocess.Popen[str]") -> Ran:
    out, err = running.communicate(timeout=500)
    return Ran(running.returncode, out, err)


def test_a_worker_killed_in_mid_run_changes_nothing_but_time(here: dict[str, Any]) -> None:
    with soaking(*WORDS, "--scheduler", "local:2") as running:
        workers = workers_of(running)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        ran = ended(running)
    assert ran.code == Exit.OK
    assert lasting(json.loads(ran.out)) == here
    assert here["journal_sha256"] is not None
    assert all(line.startswith("zota: ") for line in ran.err.splitlines())


@pytest.mark.heavy
def test_a_scheduler_of_ones_own_is_used_under_tls_and_not_without(
    here: dict[str, Any], tmp_path: Path
) -> None:
    tls = certificates(tmp_path / "tls")
    report = tmp_path / "report"
    with scheduler(tmp_path, tls) as (address, _), worker(address, tmp_path, tls):
        assert address.startswith("tls://127.0.0.1:")
        words = (*WORDS, "--processes", 1, "--scheduler", address, "--tls", tls)
        ran = zota_process(*words, "--report", report)
        bare = zota_process(*WORDS, "--scheduler", address.replace("tls", "tcp"))
        unnamed = zota_process(*WORDS, "--scheduler", address)
    assert ran.code == Exit.OK
    assert lasting(json.loads(ran.out)) == here
    shards = json.loads((report / "result.json").read_text())["shards"]
    for shard in shards:
        journal = (report / f"journal-{shard['shard']:04}.jsonl").read_bytes()
        assert journal.count(b"\n") == shard["journal_lines"]
    assert bare.code == unnamed.code == Exit.ERRORS
    assert "no scheduler answers" in bare.err
    assert "give --tls FOLDER with ca.pem, cert.pem and key.pem" in unnamed.err
    assert bare.err.count("\n") == unnamed.err.count("\n") == 1


def test_certificates_that_do_not_belong_together_are_told_and_not_a_scheduler_that_is_away(
    tmp_path: Path,
) -> None:
    tls, other = certificates(tmp_path / "tls"), certificates(tmp_path / "other")
    shutil.copy(other / "key.pem", tls / "key.pem")
    ran = zota(*WORDS, "--scheduler", "tls://127.0.0.1:1", "--tls", tls)
    (tls / "ca.pem").write_text("no certificate\n")
    none = zota(*WORDS, "--scheduler", "tls://127.0.0.1:1", "--tls", tls)
    assert (ran.code, none.code) == (Exit.ERRORS, Exit.ERRORS)
    said = f"zota: {tls}: ca.pem, cert.pem and key.pem cannot be used"
    cure = "make them anew, or put those together that belong together\n"
    assert ran.err == f"{said} (KEY_VALUES_MISMATCH): {cure}"
    assert none.err == f"{said} (NO_CERTIFICATE_OR_CRL_FOUND): {cure}"


@pytest.mark.heavy
def test_ctrl_c_stops_all_workers_and_says_how_to_run_it_again() -> None:
    words = ("soak", "--devices", "500", "--hours", "2000", "--seed", "7", "--faults", "harsh")
    with soaking(*words, "--scheduler", "local:2") as running:
        workers = workers_of(running)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: parent and workers alike
        ran = ended(running)
    assert ran.code == Exit.INTERRUPTED
    typed = "--faults harsh --scheduler local:2"
    assert ran.err.endswith(f"again: zota soak --devices 500 --hours 2000 --seed 7 {typed}\n")
    assert "Traceback" not in ran.err
    assert len(workers) == 2
    assert not any(Path(f"/proc/{one}").exists() for one in workers)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("scheduler", "the scheduler is gone, with 2 jobs under way: start it and its workers"),
        ("last worker", "no worker is left, with 2 jobs under way: start workers again"),
    ],
)
def test_a_scheduler_or_last_worker_that_dies_leaves_shards_missing_and_the_result_says_which(
    tmp_path: Path, who: str, says: str
) -> None:
    words = ("soak", "--devices", "500", "--hours", "2000", "--seed", "7", "--json")
    with (
        scheduler(tmp_path) as (address, chief),
        worker(address, tmp_path) as labourer,
        soaking(*words, "--scheduler", address) as running,
    ):
        os.killpg((chief if who == "scheduler" else labourer).pid, signal.SIGKILL)
        ran = ended(running)
    assert ran.code == Exit.ERRORS
    assert says in ran.err
    assert all(line.startswith("zota: ") for line in ran.err.splitlines())
    assert "shards 0, 1 gave no result: run it again" in ran.err
    assert json.loads(ran.out)["journal_sha256"] is None


@pytest.mark.heavy
def test_a_scheduler_that_is_back_in_time_is_given_the_work_and_the_image_again(
    tmp_path: Path,
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(range(256)) * 64)
    words = ("soak", "--devices", "500", "--hours", "60", "--seed", "7", "--image", str(image))
    with ExitStack() as stack:
        with scheduler(tmp_path) as (address, chief), worker(address, tmp_path):
            soak = stack.enter_context(soaking(*words, "--json", "--scheduler", address))
            os.killpg(chief.pid, signal.SIGKILL)
        port = int(address.rpartition(":")[2])
        with scheduler(tmp_path, port=port) as (again, _), worker(again, tmp_path):
            assert again == address
            ran = ended(soak)
    assert ran.code == Exit.OK, ran.err
    spec = SoakSpec(devices=500, hours=60, seed=7, image=str(image))
    alone = merge(spec, run_shards(spec, 1), 1.0).summary()
    assert lasting(json.loads(ran.out)) == lasting(alone)


@pytest.mark.heavy
def test_a_worker_that_runs_another_zota_is_named(tmp_path: Path) -> None:
    for package in (emulators, images, ota_engine):
        there = tmp_path / "other" / package.__name__
        shutil.copytree(package.__path__[0], there, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "images" / "__init__.py").open("a") as stream:
        stream.write("# another zota\n")
    with (
        scheduler(tmp_path) as (address, _),
        worker(address, tmp_path, sources=tmp_path / "other"),
    ):
        ran = zota_process(*WORDS, "--scheduler", address)
    assert ran.code == Exit.ERRORS
    assert re.fullmatch(
        rf"zota: {address}: the worker tcp://127\.0\.0\.1:\d+ runs another zota than this one: "
        "install the same there, and start it again\n",
        ran.err,
    )


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_where_no_scheduler_answers_the_command_that_starts_one_is_told_with_its_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr("emulators.cluster.door.CONNECT_S", 0.2)
    tls = certificates(tmp_path / "tls") if scheme == "tls" else None
    options = (
        ""
        if tls is None
        else (f" --tls-ca-file {tls}/ca.pem --tls-cert {tls}/cert.pem --tls-key {tls}/key.pem")
    )
    with_tls = () if tls is None else ("--tls", tls)
    ran = zota(*WORDS, "--scheduler", f"{scheme}://127.0.0.1:1", *with_tls)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1), ran
    assert ran.err.endswith(
        f": start one with dask scheduler --host {scheme}://127.0.0.1 --port 1"
        f" --dashboard-address 127.0.0.1:8787{options}, or correct the address\n"
    )


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("tcp", ""),
        ("tls", " --tls-ca-file tls/ca.pem --tls-cert tls/cert.pem --tls-key tls/key.pem"),
    ],
)
def test_the_command_that_starts_a_worker_has_its_certificates(scheme: str, options: str) -> None:
    from emulators.cluster.door import worker_command
    from emulators.cluster.place import read_place

    place = read_place(f"{scheme}://127.0.0.1:8786")
    told = worker_command(place, Path("tls"))
    assert told == f"dask worker {scheme}://127.0.0.1:8786 --nthreads 1{options}"


@pytest.mark.heavy
def test_a_soak_of_many_seeds_goes_on_with_workers_where_processes_have_stopped(
    tmp_path: Path,
) -> None:
    small = ("soak", "--devices", 3, "--hours", 1, "--image-size", 2048, "--faults", "mild")
    marathon = (*small, "--seed", 5, "--state", tmp_path / "state", "--json")
    first = zota(*marathon, "--processes", 1, "--blocks", 100)
    kept = set((tmp_path / "state" / "shards").iterdir())
    ran = zota_process(*marathon, "--scheduler", "local:1", "--blocks", 400)
    there = set((tmp_path / "state" / "shards").iterdir())
    assert first.code == ran.code == Exit.OK
    assert kept < there
    alone = zota(*small, "--seed", 5, "--state", tmp_path / "alone", "--json", "--blocks", 400)
    rows = [json.loads(path.read_text()) for path in sorted(there)]
    for path in (tmp_path / "alone" / "shards").iterdir():
        row = json.loads(path.read_text())
        (other,) = [one for one in rows if one["seed"] == row["seed"]]
        assert other | {"seconds": 0} == row | {"seconds": 0}
    assert alone.code == Exit.OK


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--scheduler", "tcp://10.0.0.1:8786"), "whoever reaches a scheduler has it run anything"),
        (("--scheduler", "somewhere"), "'somewhere' is no scheduler: give tcp://HOST:PORT"),
        (("--scheduler", "local:2", "--capture", "x.pcapng"), "--capture records on this machine"),
        (("--tls", "x"), "--tls is for a scheduler"),
    ],
)
def test_what_cannot_be_scheduled_is_refused_in_one_line(words: tuple[str, ...], says: str) -> None:
    ran = zota(*WORDS, *words)
    assert ran.code == Exit.ERRORS
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_without_dask_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    ran = without(
        ("dask", "distributed"), *WORDS, "--scheduler", "local", "--report", tmp_path / "report"
    )
    assert ran.code == Exit.ERRORS
    assert ran.err == "zota: --scheduler: dask is not installed: pip install 'zota[cluster]'\n"
    assert not (tmp_path / "report").exists()
