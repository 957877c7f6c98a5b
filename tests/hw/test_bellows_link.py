"""Every promise of a Link, kept by real bellows on the virtual dongle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from emulators.ncp.faults import DongleFaultKind
from hw.radio import ZigpyRadio
from images.eui64 import Eui64
from ota_engine.events import SMART_ENERGY
from ota_engine.link.conformance import CHECKS, Bench, Check
from ota_engine.link.contract import ClientEndpoint
from tests.hw.dongle import home
from tests.hw.home import FIRST, device

pytestmark = pytest.mark.dongle

AWAY = 0.3  # seconds for which the dongle is unplugged


@pytest.mark.parametrize("check", CHECKS)
async def test_a_real_radio_keeps_every_promise(check: Check, tmp_path: Path) -> None:
    @asynccontextmanager
    async def bench() -> AsyncIterator[Bench]:
        async with home(device(), folder=tmp_path) as dongle:

            async def prompt() -> None:
                dongle.power_on(Eui64(FIRST))

            async def unplug() -> None:
                dongle.fail(DongleFaultKind.UNPLUG, seconds=AWAY)

            radio = ZigpyRadio(dongle.settings)
            yield Bench(
                radio,
                Eui64(FIRST),
                clients=(ClientEndpoint(1, SMART_ENERGY),),
                prompt=prompt,
                unplug=unplug,
                plug_in=trio.lowlevel.checkpoint,
            )

    await check(bench)
