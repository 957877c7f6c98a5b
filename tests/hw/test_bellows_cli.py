"""zota radio and zota doctor on the virtual dongle, as a person would use them."""

import json
from pathlib import Path

import pytest
import trio

from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit
from tests.cli.firmware import image_file
from tests.cli.zota import Ran, zota
from tests.hw.dongle import VirtualDongle, virtual_dongle
from tests.hw.home import FIRST, device

pytestmark = pytest.mark.dongle

ONE = format_eui64(FIRST)
WHILE = "5"  # seconds for a device to join, which takes a fraction of one


async def run(dongle: VirtualDongle, folder: Path, *arguments: str) -> Ran:
    """Run ``zota radio`` with these arguments, in a thread beside the dongle."""
    link, state = dongle.settings.url, str(folder)
    return await trio.to_thread.run_sync(
        lambda: zota("radio", *arguments, "--link", link, "--state", state)
    )


async def doctor(dongle: VirtualDongle, *options: str) -> Ran:
    link = dongle.settings.url
    return await trio.to_thread.run_sync(lambda: zota("doctor", "--link", link, *options))


async def test_from_the_box_to_the_first_device_and_back(tmp_path: Path) -> None:
    state = tmp_path / "lab"
    async with virtual_dongle(device(), folder=tmp_path) as dongle:
        ill = await doctor(dongle)
        assert ill.code == Exit.ERRORS
        assert "run: zota radio form" in ill.out
        formed = await run(dongle, state, "form", "--channel", "25")
        assert formed.code == Exit.OK, formed.err
        assert "channel 25" in formed.out
        permitted = await run(dongle, state, "permit", "--seconds", WHILE)
        assert f"{ONE} is 0x1001" in permitted.out
        assert "1 device joined" in permitted.out
        listed = await trio.to_thread.run_sync(lambda: zota("radio", "devices", "--state", state))
        assert f"{ONE}  0x1001  zota quick display  takes images" in listed.out
        dismissed = await run(dongle, state, "leave", "--device", ONE)
        assert dismissed.code == Exit.OK, dismissed.err
        assert "no devices yet" in (await run(dongle, state, "devices")).out
        left = await run(dongle, state, "leave", "--force")
        assert left.code == Exit.OK, left.err
        assert "no network is formed" in (await run(dongle, state, "info")).err


async def test_everything_is_also_said_in_json(tmp_path: Path) -> None:
    state = tmp_path / "lab"
    async with virtual_dongle(device(), folder=tmp_path) as dongle:
        formed = json.loads((await run(dongle, state, "form", "--json")).out)
        assert json.loads((await run(dongle, state, "info", "--json")).out) == formed
        assert (formed["channel"], formed["max_payload"]) == (15, 82)
        joined = json.loads((await run(dongle, state, "permit", "--seconds", WHILE, "--json")).out)
        assert joined == {"joined": [{"device": ONE, "address": 0x1001}]}
        (row,) = json.loads((await run(dongle, state, "devices", "--json")).out)["devices"]
        assert (row["eui64"], row["ota_client"], row["sleepy"]) == (ONE, True, False)
        healthy = await doctor(dongle, "--json", "--report", str(tmp_path / "report.json"))
        report = json.loads(healthy.out)
        assert healthy.code == Exit.OK
        assert report["healthy"]
        assert report["radio"] == formed
        written = json.loads(await trio.Path(tmp_path / "report.json").read_text())
        assert report.items() <= written.items()
        assert "key" not in json.dumps(written).lower()


async def test_a_network_is_replaced_only_when_told(tmp_path: Path) -> None:
    async with virtual_dongle(device(), folder=tmp_path) as dongle:
        await run(dongle, tmp_path, "form")
        again = await run(dongle, tmp_path, "form")
        assert again.code == Exit.ERRORS
        assert "--force replaces it" in again.err
        assert (await run(dongle, tmp_path, "form", "--force")).code == Exit.OK
        assert await trio.Path(tmp_path / "network.db.old").exists()


async def test_a_folder_serves_the_network_it_has_served_and_says_of_another_which_and_since_when(
    tmp_path: Path,
) -> None:
    """Two dongles, each with a network of its own; somebody plugs the wrong one in."""
    (home := tmp_path / "home").mkdir()
    (guest := tmp_path / "guest").mkdir()
    image = image_file(tmp_path)
    async with (
        virtual_dongle(device(), folder=home) as ours,
        virtual_dongle(device(), folder=guest) as other,
    ):
        formed = json.loads((await run(ours, home, "form", "--json")).out)
        stranger = json.loads((await run(other, guest, "form", "--json")).out)
        lost = [await run(other, home, "info"), await push(other, home, image)]
        for ran in lost:
            assert ran.code == Exit.UNREADABLE
            assert ran.err.count("\n") == 1
            assert f"the radio has network PAN {stranger['pan_id']:04X}" in ran.err
            assert f"has served PAN {formed['pan_id']:04X} ({formed['extended_pan_id']})" in ran.err
            assert f"coordinator {formed['eui64']} since 20" in ran.err
            assert "plug in that radio, or give this network a --state of its own" in ran.err
        assert (await run(other, guest, "info")).code == Exit.OK
        assert (await run(ours, home, "info")).code == Exit.OK
        assert (await run(ours, home, "leave", "--force")).code == Exit.OK
        again = await run(ours, home, "form")
        assert again.code == Exit.OK, again.err


async def push(dongle: VirtualDongle, folder: Path, image: Path) -> Ran:
    where = ("--link", dongle.settings.url, "--state", folder)
    return await trio.to_thread.run_sync(lambda: zota("push", image, "--all", *where))
