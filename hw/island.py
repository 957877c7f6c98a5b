"""The island of asyncio in a trio program, on which zigpy and its radio libraries live.

Knows trio-asyncio and nothing of radios. It is the one module that would change if the bridge did
(ADR 0020).
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio_asyncio

T = TypeVar("T")

#: Told of an exception nobody awaited: the exception, if there is one, and what asyncio says of it.
Recorder = Callable[[BaseException | None, str], None]


class Island:
    """A running asyncio loop; leaving it ends every task that was started on it."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of asyncio, from any trio task; cancelling it cancels the coroutine."""
        result: T = await self._loop.run_aio_coroutine(coroutine)
        return result


@asynccontextmanager
async def open_island(record: Recorder) -> AsyncIterator[Island]:
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
        yield Island(loop)
