"""Carries what waits in a state folder to one sink, without an engine or a radio."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import trio

from ota_engine.store.schema import DeliveryState
from ota_engine.store.store import Store
from ota_engine.store.writer import Writer, open_writer
from ota_engine.telling.courier import Courier
from ota_engine.telling.registration import register
from ota_engine.telling.sink import Sink

LOOK_EVERY = 0.05  # seconds between two looks at what still waits


class Dispatched(NamedTuple):
    """What became of it: letters delivered and given up now, and how many still wait or are dead."""

    delivered: int
    given_up: int
    waiting: int
    dead: int


async def dispatch(
    database: Path,
    sink: Sink,
    *,
    seconds: float,
    wall_clock: Callable[[], float],
    report: Callable[[str], None],
) -> Dispatched:
    """Deliver until nothing waits or the time is up; whatever waited longer is tried at once too.

    Raises:
        StoreError: there is no database, or an engine uses it.
    """
    with Store.open(database, create=False, owner="zota head-end deliver") as store:
        async with open_writer(store) as writer, trio.open_nursery() as nursery:
            await writer.call(register, store, (sink,))
            await writer.call(store.deliveries.hasten, sink.name)
            courier = Courier(writer, store, sink, wall_clock=wall_clock, report=report)
            nursery.start_soon(courier.run)
            with trio.move_on_after(seconds):
                await courier.settle()
                while (await _count(writer, store, sink))[DeliveryState.WAITING]:
                    await trio.sleep(LOOK_EVERY)
                    await courier.settle()
            nursery.cancel_scope.cancel()
        left = store.deliveries.counts()[sink.name]
        return Dispatched(
            courier.delivered,
            courier.dead,
            left[DeliveryState.WAITING],
            left[DeliveryState.DEAD],
        )


async def _count(writer: Writer, store: Store, sink: Sink) -> dict[DeliveryState, int]:
    return (await writer.call(store.deliveries.counts))[sink.name]
