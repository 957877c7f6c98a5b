"""Emulated homes by the names commands give them: rosters, and folders of keys."""

from pathlib import Path

import pytest
import trio

from emulators.devices.device import Device
from emulators.household import open_household
from ota_engine.cli.homes import read_home
from ota_engine.cli.key_folder import write_key_folder
from ota_engine.cli.links import resolve, utc_clock
from ota_engine.errors import LocalError
from ota_engine.gbcs.pki import make_pki
from tests.cli.firmware import image_file
from tests.cli.zota import zota
from tests.gbcs.parties import NOW, files, key_maker, pki_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_key_folder(tmp_path / "ki", pki_files())
    return tmp_path / "ki"


def test_without_keys_nobody_has_any() -> None:
    assert read_home(None, None).keys is None


def test_the_default_home_and_a_new_pki_fit(folder: Path) -> None:
    home = read_home(None, folder)
    assert home.keys is not None
    assert all(home.keys.signer(entry.spec.eui64) for entry in home.entries)


def test_a_roster_may_name_its_keys_from_where_it_lies(folder: Path) -> None:
    roster = folder.parent / "lab.toml"
    roster.write_text('keys = "ki"\n[[device]]\nkind = "esme"\n')
    assert read_home(roster, None).keys is not None


def test_a_link_names_the_folder_of_its_keys() -> None:
    assert resolve("sim://?keys=ki&speed=9").keys == Path("ki")
    with pytest.raises(LocalError, match="names no folder"):
        resolve("han://?keys=")


def test_keys_of_nobody_in_the_home_are_a_mistake(tmp_path: Path) -> None:
    keys = key_maker(5)
    write_key_folder(tmp_path / "ki", make_pki(NOW, lambda: next(keys), devices=()))
    with pytest.raises(LocalError, match="no private key of any device"):
        read_home(None, tmp_path / "ki")


def test_keys_without_those_a_device_should_trust_are_a_mistake(folder: Path) -> None:
    for name in files():
        if name.startswith("90b3d51f40000002"):
            (folder / name).unlink()
    result = zota(
        "push", image_file(folder.parent), "--all", "--link", f"sim://?keys={folder}",
        "--state", folder.parent / "state",
    )  # fmt: skip
    assert result.code != 0
    assert "no certificate of any access control broker" in result.err


@pytest.mark.parametrize("command", [("ncp", "--tcp", "127.0.0.1:0", "--keys")])
def test_a_folder_that_is_not_there_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    result = zota(*command, tmp_path / "nowhere")
    assert result.code != 0
    assert result.err.count("\n") == 1 and "nowhere" in result.err


def test_devices_with_keys_know_the_date_and_the_others_have_no_use_for_it(folder: Path) -> None:
    home = read_home(None, folder)

    async def look() -> dict[str, bool]:
        async with open_household(home.entries, keys=home.keys, utc=utc_clock()) as han:
            nodes = [station.node for station in han.network.stations.values()]
            return {
                node.spec.kind.value: node.security is not None and node.security.clock.is_set
                for node in nodes
                if isinstance(node, Device)
            }

    assert trio.run(look) == {
        "ppmid": True, "ihd": False, "hcalcs": True, "communications hub": True,
    }  # fmt: skip
