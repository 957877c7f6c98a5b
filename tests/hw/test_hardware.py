"""The same on silicon: run by name with ``-m hw`` and a dongle named by ZOTA_HW_LINK.

ZOTA_HW_STATE is the folder that knows its network (zota-state by default), ZOTA_HW_DEVICE a device
in it that never sleeps, ZOTA_HW_IMAGE an image for that device. No network is formed or left.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from hw.diagnosis import examine
from hw.radio import ZigpyRadio
from hw.settings import RadioSettings, parse_link
from images.eui64 import Eui64, parse_eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import LinkUp
from ota_engine.link.conformance import CHECKS, Bench, Check
from ota_engine.times import Utc
from tests.hw.home import engine, until_updated

LINK = os.environ.get("ZOTA_HW_LINK", "")
STATE = Path(os.environ.get("ZOTA_HW_STATE", "zota-state"))
DEVICE = os.environ.get("ZOTA_HW_DEVICE", "")
IMAGE = os.environ.get("ZOTA_HW_IMAGE", "")

pytestmark = [
    pytest.mark.hw,
    pytest.mark.skipif(not LINK, reason="set ZOTA_HW_LINK to a dongle, e.g. ezsp:///dev/ttyACM0"),
]
needs_device = pytest.mark.skipif(not DEVICE, reason="set ZOTA_HW_DEVICE to an EUI-64")
needs_image = pytest.mark.skipif(not IMAGE, reason="set ZOTA_HW_IMAGE to a file for the device")


@pytest.fixture
def settings() -> RadioSettings:
    return parse_link(LINK, STATE)


@pytest.fixture
def device() -> Eui64:
    return parse_eui64(DEVICE)


async def test_the_doctor_finds_it_fit(settings: RadioSettings) -> None:
    diagnosis = await examine(settings)
    assert diagnosis.healthy, diagnosis.findings


async def test_it_comes_up_twice_in_a_row_with_the_same_network(settings: RadioSettings) -> None:
    async with ZigpyRadio(settings) as radio:
        first = radio.facts
    async with ZigpyRadio(settings) as radio:
        assert radio.facts == first


@needs_device
@pytest.mark.parametrize("check", CHECKS)
async def test_it_keeps_every_promise_of_a_link(
    check: Check, settings: RadioSettings, device: Eui64
) -> None:
    @asynccontextmanager
    async def bench() -> AsyncIterator[Bench]:
        yield Bench(ZigpyRadio(settings), device)

    await check(bench)


@needs_device
async def test_the_device_is_known(settings: RadioSettings, device: Eui64) -> None:
    async with ZigpyRadio(settings) as radio:
        (up,) = await radio.events.receive()
        assert isinstance(up, LinkUp)
        assert device in radio.nodes


@needs_device
@needs_image
async def test_the_device_ends_up_running_the_image(
    settings: RadioSettings, device: Eui64, tmp_path: Path
) -> None:
    data = await trio.Path(IMAGE).read_bytes()
    file = image_record(data, IMAGE, Utc(0.0))
    async with ZigpyRadio(settings) as radio, engine(radio, tmp_path, file, [device]) as shell:
        await until_updated(shell, patience=4 * 3600.0)
