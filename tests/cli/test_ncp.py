"""``zota ncp`` as a user starts, watches and stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulators.cli.ncp_screen import fitted
from emulators.home.memory import read_home_memory
from ota_engine.cli.exits import Exit
from ota_engine.cli.key_folder import write_key_folder
from tests.cli.zota import zota
from tests.gbcs.parties import pki_files

pytestmark = pytest.mark.dongle

PATIENCE = 300.0  # seconds before a test gives up
RST = bytes.fromhex("1ac038bc7e")


@contextmanager
def running(*arguments: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """``zota ncp`` in a process of its own, killed if a test leaves it behind."""
    argv = [sys.executable, "-m", "ota_engine", "ncp", *map(str, arguments)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("stop", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.OK)]
)
def test_it_serves_until_it_is_stopped_and_leaves_nothing(
    tmp_path: Path, stop: int, code: Exit
) -> None:
    path, state = tmp_path / "dongle", tmp_path / "memory.json"
    with running("--pty", path, "--state", state, "--baud", "0") as process:
        wait_for(path)
        port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        os.write(port, RST)
        assert os.read(port, 6).hex() == "c1020b0a527e"
        os.close(port)
        process.send_signal(stop)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code
    assert said.splitlines()[0].startswith("zota: virtual dongle, EZSP 19, with 4 devices")
    assert f"--link ezsp://{path}" in said
    assert said.splitlines()[-1] == "zota: stopped"
    assert not path.is_symlink()
    assert state.exists()


@pytest.mark.parametrize(
    ("maker", "options", "line"),
    [
        ("0x117C", (), "they speak Home Automation, as maker 0x117C does; or give --profile se"),
        ("0x121D", (), "they speak Smart Energy, as maker 0x121D does; or give --profile ha"),
        ("0x121D", ("--profile", "ha"), None),
    ],
)
def test_the_status_line_says_what_devices_speak_because_of_their_maker(
    tmp_path: Path, maker: str, options: tuple[str, ...], line: str | None
) -> None:
    (tmp_path / "firmware.bin").write_bytes(bytes(range(200)))
    file = tmp_path / "file.ota"
    built = zota(
        "image", "build", tmp_path / "firmware.bin", "-o", file, "--manufacturer", maker,
        "--type", "0x2100", "--version", "2",
    )  # fmt: skip
    assert built.code == Exit.OK
    with running("--pty", tmp_path / "dongle", "--for", file, *options) as process:
        wait_for(tmp_path / "dongle")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
    assert [text for text in said.splitlines() if "they speak" in text] == (
        [f"zota: {line}"] if line else []
    )
    assert all(len(text) <= 80 for text in said.splitlines() if "--link" not in text)


PARTS = ("host connected", "3 of 3 devices joined", "62 blocks", "10 blocks/s", "284 frames")


@pytest.mark.parametrize(("columns", "shown"), [(24, 1), (60, 3), (80, 5), (120, 5)])
def test_the_status_line_fits_the_terminal_and_cuts_nothing_short(columns: int, shown: int) -> None:
    text = fitted(PARTS, columns)
    assert text == ", ".join(PARTS[:shown])
    assert len(text) < columns


def test_devices_with_keys_are_what_they_were_after_a_restart(tmp_path: Path) -> None:
    write_key_folder(tmp_path / "ki", pki_files())
    path, state = tmp_path / "dongle", tmp_path / "memory.json"
    devices = tmp_path / "memory.json.devices"
    written = []
    for _ in range(2):
        with running("--pty", path, "--state", state, "--keys", tmp_path / "ki") as process:
            wait_for(path)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
            assert process.returncode == Exit.OK
        written.append(devices.read_text())
    assert written[0] == written[1]
    assert len(read_home_memory(written[0])) == 4
    devices.write_text("{}")
    result = zota("ncp", "--pty", path, "--state", state, "--keys", tmp_path / "ki")
    assert result.code != 0
    assert "memory.json.devices" in result.err and result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give either --pty PATH or --tcp HOST:PORT"),
        (("--pty", "a", "--tcp", "b:1"), "give either --pty PATH or --tcp HOST:PORT"),
        (("--tcp", "nowhere"), "--tcp nowhere: write HOST:PORT"),
        (("--tcp", "127.0.0.1:70000"), "--tcp 127.0.0.1:70000: write HOST:PORT"),
        (
            ("--pty", "a", "--devices", "b", "--for", "c"),
            "give one of --devices FILE, --for FILE and --zoo",
        ),
        (("--pty", "a", "--devices", "b", "--zoo"), "give one of --devices FILE, --for FILE"),
        (("--pty", "a", "--profile", "ha"), "--profile is for --for FILE"),
        (("--pty", "a", "--version", "15"), "EZSP 15: there are 13, 14, 16, 17, 18, 19"),
    ],
)
def test_options_that_make_no_sense_are_one_line(
    arguments: tuple[str, ...], complaint: str
) -> None:
    ran = zota("ncp", *arguments)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert complaint in ran.err


@pytest.mark.parametrize(
    ("option", "text", "complaint"),
    [
        ("--devices", '[[device]]\nkind = "tv"\n', "line 1: device 1: kind = 'tv'"),
        ("--faults", "noise = 7\n", "noise = 7"),
        ("--state", "{}", "is no memory of a virtual dongle"),
    ],
)
def test_a_file_with_a_mistake_is_named(
    tmp_path: Path, option: str, text: str, complaint: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    ran = zota("ncp", "--pty", tmp_path / "dongle", option, path)
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert f"{path}: " in ran.err
    assert complaint in ran.err


def test_a_path_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "dongle"
    path.write_text("mine")
    ran = zota("ncp", "--pty", path)
    assert (ran.code, ran.err) == (
        Exit.UNREADABLE,
        f"zota: {path}: exists already; name another path\n",
    )
    assert path.read_text() == "mine"
