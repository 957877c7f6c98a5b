"""A gateway on a link, under trio: it keeps the promises of the port, and pushes as ``zota push`` does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

import pytest
import trio
from trio.testing import MockClock

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.home.han import Han
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import LinkEvent, Packet, Send
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.conformance import GATEWAY_CHECKS, GatewayBench, GatewayCheck
from ota_engine.gateway.contract import FleetGateway
from ota_engine.gbcs.envelope import parse
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.push.verdict import PushStanding
from ota_engine.records import Activation, OutcomeRecord
from ota_engine.shell.activate import ActivationRequest, activate
from ota_engine.shell.gateway import BOOK_NAME, GatewayBook, open_gateway
from ota_engine.shell.push import PushRequest, push
from ota_engine.shell.service import Setup
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.times import Monotonic, Utc
from tests.gateway import users
from tests.gateway.homes import (
    BEGIN,
    FOR_HCALCS,
    FOR_PPMID,
    GATEWAY,
    HCALCS,
    IMAGES,
    NEW,
    PPMID,
    device,
)
from tests.gbcs.parties import BROKER, CHF, SUPPLIER, everyone

IMAGE_OF: Final = {PPMID: FOR_PPMID, HCALCS: FOR_HCALCS}
HOUR: Final = 3600.0
Frame = tuple[str, Eui64, int, bytes]


def utc() -> Utc:
    return Utc(BEGIN + trio.current_time())


class Radio:
    """A home with a PPMID and an HCALCS on the air, whose frames are all written down."""

    def __init__(self, state: Path) -> None:
        self.state = state
        state.mkdir(exist_ok=True)
        self.network = Network(Random(4))
        self.frames: list[Frame] = []
        assembly = DeviceAssembly(everyone())
        for kind, eui64 in ((kinds.PPMID, PPMID), (kinds.HCALCS, HCALCS)):
            node = assembly.build(device(kind, eui64))
            node.set_clock(BEGIN, 0.0)
            self.network.add(node)
        self.network.listen(self._heard, self._sent)

    def _heard(self, event: LinkEvent) -> None:
        if isinstance(event, Packet):
            self.frames.append(("up", event.source, event.cluster, event.payload))

    def _sent(self, send: Send, _: Monotonic) -> None:
        self.frames.append(("down", send.destination, send.cluster, send.payload))

    @asynccontextmanager
    async def setup(self, *, virtual: bool = True) -> AsyncIterator[Setup]:
        security = Security(everyone(), Eui64(CHF), Eui64(SUPPLIER), Eui64(BROKER))
        async with Han(self.network) as han:
            for eui64, station in self.network.stations.items():
                if not station.online:
                    han.power_on(eui64)
            yield Setup(han, self.state, utc, virtual, DeliveryConfig(), security)

    @asynccontextmanager
    async def gateway(self, *, virtual: bool = True) -> AsyncIterator[FleetGateway]:
        async with (
            self.setup(virtual=virtual) as setup,
            open_gateway(setup, "h1", IMAGES.get) as found,
        ):
            yield found

    def outcomes(self) -> tuple[OutcomeRecord, ...]:
        with Store.inspect(self.state / DATABASE_NAME) as store:
            return store.outcomes()


def told(verb: Verb, number: int, eui64: Eui64) -> Instruction:
    image = IMAGE_OF[eui64]
    return Instruction(
        f"c/h1/{number}",
        GATEWAY,
        "c",
        1,
        "h1",
        eui64,
        verb,
        image.sha256,
        NEW,
        number=number,
        commanded=eui64 == HCALCS,
    )


async def until(gateway: FleetGateway, word: HubWord) -> None:
    with trio.fail_after(4 * HOUR):
        while word not in [one.word for one in await gateway.outcomes()]:  # noqa: ASYNC110 - the port is asked
            await trio.sleep(0.5)


def unseen(now: float, standings: Sequence[PushStanding], down: str | None) -> None:
    """Nobody looks on."""


# --- the port ------------------------------------------------------------------------------------


@pytest.mark.parametrize("eui64", IMAGE_OF, ids=["PPMID", "HCALCS"])
@pytest.mark.parametrize(
    "check",
    [check for check in GATEWAY_CHECKS if check.__name__ != "check_unknown_home"],
    ids=lambda check: check.__name__,
)
async def test_a_gateway_on_a_link_conforms(
    tmp_path: Path, check: GatewayCheck, eui64: Eui64, autojump_clock: MockClock
) -> None:
    radio = Radio(tmp_path)
    async with AsyncExitStack() as lives:
        life = await lives.enter_async_context(AsyncExitStack())

        async def start() -> FleetGateway:
            await life.aclose()
            return await life.enter_async_context(radio.gateway())

        await check(
            GatewayBench(
                await start(),
                GATEWAY,
                "h1",
                eui64,
                IMAGE_OF[eui64].sha256,
                NEW,
                eui64 == HCALCS,
                trio.sleep,
                utc,
                start,
                users.USER,
                (lambda counter, at: users.signed(counter, at=at)) if eui64 == HCALCS else None,
            )
        )


async def test_a_gateway_on_a_link_passes_on_what_a_user_has_signed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    radio = Radio(tmp_path)
    async with radio.gateway() as gateway:
        await gateway.give([users.deliver("1"), users.read("2", 4711)])
        await until(gateway, HubWord.ANSWERED)
        await until(gateway, HubWord.TRANSFERRED)
        await gateway.give([users.command("3", users.signed(1000))])
        with trio.fail_after(4 * HOUR):
            while len(await answers(gateway)) < 2:  # noqa: ASYNC110 - the port is asked
                await trio.sleep(0.5)
        found = {one.campaign: one for one in await answers(gateway)}
    assert found["sr/2"].version != NEW
    assert found["sr/3"].version == NEW
    assert all(parse(one.message).originator == HCALCS for one in found.values())


async def answers(gateway: FleetGateway) -> list[HubOutcome]:
    return [one for one in await gateway.outcomes() if one.word is HubWord.ANSWERED]


async def test_a_gateway_in_real_time_remembers_what_it_said_when_it_is_opened_again(
    tmp_path: Path,
) -> None:
    radio = Radio(tmp_path)
    async with radio.gateway(virtual=False) as gateway:
        await gateway.give([told(Verb.ASSIGN, 1, PPMID)])
        await until(gateway, HubWord.TRANSFERRED)
        said = await gateway.outcomes()
    async with radio.gateway(virtual=False) as gateway:
        assert (await gateway.outcomes())[: len(said)] == said
        await gateway.settle([one.key for one in said])
    async with radio.gateway(virtual=False) as gateway:
        assert not {one.key for one in await gateway.outcomes()} & {one.key for one in said}


def test_a_book_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / BOOK_NAME
    path.write_text('{"key":"errand/c/h1","row":{"state":"nowhere"}}\n')
    with pytest.raises(LocalError, match=r"line 1 of the gateway's book cannot be read"):
        GatewayBook(path)


# --- the same push -------------------------------------------------------------------------------


@pytest.mark.parametrize("eui64", IMAGE_OF, ids=["PPMID", "HCALCS"])
async def test_zota_push_and_a_campaign_exchange_the_same_frames_and_outcomes(
    tmp_path: Path, eui64: Eui64, autojump_clock: MockClock
) -> None:
    by_hand, by_fleet = Radio(tmp_path / "hand"), Radio(tmp_path / "fleet")
    request = PushRequest((IMAGE_OF[eui64],), (eui64,), activation=Activation.WAIT)
    async with by_hand.setup() as setup:
        await push(setup, request, unseen)
    async with by_fleet.gateway() as gateway:
        await gateway.give([told(Verb.ASSIGN, 1, eui64)])
        await until(gateway, HubWord.TRANSFERRED)
    assert len(by_hand.frames) > 20
    assert by_fleet.frames[: len(by_hand.frames)] == by_hand.frames
    said = [(one.kind, one.verdict, one.sha256, one.reason) for one in by_hand.outcomes()]
    assert [(one.kind, one.verdict, one.sha256, one.reason) for one in by_fleet.outcomes()] == said


async def test_zota_activate_and_a_campaign_end_with_the_same_outcomes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    by_hand, by_fleet = Radio(tmp_path / "hand"), Radio(tmp_path / "fleet")
    request = PushRequest((FOR_HCALCS,), (HCALCS,), activation=Activation.WAIT)
    digest = bytes.fromhex(FOR_HCALCS.manufacturer_image_hash)
    async with by_hand.setup() as setup:
        await push(setup, request, unseen)
    async with by_hand.setup() as setup:
        await activate(setup, ActivationRequest(HCALCS, digest, FOR_HCALCS), lambda _: None)
    async with by_fleet.gateway() as gateway:
        await gateway.give([told(Verb.ASSIGN, 1, HCALCS)])
        await until(gateway, HubWord.TRANSFERRED)
        await gateway.give([told(Verb.ACTIVATE, 2, HCALCS)])
        await until(gateway, HubWord.ACTIVATED)
    both = [
        {(one.kind, one.verdict, one.version_after) for one in radio.outcomes()}
        for radio in (by_hand, by_fleet)
    ]
    assert both[0] == both[1]
