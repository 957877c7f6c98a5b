"""``zota gateway homes`` and ``emulate``: rosters made of a fleet, and what cannot be emulated, in one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from emulators.devices import kinds
from emulators.home.roster import RosterHub, parse_roster
from images.eui64 import Eui64
from ota_engine.cli.exits import Exit
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
    VersionSource,
)
from tests.cli.fleet import FleetFolder
from tests.cli.zota import zota

HUB, DISPLAY = Eui64(0x00DB_1234_0200_0001), Eui64(0x00DB_1234_0200_0002)
EMULATE = ("gateway", "emulate", "--head-end", "http://127.0.0.1:1")


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    fleet = FleetFolder(tmp_path, 1)
    home = Home("home-1", "North", "gw-1", HomeStatus.COMPLETE, "set-a", "supplier-1", "supplier-1")
    device = InstalledDevice(
        HUB,
        "home-1",
        "CHF",
        "hub-1",
        InventoryStatus.COMMISSIONED,
        0x0001_0000,
        VersionSource.DEVICE,
        0.0,
    )
    display = replace(device, device=DISPLAY, kind="PPMID", variant="ppmid-1", version=None)
    variant = Variant("ppmid-1", "PPMID", "Maker", "Display", "1")
    variant = replace(variant, manufacturer_code=0x10F2, image_type=0x0042)
    fleet.put(home, device, display, variant)
    return fleet


def test_a_roster_has_the_devices_and_versions_that_the_fleet_has(fleet: FleetFolder) -> None:
    homes = fleet.folder / "homes"
    ran = zota("gateway", "homes", "--state", fleet.state, "-o", homes)
    assert ran.code == Exit.OK, ran.err
    roster = parse_roster((homes / "gw-1.toml").read_text())
    assert roster.hub == RosterHub(HUB, 0x0001_0000)
    assert roster.keeps
    (entry,) = roster.entries
    assert (entry.spec.eui64, entry.spec.kind) == (DISPLAY, kinds.PPMID)
    assert (entry.spec.manufacturer_code, entry.spec.image_type) == (0x10F2, 0x0042)
    assert entry.spec.file_version == kinds.FACTORY_VERSION, "nobody said which it runs"


def test_a_gateway_with_several_homes_is_left_out_and_named(fleet: FleetFolder) -> None:
    fleet.put(Home("home-2", "North", "gw-1", HomeStatus.COMPLETE, "set-a"))
    homes = fleet.folder / "homes"
    ran = zota("gateway", "homes", "--state", fleet.state, "-o", homes)
    assert ran.code == Exit.OK
    assert "gw-1: has 2 homes" in ran.err
    assert not (homes / "gw-1.toml").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--names", "nobody*"), "has 0 homes for gateways called nobody*"),
        (("--count", "9"), "for gateways called *"),
        (("--codes", "codes"), "the code is none"),
    ],
)
def test_what_cannot_be_emulated_is_told_in_one_line(
    fleet: FleetFolder, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(fleet.folder)
    (fleet.folder / "codes").write_text("no code")
    (fleet.folder / "codes").chmod(0o600)
    zota("gateway", "homes", "--state", fleet.state, "-o", "homes")
    ran = zota(*EMULATE, "--homes", "homes", "--state", "gateways", *more)
    assert ran.code == Exit.ERRORS
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


def test_gateways_that_have_not_registered_and_have_no_code_end_and_say_so(
    fleet: FleetFolder,
) -> None:
    homes = fleet.folder / "homes"
    zota("gateway", "homes", "--state", fleet.state, "-o", homes)
    ran = zota(*EMULATE, "--homes", homes, "--names", "gw-1", "--state", fleet.folder / "gws")
    assert ran.code == Exit.ERRORS
    assert "has not registered" in ran.err
    assert "no gateway is let in any more" in ran.err
