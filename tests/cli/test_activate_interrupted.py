"""An order whose follower is stopped or killed goes on: nothing is ordered twice."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from emulators.devices import kinds
from emulators.devices.kinds import MANUFACTURER
from ota_engine.gbcs.pki import ORGANISATIONS
from ota_engine.times import Utc
from ota_engine.wording import utc_text
from tests.cli.zota import zota
from tests.tiers import first_of

HCALCS = "00-DB-12-34-00-00-00-03"
OURS = ("--originator", f"{ORGANISATIONS[0].eui64:016x}", "--timeout", "9h")
LATER = ("--hash", "ab" * 32, "--at", "+1h", "--wait", *OURS)


@contextmanager
def waiting(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """``zota activate`` in a process of its own, in real time, whose order was accepted."""
    assert zota("pki", "init", folder / "keys").code == 0
    with activating(folder, "accepted", *LATER) as process:
        yield process


@contextmanager
def activating(
    folder: Path, until: str, *words: str | Path, speed: int = 1
) -> Iterator["subprocess.Popen[str]"]:
    """``zota activate`` in a process of its own, which has told that its order stands so."""
    link = live(folder, speed)
    with subprocess.Popen(
        [sys.executable, "-m", "ota_engine", "activate", *words, *home(folder, link)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if f": {until}" in line:
                    break
            yield process
        finally:
            process.kill()


def live(folder: Path, speed: int = 1) -> str:
    """The home in real time, or as much faster."""
    return f"han://?speed={speed}&keys={folder / 'keys'}"


def home(folder: Path, link: str) -> list[str | Path]:
    """The options by which a command reaches the load switch."""
    keys = folder / "keys"
    return ["--link", link, "--state", folder / "state", "--keys", keys, "--device", HCALCS]


def orders(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        zota("orders", "list", "--state", folder / "state", "--json").out
    )
    return found


@first_of("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_the_printed_command_goes_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    with waiting(tmp_path) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert out == "order 1 is accepted\n"
    words = shlex.split(err.splitlines()[-1].partition("to go on: ")[2])
    typed = ["zota", "activate", *LATER, *home(tmp_path, live(tmp_path))]
    when = words[typed.index("+1h")]
    assert (
        utc_text(Utc(datetime.fromisoformat(when).timestamp())) == orders(tmp_path)[0]["execution"]
    )
    assert words == [when if word == "+1h" else str(word) for word in typed]
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


@first_of("last_seen", ["sent", "activated"])
def test_after_a_kill_at_its_end_the_same_command_ends_well_with_the_one_order(
    tmp_path: Path, last_seen: str
) -> None:
    assert zota("pki", "init", tmp_path / "keys").code == 0
    image, link = signed_image(tmp_path), f"sim://?keys={tmp_path / 'keys'}"
    assert zota("push", image, *home(tmp_path, link)).code == 0
    with activating(tmp_path, last_seen, "--image", image, speed=50) as process:
        process.kill()
        process.wait()
    again = zota("activate", "--image", image, *home(tmp_path, link))
    assert again.code == 0, again.err
    (order,) = orders(tmp_path)
    assert (order["state"], order["firmware_version"]) == ("activated", "0x01010000")
    if last_seen == "activated":
        assert "runs 0x01010000 already" in again.out


def signed_image(folder: Path) -> Path:
    """An image for the load switch, signed by its supplier."""
    (folder / "firmware.bin").write_bytes(bytes(range(250)))
    words = [
        "--manufacturer",
        f"0x{MANUFACTURER:04X}",
        "--type",
        f"0x{kinds.HCALCS.image_type:04X}",
    ]
    words += ["--version", "0x01010000", "--layout", "gb", "-o", str(folder / "image.ota")]
    key = folder / "keys" / f"{ORGANISATIONS[0].eui64:016x}-ds.key"
    built = zota("image", "build", folder / "firmware.bin", *words, "--sign-key", key)
    assert built.code == 0, built.err
    return folder / "image.ota"
