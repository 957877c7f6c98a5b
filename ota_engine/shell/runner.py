"""The trio shell: feeds one engine from its links, timers and operators, and does what it says.

One task owns the engine. Batches from links and orders from operators meet in one bounded inbox;
effects are carried out in order, so rows are committed before the frames that tell of them leave.
A radio that sends one frame at a time is served by workers, so that waiting for it never keeps the
engine from answering others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import structlog
import trio

from ota_engine.delivery.orders import Order
from ota_engine.engine import Engine
from ota_engine.errors import StoreError, ZotaError
from ota_engine.events import (
    ClockObserved,
    Effect,
    LinkEvent,
    Notify,
    Persist,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.records import Record
from ota_engine.shell.link import Link, LinkDownError, SendFailedError
from ota_engine.shell.writer import Writer, commit_when_possible

INBOX = 64  # batches from links, waiting for the engine
OUTBOX = 4096  # frames waiting for a radio that takes one at a time
CLOCK_EVERY = 30.0  # seconds between two readings of the wall clock

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Request:
    """An operator's order on its way to the engine, and its answer on the way back."""

    order: Order
    error: ZotaError | None = None
    done: trio.Event = field(default_factory=trio.Event)


@dataclass(slots=True)
class ShellCounters:
    """What the shell itself did and lost."""

    batches: int = 0
    events: int = 0
    sent: int = 0
    not_sent: int = 0
    dropped_outbound: int = 0


class Shell:
    """Runs one engine on one link.

    Args:
        engine: the engine, with its snapshot loaded.
        writer: commits records.
        link: an entered link.
        wall_clock: returns UTC seconds since 1970-01-01.
        notify: called when the outbox has something new.
        alarm: told of a full disk, and None when there is room again.
    """

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        link: Link,
        *,
        wall_clock: Callable[[], float],
        notify: Callable[[], None],
        alarm: Callable[[StoreError | None], None],
    ) -> None:
        self.engine = engine
        self.counters = ShellCounters()
        self._writer = writer
        self._link = link
        self._wall_clock = wall_clock
        self._notify = notify
        self._alarm = alarm
        self._into, self._inbox = trio.open_memory_channel[list[LinkEvent] | _Request](INBOX)
        self._outgoing, self._outbound = trio.open_memory_channel[Send](OUTBOX)
        self._clock_due = -inf

    async def run(self) -> None:
        """Run until cancelled. What was received is answered; what was decided is committed."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._feed)
            for _ in range(self._link.info.max_in_flight):
                nursery.start_soon(self._work)
            await self._serve()

    async def order(self, order: Order) -> None:
        """Give the engine an operator's order; returns once it is committed.

        Raises:
            LocalError: the order names something that is not there.
        """
        request = _Request(order)
        await self._into.send(request)
        await request.done.wait()
        if request.error is not None:
            raise request.error

    async def _feed(self) -> None:
        async for batch in self._link.events:
            await self._into.send(batch)

    async def _serve(self) -> None:
        while True:
            item: list[LinkEvent] | _Request | None = None
            now = trio.current_time()
            if now >= self._clock_due:
                self._clock_due = now + CLOCK_EVERY
                await self._apply(self.engine.handle(ClockObserved(self._wall_clock(), now), now))
            with trio.move_on_at(min(self.engine.next_wake, self._clock_due)):
                item = await self._inbox.receive()
            if isinstance(item, _Request):
                await self._obey(item)
            elif item is not None:
                await self._take(item)
            now = trio.current_time()
            if self.engine.next_wake <= now:
                await self._apply(self.engine.wake(now))

    async def _take(self, batch: list[LinkEvent]) -> None:
        """Answer a batch; deadlines that fall between its events are met in their turn."""
        engine = self.engine
        effects: list[Effect] = []
        self.counters.batches += 1
        self.counters.events += len(batch)
        for event in batch:
            now = event.time
            while engine.next_wake <= now:
                effects += engine.wake(engine.next_wake)
            effects += engine.handle(event, now)
        await self._apply(effects)

    async def _obey(self, request: _Request) -> None:
        try:
            await self._apply(self.engine.handle(request.order, trio.current_time()))
        except StoreError:
            raise
        except ZotaError as error:
            request.error = error
        request.done.set()

    async def _apply(self, effects: Sequence[Effect]) -> None:
        """Carry out effects in order; rows that stand together are committed together."""
        held: list[Send] = []
        records: list[Record] = []
        notify = False
        for effect in effects:
            if type(effect) is Send:
                if records:
                    held.append(effect)
                else:
                    await self._send(effect)
            elif type(effect) is Persist:
                records += effect.records
            elif type(effect) is Notify:
                notify = True
        if records:
            await commit_when_possible(self._writer, records, self._alarm)
        for send in held:
            await self._send(send)
        if notify:
            self._notify()

    async def _send(self, frame: Send) -> None:
        if not self._link.info.max_in_flight:
            await self._put_on_air(frame)
            return
        try:
            self._outgoing.send_nowait(frame)
        except trio.WouldBlock:
            self.counters.dropped_outbound += 1

    async def _work(self) -> None:
        async for frame in self._outbound:
            await self._put_on_air(frame)

    async def _put_on_air(self, frame: Send) -> None:
        try:
            await self._link.send(frame)
            self.counters.sent += 1
        except SendFailedError as error:
            await self._not_sent(frame, error.status)
        except LinkDownError:
            await self._not_sent(frame, SendStatus.LINK_DOWN)

    async def _not_sent(self, frame: Send, status: int) -> None:
        self.counters.not_sent += 1
        failure = SendFailed(frame, status, trio.current_time())
        try:
            self._into.send_nowait([failure])
        except trio.WouldBlock:
            log.warning("inbox full", lost="send failure", status=status)
