from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
import trio
from trio.testing import MockClock

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.home.han import BATCHES, Han
from emulators.node import COORDINATOR
from emulators.platform.spec import ChipSpec
from emulators.simulation.population import SimulatedDevice, populate, sample_firmware
from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import SMART_ENERGY, Joined, LinkDown, LinkEvent, LinkUp, Packet
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.link.contract import ClientEndpoint, LinkDownError
from ota_engine.records import Activation, AssignmentRecord, SessionState, VersionPolicy
from ota_engine.shell.service import open_virtual_service
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.emulators.air import Silent, request, response

UTC = Utc(1_800_000_000.0)


async def test_a_node_has_a_client_on_every_endpoint_of_its_chips(
    autojump_clock: MockClock,
) -> None:
    spec = replace(kinds.IHD.specimen(0), chips=(ChipSpec(1, 1, endpoint=4), ChipSpec(2, 1)))
    network = Network(Random(1))
    network.add(DeviceAssembly().build(spec))
    async with Han(network) as han:
        han.power_on(spec.eui64)
        clients = han.nodes[spec.eui64].clients
    assert clients == (ClientEndpoint(1, SMART_ENERGY), ClientEndpoint(4, SMART_ENERGY))


def empty_han(*nodes: Silent) -> Han:
    network = Network(Random(1))
    for node in nodes:
        network.add(node)
    return Han(network)


async def test_the_first_event_says_what_the_link_carries(autojump_clock: MockClock) -> None:
    async with empty_han() as han:
        (event,) = await han.events.receive()
    assert isinstance(event, LinkUp)
    assert (event.own, event.max_payload, event.aps_security) == (COORDINATOR, 82, False)


async def test_events_carry_their_exact_time(autojump_clock: MockClock) -> None:
    async with empty_han(Silent()) as han:
        await han.events.receive()
        await trio.sleep(5)
        han.power_on(Eui64(1))
        (event,) = await han.events.receive()
        assert isinstance(event, Joined)
        assert event.time == trio.current_time() > 5.0


async def test_a_sent_frame_reaches_its_node_and_the_answer_comes_back(
    autojump_clock: MockClock,
) -> None:
    node = Silent()
    async with empty_han(node) as han:
        han.power_on(node.eui64)
        await han.send(response(1))
        await trio.sleep(1)
        assert len(node.received) == 1
        han.perform(node.eui64, [request()])
        await trio.sleep(1)
        batches = [await han.events.receive() for _ in range(3)]
    kinds = [type(event) for batch in batches for event in batch]
    assert kinds == [LinkUp, Joined, Packet]


async def test_an_unplugged_coordinator_refuses_to_send(autojump_clock: MockClock) -> None:
    async with empty_han(Silent()) as han:
        han.unplug("cable")
        with pytest.raises(LinkDownError):
            await han.send(response(1))
        han.plug_in()
        await han.send(response(1))
        events = [event for _ in range(3) for event in await han.events.receive()]
    assert [type(event) for event in events] == [LinkUp, LinkDown, LinkUp]


async def test_on_a_busy_machine_events_still_come_in_the_order_of_their_times() -> None:
    clock, node = MockClock(), Silent()

    async def story() -> list[LinkEvent]:
        async with empty_han(node) as han:
            await han.events.receive()
            han.power_on(node.eui64)  # it is heard some milliseconds later
            clock.jump(1.0)  # and the link has had no turn yet
            han.unplug()
            return await han.events.receive()

    async def told() -> list[LinkEvent]:
        with trio.fail_after(10):
            return await story()

    events = await trio.to_thread.run_sync(lambda: trio.run(told, clock=clock))
    assert [type(event) for event in events] == [Joined, LinkDown]
    assert events[0].time < events[1].time


async def test_a_slow_reader_loses_events_and_the_link_counts_them(
    autojump_clock: MockClock,
) -> None:
    node = Silent()
    async with empty_han(node) as han:
        han.power_on(node.eui64)
        for _ in range(BATCHES + 40):
            han.perform(node.eui64, [request()])
            await trio.sleep(1)
        assert han.dropped == 40 + 2  # LinkUp and Joined took two places


async def test_nodes_are_those_with_power(autojump_clock: MockClock) -> None:
    async with empty_han(Silent(1), Silent(2, sleepy=True)) as han:
        han.power_on(Eui64(2))
        assert list(han.nodes) == [2]
        assert han.nodes[Eui64(2)].sleepy
        han.power_off(Eui64(2))
        assert not han.nodes


async def deliver(
    members: Sequence[SimulatedDevice], batch_seconds: float
) -> dict[Eui64, SessionState]:
    firmware = sample_firmware(2048, seed=1)
    fleet, network = DeviceAssembly(), Network(Random(1))
    for member in members:
        network.add(fleet.build(member.spec), member.placement)
    images = {kind: image_record(data, "sample", UTC) for kind, data in firmware.new.items()}
    han = Han(network, batch_seconds=batch_seconds)
    with Store.in_memory() as store:
        async with (
            han,
            open_virtual_service(
                han, store, DeliveryConfig(), wall_clock=lambda: UTC + trio.current_time()
            ) as shell,
        ):
            for image in images.values():
                await shell.command(AddImage(image, "test"))
            for member in members:
                wish = AssignmentRecord(
                    member.spec.eui64,
                    images[member.spec.image_type].sha256,
                    VersionPolicy.UPGRADE,
                    Activation.IMMEDIATE,
                    0,
                    None,
                    UTC,
                )
                await shell.command(Assign(wish, "test"))
                han.power_on(member.spec.eui64)
            await trio.sleep(1200)
        return {session.device: session.state for session in store.load().sessions}


@pytest.mark.parametrize("batch_seconds", [0.0, 0.1])
async def test_the_trio_shell_updates_live_devices(
    batch_seconds: float, autojump_clock: MockClock
) -> None:
    members = populate(3, sample_firmware(2048, seed=1), seed=1)
    states = await deliver(members, batch_seconds)
    assert list(states.values()) == [SessionState.UPDATED] * 3
