"""Users' orders over real bellows on the virtual dongle: passed on by a gateway, answered by the device."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gateway.contract import FleetGateway
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.payloads import CommandAccepted, FutureDatedOutcome, read_payload
from ota_engine.gbcs.protection import authenticate
from ota_engine.shell.gateway import open_gateway
from tests.gateway import users
from tests.gbcs.parties import everyone
from tests.hw.home import PATIENCE
from tests.hw.test_bellows_orders import Bench, bench, later
from tests.shell.activation import HCALCS, NEW, OLD, signed

pytestmark = pytest.mark.dongle


@asynccontextmanager
async def gateway_on(lab: Bench) -> AsyncIterator[FleetGateway]:
    async with lab.setup() as setup, open_gateway(setup, "h1", lambda _: None) as gateway:
        yield gateway


async def said(gateway: FleetGateway, campaign: str, word: HubWord) -> HubOutcome:
    """Wait until a word is said of an order."""
    with trio.fail_after(PATIENCE):
        while True:
            for one in await gateway.outcomes():
                if (one.campaign, one.word) == (campaign, word):
                    return one
            await trio.sleep(0.1)


async def test_a_user_asks_and_commands_a_load_switch_and_hears_its_own_messages(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as lab:
        lab.hold()
        async with gateway_on(lab) as gateway:
            await gateway.give([users.read("1", 7, HCALCS)])
            assert (await said(gateway, "sr/1", HubWord.ANSWERED)).version == OLD
            octets = users.signed(1000, image=signed(), device=HCALCS)
            await gateway.give([users.command("2", octets, HCALCS)])
            answered = await said(gateway, "sr/2", HubWord.ANSWERED)
            used = users.signed(1000, image=signed(), device=HCALCS, at=later())
            await gateway.give([users.command("3", used, HCALCS)])
            refused = await said(gateway, "sr/3", HubWord.REFUSED)
        assert answered.version == lab.dongle.version(HCALCS) == NEW
        authenticate(parse(answered.message), everyone())
        assert "another command" in refused.reason


async def test_a_command_for_later_outlives_its_gateway_and_alerts_at_its_time(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as lab:
        lab.hold()
        at = later()
        octets = users.signed(1000, image=signed(), device=HCALCS, at=at)
        async with gateway_on(lab) as gateway:
            await gateway.give([users.command("1", octets, HCALCS)])
            answered = await said(gateway, "sr/1", HubWord.ANSWERED)
        assert read_payload(parse(answered.message)) == CommandAccepted()
        async with gateway_on(lab) as gateway:
            lab.let_it_be(at)
            alert = await said(gateway, "sr/1", HubWord.ALERT)
        assert isinstance(read_payload(parse(alert.message)), FutureDatedOutcome)
        assert alert.version == lab.dongle.version(HCALCS) == NEW
