"""After a command's run: sends what its sink was not told while the run lasted; prints nothing.

Where time jumps, nothing is sent while the run lasts: a receiver elsewhere lives in real time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio

from ota_engine.store.schema import DispatchState
from ota_engine.store.store import DATABASE_NAME, Store
from ota_engine.telling.dispatch import dispatch
from ota_engine.telling.http_sink import NAME, HttpSink
from ota_engine.wall_clock import this_machine

SEND_LATER_S: Final = 30.0  # for a receiver to take what was put by while time jumped


def send_what_waits(
    state: Path, url: str, report: Callable[[str], None], token: str | None = None
) -> int:
    """Send what was put by while time jumped. Call it outside of trio's run, after the engine's end.

    Args:
        state: the folder of the engine's database.
        url: of the receiver.
        report: is given a line for whatever goes wrong on the way.
        token: that the receiver wants to see.

    Returns:
        How many outcomes wait still.

    Raises:
        LocalError: the URL is none.
        StoreError: the database cannot be used.
    """

    async def send() -> int:
        async with HttpSink(url, token=token) as sink:
            done = await dispatch(
                state / DATABASE_NAME,
                sink,
                seconds=SEND_LATER_S,
                wall_clock=this_machine,
                report=report,
            )
        return done.waiting

    return trio.run(send)


def count_what_waits(state: Path, sink: str = NAME) -> int:
    """Count the outcomes that a sink has not taken; without a name, those of the receiver.

    Raises:
        StoreError: the database cannot be read.
    """
    with Store.inspect(state / DATABASE_NAME) as store:
        counted = store.dispatches.counts().get(sink)
        return 0 if counted is None else counted[DispatchState.WAITING]
