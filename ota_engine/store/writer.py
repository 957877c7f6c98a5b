"""The trio shell's way to the store: a commit may wait for the disk, the radio may not.

One thread owns the store. Commits that arrive while it waits for the disk are written together in
one transaction, so a busy engine pays for one flush, not for one per device (ADR 0010). A caller
that is cancelled still waits for the answer: a commit has either happened or was never begun. While a
server is away the thread waits for it, and callers with it; one that is cancelled ends that.
"""

import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol, TypeVar, TypeVarTuple

import trio

from ota_engine.errors import StoreError, StoreFull, StoreLost
from ota_engine.records import Record
from ota_engine.store.returning import (
    Endurance,
    apply_through,
    call_through,
    nobody_is_told,
)
from ota_engine.store.store import Store

RETRY_S = 1.0  # between attempts to commit to a full disk

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class Writer(Protocol):
    """Whoever applies records for the shell."""

    async def commit(self, records: Sequence[Record]) -> None:
        """Return once the records are committed.

        Raises:
            StoreError: nothing of them was written.
        """

    async def call(self, function: Callable[[*_Ts], _T], *args: *_Ts) -> _T:
        """Run a function where the store may be used, and return what it returns."""


class InlineWriter:
    """Writes at once, in the caller's own thread: for a virtual clock, which no disk may outrun."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._endurance = Endurance()

    async def commit(self, records: Sequence[Record]) -> None:
        """Apply the records, then let other tasks run."""
        await trio.lowlevel.checkpoint_if_cancelled()
        apply_through(self._store, records, self._endurance)
        await trio.lowlevel.cancel_shielded_checkpoint()

    async def call(self, function: Callable[[*_Ts], _T], *args: *_Ts) -> _T:
        """Run the function, then let other tasks run."""
        await trio.lowlevel.checkpoint_if_cancelled()
        result = call_through(self._store, lambda: function(*args), self._endurance)
        await trio.lowlevel.cancel_shielded_checkpoint()
        return result


@dataclass(slots=True, eq=False)
class _Job:
    """One request to the thread, and its answer: records to apply, or a function to call."""

    records: Sequence[Record] | None = None
    function: Callable[[], Any] | None = None
    result: Any = None
    error: BaseException | None = None
    hurried: bool = False  # whoever asked was cancelled meanwhile
    done: trio.Event = field(default_factory=trio.Event)

    def run(self, store: Store, endurance: Endurance) -> None:
        try:
            if self.function is not None:
                self.result = call_through(store, self.function, endurance)
            elif self.records is not None:
                apply_through(store, self.records, endurance)
        except BaseException as error:  # noqa: BLE001 - raised again in the task that asked
            self.error = error


class ThreadWriter:
    """Hands work to the one thread that owns the store. Made by ``open_writer``."""

    def __init__(self, store: Store, alarm: Callable[[StoreLost | None], None]) -> None:
        self.transactions = 0  # how many groups were committed
        self._store = store
        self._alarm = alarm
        self._at_work: list[_Job] = []
        self._stirred = threading.Event()  # somebody whose work waits for a server was cancelled
        self._endurance = Endurance(self._tell, self._wait)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.Thread(target=self._serve, name="zota store writer", daemon=True)
        self._thread.start()

    async def commit(self, records: Sequence[Record]) -> None:
        """Return once the records are committed; see ``Writer``."""
        await self._answer(_Job(records=records))

    async def call(self, function: Callable[[*_Ts], _T], *args: *_Ts) -> _T:
        """Run a function in the store's thread, in turn with the commits."""
        answer: _T = await self._answer(_Job(function=lambda: function(*args)))
        return answer

    async def finish(self) -> None:
        """Write all that was handed over, then end the thread."""
        self._jobs.put(None)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._thread.join)

    async def _answer(self, job: _Job) -> Any:
        await trio.lowlevel.checkpoint_if_cancelled()
        self._jobs.put(job)
        try:
            await job.done.wait()
        except trio.Cancelled:
            job.hurried = True
            self._stirred.set()
            with trio.CancelScope(shield=True):
                await job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    def _serve(self) -> None:
        serving = True
        while serving:
            taken = self._take()
            jobs = [job for job in taken if job is not None]
            for group in _groups(jobs):
                self._run(group)
                self._token.run_sync_soon(_finish, group)
            serving = None not in taken

    def _take(self) -> list[_Job | None]:
        taken = [self._jobs.get()]
        while not self._jobs.empty():
            taken.append(self._jobs.get())
        return taken

    def _run(self, group: list[_Job]) -> None:
        self.transactions += group[0].function is None
        self._at_work = group
        together = _Job(records=[record for job in group for record in job.records or ()])
        if len(group) > 1:
            together.run(self._store, self._endurance)
        if isinstance(together.error, StoreLost):  # what has become of it nobody knows
            for job in group:
                job.error = together.error
        elif len(group) == 1 or together.error is not None:
            for job in group:  # one by one, so that only the guilty one fails
                job.run(self._store, self._endurance)

    def _tell(self, error: StoreLost | None) -> None:
        self._token.run_sync_soon(self._alarm, error)

    def _wait(self, seconds: float) -> bool:
        """Let a server come back, in the thread; False once whoever waits for it is to wait no more."""
        self._stirred.wait(seconds)
        self._stirred.clear()
        return not any(job.hurried for job in self._at_work)


def _groups(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    """Neighbouring commits go together; a call stands alone, and order is kept."""
    group: list[_Job] = []
    for job in jobs:
        if job.function is None:
            group.append(job)
            continue
        if group:
            yield group
        yield [job]
        group = []
    if group:
        yield group


def _finish(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.done.set()


@asynccontextmanager
async def open_writer(
    store: Store, alarm: Callable[[StoreLost | None], None] = nobody_is_told
) -> AsyncIterator[ThreadWriter]:
    """Run the writer thread for as long as the block; all handed over is written before it ends.

    Args:
        store: the store; nobody else touches it meanwhile.
        alarm: told of the error when its server is found away, and None when it is back.
    """
    writer = ThreadWriter(store, alarm)
    try:
        yield writer
    finally:
        await writer.finish()


async def commit_when_possible(
    writer: Writer,
    records: Sequence[Record],
    alarm: Callable[[StoreError | None], None],
    patience: float = inf,
) -> None:
    """Commit, waiting out a full disk; what depends on the records is withheld meanwhile.

    Args:
        writer: where to commit.
        records: what to commit.
        alarm: told of the error when the disk is first found full, and None when it no longer is.
        patience: seconds to wait for room.

    Raises:
        StoreFull: nobody made room in that time.
        StoreError: any other trouble.
    """
    alarmed = False
    until = trio.current_time() + patience
    while True:
        try:
            await writer.commit(records)
        except StoreFull as error:
            if trio.current_time() >= until:
                raise
            if not alarmed:
                alarm(error)
            alarmed = True
            await trio.sleep(RETRY_S)
        else:
            break
    if alarmed:
        alarm(None)
