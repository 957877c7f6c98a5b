"""Gateways that lie, and what is behind them that must not suffer from it."""

import threading
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import trio
from prometheus_client import CollectorRegistry
from trio.testing import MockClock

from images.eui64 import Eui64
from ota_engine.fleet.gateways.acts import ForceHomes, MoveHomes, RevokeGateway
from ota_engine.fleet.gateways.rows import AlertCause, HomeCounter
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.port import HubWord, Instruction, InstructionState
from ota_engine.gateway.wire import MOST_COUNTER, MOST_HOMES, MOST_MESSAGE
from ota_engine.head_end.gateways.connections import Connections, GatewayStream
from ota_engine.head_end.gateways.door import MOST_EACH as MOST_CALLS
from ota_engine.head_end.gateways.figures import GatewayFigures
from ota_engine.head_end.gateways.image_answers import (
    MOST_EACH,
    PIECE,
    PIECE_S,
    ImageAnswers,
)
from ota_engine.head_end.gateways.refusals import GatewayRefused
from ota_engine.head_end.questions.alerts import Alert, AlertKind, AlertList, AskAlerts
from ota_engine.head_end.questions.asking import LOCAL, View
from ota_engine.head_end.questions.catalogue import ask
from tests.head_end.gateways.caller import HeadEndRefusedError
from tests.head_end.gateways.lab import Caller, GatewayLab

ORIGINATOR = Eui64(0x00DB000000000001)


@pytest.mark.parametrize("counter", [MOST_COUNTER, 1 << 62])
async def test_a_gateway_that_uses_up_a_counter_by_its_word_alone_ruins_no_home_for_the_next_one(
    lab: GatewayLab, counter: int
) -> None:
    async with lab.door() as door, door.gateway() as liar, door.gateway("gw2") as next_one:
        await liar.tell(counters={"h1": {ORIGINATOR: 500}})
        await liar.tell(counters={"h1": {ORIGINATOR: counter}})
        lab.town.decide("olive", ForceHomes("gw2", ("h1",)))
        lab.town.desk.wake(lab.town.utc)
        async with next_one.stream() as (hello, _):
            (given,) = hello.homes
            assert given.home == "h1"
            assert 500 < given.counters[ORIGINATOR] < 1 << 62
    assert [alert.cause for alert in lab.alerts()] == [AlertCause.COUNTER_AHEAD]
    assert lab.town.row(HomeCounter).highest < 1 << 62


async def test_an_instruction_that_comes_in_the_place_of_another_is_told_too(
    lab: GatewayLab,
) -> None:
    lab.begin()
    async with lab.door() as door, door.gateway() as one, one.stream() as (_, stream):
        told = [await stream.until(Instruction) for _ in range(2)]
        gone, stays = told
        assert gone.home != stays.home
        other = replace(lab.town.row(Instruction, key=gone.key), key=f"{gone.key}/new")
        lab.town.decide("olive", MoveHomes("gw2", (gone.home,)))
        with trio.fail_after(60):
            await one.tell(released=(gone.home,))
            lab.town.put(replace(other, home=stays.home, state=InstructionState.WAITING))
            assert (await stream.until(Instruction)).key == other.key


async def test_homes_beyond_those_that_a_gateway_is_told_of_are_an_alert(lab: GatewayLab) -> None:
    pattern = lab.town.row(Home, home="h1")
    lab.town.put(*(replace(pattern, home=f"x{number}") for number in range(MOST_HOMES)))
    async with lab.door() as door, door.gateway() as one, one.stream() as (hello, _):
        assert len(hello.homes) == MOST_HOMES
    (alert,) = lab.alerts()
    assert alert.cause is AlertCause.TOO_MANY_HOMES
    assert f"{MOST_HOMES + 2:,} homes" in alert.text


def test_no_home_is_moved_to_a_gateway_that_would_not_be_told_of_it(lab: GatewayLab) -> None:
    pattern = lab.town.row(Home, home="h1")
    full = (replace(pattern, home=f"x{n}", gateway="gw2") for n in range(MOST_HOMES - 1))
    lab.town.put(*full)
    for act in (MoveHomes("gw2", ("h1", "h2")), ForceHomes("gw2", ("h1", "h2"))):
        text = lab.town.refused("olive", act)
        assert f"gw2 can have {MOST_HOMES:,} homes" in text
    lab.town.decide("olive", MoveHomes("gw2", ("h1",)))


async def test_what_is_strange_about_a_gateway_is_among_the_alerts_and_floods_them_not(
    lab: GatewayLab,
) -> None:
    lab.begin()
    async with lab.door() as door, door.gateway() as one:
        said = lab.said("h1", HubWord.REACHED)
        await one.tell(said._replace(home="nowhere"))
        (alert,) = _alerts(lab)
        assert "says reached of a home that is not its own: nowhere" in alert.text
        assert (alert.subject, alert.act) == ("gateway:gw", "settle-gateway-alerts")
        for number in range(2):
            await one.tell(*(said._replace(home=f"no-{number}-{n}") for n in range(100)))
    found = _alerts(lab)
    assert len(found) < 30
    assert sum("more" in alert.text for alert in found) == 1


def _alerts(lab: GatewayLab) -> list[Alert]:
    found: AlertList = ask(AskAlerts(), View(lab.town.desk, LOCAL, lab.town.utc))
    return [alert for alert in found.items if alert.kind is AlertKind.GATEWAY]


async def test_a_gateway_that_takes_no_image_keeps_none_from_others(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    name = "a" * 64
    (tmp_path / name).write_bytes(bytes(PIECE * 2))
    images = ImageAnswers([tmp_path], lambda octets: None)
    cut: list[str] = []
    stuck, all_stuck = count(1), trio.Event()

    async def never(message: object) -> None:
        if isinstance(message, dict) and message["type"] == "http.response.body":
            if next(stuck) == MOST_EACH:
                all_stuck.set()
            await trio.sleep_forever()

    async def fetch() -> None:
        answer = await images.answer("greedy", name, "", "")
        try:
            await answer({"type": "http"}, _nothing, never)
        except OSError as error:
            cut.append(str(error))

    async with trio.open_nursery() as nursery:
        for _ in range(MOST_EACH):
            nursery.start_soon(fetch)
        await all_stuck.wait()
        with pytest.raises(GatewayRefused, match="fetch them first") as refused:
            await images.answer("greedy", name, "", "")
        assert refused.value.code == "busy"
        taken: list[object] = []

        async def take(message: object) -> None:
            taken.append(message)

        await (await images.answer("modest", name, "", ""))({"type": "http"}, _nothing, take)
        assert len(taken) == 3
        mock_clock.jump(PIECE_S + 1.0)
    assert len(cut) == MOST_EACH
    await images.answer("greedy", name, "", "")


async def _nothing() -> dict[str, object]:
    await trio.sleep_forever()
    raise AssertionError


async def test_a_stream_that_nobody_reads_holds_so_much_and_no_more_and_goes_on_once_it_is_read(
    lab: GatewayLab,
) -> None:
    lab.begin()
    pattern = lab.town.rows(Instruction)[0]
    large = [
        replace(pattern, key=f"{pattern.key}/{n}", number=n + 2, command=bytes(MOST_MESSAGE))
        for n in range(20)
    ]
    async with lab.door() as door, door.gateway() as one:
        parts = door.server.parts
        connections = Connections(parts, GatewayFigures(CollectorRegistry(), lambda: 1))
        stream = GatewayStream("gw", one.instance, "here", homes=())
        connections.open(stream)
        lab.town.put(*large)
        read: list[bytes] = []

        async def reader(octets: bytes) -> None:
            read.append(octets)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(connections.run)
            with trio.fail_after(60):
                while not stream.is_behind:
                    connections.stir()
                    await trio.sleep(0.05)
                for number in range(3):  # whatever happens meanwhile
                    lab.town.put(replace(pattern, key=f"{pattern.key}/x{number}", number=99))
                    connections.stir()
                    await trio.sleep(0.3)
                assert len(stream.untaken) < 10
                nursery.start_soon(stream.flow, reader)
                while len(stream.untaken) < len(large):
                    lab.town.put(replace(pattern, number=len(read)))
                    await trio.sleep(0.05)
            nursery.cancel_scope.cancel()


def test_no_home_waits_for_ever_for_a_gateway_that_is_not_told_to_let_it_go(
    lab: GatewayLab,
) -> None:
    lab.town.decide("olive", MoveHomes("gw2", ("h1",)))  # and then it is stolen
    lab.town.decide("olive", RevokeGateway("gw"))
    text = lab.town.refused("olive", MoveHomes("gw2", ("h2",)))
    assert "gw of home h2 is revoked" in text
    assert "force the homes" in text
    (alert,) = _alerts(lab)
    assert alert.text == "nothing is done in 2 homes of gateway gw, which is revoked"
    lab.town.decide("olive", ForceHomes("gw2", ("h1", "h2")))
    lab.town.desk.wake(lab.town.utc)
    assert {one.gateway for one in lab.town.rows(Home)} == {"gw2"}
    assert not _alerts(lab)


async def test_a_gateway_that_floods_the_door_holds_up_itself_and_no_other(lab: GatewayLab) -> None:
    answered: list[int] = []
    one_refused, go_on = trio.Event(), threading.Event()

    async def tell(caller: Caller) -> None:
        try:
            await caller.tell()
            answered.append(200)
        except HeadEndRefusedError as refused:
            answered.append(refused.status)
            one_refused.set()

    async with lab.door() as door, door.gateway() as greedy, door.gateway("gw2") as modest:
        room = door.server.parts.writing
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.use, lambda desk: go_on.wait(60.0))
            for _ in range(MOST_CALLS + 1):
                nursery.start_soon(tell, greedy)
            await one_refused.wait()
            assert answered == [503]
            nursery.start_soon(tell, modest)
            go_on.set()
    assert sorted(answered) == [200] * (MOST_CALLS + 1) + [503]
