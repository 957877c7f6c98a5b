"""Takes events to the fleet and back: loads what it asks for, commits what it decides.

Knows the store and the fleet, no loop and no clock: whoever has the time gives it. A batch is one
transaction; what was decided is told to gateways and parties only after its commit. Where the database lets
several write, a batch that is of some homes alone is decided beside those of others (``ota_engine.fleet.beside``).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import inf
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from ota_engine.duis.responses import ServiceResponse
from ota_engine.errors import LocalError, StoreConflict, StoreError
from ota_engine.fleet.beside import AloneError, Beside, home_of, homes_of
from ota_engine.fleet.fleet import Due, Fleet, FleetEvent
from ota_engine.fleet.kernel.decisions import Decision
from ota_engine.fleet.kernel.effects import FleetEffect, Reply, ServiceAnswer
from ota_engine.fleet.kernel.rows import (
    Ask,
    RowKey,
    Rows,
    RowsWanted,
    Select,
    key_of,
    replaced,
)
from ota_engine.fleet.kernel.work import apply
from ota_engine.fleet.orders.events import RequestReceived
from ota_engine.fleet.orders.rows import ServiceInbox, UserDocument
from ota_engine.fleet.port import Instruction
from ota_engine.head_end.habits import Habits, kind_of
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

T = TypeVar("T")

TRIES: Final = 4  # of a batch beside others, before it is decided alone
MOST_AGAIN: Final = 100  # times that one row is looked at without a change, one after the other
MOST_SCOUTS: Final = 6  # in one batch; what is wanted after them is loaded for one event at a time
FIRST_PARTY: Final = 4  # events asked at first; more while they want what no one else did


class DocumentMaker(Protocol):
    """Makes documents of what was decided: written and signed."""

    def make(self, content: str) -> bytes:
        """Make the document of a row's content."""

    def document(self, response: ServiceResponse) -> bytes:
        """Make the document of a response."""


class AnswerMade(NamedTuple):
    """An answer to a service request, as it is sent.

    Attributes:
        octets: of the document.
        code: in it.
    """

    octets: bytes
    code: str


class FleetDesk:
    """A fleet and its database.

    Args:
        fleet: decides.
        store: its database.
        maker: of documents for Service Users, in the commit that decides on them; without one they are
            kept as they were decided, and made by whoever has one.
    """

    def __init__(self, fleet: Fleet, store: FleetStore, maker: DocumentMaker | None = None) -> None:
        self.fleet = fleet
        self.store = store
        self._maker = maker
        self._habits = Habits()
        self._watch: Beside | None = None  # what is decided beside others now

    def handle(self, events: Sequence[FleetEvent], utc: Utc) -> list[Reply]:
        """Let events happen, in order, in one commit.

        Returns:
            the replies to those that are decisions, in order.

        Raises:
            StoreError: the database failed; nothing happened.
        """
        return self.together(self.homes_of(events), lambda: self.handle_within(events, utc))

    def homes_of(self, events: Iterable[FleetEvent]) -> frozenset[str] | None:
        """Say of which homes events are, beside those of others they may be decided; None for alone.

        Raises:
            StoreError: the database failed.
        """
        return homes_of(events, self._homes_told) if self.store.many_write else None

    def together(self, homes: frozenset[str] | None, call: Callable[[], T], gateway: str = "") -> T:
        """Do something in one transaction, beside whoever is of other homes, if it can be done so.

        Args:
            homes: that it is of; None for what is done alone.
            call: does it, by ``handle_within``; it may be called several times, of which the last counts.
            gateway: whose report it is; of one gateway there is one at a time.

        Raises:
            StoreError: the database failed; nothing happened.
        """
        for _ in range(TRIES if homes is not None and self.store.many_write else 0):
            try:
                with (
                    self.store.beside(homes or (), gateway) as are_known,
                    self._watched(homes or ()),
                ):
                    if are_known:
                        return call()
                break
            except AloneError:
                break
            except StoreConflict:  # another one was quicker at what both wanted
                continue
        with self.store.transaction():
            return call()

    @contextmanager
    def _watched(self, homes: Iterable[str]) -> Iterator[None]:
        self._watch = Beside(homes)
        try:
            yield
        finally:
            self._watch = None

    def _homes_told(self, keys: Sequence[str]) -> dict[str, str]:
        with self.store.reading():
            found = self.store.load([RowKey(Instruction, (key,)) for key in keys])
        return {row.key: row.home for _, row in found if row is not None}

    def handle_within(
        self, events: Sequence[FleetEvent], utc: Utc, known: Iterable[Any] = ()
    ) -> list[Reply]:
        """Let events happen, in order, within a transaction of the store that is open.

        Args:
            events: what happens.
            utc: now.
            known: rows that were read within the same transaction, and need not be read again.
        """
        rows = Rows()
        rows.load_all((key_of(row), row) for row in known)
        effects = self._let_happen(events, rows, utc)
        self._keep(rows, effects, utc)
        return [effect for effect in effects if isinstance(effect, Reply)]

    def answer(self, requests: Sequence[RequestReceived], utc: Utc) -> list[ServiceAnswer]:
        """Take service requests, in order, in one commit.

        Returns:
            the answer to each, in order.

        Raises:
            StoreError: the database failed; nothing happened.
        """
        with self.store.transaction():
            rows = Rows()
            effects = self._let_happen(requests, rows, utc)
            self._keep(rows, effects, utc)
            return [effect for effect in effects if isinstance(effect, ServiceAnswer)]

    def serve(self, requests: Sequence[RequestReceived], utc: Utc) -> list[AnswerMade]:
        """Take service requests as ``answer`` does, and give documents.

        Returns:
            their answers as they are sent, in order; to a repeat the octets that were sent before.

        Raises:
            StoreError: the database failed; nothing happened.
            LocalError: the desk has nobody who makes documents.
        """
        if self._maker is None:
            raise LocalError("documents cannot be signed here: give the desk who makes them")
        with self.store.transaction():
            rows = Rows()
            effects = self._let_happen(requests, rows, utc)
            answers = [effect for effect in effects if isinstance(effect, ServiceAnswer)]
            for answer in answers:  # one that was decided where nobody could sign is made now
                kept = self._kept(answer, rows)
                if kept is not None and not kept.octets:
                    rows.change(key_of(kept), kept)
            self._keep(rows, effects, utc)
            return [self._made(answer, rows, self._maker) for answer in answers]

    def make(self, documents: Sequence[UserDocument], utc: Utc) -> list[UserDocument]:
        """Make documents that were decided on where nobody could make them.

        Returns:
            all of them as they are sent.

        Raises:
            StoreError: the database failed; nothing was kept.
        """
        with self.store.transaction():
            rows = Rows()
            self._load(rows, [key_of(document) for document in documents])
            for document in documents:
                found = rows.get(UserDocument, document.document)
                if found is not None and not found.octets:
                    rows.change(key_of(found), found)
            self._keep(rows, (), utc)
            return [
                found
                for document in documents
                if (found := rows.get(UserDocument, document.document)) is not None
            ]

    def _let_happen(self, events: Sequence[FleetEvent], rows: Rows, utc: Utc) -> list[FleetEffect]:
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
        return effects

    def _keep(self, rows: Rows, effects: Iterable[FleetEffect], utc: Utc) -> None:
        """Keep what was decided, with the documents that belong to it."""
        if self._maker is not None:
            for change in list(rows.changes()):
                row = change.after
                if isinstance(row, ServiceInbox | UserDocument) and not row.octets:
                    rows.change(change.key, replaced(row, octets=self._maker.make(row.content)))
        if self._watch is not None:
            effects = list(effects)
            self._watch.keeps(rows.changes(), effects)
        self.store.keep(rows.changes(), effects, utc)

    @classmethod
    def _made(cls, answer: ServiceAnswer, rows: Rows, maker: DocumentMaker) -> AnswerMade:
        kept = cls._kept(answer, rows)
        octets = maker.document(answer.response) if kept is None else kept.octets
        return AnswerMade(octets, answer.response.code)

    @staticmethod
    def _kept(answer: ServiceAnswer, rows: Rows) -> ServiceInbox | None:
        if not answer.request:
            return None
        return rows.get(ServiceInbox, answer.request, answer.command_variant)

    def decide(self, decision: Decision, utc: Utc) -> Reply:
        """Take one decision."""
        (reply,) = self.handle([decision], utc)
        return reply

    def wake(self, utc: Utc, mine: Callable[[Due], bool] = lambda due: True) -> int:
        """Look at every row whose time has come.

        Args:
            utc: now.
            mine: whether one is looked at here, and not by another process.

        Returns:
            how many there were.

        Raises:
            StoreError: the database failed, or a row cannot be changed in it.
        """
        looked, first, again = 0, None, 0
        while events := self.due(utc, mine):
            again = again + 1 if events[0] == first else 0
            first = events[0]
            if again > MOST_AGAIN:
                raise StoreError(
                    f"{self.store.place}: a row of {first.row.TABLE} stays as it was whatever is"
                    " decided of it: the database is damaged: restore a backup"
                )
            for batch in self._batches(events):
                self.handle(batch, utc)
            looked += len(events)
        return looked

    def _batches(self, events: list[Due]) -> Iterator[list[Due]]:
        """Part what may be decided beside others from what may not, where that makes a difference."""
        if not self.store.many_write:
            yield events
            return
        of_homes = [event for event in events if home_of(event) is not None]
        others = [event for event in events if home_of(event) is None]
        yield from filter(None, (others, of_homes))

    def next_wake(self) -> Utc | None:
        """When the next row's time comes; None for never."""
        with self.store.reading():
            return min(map(Utc, self._earliest().values()), default=None)

    def due(self, utc: Utc, mine: Callable[[Due], bool] = lambda due: True) -> list[Due]:
        """Name rows whose time has come, the earliest of each kind; there may be more.

        Args:
            utc: now.
            mine: whether one is looked at here; others do not hide what is due after them.
        """
        with self.store.reading():
            earliest = self._earliest()
            asks = [ask for ask in self.fleet.due(utc) if earliest.get(ask.kind, inf) <= utc]
            return [due for ask in asks for due in self._due(ask, mine)]

    def _due(self, ask: Select, mine: Callable[[Due], bool]) -> list[Due]:
        """Look among the earliest, and further where there are more and none of them is looked at here."""
        rows = self.store.select(ask)
        found = list(filter(mine, map(Due, rows)))
        if found or len(rows) != ask.limit:
            return found
        following = self.store.walk(ask._replace(limit=None))
        return list(islice(filter(mine, map(Due, following)), ask.limit))

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
        if self._watch is None:
            rows.load_all(self.store.load(asks))
            return
        asks = list(asks)
        self._watch.asks(asks)
        found = list(self.store.load(asks))
        self._watch.found(found)
        rows.load_all(found)
