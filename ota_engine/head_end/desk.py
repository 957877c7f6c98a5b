"""Takes events to the fleet and back: loads what it asks for, commits what it decides.

Knows the store and the fleet, no loop and no clock: whoever has the time gives it. A batch is one
transaction; what was decided is told to gateways and parties only after its commit.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from math import inf
from typing import Any, Final

from ota_engine.fleet.fleet import Due, Fleet, FleetEvent
from ota_engine.fleet.kernel.decisions import Decision
from ota_engine.fleet.kernel.effects import FleetEffect, Reply, ServiceAnswer
from ota_engine.fleet.kernel.rows import Ask, Rows, RowsWanted, key_of
from ota_engine.fleet.kernel.work import apply
from ota_engine.fleet.orders.events import RequestReceived
from ota_engine.head_end.habits import Habits, kind_of
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

MOST_SCOUTS: Final = 6  # in one batch; what is wanted after them is loaded for one event at a time
FIRST_PARTY: Final = 4  # events asked at first; more while they want what no one else did


class FleetDesk:
    """A fleet and its database."""

    def __init__(self, fleet: Fleet, store: FleetStore) -> None:
        self.fleet = fleet
        self.store = store
        self._habits = Habits()

    def handle(self, events: Sequence[FleetEvent], utc: Utc) -> list[Reply]:
        """Let events happen, in order, in one commit.

        Returns:
            the replies to those that are decisions, in order.

        Raises:
            StoreError: the database failed; nothing happened.
        """
        with self.store.transaction():
            return self.handle_within(events, utc)

    def answer(self, requests: Sequence[RequestReceived], utc: Utc) -> list[ServiceAnswer]:
        """Take service requests, in order, in one commit.

        Returns:
            the answer to each, in order.

        Raises:
            StoreError: the database failed; nothing happened.
        """
        with self.store.transaction():
            effects = self._happen(requests, utc, ())
        return [effect for effect in effects if isinstance(effect, ServiceAnswer)]

    def handle_within(
        self, events: Sequence[FleetEvent], utc: Utc, known: Iterable[Any] = ()
    ) -> list[Reply]:
        """Let events happen, in order, within a transaction of the store that is open.

        Args:
            events: what happens.
            utc: now.
            known: rows that were read within the same transaction, and need not be read again.
        """
        effects = self._happen(events, utc, known)
        return [effect for effect in effects if isinstance(effect, Reply)]

    def _happen(
        self, events: Sequence[FleetEvent], utc: Utc, known: Iterable[Any]
    ) -> list[FleetEffect]:
        """Let events happen within a transaction; what they wanted is kept, and returned."""
        rows = Rows()
        rows.load_all((key_of(row), row) for row in known)
        needs = {need for event in events for need in self.fleet.needs(event)}
        self._load(rows, rows.missing(needs.union(self._habits.of(events))))
        effects: list[FleetEffect] = []
        wanting = 0
        for number, event in enumerate(events):
            try:
                done = self.fleet.handle(event, rows, utc)
            except RowsWanted as wanted:
                wanting += 1
                asks = set(wanted.asks)
                self._habits.note(event, asks)
                if 1 < wanting <= MOST_SCOUTS:  # what the first one wants may be all that lacks
                    kind = kind_of(event)
                    like = (one for one in events[number + 1 :] if kind_of(one) == kind)
                    asks |= self._scout(like, rows, utc)
                self._load(rows, asks)
                done = self._one(event, rows, utc)
            effects += apply(done, rows)
        self.store.keep(rows.changes(), effects, utc)
        return effects

    def decide(self, decision: Decision, utc: Utc) -> Reply:
        """Take one decision."""
        (reply,) = self.handle([decision], utc)
        return reply

    def wake(self, utc: Utc) -> int:
        """Look at every row whose time has come.

        Returns:
            how many there were.
        """
        looked = 0
        while events := self._due(utc):
            self.handle(events, utc)
            looked += len(events)
        return looked

    def next_wake(self) -> Utc | None:
        """When the next row's time comes; None for never."""
        with self.store.reading():
            return min(map(Utc, self._earliest().values()), default=None)

    def _due(self, utc: Utc) -> list[Due]:
        with self.store.reading():
            earliest = self._earliest()
            asks = [ask for ask in self.fleet.due(utc) if earliest.get(ask.kind, inf) <= utc]
            return [Due(row) for ask in asks for row in self.store.select(ask)]

    def _earliest(self) -> dict[type[Any], float]:
        return self.store.earliest(self.fleet.timed(), "due_utc")

    def _scout(self, events: Iterable[FleetEvent], rows: Rows, utc: Utc) -> set[Ask]:
        """Ask events that are still to come, of one kind, what they would want if they came now.

        What they decide now counts for nothing; what they want comes with one statement for all.
        """
        asks: set[Ask] = set()
        ahead, party = iter(events), FIRST_PARTY
        while asked := list(islice(ahead, party)):
            known = len(asks)
            for event in asked:
                try:
                    self.fleet.handle(event, rows, utc)
                except RowsWanted as wanted:
                    asks.update(wanted.asks)
            if len(asks) - known < len(asked) // 2:
                break
            party *= 4
        return asks

    def _one(self, event: FleetEvent, rows: Rows, utc: Utc) -> list[FleetEffect]:
        while True:
            try:
                return self.fleet.handle(event, rows, utc)
            except RowsWanted as wanted:
                self._habits.note(event, wanted.asks)
                self._load(rows, wanted.asks)

    def _load(self, rows: Rows, asks: Iterable[Ask]) -> None:
        rows.load_all(self.store.load(asks))
