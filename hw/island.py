"""The island of asyncio in a trio program, on which zigpy and its radio libraries live.

Knows trio-asyncio and nothing of radios. It is the one module that would change if the bridge did
(ADR 0020).
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import trio
import trio_asyncio

AT_ONCE = 64  # callbacks done before trio has its turn, at most

T = TypeVar("T")

#: Told of an exception nobody awaited: the exception, if there is one, and what asyncio says of it.
RecordTrouble = Callable[[BaseException | None, str], None]


class Island:
    """A running asyncio loop; leaving it ends every task that was started on it."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of asyncio, from any trio task; cancelling it cancels the coroutine."""
        result: T = await self._loop.run_aio_coroutine(coroutine)
        return result


@asynccontextmanager
async def open_island(record: RecordTrouble) -> AsyncIterator[Island]:
    """Open a loop.

    Exceptions of tasks that nobody awaits go to ``record``; by default they would end the program,
    and zigpy and bellows start such tasks freely.

    Nothing may be raised through this context manager but cancellation: trio-asyncio wraps it in
    groups.
    """
    async with trio_asyncio.open_loop() as loop:
        loop.set_exception_handler(
            lambda _, context: record(context.get("exception"), str(context.get("message", "")))
        )
        _hurry(loop)
        yield Island(loop)


def _hurry(loop: Any) -> None:
    """Have a loop do what is ready before trio gets its turn, as asyncio's own loop does.

    trio-asyncio gives trio a turn, and with it the system a question, after every callback; one
    block of firmware is some thirty callbacks. Guarded by tests/hw/test_contracts.py.
    """
    one = loop._main_loop_one

    async def many(no_wait: bool = False) -> None:
        await one(no_wait)
        with suppress(trio.WouldBlock):
            for _ in range(AT_ONCE):
                await one(no_wait=True)

    loop._main_loop_one = many
