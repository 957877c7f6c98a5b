"""After a command's run: sends what its sink was not told while the run lasted; prints nothing.

Where time jumps, nothing is sent while the run lasts: a receiver elsewhere lives in real time.
Knows no HTTP: whoever only counts need not have it installed.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

import trio

from ota_engine.store.location import place_of
from ota_engine.store.schema import DispatchState
from ota_engine.store.store import Store
from ota_engine.telling.dispatch import dispatch
from ota_engine.telling.sink import Sink
from ota_engine.wall_clock import this_machine

SEND_LATER_S: Final = 30.0  # for a receiver to take what was put by while time jumped


def send_what_waits(
    state: Path,
    opened: Callable[[], AbstractAsyncContextManager[Sink]],
    report: Callable[[str], None],
) -> int:
    """Send what was put by while time jumped. Call it outside of trio's run, after the engine's end.

    Args:
        state: the folder of the engine's database.
        opened: the sink, open as long as it is sent to.
        report: is given a line for whatever goes wrong on the way.

    Returns:
        How many outcomes wait still.

    Raises:
        LocalError: the sink cannot be what was asked for.
        StoreError: the database cannot be used.
    """

    async def send() -> int:
        async with opened() as sink:
            done = await dispatch(
                place_of(state),
                sink,
                seconds=SEND_LATER_S,
                wall_clock=this_machine,
                report=report,
            )
        return done.waiting

    return trio.run(send)


def count_what_waits(state: Path, sink: str) -> int:
    """Count the outcomes that the sink of this name has not taken.

    Raises:
        StoreError: the database cannot be read.
    """
    with Store.inspect(place_of(state)) as store:
        counted = store.dispatches.counts().get(sink)
        return 0 if counted is None else counted[DispatchState.WAITING]
