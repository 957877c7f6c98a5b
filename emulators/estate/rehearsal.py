"""Runs the real fleet against an emulated estate, in virtual time."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

from emulators.estate.reaction import ReactionModel, react
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.notices.delivery import NoticeDelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.port import Instruction, InstructionState, InstructionTaken
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

GRAIN_S: Final = 60.0  # what happens within a minute is one commit


class Rehearsal:
    """One estate and one fleet, and what is to happen when."""

    def __init__(self, desk: FleetDesk, model: ReactionModel, seed: int, begin: Utc) -> None:
        self.desk = desk
        self.utc = begin
        self._model = model
        self._seed = seed
        self._ahead: list[tuple[float, int, FleetEvent]] = []
        self._number = count()

    def run(self, until: Utc, done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass."""
        self._settle()
        while not done():
            following = self._next()
            if following is None or following > until:
                return
            self.utc = max(self.utc, following)
            self._step()

    def _next(self) -> Utc | None:
        moments = [Utc(self._ahead[0][0] + GRAIN_S)] if self._ahead else []
        wake = self.desk.next_wake()
        if wake is not None:
            moments.append(wake)
        return min(moments, default=None)

    def _step(self) -> None:
        events = []
        while self._ahead and self._ahead[0][0] <= self.utc:
            events.append(heapq.heappop(self._ahead)[2])
        if events:
            self.desk.handle(events, self.utc)
        self.desk.wake(self.utc)
        self._settle()

    def _settle(self) -> None:
        """Bring instructions to hubs and notices to parties."""
        store = self.desk.store
        with store.transaction():
            waiting = store.select(
                Select(Instruction, (("state", InstructionState.WAITING),), limit=10_000)
            )
            notices = store.select(Select(Notice, (("state", NoticeState.WAITING),), limit=10_000))
        events: list[FleetEvent] = [InstructionTaken(one.key) for one in waiting]
        events += [NoticeDelivered(one.notice, one.party) for one in notices]
        if not events:
            return
        self.desk.handle(events, self.utc)
        for instruction in waiting:
            for outcome in react(self._model, self._seed, instruction, self.utc):
                heapq.heappush(self._ahead, (outcome.utc, next(self._number), outcome))
