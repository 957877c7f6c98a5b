"""Lets requests happen in the fleet, as many in one commit as wait; knows the desk, no HTTP.

A request that was handed over happens, whether or not anybody still waits for its answer: the answer is
kept, and whoever asks again gets it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import trio

from ota_engine.duis.requests import UpdateFirmware
from ota_engine.errors import StoreError
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.events import RequestReceived
from ota_engine.fleet.orders.rows import ImageOrder
from ota_engine.head_end.desk import AnswerMade, FleetDesk
from ota_engine.head_end.image_shelf import ImageShelf
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.times import Utc

MOST_WAITING: Final = 2_000  # requests; more are refused until some are done
MOST_TOGETHER: Final = 64  # requests in one commit


class Overloaded(Exception):  # noqa: N818 - it passes
    """More requests wait than are taken: try again later."""


class RequestFailed(Exception):  # noqa: N818 - reads as the outcome it is
    """A request did not happen, and nothing of it was kept.

    Attributes:
        reason: one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Waiting(NamedTuple):
    received: RequestReceived
    answered: trio.Event
    answer: list[AnswerMade | Exception]


class RequestWriter:
    """Takes requests from many tasks; ``run`` must be running.

    Args:
        room: in which the desk is used.
        shelf: on which images of requests lie.
        clock: gives UTC.
        report: is told in one line what went wrong.
    """

    def __init__(
        self,
        room: DeskRoom,
        shelf: ImageShelf,
        clock: Callable[[], Utc],
        report: Callable[[str], None],
    ) -> None:
        self._room = room
        self._shelf = shelf
        self._clock = clock
        self._report = report
        self._queue: deque[_Waiting] = deque()
        self._some = trio.Event()

    @property
    def waiting(self) -> int:
        """Requests that wait for their commit."""
        return len(self._queue)

    async def answer(self, received: RequestReceived) -> AnswerMade:
        """Let a request happen.

        Returns:
            the answer, signed, as it was kept.

        Raises:
            Overloaded: it was not taken.
            RequestFailed: nothing of it happened.
        """
        if len(self._queue) >= MOST_WAITING:
            raise Overloaded
        waiting = _Waiting(received, trio.Event(), [])
        self._queue.append(waiting)
        self._some.set()
        await waiting.answered.wait()
        (found,) = waiting.answer
        if isinstance(found, Exception):
            raise found
        return found

    async def run(self) -> None:
        """Commit what comes until cancelled; what was begun is finished."""
        while True:
            await self._some.wait()
            with trio.CancelScope(shield=True):
                await self._commit(self._batch())
            if not self._queue:
                self._some = trio.Event()

    def _batch(self) -> list[_Waiting]:
        """Take what waits, in its order, for one commit.

        An order of firmware has one of its own: how its devices stand is read as of the commit before.
        """
        batch = [self._queue.popleft()]
        while self._queue and len(batch) < MOST_TOGETHER and not _is_order(batch[0]):
            if _is_order(self._queue[0]):
                break
            batch.append(self._queue.popleft())
        return batch

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        events = [one.received for one in batch]
        try:
            answers: Sequence[AnswerMade | Exception] = await self._room.use(
                lambda desk: self._serve(desk, events)
            )
        except StoreError as error:
            self._report(f"requests were not taken: {error}")
            answers = [RequestFailed(str(error))] * len(batch)
        except Exception as error:  # noqa: BLE001 - reported; one request must not spoil the others
            if len(batch) > 1:
                for one in batch:
                    await self._commit([one])
                return
            answers = [self._fault(batch[0], error)]
        for one, answer in zip(batch, answers, strict=True):
            one.answer.append(answer)
            one.answered.set()

    def _serve(self, desk: FleetDesk, events: Sequence[RequestReceived]) -> list[AnswerMade]:
        try:
            return desk.serve(events, self._clock())
        finally:
            for event in events:
                if event.image is not None and not event.image.trouble:
                    sha256 = event.image.sha256
                    self._shelf.settle(sha256, named=_is_ordered(desk, sha256))

    def _fault(self, waiting: _Waiting, error: Exception) -> RequestFailed:
        name = waiting.received.request.header.request_id.text
        self._report(f"{name}: a fault of ours: {type(error).__name__}: {error}")
        return RequestFailed("a fault of the head end: its operator has been told")


def _is_ordered(desk: FleetDesk, sha256: str) -> bool:
    """Whether an order names an image; where that cannot be known, it does."""
    try:
        with desk.store.reading():
            wanted = Select(ImageOrder, (("sha256", sha256),), limit=1)
            return bool(desk.store.select(wanted))
    except StoreError:
        return True


def _is_order(waiting: _Waiting) -> bool:
    return isinstance(waiting.received.request.body, UpdateFirmware)
