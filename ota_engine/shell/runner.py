"""The trio shell: feeds one engine from its link, timers and operators, and does what it says.

The engine is called from whichever task has something for it; calls never wait, so they cannot
interleave. What they decide is carried out in the order it was decided: rows are committed before the
frames that tell of them leave, and what is decided meanwhile waits its turn, by one lock. Frames alone
that find no turn taken leave at once. A radio that takes one frame at a time is served by workers, so
that waiting for it never keeps the engine from answering others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

import trio

from ota_engine.errors import StoreError
from ota_engine.events import (
    ClockObserved,
    Effect,
    Notify,
    Persist,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.link.contract import Link, LinkDownError, SendFailedError, is_prompt
from ota_engine.paced_clock import rate_of
from ota_engine.records import Record
from ota_engine.store.writer import Writer, commit_when_possible
from ota_engine.times import LONG_AGO, Monotonic, Utc

OUTBOUND = 4096  # frames waiting for a radio that takes one at a time
CLOCK_EVERY = 30.0  # seconds of the calendar between two readings of the wall clock...
CLOCK_AT_MOST_EVERY = 1.0  # ...of which there is no more than one in so many seconds

#: Sees rows that were committed; must not wait.
Witness: TypeAlias = Callable[[Sequence[Record]], None]


def nobody(_: Sequence[Record]) -> None:
    """Look at nothing."""


@dataclass(slots=True)
class ShellCounters:
    """What the shell itself did and lost; ``dropped_outbound`` frames found the queue full."""

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
        committed: told of rows once they are on disk, before the frames behind them leave.
        outbound: frames that may wait for a radio that takes one at a time; of any more the engine
            is told that the radio is busy.
        patience: seconds to wait for room on a full disk, until ``run`` and ``command`` raise
            StoreFull.
    """

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        link: Link,
        *,
        wall_clock: Callable[[], Utc],
        notify: Callable[[], None],
        alarm: Callable[[StoreError | None], None],
        committed: Witness = nobody,
        outbound: int = OUTBOUND,
        patience: float = inf,
    ) -> None:
        self.engine = engine
        self.counters = ShellCounters()
        self._writer = writer
        self._link = link
        self._wall_clock = wall_clock
        self._notify = notify
        self._alarm = alarm
        self._committed = committed
        self._patience = patience
        self._in_turn = trio.Lock()
        self._in_flight = link.info.max_in_flight
        self._put = link.put if is_prompt(link) else None
        self._queue, self._queued = trio.open_memory_channel[Send](outbound)
        self._clock_due = LONG_AGO
        self._waiting = trio.CancelScope()
        self._heard = trio.lowlevel.ParkingLot()

    async def run(self) -> None:
        """Run until cancelled or until the link ends. What was decided is committed."""
        async with trio.open_nursery() as nursery:
            for _ in range(self._in_flight):
                nursery.start_soon(self._work)
            try:
                await self._serve()
            except trio.EndOfChannel:
                nursery.cancel_scope.cancel()

    async def command(self, request: EngineRequest) -> None:
        """Give the engine what a person asks; returns once it is committed.

        Raises:
            LocalError: the request names something that is not there.
            StoreError: it could not be committed.
        """
        await self._read_clock()  # a request may come before the first event
        await self._apply(self.engine.handle(request, Monotonic(trio.current_time())))

    async def heard(self) -> None:
        """Wait until the link has told something more, and the engine has taken it."""
        await self._heard.park()

    async def _serve(self) -> None:
        engine = self.engine
        while True:
            await self._read_clock()
            effects: Sequence[Effect] = ()
            deadline = min(engine.next_wake, self._clock_due)
            with trio.CancelScope(deadline=deadline) as self._waiting:
                effects = await self._listen()
            if effects:
                await self._apply(effects)
                self._heard.unpark_all()
            now = Monotonic(trio.current_time())
            if engine.next_wake <= now:
                await self._apply(engine.wake(now))

    async def _listen(self) -> Sequence[Effect]:
        """Answer batch after batch, for as long as that can be done at once; returns what cannot be."""
        events = self._link.events
        while True:
            batch = await events.receive()
            self.counters.batches += 1
            self.counters.events += len(batch)
            left = self._at_once(self.engine.handle_batch(batch))
            if left:
                return left
            self._wake_in_time()
            if self._heard:
                self._heard.unpark_all()

    async def _read_clock(self) -> None:
        """Read the wall clock if it is time to."""
        now = Monotonic(trio.current_time())
        if now >= self._clock_due:
            pause = max(CLOCK_EVERY / rate_of(self._wall_clock), CLOCK_AT_MOST_EVERY)
            self._clock_due = now + pause
            await self._apply(self.engine.handle(ClockObserved(self._wall_clock(), now), now))

    def _wake_in_time(self) -> None:
        """Have the engine woken no later than it asks for now."""
        if self.engine.next_wake < self._waiting.deadline:  # noqa: PLR1730 - setting one costs
            self._waiting.deadline = self.engine.next_wake

    async def _apply(self, effects: Sequence[Effect]) -> None:
        """Carry out effects in order; rows of one call are committed together."""
        self._wake_in_time()
        while effects := self._at_once(effects):
            async with self._in_turn:
                failures = await self._carry_out(effects)
            effects = self._told(failures)

    def _at_once(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        """Send frames that nothing has to be waited for with; returns what has to wait its turn."""
        while effects and not self._in_turn.locked():
            frames = [effect for effect in effects if type(effect) is Send]
            if len(frames) < len(effects):
                break
            effects = self._told(self._send(frames))
        return effects

    def _told(self, failures: Sequence[SendFailed]) -> list[Effect]:
        """What the engine wants done about frames that did not leave."""
        return [
            effect for failure in failures for effect in self.engine.handle(failure, failure.time)
        ]

    async def _carry_out(self, effects: Sequence[Effect]) -> list[SendFailed]:
        records: list[Record] = []
        frames: list[Send] = []
        notify = False
        for effect in effects:
            if type(effect) is Send:
                frames.append(effect)
            elif type(effect) is Persist:
                records += effect.records
            elif type(effect) is Notify:
                notify = True
        if records:
            await commit_when_possible(self._writer, records, self._alarm, self._patience)
            self._committed(records)
        failures = self._send(frames)
        if notify:
            self._notify()
        return failures

    def _send(self, frames: Sequence[Send]) -> list[SendFailed]:
        """Let frames go, to the air or to where they wait for it; returns those that could not."""
        if not frames:
            return []
        if self._put is None:
            return [failure for frame in frames if (failure := self._queue_up(frame)) is not None]
        try:
            self._put(frames)
        except LinkDownError:
            self.counters.not_sent += len(frames)
            now = Monotonic(trio.current_time())
            return [SendFailed(frame, SendStatus.LINK_DOWN, now) for frame in frames]
        self.counters.sent += len(frames)
        return []

    def _queue_up(self, frame: Send) -> SendFailed | None:
        """Let a frame wait for the radio, or say that too many do."""
        try:
            self._queue.send_nowait(frame)
        except trio.WouldBlock:
            self.counters.dropped_outbound += 1
            return SendFailed(frame, SendStatus.BUSY, Monotonic(trio.current_time()))
        return None

    async def _work(self) -> None:
        async for frame in self._queued:
            failure = await self._put_on_air(frame)
            if failure is not None:
                await self._apply(self.engine.handle(failure, failure.time))

    async def _put_on_air(self, frame: Send) -> SendFailed | None:
        try:
            await self._link.send(frame)
        except SendFailedError as error:
            status = error.status
        except LinkDownError:
            status = SendStatus.LINK_DOWN
        else:
            self.counters.sent += 1
            return None
        self.counters.not_sent += 1
        return SendFailed(frame, status, Monotonic(trio.current_time()))
