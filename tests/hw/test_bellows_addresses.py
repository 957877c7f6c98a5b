"""Real bellows on the virtual dongle: devices with the addresses that are found in the field."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from emulators.home.roster import RosterEntry, parse_roster
from hw.radio import ZigpyRadio
from images import ImageSpec, build
from ota_engine.catalogue.intake import image_record
from ota_engine.events import HOME_AUTOMATION
from ota_engine.link.contract import ClientEndpoint
from ota_engine.times import Utc
from tests.hw.dongle import home
from tests.hw.home import QUICK, engine, until_updated

pytestmark = pytest.mark.dongle

LIGHT = """
[[device]]
manufacturer = 0x1286
image_type = 0x0001
version = 0x00000100
profile = 0xC05E
server_endpoint = 1
endpoint = 11
"""
SWITCH = """
[[device]]
manufacturer = 0x1286
image_type = 0x0001
version = 0x00000100
profile = 0x0104
server_endpoint = 47
"""
SPEC = ImageSpec(manufacturer_code=0x1286, image_type=0x0001, file_version=0x0101)
FILE = image_record(build(Random(1).randbytes(1000), SPEC), "test", Utc(0.0))


def living(text: str) -> RosterEntry:
    """The device of a devices file, quick about everything."""
    (entry,) = parse_roster(text).entries
    return entry._replace(spec=replace(entry.spec, timers=QUICK))


async def delivered(entry: RosterEntry, folder: Path, endpoints: tuple[int, ...] = ()) -> int:
    """Deliver the file to a device by zota's own engine; returns what it runs in the end."""
    device = entry.spec.eui64
    async with home(entry, folder=folder) as dongle:
        settings = replace(dongle.settings, endpoints=endpoints)
        async with ZigpyRadio(settings) as radio, engine(radio, folder, FILE, (device,)) as shell:
            expected = ClientEndpoint(entry.spec.endpoint, HOME_AUTOMATION)
            assert radio.nodes[device].clients == (expected,)
            dongle.power_on(device)
            await until_updated(shell)
        return dongle.version(device)


async def test_a_light_that_names_light_link_is_spoken_to_on_home_automation(
    tmp_path: Path,
) -> None:
    assert await delivered(living(LIGHT), tmp_path) == FILE.file_version


async def test_a_switch_that_calls_endpoint_47_is_served_there(tmp_path: Path) -> None:
    assert await delivered(living(SWITCH), tmp_path) == FILE.file_version


async def test_an_endpoint_named_by_the_link_is_served_as_well(tmp_path: Path) -> None:
    switch = living(SWITCH.replace("47", "13"))
    assert await delivered(switch, tmp_path, (13,)) == FILE.file_version
