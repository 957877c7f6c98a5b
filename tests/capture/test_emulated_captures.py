"""``--capture`` of demo and soak: what the emulated air carried, judged by Wireshark."""

import json
from pathlib import Path

from tests.capture.shark import fields, malformed
from tests.cli.firmware import image_file
from tests.cli.zota import zota
from tests.tiers import first_of


def test_a_demo_is_recorded_whole(tmp_path: Path) -> None:
    capture = tmp_path / "demo.pcapng"
    assert zota("demo", image_file(tmp_path), "--capture", capture, "--json").code == 0
    assert not malformed(capture)
    senders = {row[0] for row in fields(capture, "zbee_aps.cluster == 0x19", "zbee_nwk.src")}
    assert senders == {"0x0000", "0x1001", "0x1002", "0x1003", "0x1004"}


@first_of("shell", ["trio", "sim"])
def test_a_soak_is_recorded_whole_under_either_shell(tmp_path: Path, shell: str) -> None:
    capture = tmp_path / "soak.pcapng"
    size = ("--devices", 6, "--hours", 1, "--image-size", 600, "--seed", 1, "--shell", shell)
    assert zota("soak", *size, "--capture", capture, "--json").code == 0
    assert not malformed(capture)
    ends = fields(capture, "zbee_zcl_general.ota.cmd.srv_rx.id == 6", "zbee_nwk.src64")
    assert len({row[0] for row in ends}) >= 4  # load switches do not ask


def test_recording_a_soak_changes_nothing_about_it(tmp_path: Path) -> None:
    spec = ("soak", "--devices", 6, "--hours", 1, "--image-size", 600, "--seed", 1, "--json")
    plain = json.loads(zota(*spec).out)
    recorded = json.loads(zota(*spec, "--capture", tmp_path / "soak.pcapng").out)
    for told in (plain, recorded):  # with what and how fast it was made is not about the soak
        del told["made"], told["wall_seconds"], told["blocks_per_second"]
    assert plain == recorded


def test_a_damaged_air_is_recorded_as_it_was(tmp_path: Path) -> None:
    capture = tmp_path / "harsh.pcapng"
    spec = ("--devices", 8, "--hours", 2, "--image-size", 600, "--seed", 3, "--faults", "harsh")
    zota("soak", *spec, "--capture", capture, "--json")
    assert fields(capture, "zbee_nwk && wpan", "frame.number")
