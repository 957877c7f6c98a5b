"""The trio shell: delivers over a live link, commits before it sends, and stops cleanly."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from emulators.air.network import Network
from emulators.devices.device import EmulatedDevice
from emulators.home.han import Han
from images.eui64 import Eui64
from ota_engine.errors import LocalError, StoreError, StoreFull
from ota_engine.events import Send
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.commands import AddImage, ApplyNow, Assign, NotifyDevice
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.upgrade_end import TELL_AGAIN
from ota_engine.hub.engine import Engine
from ota_engine.link.contract import LinkInfo
from ota_engine.records import (
    Activation,
    EventRecord,
    ImageRecord,
    OrderState,
    Record,
    SessionState,
)
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import open_service, open_virtual_service
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.store.writer import InlineWriter
from ota_engine.telling.http_sink import HttpSink
from ota_engine.telling.json_lines import SINK_NAME, JsonLinesSink
from ota_engine.telling.sink import Sink
from ota_engine.times import Utc
from tests.faults.home import UTC, make_devices, make_image, wish
from tests.gbcs.parties import BROKER, HASH, HCALCS, SUPPLIER, everyone


def utc() -> Utc:
    return UTC + trio.current_time()


class Neighbourhood:
    """A live HAN with a few devices and a shell on it."""

    def __init__(self, devices: list[EmulatedDevice], han: Han, shell: Shell) -> None:
        self.devices = devices
        self.han = han
        self.shell = shell

    async def order(self, image: ImageRecord) -> None:
        await self.shell.command(AddImage(image, "test"))
        for device in self.devices:
            await self.shell.command(Assign(wish(device, image), "test"))
        for device in self.devices:
            self.han.power_on(device.eui64)

    def states(self) -> set[SessionState]:
        return {status.state for status in self.shell.engine.status()}

    async def until(self, *states: SessionState) -> None:
        with trio.fail_after(24 * 3600.0):
            while self.states() != set(states):  # noqa: ASYNC110 - the engine has no event for it
                await trio.sleep(1.0)


@asynccontextmanager
async def neighbourhood(
    store: Store | Path,
    count: int = 1,
    batch_seconds: float = 0.0,
    sinks: Sequence[Sink] = (),
    patience: float = inf,
) -> AsyncIterator[Neighbourhood]:
    network = Network(Random(3))
    devices = make_devices(count)
    for device in devices:
        network.add(device)
    async with Han(network, batch_seconds=batch_seconds) as han:
        service = (
            open_virtual_service(
                han, store, DeliveryConfig(), wall_clock=utc, sinks=sinks, patience=patience
            )
            if isinstance(store, Store)
            else open_service(
                han, store, DeliveryConfig(), wall_clock=utc, sinks=sinks, patience=patience
            )
        )
        async with service as shell:
            yield Neighbourhood(devices, han, shell)


def fill_disk(store: Store) -> None:
    """Let the database grow no further, and use up what room is left in its pages."""
    store.limit_size(4096)
    with pytest.raises(StoreFull):
        while True:
            store.apply([EventRecord(UTC, None, "filler", '"' + "x" * 100 + '"')])


@pytest.fixture
def autojump_clock() -> MockClock:
    return MockClock(autojump_threshold=0)


@pytest.mark.parametrize("batch_seconds", [0.0, 0.05])
async def test_it_delivers_over_a_live_link(
    autojump_clock: MockClock, batch_seconds: float
) -> None:
    image = make_image(4000)
    async with neighbourhood(Store.in_memory(), 1, batch_seconds) as home:
        await home.order(image)
        await home.until(SessionState.UPDATED)
        assert home.devices[0].flash.running_content() == image.data


async def test_eight_devices_share_the_link(autojump_clock: MockClock) -> None:
    image = make_image(3000)
    async with neighbourhood(Store.in_memory(), 8) as home:
        await home.order(image)
        await home.until(SessionState.UPDATED, SessionState.AWAITING_COMMAND)
        running = [d.flash.running_content() for d in home.devices if d.version == 2]
        assert running == [image.data] * 6


async def test_an_order_for_a_time_may_be_the_first_thing_that_happens(
    autojump_clock: MockClock,
) -> None:
    network = Network(Random(3))
    security = Security(everyone(), None, Eui64(SUPPLIER), Eui64(BROKER))
    async with (
        Han(network) as han,
        open_virtual_service(
            han, Store.in_memory(), DeliveryConfig(), wall_clock=utc, security=security
        ) as shell,
    ):
        later = utc() + 3600.0
        await shell.command(ActivateImage(Eui64(HCALCS), HASH, Utc(later), "test"))
        (order,) = shell.engine.orders()
        assert (order.state, order.execution_utc) == (OrderState.COMMITTED, later)


async def test_an_order_that_makes_no_sense_is_refused_to_whoever_gave_it(
    autojump_clock: MockClock,
) -> None:
    async with neighbourhood(Store.in_memory()) as home:
        with pytest.raises(LocalError, match="is not known"):
            await home.shell.command(NotifyDevice(home.devices[0].eui64))
        await home.order(make_image(500))
        await home.until(SessionState.UPDATED)


async def test_a_full_disk_withholds_frames_until_there_is_room(
    autojump_clock: MockClock,
) -> None:
    store = Store.in_memory()
    image = make_image(2000)
    async with neighbourhood(store) as home:
        await home.shell.command(AddImage(image, "test"))
        await home.shell.command(Assign(wish(home.devices[0], image), "test"))
        await trio.sleep(5.0)
        fill_disk(store)
        home.han.power_on(home.devices[0].eui64)
        await trio.sleep(300.0)
        assert home.devices[0].client.blocks == 0, "the offer left before its session was on disk"
        assert [session.state for session in store.load().sessions] == [SessionState.ASSIGNED]
        store.limit_size(1 << 30)
        await home.until(SessionState.UPDATED)
    assert store.verify_audit() is None


async def test_a_command_waits_so_long_for_room_and_then_ends_with_that_one_error(
    autojump_clock: MockClock,
) -> None:
    store = Store.in_memory()
    image = make_image(2000)
    with pytest.raises(BaseExceptionGroup) as raised:
        async with neighbourhood(store, patience=60.0) as home:
            await home.shell.command(AddImage(image, "test"))
            await home.shell.command(Assign(wish(home.devices[0], image), "test"))
            begun = trio.current_time()
            fill_disk(store)
            home.han.power_on(home.devices[0].eui64)
            await trio.sleep(3600.0)
    assert 60.0 <= trio.current_time() - begun < 90.0
    only, rest = raised.value.split(StoreFull)
    assert (only is not None, rest) == (True, None)
    assert [session.state for session in store.load().sessions] == [SessionState.ASSIGNED]


async def test_an_unplugged_radio_is_shown_and_survived(autojump_clock: MockClock) -> None:
    image = make_image(20_000)
    async with neighbourhood(Store.in_memory()) as home:
        await home.order(image)
        await trio.sleep(1.0)
        home.han.unplug("the dongle was pulled")
        await trio.sleep(60.0)
        (status,) = home.shell.engine.status()
        assert status.state is SessionState.STALLED
        assert "the dongle was pulled" in status.reason
        home.han.plug_in()
        await home.until(SessionState.UPDATED)


class OneAtATime(Han):
    """An emulated home behind a radio that takes one frame at a time, or none while it is stuck."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.stuck = trio.Event()
        self.stuck.set()

    @property
    def info(self) -> LinkInfo:
        return replace(super().info, max_in_flight=1)

    async def send(self, frame: Send) -> None:
        await self.stuck.wait()
        await super().send(frame)


async def test_an_upgrade_end_dropped_at_a_full_queue_is_told_again_and_not_only_counted(
    autojump_clock: MockClock,
) -> None:
    network = Network(Random(3))
    device, other = make_devices(2)
    for each in (device, other):
        network.add(each)
    image = make_image(2000)
    store = Store.in_memory()
    async with OneAtATime(network) as radio, trio.open_nursery() as nursery:
        shell = Shell(
            Engine(DeliveryConfig(), store.load()),
            InlineWriter(store),
            radio,
            wall_clock=utc,
            notify=lambda: None,
            alarm=lambda _: None,
            outbound=1,
        )
        nursery.start_soon(shell.run)
        home = Neighbourhood([device], radio, shell)
        await shell.command(AddImage(image, "test"))
        for each in (device, other):
            held = replace(wish(each, image), activation=Activation.WAIT)
            await shell.command(Assign(held, "test"))
            radio.power_on(each.eui64)
        await home.until(SessionState.HELD)
        radio.stuck = trio.Event()
        for _ in range(3):  # one for the radio, one that waits, one too many
            await shell.command(NotifyDevice(other.eui64))
            await wait_all_tasks_blocked()
        before = shell.counters.dropped_outbound
        await shell.command(ApplyNow(device.eui64, "test"))
        assert shell.counters.dropped_outbound == before + 1
        radio.stuck.set()
        await trio.sleep(TELL_AGAIN - 1.0)
        assert home.states() == {SessionState.RESTARTING, SessionState.HELD}
        await trio.sleep(120.0)  # a device that hears nothing asks again after an hour
        assert home.states() == {SessionState.UPDATED, SessionState.HELD}
        nursery.cancel_scope.cancel()


class BusyDisk(InlineWriter):
    """A writer whose commits wait while the disk is at something else."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.free = trio.Event()
        self.free.set()

    async def commit(self, records: Sequence[Record]) -> None:
        await self.free.wait()
        await super().commit(records)


@asynccontextmanager
async def two_held(network: Network) -> AsyncIterator[tuple[Han, Shell, BusyDisk]]:
    """Two devices that have an image and wait for a word, and the shell that may say it."""
    store, image = Store.in_memory(), make_image(2000)
    disk = BusyDisk(store)
    for device in make_devices(2):
        network.add(device)
    async with Han(network) as han, trio.open_nursery() as nursery:
        shell = Shell(
            Engine(DeliveryConfig(), store.load()),
            disk,
            han,
            wall_clock=utc,
            notify=lambda: None,
            alarm=lambda _: None,
        )
        nursery.start_soon(shell.run)
        await shell.command(AddImage(image, "test"))
        for device in make_devices(2):
            held = replace(wish(device, image), activation=Activation.WAIT)
            await shell.command(Assign(held, "test"))
            han.power_on(device.eui64)
        with trio.fail_after(3600.0):
            while {one.state for one in shell.engine.status()} != {SessionState.HELD}:  # noqa: ASYNC110
                await trio.sleep(1.0)
        yield han, shell, disk
        nursery.cancel_scope.cancel()


async def test_frames_decided_while_rows_are_being_committed_leave_behind_those_rows_frames(
    autojump_clock: MockClock,
) -> None:
    network, sent = Network(Random(3)), list[Eui64]()
    first, second = (device.eui64 for device in make_devices(2))
    async with two_held(network) as (_, shell, disk), trio.open_nursery() as nursery:
        network.listen(lambda _: None, lambda send, _: sent.append(send.destination))
        disk.free = trio.Event()
        nursery.start_soon(shell.command, ApplyNow(first, "test"))
        await wait_all_tasks_blocked()
        nursery.start_soon(shell.command, NotifyDevice(second))  # no row comes of it
        await wait_all_tasks_blocked()
        assert sent == []
        disk.free.set()
        await wait_all_tasks_blocked()
        assert sent == [first, second]


async def test_frames_that_find_the_radio_gone_are_counted_and_the_engine_is_told(
    autojump_clock: MockClock,
) -> None:
    _, second = (device.eui64 for device in make_devices(2))
    async with two_held(Network(Random(3))) as (han, shell, _):
        before = shell.counters.sent
        han.unplug("just now")  # the engine has not heard of it yet
        await shell.command(NotifyDevice(second))
        assert (shell.counters.sent, shell.counters.not_sent) == (before, 1)
        assert shell.engine.counters["frame_not_delivered"] == 1


async def test_a_deadline_is_met_at_its_time_although_batches_come_one_after_the_other(
    autojump_clock: MockClock,
) -> None:
    image = make_image(400_000)
    async with neighbourhood(Store.in_memory(), 2) as home:
        await home.order(image)
        await trio.sleep(5.0)
        silent, busy = home.devices
        home.han.power_off(silent.eui64)
        with trio.fail_after(3600.0):
            while SessionState.STALLED not in home.states():  # noqa: ASYNC110
                await trio.sleep(1.0)
        assert busy.client.blocks * 50 < len(image.data), "it was to be busy all the time"


async def test_outcomes_reach_the_sink_once_across_restarts(tmp_path: Path) -> None:
    image = make_image(600)
    for _ in range(2):
        async with neighbourhood(tmp_path) as home:
            await home.order(image)
            with trio.fail_after(300):
                while (tmp_path / SINK_NAME).read_text().count("\n") < 2:  # noqa: ASYNC110
                    await trio.sleep(0.05)
    lines = [json.loads(line) for line in (tmp_path / SINK_NAME).read_text().splitlines()]
    keys = [line["id"] for line in lines]
    assert len(keys) == len(set(keys))
    assert {line["verdict"] for line in lines} == {"succeeded"}


async def test_while_time_jumps_the_file_is_told_as_things_happen_and_who_is_remote_is_not_tried(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    store, path = Store.in_memory(), tmp_path / SINK_NAME
    with JsonLinesSink(path, inline=True) as file:
        async with (
            HttpSink("http://127.0.0.1:1/") as remote,
            neighbourhood(store, sinks=(file, remote)) as home,
        ):
            await home.order(make_image(600))
            await home.until(SessionState.UPDATED)
            await wait_all_tasks_blocked()
            assert path.read_text().count("\n") == 2, "told only at the end"
    waiting = store.dispatches.due(remote.name, 9, UTC, 3600.0)
    assert [letter.attempts for letter in waiting] == [0, 0]


async def test_fault_25_a_second_engine_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with neighbourhood(tmp_path) as home:
        with pytest.raises(StoreError, match=DATABASE_NAME):
            async with open_service(home.han, tmp_path, DeliveryConfig()):
                pytest.fail("a second engine was let in")
