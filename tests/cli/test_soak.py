"""``zota soak``: what it prints, what it exits with, and what its report explains."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from images import ImageSpec, build
from ota_engine.cli.exits import Exit
from tests.cli.zota import Ran, zota

KEYS = [
    "seed",
    "devices",
    "blocks",
    "virtual_seconds",
    "wall_seconds",
    "blocks_per_second",
    "updated",
    "failed",
    "stuck",
    "wrong_image",
    "held_by_clock",
    "unexplained",
    "lost_outcomes",
    "doubled_outcomes",
    "journal_sha256",
    "faults",
]
SMALL = ("--devices", 5, "--hours", 4, "--image-size", 2048)


def soak(*arguments: str | int | Path) -> Ran:
    return zota("soak", *arguments, "--processes", 1)


def test_json_has_exactly_the_promised_keys() -> None:
    ran = soak(*SMALL, "--seed", 1, "--json")
    assert ran.code == Exit.OK
    summary = json.loads(ran.out)
    assert list(summary) == [*KEYS, "made"]
    assert (summary["seed"], summary["devices"], summary["updated"]) == (1, 5, 5)
    assert (summary["failed"], summary["stuck"], summary["wrong_image"]) == (0, 0, 0)
    assert summary["virtual_seconds"] == 4 * 3600
    assert summary["blocks"] >= 5 * 2048 // 65
    assert re.fullmatch("[0-9a-f]{64}", summary["journal_sha256"])


def test_the_same_seed_gives_the_same_journal_hash() -> None:
    runs = [
        json.loads(soak(*SMALL, "--seed", 9, "--faults", "harsh", "--json").out) for _ in range(2)
    ]
    assert runs[0]["journal_sha256"] == runs[1]["journal_sha256"]
    assert runs[0]["faults"] == runs[1]["faults"]


def test_without_json_a_person_sees_the_figures_and_without_a_seed_which_was_chosen() -> None:
    ran = soak(*SMALL)
    assert re.fullmatch(r"zota: seed \d+", ran.err.splitlines()[0])
    assert re.search(r"updated +5\n", ran.out)
    assert re.search(r"wrong image +0\n", ran.out)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--devices", 5, "--hours", 0), "0.0 hours"),
        (("--devices", 5, "--image-size", 10), "an image of 10 bytes"),
        (("--devices", 2_000_000), "2000000 devices"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(
    arguments: tuple[str | int, ...], complaint: str
) -> None:
    ran = soak(*arguments, "--seed", 1)
    assert ran.code == Exit.ERRORS
    assert ran.err.startswith("zota: ")
    assert complaint in ran.err
    assert ran.err.count("\n") == 1


def test_an_absent_image_is_one_line(tmp_path: Path) -> None:
    ran = soak(*SMALL, "--seed", 1, "--image", tmp_path / "none.ota")
    assert ran.code == Exit.UNREADABLE
    assert "none.ota" in ran.err
    assert ran.err.count("\n") == 1


def test_a_given_ota_file_is_delivered_as_it_is(tmp_path: Path) -> None:
    spec = ImageSpec(manufacturer_code=0x1234, image_type=7, file_version=9, integrity=True)
    (tmp_path / "a.ota").write_bytes(build(b"firmware" * 200, spec))
    report = tmp_path / "report"
    ran = soak(*SMALL, "--seed", 1, "--image", tmp_path / "a.ota", "--report", report, "--json")
    assert json.loads(ran.out)["updated"] == 5
    shard = json.loads((report / "result.json").read_text())["shards"][0]
    assert {device["version_after"] for device in shard["judgements"]} == {9}


def test_a_given_binary_is_wrapped_for_every_kind(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x01firmware" * 200)
    ran = soak(*SMALL, "--seed", 1, "--image", tmp_path / "a.bin", "--json")
    assert json.loads(ran.out)["updated"] == 5


def test_an_image_for_one_device_is_refused_for_a_fleet(tmp_path: Path) -> None:
    spec = ImageSpec(
        manufacturer_code=1,
        image_type=7,
        file_version=9,
        upgrade_file_destination=0x1122334455667788,
    )
    (tmp_path / "a.ota").write_bytes(build(b"firmware" * 200, spec))
    ran = soak(*SMALL, "--seed", 1, "--image", tmp_path / "a.ota")
    assert ran.code == Exit.ERRORS
    assert "one device only" in ran.err


class Page(HTMLParser):
    """Collects what a page shows, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.charts = 0
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.charts += tag == "svg" and ("role", "img") in attrs
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_explains_every_device_and_needs_nothing_else(tmp_path: Path) -> None:
    ran = soak(
        "--devices", 60, "--hours", "0.5", "--image-size", 65536, "--seed", 5, "--faults", "harsh",
        "--report", tmp_path, "--json",
    )  # fmt: skip
    page = Page()
    page.feed((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.fetched == []
    assert page.charts == 3
    assert "--seed 5 --faults harsh" in page.text
    result = json.loads((tmp_path / "result.json").read_text())
    devices = [device for shard in result["shards"] for device in shard["judgements"]]
    unhappy = [device for device in devices if device["verdict"] != "updated"]
    assert unhappy  # half an hour is not enough for sixty devices
    assert all(
        device["device"] in page.text and device["reason"] in page.text for device in unhappy
    )
    assert ran.code == Exit.OK


def test_the_report_folder_holds_the_journal_that_was_hashed(tmp_path: Path) -> None:
    import hashlib

    soak(*SMALL, "--seed", 1, "--report", tmp_path)
    shard = json.loads((tmp_path / "result.json").read_text())["shards"][0]
    journal = (tmp_path / "journal-0000.jsonl").read_bytes()
    assert hashlib.sha256(journal).hexdigest() == shard["journal_sha256"]


def test_a_report_folder_that_cannot_be_made_is_found_out_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ran = soak(*SMALL, "--seed", 1, "--report", tmp_path / "file")
    assert ran.code == Exit.UNREADABLE
    assert ran.err.count("\n") == 1


def test_ctrl_c_stops_everything_and_says_how_to_replay() -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "soak", "--devices", "500", "--hours", "2000",
         "--seed", "77", "--faults", "harsh", "--processes", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    assert running.stderr is not None
    first = running.stderr.readline()  # it is at work
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: parent and workers alike
    out, err = running.communicate(timeout=300)
    assert "blocks/s" in first
    assert running.returncode == Exit.INTERRUPTED
    assert "zota soak --devices 500 --hours 2000" in err
    assert "--seed 77 --faults harsh" in err
    assert "Traceback" not in err
    assert out == ""


def test_a_terminal_gets_a_bar_that_stays_on_its_line() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb") as screen:
        running = subprocess.Popen(
            [sys.executable, "-m", "ota_engine", "soak", *map(str, SMALL), "--seed", "1"],
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # a pseudo-terminal ends with an error
            while chunk := screen.read1(1024):
                shown += chunk
        assert running.wait(60) == Exit.OK
    assert b"\r[" in shown
    assert shown.count(b"\n") == 1


def test_the_trio_shell_comes_to_the_same_end() -> None:
    ran = soak(*SMALL, "--seed", 3, "--faults", "mild", "--shell", "trio", "--json")
    summary = json.loads(ran.out)
    assert ran.code == Exit.OK
    assert (summary["updated"], summary["wrong_image"]) == (5, 0)


def test_an_image_that_is_cut_short_is_named(tmp_path: Path) -> None:
    spec = ImageSpec(manufacturer_code=1, image_type=2, file_version=3)
    cut = tmp_path / "cut.ota"
    cut.write_bytes(build(bytes(500), spec)[:-1])
    ran = zota("soak", *SMALL[:4], "--seed", 1, "--image", cut)
    assert ran.code == Exit.ERRORS
    assert (
        ran.err == f"zota: {cut}: the image is shorter than its header says: get the whole file\n"
    )
