"""Carries what waits in a state folder to one sink, without an engine or a radio."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import trio

from ota_engine.errors import StoreError
from ota_engine.store.location import StorePlace
from ota_engine.store.schema import DispatchState
from ota_engine.store.store import Store
from ota_engine.store.writer import InlineWriter, Writer, open_writer
from ota_engine.telling.courier import Courier
from ota_engine.telling.registration import register
from ota_engine.telling.sink import Sink
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

LOOK_EVERY = 0.05  # seconds between two looks at what still waits


class Dispatched(NamedTuple):
    """What became of it: letters delivered and given up now, and how many still wait or are dead."""

    delivered: int
    given_up: int
    waiting: int
    dead: int


async def dispatch(
    database: Path | StorePlace,
    sink: Sink,
    *,
    seconds: float,
    wall_clock: Callable[[], Utc],
    report: Callable[[str], None],
    owner: str = "zota",
) -> Dispatched:
    """Deliver until nothing waits or the time is up; whatever waited longer is tried at once too.

    Raises:
        LocalError: the sink has no name, or was registered for another party.
        StoreError: there is no database, or it is a file that an engine uses.
    """
    with Store.open_to_deliver(database, owner) as store:
        async with (
            open_writer(store, lambda lost: None if lost is None else report(str(lost))) as writer,
            trio.open_nursery() as nursery,
        ):
            await writer.call(register, store, (sink,))
            await writer.call(store.dispatches.hasten, sink.name)
            courier = Courier(writer, store, sink, wall_clock=this_machine, report=report)
            nursery.start_soon(courier.run)
            with trio.move_on_after(seconds):
                await courier.settle()
                while (await _count(writer, store, sink))[DispatchState.WAITING]:
                    await trio.sleep(LOOK_EVERY)
                    await courier.settle()
            nursery.cancel_scope.cancel()
        left = store.dispatches.counts()[sink.name]
        return Dispatched(
            courier.delivered,
            courier.dead,
            left[DispatchState.WAITING],
            left[DispatchState.DEAD],
        )


def drain(store: Store, sink: Sink) -> int:
    """Carry every waiting outcome to a sink, for whoever has a store but runs no trio; how many.

    Raises:
        StoreError: the sink or the store failed; what is not delivered still waits.
    """
    problems: list[str] = []

    async def carry() -> int:
        writer = InlineWriter(store)
        courier = Courier(writer, store, sink, wall_clock=this_machine, report=problems.append)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(courier.run)
            await courier.settle()
            nursery.cancel_scope.cancel()
        return courier.delivered

    delivered = trio.run(carry)
    if problems:
        raise StoreError(problems[0])
    return delivered


async def _count(writer: Writer, store: Store, sink: Sink) -> dict[DispatchState, int]:
    return (await writer.call(store.dispatches.counts))[sink.name]
