"""A full disk (fault 4) ends in one line with exit code 3, or costs what could not be kept, no more.

The disks are real: small file systems in memory, which only a machine that lets a process have mounts of its
own can make.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine.cli.exits import Exit
from ota_engine.store.store import DATABASE_NAME, Store
from tests.cli.firmware import image_file
from tests.cli.zota import Ran, zota, zota_process

SCRIPT = """
mount -t tmpfs -o size="$1" none "$2" || exit 99
cd "$2"; shift 2; "$@"; code=$?
cp -r . "$OLDPWD/kept"
exit $code
"""


def on_a_disk_of(size: str, folder: Path, *words: str | Path) -> Ran:
    """Run ``zota`` in a folder that holds so much; what it left is copied to ``kept``."""
    disk = folder / "disk"
    disk.mkdir()
    argv = ["unshare", "-m", "bash", "-c", SCRIPT, "bash", size, str(disk)]
    command = [sys.executable, "-m", "ota_engine", *map(str, words)]
    done = subprocess.run(
        [*argv, *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount a small disk")
    return Ran(done.returncode, done.stdout, done.stderr)


def pushed(folder: Path, size: str, *words: str | Path, state: str | Path = "state") -> Ran:
    image = image_file(folder)
    return on_a_disk_of(
        size, folder, "push", image, "--link", "sim://", "--state", state, "--all", *words
    )


@pytest.mark.parametrize(
    "size",
    [
        pytest.param("100k", marks=pytest.mark.heavy),
        "300k",
        pytest.param("400k", marks=pytest.mark.heavy),
    ],
)
def test_a_push_whose_database_finds_no_room_ends_in_one_line(tmp_path: Path, size: str) -> None:
    ran = pushed(tmp_path, size, "--json")
    assert ran.code == 3
    last = ran.err.splitlines()[-1]
    assert last.startswith(f"zota: state/{DATABASE_NAME}: the disk is full, nothing was written")
    assert "Traceback" not in ran.err and "ExceptionGroup" not in ran.err
    if size != "100k":  # there is a database, then, and what was committed is in it
        with Store.open(tmp_path / "kept" / "state" / DATABASE_NAME) as store:
            assert store.check().findings == ()


def test_a_capture_that_finds_no_room_ends_early_and_the_push_does_not(tmp_path: Path) -> None:
    state = tmp_path / "state"
    ran = pushed(tmp_path, "8k", "--json", "--capture", "frames.pcapng", state=state)
    assert (ran.code, json.loads(ran.out)["verdict"]) == (0, "delivered")
    said = "frames.pcapng: No space left on device: the capture ends early: make room for the next"
    assert f"zota: {said}" in ran.err.splitlines()


def test_a_report_that_finds_no_room_keeps_no_verdict_back(tmp_path: Path) -> None:
    state = tmp_path / "state"
    capture = tmp_path / "frames.pcapng"
    ran = pushed(tmp_path, "8k", "--report", "report", "--capture", capture, state=state)
    assert ran.code == 3
    assert "1 updated" in ran.out
    last = ran.err.splitlines()[-1]
    assert last.startswith("zota: report/")
    assert last.endswith("No space left on device: make room on the disk")


@pytest.mark.parametrize("size", ["300k", pytest.param("600k", marks=pytest.mark.heavy)])
def test_a_demonstration_that_finds_no_room_ends_in_one_line(tmp_path: Path, size: str) -> None:
    ran = on_a_disk_of(size, tmp_path, "demo", "--json", "--keep", "kept")
    assert (ran.code, ran.out) == (3, "")
    assert len(ran.err.splitlines()) == 1
    assert "make room" in ran.err


def test_outcomes_that_the_file_had_no_room_for_are_told_of_at_the_end_and_written_later(
    tmp_path: Path,
) -> None:
    """The file alone finds no room: it is as large as this process may make one."""
    state, image = tmp_path / "state", image_file(tmp_path)
    state.mkdir()
    line = b'{"device":"00","id":"of before"}\n'
    earlier = line * (ROOM // len(line))
    outcomes = state / "outcomes.jsonl"
    outcomes.write_bytes(earlier)
    where = ("--link", "sim://", "--state", state)
    ran = zota_process("push", image, "--all", *where, prepare=allow_files_of_so_much)
    assert ran.code == 0, ran.err
    said = next(line for line in ran.err.splitlines() if "outcomes.jsonl: lacks" in line)
    assert said == (
        f"zota: {outcomes}: lacks 2 outcomes that the database has: make room on its disk, then the "
        "next command with this --state writes them"
    )
    assert outcomes.read_bytes() == earlier
    again = zota("push", image, "--all", *where)
    assert "lacks" not in again.err
    told = [json.loads(each) for each in outcomes.read_bytes()[len(earlier) :].splitlines()]
    assert [one["kind"] for one in told] == ["transfer", "activation"] * 2
    assert len({one["id"] for one in told}) == 4


def test_a_soak_whose_journal_finds_no_room_says_so_and_blames_no_worker(tmp_path: Path) -> None:
    report = tmp_path / "report"
    words = ("--devices", 3, "--hours", 1, "--seed", 3, "--processes", 1, "--report", report)
    ran = zota_process("soak", *words, prepare=allow_small_files)
    assert ran.code == Exit.UNREADABLE
    said = [line for line in ran.err.splitlines() if "blocks/s" not in line]
    assert said == [f"zota: {report / 'journal-0000.jsonl'}: File too large"]


def allow_small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))


ROOM = 4 << 20  # octets; more than the database of one push


def allow_files_of_so_much() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
