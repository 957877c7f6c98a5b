"""Emulated homes by the names commands give them: rosters, and folders of keys."""

from pathlib import Path

import pytest
import trio

from emulators.cli.homes import read_home, sole_use
from emulators.cli.links import read_options
from emulators.devices import kinds
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import MANUFACTURER
from emulators.home.live_home import open_home
from images import ImageSpec, build
from ota_engine.cli.key_folder import write_key_folder
from ota_engine.cli.links import resolve, utc_clock
from ota_engine.errors import LocalError
from ota_engine.gbcs.pki import make_pki
from tests.cli.firmware import image_file
from tests.cli.zota import zota
from tests.gbcs.parties import NOW, SUPPLIER, files, key_maker, pki_files


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
    assert read_options("sim://?keys=ki&speed=9").keys == Path("ki")
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
        async with open_home(home.entries, keys=home.keys, utc=utc_clock()) as han:
            nodes = [station.node for station in han.network.stations.values()]
            return {
                node.spec.kind.word: node.security is not None and node.security.clock.is_set
                for node in nodes
                if isinstance(node, EmulatedDevice)
            }

    assert trio.run(look) == {
        "ppmid": True, "ihd": False, "hcalcs": True, "communications hub": True,
    }  # fmt: skip


HCALCS = "00-DB-12-34-00-00-00-03"


def signed_file(folder: Path) -> Path:
    """An image for the load switch of the built-in home."""
    path = folder.parent / "hcalcs.ota"
    spec = ImageSpec(
        manufacturer_code=MANUFACTURER,
        image_type=kinds.HCALCS.image_type,
        file_version=0x0101_0000,
        layout="gb",
        sign_key=(folder / f"{SUPPLIER:016x}-ds.key").read_bytes(),
    )
    path.write_bytes(build(bytes(range(250)) * 4, spec))
    return path


def test_a_home_with_keys_goes_on_where_the_last_command_left_it(folder: Path) -> None:
    where = ("--link", f"sim://?keys={folder}", "--state", folder.parent / "state")
    image = signed_file(folder)
    pushed = zota("push", image, "--all", "--keys", folder, *where)
    assert pushed.code == 0, pushed.err
    ordered = zota("activate", "--device", HCALCS, "--image", image, "--keys", folder, *where)
    assert ordered.code == 0, ordered.err
    read = zota("version", "--device", HCALCS, "--keys", folder, *where)
    assert "0x01010000" in read.out


def test_a_home_without_keys_begins_anew_each_time(tmp_path: Path) -> None:
    where = ("--link", "sim://", "--state", tmp_path / "state")
    assert zota("push", image_file(tmp_path), "--all", *where).code == 0
    assert not (tmp_path / "state" / "emulated-home.json").exists()


def test_two_commands_do_not_live_in_one_home(folder: Path) -> None:
    state = folder.parent / "state"
    state.mkdir()
    where = ("--link", f"sim://?keys={folder}", "--state", state)
    with sole_use(state / "emulated-home.json"):
        result = zota("push", signed_file(folder), "--all", "--keys", folder, *where)
    assert result.code != 0
    assert "another command lives in this home" in result.err
    assert not (state / "emulated-home.json").exists()


def test_a_spoiled_memory_is_named(folder: Path) -> None:
    state = folder.parent / "state"
    state.mkdir()
    (state / "emulated-home.json").write_text("{}")
    where = ("--link", f"sim://?keys={folder}", "--state", state)
    result = zota("push", signed_file(folder), "--all", "--keys", folder, *where)
    assert result.code != 0
    assert "emulated-home.json" in result.err and "remove it" in result.err
