"""Events wait in one growing batch, up to a limit, and the news of the link itself never drops."""

import pytest
import trio
import trio.testing

from hw.inbox import LIMIT, Inbox
from images.eui64 import Eui64
from ota_engine.events import Left, LinkDown
from ota_engine.times import Monotonic


def event(number: int) -> Left:
    return Left(Eui64(number), Monotonic(0.0))


async def test_what_arrives_while_a_batch_waits_joins_it() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.put(event(number))
    assert await inbox.events.receive() == [event(0), event(1), event(2)]


async def test_a_batch_that_was_taken_grows_no_more() -> None:
    inbox = Inbox()
    inbox.put(event(0))
    taken = await inbox.events.receive()
    inbox.put(event(1))
    assert taken == [event(0)]
    assert await inbox.events.receive() == [event(1)]


async def test_a_reader_who_waits_gets_its_batch_before_the_next() -> None:
    inbox = Inbox()
    batches: list[list[object]] = []

    async def read() -> None:
        batches.extend([list(await inbox.events.receive()) for _ in range(2)])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        inbox.put(event(0))
        inbox.put(event(1))
    assert batches == [[event(0)], [event(1)]]


async def test_what_finds_no_room_is_dropped_and_counted() -> None:
    inbox = Inbox()
    for number in range(LIMIT + 5):
        inbox.put(event(number))
    assert inbox.dropped == 5
    down = LinkDown("ezsp", "unplugged", Monotonic(0.0))
    inbox.put(down, always=True)
    batch = await inbox.events.receive()
    assert len(batch) == LIMIT + 1
    assert batch[-1] == down


async def test_the_end_comes_after_what_was_put() -> None:
    inbox = Inbox()
    inbox.put(event(0))
    inbox.close()
    assert await inbox.events.receive() == [event(0)]
    with pytest.raises(trio.EndOfChannel):
        await inbox.events.receive()
