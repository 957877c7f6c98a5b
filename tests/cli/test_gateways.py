"""Gateways that a command names: what each is, one line for each that is none, and one that runs."""

import hashlib
from pathlib import Path
from random import Random

import pytest
import trio

from images import ImageSpec, build
from ota_engine.cli.gateways import (
    image_finder,
    open_gateways_of,
    read_gateway,
    read_gateways,
)
from ota_engine.errors import LocalError
from ota_engine.fleet.port import HubWord
from tests.gateway import users
from tests.gateway.homes import HCALCS
from tests.gbcs.parties import files


def test_a_gateway_is_named_with_its_link_and_what_it_needs() -> None:
    choice = read_gateway(
        "gw-1=ezsp:///dev/ttyACM0,keys=/k/a,b,home=h1,images=cat/images,unanswered=60"
    )
    assert (choice.name, choice.link.url) == ("gw-1", "ezsp:///dev/ttyACM0")
    assert (choice.keys, choice.home) == (Path("/k/a,b"), "h1")
    assert (choice.images, choice.unanswered_s) == (Path("cat/images"), 60.0)
    bare = read_gateway("gw=han://?devices=a.toml&keys=k")
    assert (bare.link.url, bare.keys, bare.home) == ("han://?devices=a.toml&keys=k", None, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("han://", "names no gateway"),
        ("=han://", "names no gateway"),
        ("../gw=han://", "names no gateway"),
        ("gw=", "no such kind of link"),
        ("gw=han://,keys=", "keys= names nothing"),
        ("gw=han://,unanswered=soon", "unanswered=soon"),
        ("gw=han://,unanswered=nan", "unanswered=nan"),
        ("gw=sim://", "in real time"),
        ("gw=han://?speed=50", "in real time"),
    ],
)
def test_what_is_no_gateway_is_told_in_one_line(text: str, says: str) -> None:
    with pytest.raises(LocalError, match=says) as caught:
        read_gateway(text)
    assert "\n" not in str(caught.value)


def test_two_gateways_of_one_name_are_refused() -> None:
    with pytest.raises(LocalError, match="two gateways"):
        read_gateways(["gw=han://", "gw=han://"])


def test_an_image_is_found_by_its_octets_and_by_nothing_else(tmp_path: Path) -> None:
    made = build(
        Random(1).randbytes(500),
        ImageSpec(manufacturer_code=0x121D, image_type=0x84, file_version=2),
    )
    name = hashlib.sha256(made).hexdigest()
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    find = image_finder([first, second])
    assert find(name) is None
    (first / name).write_bytes(b"damaged")
    (second / name).write_bytes(made)
    found = find(name)
    assert found is not None
    assert (found.sha256, found.file_version) == (name, 2)
    assert find(f"../second/{name}") is None
    other = hashlib.sha256(b"no image").hexdigest()
    (first / other).write_bytes(b"no image")
    assert find(other) is None


async def test_a_gateway_on_a_link_of_a_command_answers_a_user(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for name, octets in files().items():
        (keys / name).write_bytes(octets)
        (keys / name).chmod(0o600)
    roster = tmp_path / "home.toml"
    roster.write_text(f'[[device]]\nkind = "hcalcs"\neui64 = "{HCALCS:016x}"\n')
    choice = read_gateway(f"gw=han://?devices={roster}&keys={keys},keys={keys}")
    state = tmp_path / "state"
    async with open_gateways_of([choice], ["h1"], state, tmp_path / "images") as gateways:
        gateway = gateways["gw"]
        await gateway.give([users.read("1", 7), users.command("2", users.signed(1, at=1.0e9))])
        with trio.fail_after(60):
            while len(await gateway.outcomes()) < 2:  # noqa: ASYNC110 - the port is asked
                await trio.sleep(0.05)
        words = {one.campaign: one.word for one in await gateway.outcomes()}
    assert words == {"sr/1": HubWord.ANSWERED, "sr/2": HubWord.REFUSED}
    assert (state / "gateways" / "gw").is_dir()
