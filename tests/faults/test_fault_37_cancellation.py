"""Fault 37: the shell is cancelled at every one of its steps in turn; nothing is lost or leaked."""

from random import Random

import trio
from trio.testing import MockClock

from emulators.air.network import Network
from emulators.home.han import Han
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import SessionState
from ota_engine.shell.service import open_virtual_service
from ota_engine.store.store import Store
from ota_engine.times import Utc
from tests.faults.home import UTC, make_devices, make_image, wish
from tests.tiers import points

IMAGE = make_image(300)


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when the scheduler takes its n-th step of a task."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self.steps = 0
        self._scope = scope
        self._at = step

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1
        if self.steps == self._at:
            self._scope.cancel()


def utc() -> Utc:
    return UTC + trio.current_time()


async def deliver(store: Store, network: Network, device_count: int) -> None:
    """Run a service on the network until everybody is updated."""
    devices = [station.node for station in network.stations.values()][:device_count]
    async with (
        Han(network) as han,
        open_virtual_service(han, store, DeliveryConfig(), wall_clock=utc) as shell,
    ):
        if not store.load().assignments:
            await shell.command(AddImage(IMAGE, "test"))
            for device in make_devices(device_count):
                await shell.command(Assign(wish(device, IMAGE), "test"))
        for node in devices:
            han.power_on(node.eui64)
        while {status.state for status in shell.engine.status()} != {SessionState.UPDATED}:  # noqa: ASYNC110
            await trio.sleep(5.0)


def run(cancel_at: int) -> int:
    """Deliver, cancelled at one step and then begun anew; returns the steps of the first try."""
    store = Store.in_memory()
    instruments: list[CancelAtStep] = []

    async def main() -> None:
        tasks = trio.lowlevel.current_statistics().tasks_living
        network = Network(Random(5))
        (device,) = make_devices(1)
        network.add(device)
        with trio.CancelScope() as scope:
            instrument = CancelAtStep(scope, cancel_at)
            instruments.append(instrument)
            trio.lowlevel.add_instrument(instrument)
            await deliver(store, network, 1)
        trio.lowlevel.remove_instrument(instrument)
        with trio.fail_after(24 * 3600.0):
            await deliver(store, network, 1)
        assert device.flash.running_content() == IMAGE.data
        assert trio.lowlevel.current_statistics().tasks_living == tasks, "a task leaked"

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert store.verify_audit() is None
    keys = [outcome.key for outcome in store.outcomes()]
    assert len(keys) == len(set(keys)) == 2
    return instruments[0].steps


@points(7)  # a prime, so that all tasks are met
def test_cancelled_at_any_step_it_ends_as_if_it_had_not_been(step: int) -> None:
    steps = run(-1)
    assert steps > 50
    for point in range(1, steps, step):
        run(point)
