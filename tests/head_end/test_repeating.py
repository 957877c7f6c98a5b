"""What is done again and again tells what it failed of in one line, whichever of its tasks did."""

import pytest
import trio

from ota_engine.errors import StoreError, StoreLost
from ota_engine.head_end.repeating import Repeating

LOST = StoreLost("the server is out of reach")


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        ([StoreError("the disk is full")], "the disk is full"),
        ([LOST, LOST], "the server is out of reach"),
        ([LOST, ZeroDivisionError("0")], "a fault of ours: ExceptionGroup"),
        ([ZeroDivisionError("0")], "a fault of ours: ExceptionGroup"),
    ],
)
async def test_a_trouble_that_tasks_meet_is_told_as_it_is_and_ends_nothing(
    raised: list[Exception], line: str
) -> None:
    told: list[str] = []

    async def fail(error: Exception) -> None:
        raise error

    async def work() -> None:
        async with trio.open_nursery() as nursery:
            for error in raised:
                nursery.start_soon(fail, error)

    await Repeating(told.append).once(work)
    (one,) = told
    assert one.startswith(line)
