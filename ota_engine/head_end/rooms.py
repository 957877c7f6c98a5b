"""Where a fleet's desk is used by tasks: one room to decide in, one to read in; decides nothing.

Who decides waits for whoever decided before. Who reads has a connection of his own and waits for nobody
who decides, so that a thousand viewers hold up no decision.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Self, TypeVar

import trio

from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.backends.turns import NoOthers, Share, Turns
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import StorePlace

T = TypeVar("T")

READERS: Final = 2  # that read at the same time


class DeskRoom:
    """A desk that many tasks use; calls happen in the order in which they came.

    There are two lines: of those that are patient, because nobody looks at them, one at a time stands in
    the line of the others. So a person waits for one of them and no more, however many gateways report.

    Other processes may have rooms of their own on the same database: they share what is to be done by turns.

    Args:
        desk: whoever uses it otherwise does so before or after this.
        turns: with other processes; None where there are no others.
    """

    def __init__(self, desk: FleetDesk, turns: Turns | None = None) -> None:
        self._desk = desk
        self._turns = NoOthers() if turns is None else turns
        self._one = trio.CapacityLimiter(1)
        self._patient = trio.CapacityLimiter(1)
        self._turning = trio.CapacityLimiter(1)

    @property
    def waiting(self) -> int:
        """Calls that have to wait now, and are not patient."""
        return self._one.statistics().tasks_waiting

    @property
    def patient(self) -> int:
        """Patient calls that have to wait now."""
        return self._patient.statistics().tasks_waiting

    async def use(self, call: Callable[[FleetDesk], T]) -> T:
        """Do something with the desk, to its end, whatever happens to the caller meanwhile.

        Raises:
            StoreError: the database failed; nothing of it happened.
        """
        return await trio.to_thread.run_sync(call, self._desk, limiter=self._one)

    async def use_patiently(self, call: Callable[[FleetDesk], T]) -> T:
        """Do something with the desk whenever nobody is in a hurry; see ``use``.

        Raises:
            StoreError: the database failed; nothing of it happened.
        """
        async with self._patient:
            return await self.use(call)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[bool]:
        """Have the turn at something for a block; False where another process has it.

        Raises:
            StoreError: the database failed.
        """
        limit = self._turning
        mine = await trio.to_thread.run_sync(self._turns.take, name, limiter=limit)
        try:
            yield mine
        finally:
            if mine:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(self._turns.give, name, limiter=limit)

    async def share(self) -> Share:
        """Say what the share of this process is now.

        Raises:
            StoreError: the database failed.
        """
        return await trio.to_thread.run_sync(self._turns.share, limiter=self._turning)


class ReadingRoom:
    """Desks that are only read at; ``open`` makes them, and closes them after the block.

    Args:
        desks: each with a connection of its own.
        watch: one more, which tells whether anything was committed.
    """

    def __init__(self, desks: list[FleetDesk], watch: FleetDesk) -> None:
        self._free = list(desks)
        self._some = trio.CapacityLimiter(len(desks))
        self._watch = watch
        self._watching = trio.CapacityLimiter(1)

    @classmethod
    @contextmanager
    def open(cls, place: StorePlace | Path, readers: int = READERS) -> Iterator[Self]:
        """Read a database that somebody else writes.

        Raises:
            StoreError: it cannot be used as it is.
        """
        stores: list[FleetStore] = []
        try:
            stores += [FleetStore.open(place) for _ in range(readers + 1)]
            desks = [FleetDesk(Fleet(), store) for store in stores]
            yield cls(desks[:-1], desks[-1])
        finally:
            for store in stores:
                store.close()

    async def ask(self, call: Callable[[FleetDesk], T]) -> T:
        """Read something; nothing that the call writes may be relied upon.

        Raises:
            StoreError: the database failed.
        """

        def read() -> T:
            desk = self._free.pop()
            try:
                return call(desk)
            finally:
                self._free.append(desk)

        return await trio.to_thread.run_sync(read, limiter=self._some)

    async def revision(self) -> int:
        """A number that is another one once anything was committed by anybody.

        Raises:
            StoreError: the database failed.
        """
        return await trio.to_thread.run_sync(self._watch.store.data_version, limiter=self._watching)
