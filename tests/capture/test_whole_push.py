"""The capture of a whole push: every OTA frame dissected, and the image in it, judged by others."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulators.home.roster import default_roster
from images.eui64 import format_eui64
from tests.capture.shark import fields, malformed, tshark
from tests.cli.firmware import image_file
from tests.cli.zota import zota

FIRST = format_eui64(default_roster()[0].spec.eui64)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "push.pcapng"
    file = image_file(tmp_path, octets=1500)
    link = ("--link", "sim://", "--state", tmp_path / "state")
    result = zota("push", file, *link, "--device", FIRST, "--capture", path, "--json")
    assert result.code == 0, result.err
    return path


def test_every_ota_frame_is_dissected_and_none_malformed(tmp_path: Path) -> None:
    capture, file = tmp_path / "push.pcapng", image_file(tmp_path, octets=1500)
    link = ("--link", "sim://", "--state", tmp_path / "state")
    # Who asks before it is chosen needs no Image Notify; the others of the home get one.
    assert zota("push", file, *link, "--all", "--capture", capture).code == 0
    assert not malformed(capture)
    ota = fields(capture, "zbee_aps.cluster == 0x0019", "frame.number", "_ws.col.Info")
    understood = re.compile("ZCL OTA: |ZCL: (Read|Report) Attributes|ZCL: Default Response")
    assert [row for row in ota if not understood.match(row[1])] == []
    said = {row[1].split(",")[0] for row in ota}
    assert said >= {
        "ZCL OTA: Image Notify",
        "ZCL OTA: Query Next Image Request",
        "ZCL OTA: Query Next Image Response",
        "ZCL OTA: Image Block Request",
        "ZCL OTA: Image Block Response",
        "ZCL OTA: Upgrade End Request",
        "ZCL OTA: Upgrade End Response",
    }


def test_answers_follow_their_questions_in_time(capture: Path) -> None:
    times = [float(row[0]) for row in fields(capture, "zbee_zcl", "frame.time_epoch")]
    assert times == sorted(times)


def test_the_image_is_rebuilt_from_the_blocks_byte_for_byte_by_tshark(
    capture: Path, tmp_path: Path
) -> None:
    rows = fields(
        capture,
        "zbee_zcl_general.ota.image.data",
        "zbee_zcl_general.ota.file.offset",
        "zbee_zcl_general.ota.image.data",
    )
    blocks = {int(offset, 0): bytes.fromhex(data.replace(":", "")) for offset, data in rows}
    rebuilt = b"".join(blocks[offset] for offset in sorted(blocks))
    assert rebuilt == image_file(tmp_path, octets=1500).read_bytes()


def test_the_image_is_rebuilt_byte_for_byte_by_zigpy_cli(capture: Path, tmp_path: Path) -> None:
    tshark(capture, "-c", "1")  # zigpy-cli reads captures by tshark, too
    folder = tmp_path / "rebuilt"
    command = "from zigpy_cli.__main__ import cli; cli()"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            command,
            "ota",
            "reconstruct-from-pcaps",
            "--output-root",
            str(folder),
            str(capture),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (rebuilt,) = folder.iterdir()
    wanted = image_file(tmp_path, octets=1500).read_bytes()
    assert hashlib.sha256(rebuilt.read_bytes()).digest() == hashlib.sha256(wanted).digest()


def test_a_second_push_is_appended_as_a_section_of_its_own(capture: Path, tmp_path: Path) -> None:
    before = len(fields(capture, "zbee_zcl", "frame.number"))
    file = image_file(tmp_path, octets=1500)
    state = tmp_path / "second"
    again = ("--link", "sim://", "--state", state, "--device", FIRST)
    assert zota("push", file, *again, "--capture", capture, "--json").code == 0
    assert len(fields(capture, "zbee_zcl", "frame.number")) == 2 * before
    assert not malformed(capture)


def test_a_file_that_is_no_capture_is_not_touched(tmp_path: Path) -> None:
    precious = tmp_path / "notes.txt"
    precious.write_text("mine")
    file = image_file(tmp_path, octets=500)
    link = ("--link", "sim://", "--state", tmp_path / "state")
    result = zota("push", file, *link, "--device", FIRST, "--capture", precious)
    assert result.code == 2
    assert "no pcapng capture" in result.err
    assert precious.read_text() == "mine"
