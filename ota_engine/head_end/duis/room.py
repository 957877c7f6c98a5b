"""The one place where a fleet's desk is used by tasks: a call at a time, in a thread; decides nothing."""

from collections.abc import Callable
from typing import TypeVar

import trio

from ota_engine.head_end.desk import FleetDesk

T = TypeVar("T")


class DeskRoom:
    """A desk that many tasks use; calls happen in the order in which they came.

    Args:
        desk: whoever uses it otherwise does so before or after this.
    """

    def __init__(self, desk: FleetDesk) -> None:
        self._desk = desk
        self._one = trio.CapacityLimiter(1)

    @property
    def waiting(self) -> int:
        """Calls that have to wait now."""
        return self._one.statistics().tasks_waiting

    async def use(self, call: Callable[[FleetDesk], T]) -> T:
        """Do something with the desk, to its end, whatever happens to the caller meanwhile.

        Raises:
            StoreError: the database failed; nothing of it happened.
        """
        return await trio.to_thread.run_sync(call, self._desk, limiter=self._one)
