"""The gateway of emulated homes keeps every promise of the port, for each way of activation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ota_engine.gateway.conformance import GATEWAY_CHECKS, GatewayBench, GatewayCheck
from ota_engine.gateway.contract import FleetGateway
from ota_engine.gateway.homes import HomesGateway
from ota_engine.times import Utc
from tests.gateway.homes import FOR_HCALCS, FOR_PPMID, GATEWAY, HCALCS, NEW, PPMID, home


@asynccontextmanager
async def bench(commanded: bool) -> AsyncIterator[GatewayBench]:
    lived = home()
    gateway = HomesGateway({"h1": lived})

    async def pass_time(seconds: float) -> None:
        lived.run(Utc(lived.utc + seconds))

    async def restart() -> FleetGateway:
        lived.kill()
        lived.start()
        return HomesGateway({"h1": lived})

    device, image = (HCALCS, FOR_HCALCS) if commanded else (PPMID, FOR_PPMID)
    yield GatewayBench(
        gateway,
        GATEWAY,
        "h1",
        device,
        image.sha256,
        NEW,
        commanded,
        pass_time,
        lambda: lived.utc,
        restart,
    )


@pytest.mark.parametrize("commanded", [False, True], ids=["PPMID", "HCALCS"])
@pytest.mark.parametrize("check", GATEWAY_CHECKS, ids=lambda check: check.__name__)
async def test_a_gateway_of_emulated_homes_conforms(check: GatewayCheck, commanded: bool) -> None:
    async with bench(commanded) as at_hand:
        await check(at_hand)
