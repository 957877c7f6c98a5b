"""Carries outcomes from the store's outbox to one sink, until each is accepted.

What was not accepted waits, longer after every attempt, and becomes a dead letter in the end; both
are kept in the store, so a restart changes nothing. What was accepted just before a crash is told
again under the same key (ADR 0013), which the file's tail turns into exactly once (ADR 0011). A sink
that does not answer at all is left alone for a while; one that refuses a letter gets the next.

Letters to a remote sink are claimed before they are told, so that on a server several couriers may
carry them; our own file is nobody else's.
"""

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

import trio

from ota_engine.errors import StoreError
from ota_engine.store.dispatches import CLAIMED_S, PendingDispatch
from ota_engine.store.store import Store
from ota_engine.store.writer import Writer
from ota_engine.telling.sink import CourierPatience, Fate, Sink, SinkAnswer
from ota_engine.times import Utc

BATCH = 100  # letters read from the store at a time
STORE_RETRY_S = 10.0  # until the store is asked again after it failed


class _Rest(NamedTuple):
    """When to go on: after so many seconds, or before if there is something new."""

    seconds: float
    wakeable: bool = True


class Courier:
    """The trio task that serves one sink. Register the sink with the store first.

    Args:
        writer: owns the store.
        store: whose outbox it is.
        sink: whom to tell.
        wall_clock: returns UTC seconds.
        report: is told, in one line, of every failure.
        patience: how long to go on trying, where that is not what the sink itself says.
    """

    def __init__(
        self,
        writer: Writer,
        store: Store,
        sink: Sink,
        *,
        wall_clock: Callable[[], Utc],
        report: Callable[[str], None],
        patience: CourierPatience | None = None,
    ) -> None:
        self.delivered = 0
        self.failures = 0  # attempts that must be made again
        self.dead = 0
        self._writer = writer
        self._store = store
        self._sink = sink
        self._wall_clock = wall_clock
        self._report = report
        self._patience = patience or sink.patience
        self._wake = trio.Event()
        self._unanswered = 0  # in a row
        self._holding = False  # nobody answered lately, and nobody is tried
        self._askers: list[trio.Event] = []

    def wake(self) -> None:
        """There is something new in the outbox; safe to call at any time, often."""
        self._wake.set()

    async def settle(self) -> None:
        """Return once all that can be told now has been told."""
        if self._holding:
            return
        asker = trio.Event()
        self._askers.append(asker)
        self.wake()
        await asker.wait()

    async def run(self) -> None:
        """Deliver until cancelled. What an earlier run left in the outbox goes first."""
        while True:
            self._wake = trio.Event()
            asking, self._askers = self._askers, []
            try:
                rest = await self._round()
            except StoreError as error:
                self._report(f"{self._sink.name}: outcomes cannot be read or marked: {error}")
                rest = _Rest(STORE_RETRY_S, wakeable=False)
            if not rest.wakeable:  # nobody who asked meanwhile is better off for waiting
                asking, self._askers = asking + self._askers, []
            if rest.seconds > 0:
                for asker in asking:
                    asker.set()
            else:
                self._askers += asking
            await self._pause(rest)

    async def _pause(self, rest: _Rest) -> None:
        if rest.wakeable:
            with trio.move_on_after(rest.seconds):
                await self._wake.wait()
        else:
            self._holding = True
            await trio.sleep(rest.seconds)
            self._holding = False

    async def _round(self) -> _Rest:
        """Try every letter that is due, oldest first, until nobody answers."""
        dispatches, name = self._store.dispatches, self._sink.name
        longest = max(self._patience.pauses)
        begun = self._wall_clock()
        find = dispatches.claim if self._sink.remote else dispatches.due
        due = await self._writer.call(find, name, BATCH, begun, longest)
        for start in range(0, len(due), self._sink.at_once):
            if self._sink.remote and self._wall_clock() >= begun + CLAIMED_S:
                return _Rest(0)  # what is left is anybody's again
            letters = due[start : start + self._sink.at_once]
            answer = await self._sink.tell([letter.outcome for letter in letters])
            await self._note(letters, answer)
            if self._ends_round(answer):
                self._unanswered += 1
                return _Rest(self._patience.after(self._unanswered), wakeable=False)
            self._unanswered = 0
        if len(due) == BATCH:
            return _Rest(0)
        next_utc = await self._writer.call(dispatches.next_utc, name)
        if next_utc is None:
            return _Rest(inf)
        return _Rest(min(max(next_utc - self._wall_clock(), 0.0), longest))

    def _ends_round(self, answer: SinkAnswer) -> bool:
        """Whether the rest of what is due need not, or must not, be told now."""
        in_order = self._patience.most is None
        return answer.fate is Fate.AWAY or (in_order and answer.fate is not Fate.ACCEPTED)

    async def _note(self, letters: Sequence[PendingDispatch], answer: SinkAnswer) -> None:
        """Keep what became of an attempt; until this returns, it was not made."""
        if answer.fate is Fate.ACCEPTED:
            keys = [letter.outcome.key for letter in letters]
            await self._writer.call(self._store.dispatches.delivered, self._sink.name, keys)
            self.delivered += len(keys)
        elif self._patience.most is None:
            self._complain(letters[0], answer)
        else:
            for letter in letters:
                await self._put_by(letter, answer, self._patience.most)

    async def _put_by(self, letter: PendingDispatch, answer: SinkAnswer, most: int) -> None:
        dispatches, name, key = self._store.dispatches, self._sink.name, letter.outcome.key
        attempts = letter.attempts + 1
        if answer.fate is Fate.REFUSED or attempts >= most:
            await self._writer.call(dispatches.bury, name, key, attempts, answer.problem)
            self.dead += 1
            self._report(f"{name}: outcome {key} is given up: {answer.problem}")
            return
        next_utc = self._wall_clock() + self._patience.after(attempts)
        await self._writer.call(dispatches.postpone, name, key, attempts, next_utc, answer.problem)
        self._complain(letter, answer)

    def _complain(self, letter: PendingDispatch, answer: SinkAnswer) -> None:
        self.failures += 1
        key, problem = letter.outcome.key, answer.problem
        self._report(f"{self._sink.name}: outcome {key} not delivered yet: {problem}")
