"""The writer thread: durable before it answers, grouped, in order, and sane under cancellation."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeAlias

import pytest
import trio
import trio.testing

from ota_engine.errors import StoreError, StoreFull
from ota_engine.records import Record
from ota_engine.store.store import Store
from ota_engine.store.writer import (
    InlineWriter,
    Writer,
    commit_when_possible,
    open_writer,
)
from tests.store.samples import IMAGE, assignment, audit, event, image, session

SMALL = 128 * 1024  # octets
LARGE = 64 * 1024 * 1024
BULKY = image(bytes(SMALL))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        yield opened


@asynccontextmanager
async def thread(store: Store) -> AsyncIterator[Writer]:
    async with open_writer(store) as writer:
        yield writer


@asynccontextmanager
async def inline(store: Store) -> AsyncIterator[Writer]:
    yield InlineWriter(store)
    await trio.lowlevel.checkpoint()


Writing: TypeAlias = Callable[[Store], AbstractAsyncContextManager[Writer]]
BOTH = pytest.mark.parametrize("writing", [thread, inline])


@BOTH
async def test_what_was_committed_is_there_when_commit_returns(
    store: Store, writing: Writing
) -> None:
    async with writing(store) as writer:
        await writer.commit([IMAGE, assignment()])
        assert await writer.call(store.load) == store.load()
        assert store.load().assignments == (assignment(),)


@BOTH
async def test_only_the_caller_whose_records_do_not_fit_is_told(
    store: Store, writing: Writing
) -> None:
    refused: list[Sequence[Record]] = []

    async def commit(records: Sequence[Record]) -> None:
        try:
            await writer.commit(records)
        except StoreError:
            refused.append(records)

    async with writing(store) as writer, trio.open_nursery() as nursery:
        for records in ([event("first")], [session()], [event("last")]):  # a session of nothing
            nursery.start_soon(commit, records)
    assert refused == [[session()]]
    assert {line.kind for line in store.events()} == {"first", "last"}


@BOTH
async def test_a_function_that_fails_fails_in_the_task_that_asked(
    store: Store, writing: Writing
) -> None:
    async with writing(store) as writer:
        with pytest.raises(ZeroDivisionError):
            await writer.call(lambda: 1 // 0)
        await writer.commit([event()])
    assert store.events() == (event(),)


async def test_the_store_is_only_touched_by_one_thread_that_is_not_ours(store: Store) -> None:
    async with open_writer(store) as writer:
        threads = {await writer.call(threading.get_ident) for _ in range(3)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_commits_that_arrive_while_the_disk_is_busy_share_a_transaction(store: Store) -> None:
    busy = threading.Event()
    async with open_writer(store) as writer, trio.open_nursery() as nursery:
        nursery.start_soon(partial(writer.call, busy.wait))
        await trio.testing.wait_all_tasks_blocked()
        for number in range(20):
            nursery.start_soon(writer.commit, [event(str(number))])
        await trio.testing.wait_all_tasks_blocked()
        before = writer.transactions
        busy.set()
    assert len(store.events()) == 20
    assert writer.transactions == before + 1


async def test_commits_and_calls_keep_the_order_in_which_they_came(store: Store) -> None:
    seen: dict[int, int] = {}

    async def look(number: int) -> None:
        seen[number] = len(await writer.call(store.events))

    async with open_writer(store) as writer, trio.open_nursery() as nursery:
        busy = threading.Event()
        nursery.start_soon(partial(writer.call, busy.wait))
        await trio.testing.wait_all_tasks_blocked()
        for number in (1, 2, 3):
            nursery.start_soon(writer.commit, [event()])
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(look, number)
            await trio.testing.wait_all_tasks_blocked()
        busy.set()
    assert seen == {1: 1, 2: 2, 3: 3}


async def test_all_that_was_handed_over_is_written_before_the_writer_ends(store: Store) -> None:
    with trio.CancelScope() as scope:
        async with open_writer(store) as writer, trio.open_nursery() as nursery:
            busy = threading.Event()
            nursery.start_soon(partial(writer.call, busy.wait))
            for number in range(5):
                nursery.start_soon(writer.commit, [event(str(number))])
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
            busy.set()
    assert len(store.events()) == 5


# --- cancellation at every checkpoint (fault 37) --------------------------------------------------


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when its tasks have been run ``step`` times."""

    def __init__(self, step: int) -> None:
        self.scope = trio.CancelScope()
        self.left = step
        self.task: trio.lowlevel.Task | None = None

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self.left -= 1
            if self.left == 0:
                self.scope.cancel()


COMMITS = 4


@BOTH
def test_a_commit_cancelled_anywhere_has_happened_or_was_never_begun(writing: Writing) -> None:
    for step in range(1, 100):
        cancelled, told, written = _cancelled_at(step, writing)
        assert told <= written <= told + 1
        if not cancelled:
            assert step >= COMMITS
            assert told == COMMITS
            return
    pytest.fail("no run went through without being cancelled")


def _cancelled_at(step: int, writing: Writing) -> tuple[bool, int, int]:
    """Whether the work was cancelled, how many commits returned, how many were written."""
    instrument = CancelAtStep(step)
    told = 0

    async def main(store: Store) -> None:
        nonlocal told
        async with writing(store) as writer:
            instrument.task = trio.lowlevel.current_task()
            with instrument.scope:
                for number in range(COMMITS):
                    await writer.commit([event(str(number)), audit()])
                    told += 1
            instrument.task = None
            await writer.commit([])  # it still serves

    with Store.in_memory() as store:
        trio.run(main, store, instruments=[instrument])
        assert store.verify_audit() is None
        assert store.audit_head().length == len(store.events())
        return instrument.scope.cancelled_caught, told, len(store.events())


# --- a full disk (fault 4) ------------------------------------------------------------------------


@pytest.fixture
def full() -> Iterator[Store]:
    with Store.in_memory() as store:
        store.limit_size(SMALL)
        yield store


async def test_a_commit_to_a_full_disk_is_refused_and_the_writer_goes_on(full: Store) -> None:
    async with open_writer(full) as writer:
        with pytest.raises(StoreFull):
            await writer.commit([BULKY])
        await writer.commit([event()])
    assert full.events() == (event(),)


async def test_what_depends_on_a_commit_is_withheld_until_there_is_room(
    full: Store, autojump_clock: trio.testing.MockClock
) -> None:
    alarms: list[StoreError | None] = []
    sent: list[str] = []

    async def persist_then_send(writer: Writer) -> None:
        await commit_when_possible(writer, [BULKY], alarms.append)
        sent.append("frame")

    async with inline(full) as writer, trio.open_nursery() as nursery:
        nursery.start_soon(persist_then_send, writer)
        await trio.sleep(3600)
        assert sent == []
        assert [type(alarm) for alarm in alarms] == [StoreFull]  # one alarm, not one per attempt
        full.limit_size(LARGE)
        await trio.sleep(5)
        assert sent == ["frame"]
    assert [type(alarm) for alarm in alarms] == [StoreFull, type(None)]
    assert full.load().images == (BULKY,)


async def test_waiting_for_room_can_be_cancelled(
    full: Store, autojump_clock: trio.testing.MockClock
) -> None:
    async with inline(full) as writer:
        with trio.move_on_after(60) as scope:
            await commit_when_possible(writer, [BULKY], lambda _: None)
    assert scope.cancelled_caught
    assert full.load().images == ()


async def test_trouble_that_room_does_not_cure_is_raised_at_once(store: Store) -> None:
    async with inline(store) as writer:
        with pytest.raises(StoreError):
            await commit_when_possible(writer, [session()], lambda _: None)
