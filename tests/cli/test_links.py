"""Link URLs: what each names, and one line for each that names nothing."""

from pathlib import Path

import pytest

from emulators.cli.links import read_options
from ota_engine.cli.links import resolve
from ota_engine.errors import LocalError
from tests.cli.firmware import image_file
from tests.cli.zota import zota


def test_the_two_emulated_homes_differ_in_their_clock() -> None:
    assert resolve("sim://").virtual
    assert not resolve("han://").virtual


def test_options_of_a_home_name_its_roster_and_its_speed() -> None:
    options = read_options("han://?devices=lab.toml&speed=50")
    assert (options.devices, options.keys, options.speed) == (Path("lab.toml"), None, 50.0)
    assert resolve("han://?speed=50").speed == 50.0


@pytest.mark.parametrize(
    "url",
    [
        "ezsp:///dev/ttyACM0",
        "ezsp:///dev/ttyACM0?baudrate=460800",
        "ezsp+tcp://127.0.0.1:7338",
        "znp:///dev/ttyUSB0",
        "deconz:///dev/ttyACM0",
        "xbee:///dev/ttyUSB0",
        "zigate:///dev/ttyUSB0",
    ],
)
def test_radios_are_taken_by_their_scheme(url: str) -> None:
    assert resolve(url).url == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no such kind of link"),
        ("/dev/ttyACM0", "no such kind of link"),
        ("zigbee://x", "no such kind of link"),
        ("ezsp+udp://127.0.0.1:1", "no such kind of link"),
        ("ezsp://", "names no port"),
        ("han://kitchen", "has no address"),
        ("sim://?speed=fast", "speed=fast"),
        ("sim://?speed=0", "speed=0"),
        ("sim://?speed=nan", "speed=nan"),
        ("sim://?devices=", "names no file"),
        ("sim://?colour=red", "unknown option colour"),
    ],
)
def test_what_is_no_link_is_told_in_one_line(url: str, says: str) -> None:
    with pytest.raises(LocalError, match=says) as caught:
        resolve(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (None, 3, "No such file"),
        (b"\xff\xfe", 2, "is not text"),
        (b"[[device]]\nkind = 'toaster'\n", 2, "toaster"),
        (b"nothing", 2, "TOML"),
    ],
)
def test_a_roster_that_is_none_is_told_in_one_line(
    tmp_path: Path, content: bytes | None, code: int, says: str
) -> None:
    roster = tmp_path / "devices.toml"
    if content is not None:
        roster.write_bytes(content)
    link = f"sim://?devices={roster}"
    result = zota("push", image_file(tmp_path), "--link", link, "--state", tmp_path / "s", "--all")
    assert result.code == code
    assert says in result.err
    assert str(roster) in result.err
    assert len(result.err.splitlines()) == 1
