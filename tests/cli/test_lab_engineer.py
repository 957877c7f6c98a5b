"""The README's ten minutes of a lab engineer, each command as it is written there."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators.devices import kinds
from tests.capture.shark import malformed
from tests.cli.firmware import NEW_VERSION, image_file
from tests.cli.zota import zota, zota_process

pytestmark = pytest.mark.dongle

PATIENCE = 300.0  # seconds until the dongle has to be there


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file to deliver."""
    return image_file(tmp_path, kinds.PPMID, octets=600)


@pytest.fixture
def dongle(tmp_path: Path, file: Path) -> Iterator[str]:
    """``zota ncp --pty ./virtual-dongle --for FILE`` in a terminal of its own; its link.

    In the end it tells that three devices hold the file, octet for octet.
    """
    pty = tmp_path / "virtual-dongle"
    options = ("--pty", str(pty), "--for", str(file), "--speed", "fast")
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "ncp", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        give_up = time.monotonic() + PATIENCE
        while not pty.exists():
            assert process.poll() is None and time.monotonic() < give_up
            time.sleep(0.05)
        yield f"ezsp://{pty}"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        last = "zota: stopped; 3 of 3 devices run the file, octet for octet"
        assert said.splitlines()[-1] == last


def test_a_dongle_a_network_and_a_push(dongle: str, file: Path, tmp_path: Path) -> None:
    state, evidence = tmp_path / "lab", tmp_path / "evidence"
    link = ("--link", dongle, "--state", state)
    assert zota("radio", "form", *link).code == 0
    while zota("radio", "devices", *link, "--json").out.count("eui64") < 3:
        assert zota("radio", "permit", *link, "--seconds", 3).code == 0
    pushed = zota_process("push", file, *link, "--all", "--report", evidence)
    assert pushed.code == 0, pushed.err
    summary = json.loads((evidence / "summary.json").read_text())
    assert [told["verdict"] for told in summary["devices"]] == ["updated"] * 3
    assert {told["version_after"] for told in summary["devices"]} == {f"0x{NEW_VERSION:08X}"}
    assert not malformed(evidence / "capture.pcapng")
