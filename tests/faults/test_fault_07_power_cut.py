"""Fault 7: a device loses power at every single flash write of an upgrade.

The flash on its own is looped over in tests/emulators/test_flash.py; here it is a whole device, the
emulated air and the real engine.
"""

import pytest

from emulators.platform.flash import SECTOR
from ota_engine.records import Activation, SessionState
from tests.emulators.dialogue import NEW, image, spec
from tests.emulators.street import Street

CONTENT = image(SECTOR + 1000)
LAST_BEFORE_RESTART = 8  # metadata, begin, two sectors with their metadata, verified, pending


def writes_of_an_upgrade() -> int:
    street = Street(spec())
    street.assign(CONTENT)
    street.power_on()
    street.run(120)
    (device,) = street.devices
    assert device.version == NEW
    return device.flash.writes


@pytest.mark.parametrize("page_mode", [False, True], ids=["blocks", "pages"])
@pytest.mark.parametrize("index", range(writes_of_an_upgrade()))
def test_it_resumes_and_ends_in_the_new_image(index: int, page_mode: bool) -> None:
    street = Street(spec(page_mode=page_mode))
    (device,) = street.devices
    device.flash.power_fails_at(index)
    street.assign(CONTENT)
    street.power_on()
    street.run(60)
    assert (device.crashes, device.powered) == (1, False)
    street.network.power_on(device.eui64, street.now)
    street.run(600)
    assert device.flash.running_content() == CONTENT
    assert street.states() == [SessionState.UPDATED]


@pytest.mark.parametrize("index", range(writes_of_an_upgrade()))
def test_it_asks_only_for_what_flash_has_not(index: int) -> None:
    street = Street(spec(block_size=64))
    (device,) = street.devices
    device.flash.power_fails_at(index)
    street.assign(CONTENT)
    street.power_on()
    street.run(60)
    durable = device.flash.metadata.download
    held = bool(device.flash.metadata.held) or device.version == NEW
    before = device.client.blocks
    street.network.power_on(device.eui64, street.now)
    street.run(600)
    missing = 0 if held else len(CONTENT) - (durable.offset if durable else 0)
    assert device.client.blocks - before <= missing // 50 + 2


@pytest.mark.parametrize("index", range(1, LAST_BEFORE_RESTART))
def test_an_image_that_is_held_back_is_never_run_by_a_power_cut(index: int) -> None:
    street = Street(spec())
    (device,) = street.devices
    device.flash.power_fails_at(index)
    street.assign(CONTENT, activation=Activation.WAIT)
    street.power_on()
    street.run(60)
    for _ in range(3):
        street.network.perform(device.eui64, device.crash(street.now), street.now)
        street.network.power_on(device.eui64, street.now)
        street.run(600)
    assert device.version != NEW
    assert street.states() == [SessionState.HELD]
