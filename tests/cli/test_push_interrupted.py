"""A push that is stopped, killed or timed out in mid transfer goes on where it was."""

import json
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from emulators.devices import kinds
from emulators.home.roster import default_roster
from images.eui64 import format_eui64
from ota_engine.store.store import Store
from tests.cli.firmware import image_file
from tests.cli.zota import zota
from tests.tiers import first_of

PPMID, IHD = (format_eui64(entry.spec.eui64) for entry in default_roster()[:2])
OCTETS = 40_000
SLOWLY = "block_pause = 600\n"  # seconds after every block: nothing ends before it is stopped


def slow_home(folder: Path) -> str:
    """A link to the same devices as everywhere, in no hurry at all."""
    devices = [
        f'[[device]]\nkind = "{entry.spec.kind}"\neui64 = "{format_eui64(entry.spec.eui64)}"\n{SLOWLY}'
        for entry in default_roster()[:2]
    ]
    roster = folder / "slow.toml"
    roster.write_text("".join(devices))
    return f"han://?devices={roster}"


@contextmanager
def downloading(folder: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A push in a process of its own, in real time, that has begun to serve blocks."""
    link = ["--link", slow_home(folder), "--state", str(folder / "state")]
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "push", *map(str, arguments), *link],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if "downloading" in line:
                    break
            yield process
        finally:
            process.kill()


def resume(folder: Path) -> dict[str, Any]:
    """Go on in virtual time; the summary."""
    result = zota("push", "--resume", "--link", "sim://", "--state", folder / "state", "--json")
    assert result.code == 0, result.err
    summary: dict[str, Any] = json.loads(result.out)
    return summary


@first_of("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    file = image_file(tmp_path, octets=OCTETS)
    folders = ("--report", str(tmp_path / "report"), "--capture", str(tmp_path / "frames.pcapng"))
    kept = ("--block-size=32", *folders, "--timeout", "1h")
    asked = ("--policy", "downgrade", file, "--device", PPMID)
    with downloading(tmp_path, *asked, *kept) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "not finished" in out
    words = shlex.split(err.splitlines()[-1].partition("to go on: ")[2])
    place = ["--link", slow_home(tmp_path), "--state", str(tmp_path / "state")]
    assert words == ["zota", "push", *kept, *place, "--resume"]
    words[words.index("--link") + 1] = "sim://"
    result = zota(*words[1:], "--json")
    (device,) = json.loads(result.out)["devices"]
    assert (result.code, device["verdict"]) == (0, "updated")
    assert device["blocks"] >= device["size"] / 32  # the options go on, too


def test_a_killed_push_goes_on_with_everybody_it_was_for(tmp_path: Path) -> None:
    files = [image_file(tmp_path, kind, octets=OCTETS) for kind in (kinds.PPMID, kinds.IHD)]
    with downloading(tmp_path, *files, "--device", PPMID, "--device", IHD) as process:
        process.kill()
        process.wait(timeout=300)
    summary = resume(tmp_path)
    assert {told["device"]: told["verdict"] for told in summary["devices"]} == {
        PPMID: "updated",
        IHD: "updated",
    }
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        keys = [outcome.key for outcome in store.outcomes()]
        assert len(keys) == len(set(keys)) == 4
        assert store.verify_audit() is None


def test_what_has_ended_cannot_be_resumed(tmp_path: Path) -> None:
    link = ("--link", "sim://", "--state", tmp_path / "state")
    assert zota("push", image_file(tmp_path), "--device", PPMID, *link).code == 0
    again = zota("push", "--resume", *link)
    assert again.code == 2
    assert "the last push has ended" in again.err


def test_a_plan_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "push.json").write_text("{}")
    result = zota("push", "--resume", "--link", "sim://", "--state", tmp_path / "state")
    assert result.code == 2
    assert "without --resume" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_push_that_an_earlier_version_was_interrupted_in_goes_on(tmp_path: Path) -> None:
    """Its plan was a file beside the database, which had no rows for it."""
    state = tmp_path / "state"
    link = ("--link", "sim://", "--state", state)
    file = image_file(tmp_path, octets=OCTETS)
    zota("push", file, "--device", PPMID, *link, "--timeout", "3s")
    with Store.inspect(state / "zota.db") as store:
        (push,) = store.pushes()
    plan = {
        "format": 1,
        "images": push.images,
        "devices": [format_eui64(device) for device in push.devices],
        "everyone": False,
        "policy": "upgrade",
        "activation": "immediate",
        "activation_utc": None,
        "created_utc": push.created_utc,
        "ended_utc": None,
    }
    (state / "push.json").write_text(json.dumps(plan))
    with closing(sqlite3.connect(state / "zota.db")) as database:
        database.execute("DELETE FROM push_targets")
        database.execute("DELETE FROM pushes")
        database.commit()
    assert resume(tmp_path)["devices"][0]["verdict"] == "updated"
    assert not (state / "push.json").exists()


def test_a_push_that_waits_too_long_stops_and_can_be_resumed(tmp_path: Path) -> None:
    link = ("--link", "sim://", "--state", tmp_path / "state")
    file = image_file(tmp_path, octets=OCTETS)
    result = zota("push", file, "--device", PPMID, *link, "--timeout", "3s", "--json")
    assert result.code == 2
    assert json.loads(result.out)["timed_out"]
    assert resume(tmp_path)["devices"][0]["verdict"] == "updated"


def test_a_new_push_ends_what_an_earlier_one_left_open(tmp_path: Path) -> None:
    link = ("--link", "sim://", "--state", tmp_path / "state")
    slow = image_file(tmp_path, octets=OCTETS)
    zota("push", slow, "--device", PPMID, *link, "--timeout", "3s")
    other = image_file(tmp_path, kinds.IHD)
    result = zota("push", other, "--device", IHD, *link)
    assert result.code == 0
    assert "1 delivery of an earlier push was withdrawn" in result.err
    with Store.inspect(tmp_path / "state" / "zota.db") as store:
        assert [format_eui64(wish.device) for wish in store.load().assignments] == [IHD]
        assert "withdraw" in [row.record.action for row in store.audit_rows()]
