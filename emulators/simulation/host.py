"""The engine's life in a simulation: started from its store, fed, committed, killed, started again.

The simulation shell's half of what ``ota_engine.shell`` does under trio. Commits are grouped by
slices of virtual time; since the engine is only ever killed after a commit, that is the same as
committing every ``Persist`` before the frames behind it leave.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from emulators.air.network import Network
from emulators.air.port import Port
from emulators.node import COORDINATOR
from emulators.simulation.journal import Journal
from ota_engine.events import ClockObserved, Effect, LinkUp, Persist
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import EventRecord, Record, SessionRecord, Snapshot
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

CLOCK_EVERY = 30.0  # seconds between two readings of the wall clock
LINK = "sim"

EngineFactory = Callable[[Snapshot], Engine]


class SteppingClock:
    """UTC in a simulation: virtual time since an epoch, plus the steps somebody made in it.

    Attributes:
        ahead: seconds it was set forward in all; below 0 it is behind.
    """

    __slots__ = ("_epoch", "ahead")

    def __init__(self, epoch: Utc) -> None:
        self._epoch = epoch
        self.ahead = 0.0

    def step(self, seconds: float) -> None:
        """Set the clock forward, or back."""
        self.ahead += seconds

    def utc(self, now: Monotonic) -> Utc:
        """Seconds since 1970-01-01."""
        return Utc(self._epoch + self.ahead + now)


class Host(Protocol):
    """Whoever gives the engine its life, under virtual time or under trio."""

    @property
    def starts(self) -> int:
        """Engines so far."""

    @property
    def commits(self) -> int:
        """Transactions so far."""

    @property
    def engine(self) -> Engine | None:
        """The running engine, None while it is dead."""

    def start(self, now: Monotonic) -> None:
        """Make an engine from what the store remembers and let it serve."""

    def kill(self) -> None:
        """Let the engine die; what it decided is committed, what it knew is gone."""

    def order(self, order: EngineRequest, now: Monotonic) -> bool:
        """Give an operator's order; False when the engine is dead."""

    def commit(self) -> None:
        """Write what the engine decided since the last time."""

    def link_up(self, now: Monotonic) -> LinkUp:
        """Describe the radio."""


class EngineHost:
    """One engine at the coordinator, and the store that outlives it.

    Args:
        network: where the engine serves.
        store: what it must not forget.
        make: makes an engine from what the store remembers.
        wall: the wall clock it reads.
        journal: where its events go.
        on_session: told of every session the engine has written.
        committed: sees the rows of every transaction.
    """

    def __init__(
        self,
        network: Network,
        store: Store,
        make: EngineFactory,
        wall: SteppingClock,
        journal: Journal,
        on_session: Callable[[SessionRecord, Monotonic], None],
        committed: Callable[[Sequence[Record]], None] = lambda _: None,
    ) -> None:
        self._committed = committed
        self._engine: Engine | None = None
        self._commits = 0
        self._starts = 0
        self._network = network
        self._store = store
        self._make = make
        self._wall = wall
        self._journal = journal
        self._on_session = on_session
        self._port: Port | None = None
        self._records: list[Record] = []

    @property
    def starts(self) -> int:
        """Engines so far."""
        return self._starts

    @property
    def commits(self) -> int:
        """Transactions so far."""
        return self._commits

    @property
    def engine(self) -> Engine | None:
        """The running engine, None while it is dead."""
        return self._engine

    def start(self, now: Monotonic) -> None:
        """Make an engine from what the store remembers and let it serve."""
        self._starts += 1
        self._engine = self._make(self._store.load())
        self._port = self._network.attach(self._engine, self._take)
        self._read_clock(now)
        if self._network.link_is_up:
            self._network.tell(self._port, self.link_up(now), now)
        self._tick(self._starts, now)

    def kill(self) -> None:
        """Let the engine die; what it decided is committed, what it knew is gone."""
        self.commit()
        if self._port is not None:
            self._network.detach(self._port)
        self._engine = self._port = None

    def order(self, order: EngineRequest, now: Monotonic) -> bool:
        """Give an operator's order; False when the engine is dead."""
        if self._engine is None or self._port is None:
            return False
        self._journal.write(now, "operator", type(order).__name__, {})
        self._network.submit(self._port, self._engine.handle(order, now), now)
        return True

    def commit(self) -> None:
        """Write what the engine decided since the last time."""
        if self._records:
            self._commits += 1
            self._store.apply(self._records)
            records, self._records = self._records, []
            self._committed(records)

    def link_up(self, now: Monotonic) -> LinkUp:
        """Describe the radio."""
        network = self._network
        return LinkUp(LINK, COORDINATOR, network.max_payload, network.aps_security, now)

    def _take(self, effect: Effect, now: Monotonic) -> None:
        if isinstance(effect, Persist):
            for record in effect.records:
                if isinstance(record, EventRecord):
                    self._journal.write(now, "engine", record.kind, record.detail, record.device)
                elif isinstance(record, SessionRecord):
                    self._on_session(record, now)
            self._records += effect.records

    def _read_clock(self, now: Monotonic) -> None:
        if self._engine is not None and self._port is not None:
            reading = ClockObserved(self._wall.utc(now), now)
            self._network.submit(self._port, self._engine.handle(reading, now), now)

    def _tick(self, life: int, now: Monotonic) -> None:
        """Read the wall clock for as long as this engine lives."""
        if life == self._starts and self._engine is not None:
            self._read_clock(now)
            self._network.agenda.at(now + CLOCK_EVERY, lambda later: self._tick(life, later))
