"""The gateway of emulated homes keeps every promise of the port, for each way of activation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from images.eui64 import Eui64
from ota_engine.gateway.conformance import GATEWAY_CHECKS, GatewayBench, GatewayCheck
from ota_engine.gateway.contract import FleetGateway
from ota_engine.gateway.homes import HomesGateway
from ota_engine.times import Utc
from tests.gateway.homes import (
    CH,
    FOR_HCALCS,
    FOR_HUB,
    FOR_PPMID,
    GATEWAY,
    HCALCS,
    NEW,
    PPMID,
    home,
)
from tests.gateway.users import USER, signed

IMAGE_OF = {PPMID: FOR_PPMID, HCALCS: FOR_HCALCS, CH: FOR_HUB}


@asynccontextmanager
async def bench(device: Eui64) -> AsyncIterator[GatewayBench]:
    lived = home()
    gateway = HomesGateway({"h1": lived})

    async def pass_time(seconds: float) -> None:
        lived.run(Utc(lived.utc + seconds))

    async def restart() -> FleetGateway:
        lived.kill()
        lived.start()
        return HomesGateway({"h1": lived})

    yield GatewayBench(
        gateway,
        GATEWAY,
        "h1",
        device,
        IMAGE_OF[device].sha256,
        NEW,
        device == HCALCS,
        pass_time,
        lambda: lived.utc,
        restart,
        USER,
        (lambda counter, at: signed(counter, at=at)) if device == HCALCS else None,
        device == CH,
    )


@pytest.mark.parametrize("device", IMAGE_OF, ids=["PPMID", "HCALCS", "hub"])
@pytest.mark.parametrize("check", GATEWAY_CHECKS, ids=lambda check: check.__name__)
async def test_a_gateway_of_emulated_homes_conforms(check: GatewayCheck, device: Eui64) -> None:
    async with bench(device) as at_hand:
        await check(at_hand)
