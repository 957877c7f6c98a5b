"""Waits for work to end, for so long, or until somebody presses Ctrl-C; knows trio and signals."""

import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import Final

import trio

from ota_engine.hub.push.progress import WaitEnd

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def _stop_signals() -> AbstractContextManager[AsyncIterator[int]]:
    """Receive signals, which reach the main thread only."""
    if threading.current_thread() is threading.main_thread():
        return trio.open_signal_receiver(*STOP_SIGNALS)
    return nullcontext(_never())


async def _never() -> AsyncIterator[int]:
    await trio.sleep(inf)
    yield 0


async def wait_for(work: Callable[[], Awaitable[None]], seconds: float) -> WaitEnd:
    """Let work go on until it returns, the time is up, or a signal says to stop.

    Args:
        work: is cancelled in the last two cases.
        seconds: of trio's clock.
    """
    began = trio.current_time()
    signals_seen: list[int] = []
    with _stop_signals() as signals:
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                async for number in signals:
                    signals_seen.append(number)
                    nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            with trio.move_on_after(seconds) as limit:
                await work()
            nursery.cancel_scope.cancel()
    interrupted = bool(signals_seen)
    timed_out = limit.cancelled_caught and not interrupted
    return WaitEnd(interrupted, timed_out, trio.current_time() - began)
