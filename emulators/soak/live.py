"""The soak under the trio shell: the same devices, faults and judge, another shell for the engine.

Runs on a virtual clock that jumps to the next deadline. trio chooses freely among tasks that are
ready, so two runs need not give the same journal; the judge's demands are the same.
"""

from collections import deque
from collections.abc import Callable, Sequence

import trio
from trio.testing import MockClock

from emulators.air.network import Network
from emulators.home.han import Han
from emulators.node import COORDINATOR
from emulators.simulation.host import EngineFactory, SteppingClock
from emulators.simulation.journal import Journal
from emulators.simulation.simulation import Simulation, SimulationResult, SimulationSettings
from ota_engine.errors import StoreError
from ota_engine.events import LinkUp
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import EventRecord, Record, SessionRecord
from ota_engine.shell.runner import Shell
from ota_engine.store.store import Store
from ota_engine.store.writer import InlineWriter
from ota_engine.times import Monotonic

BATCH_SECONDS = 0.05  # of virtual time: how long frames wait for others to share a wake-up


class JournalingWriter(InlineWriter):
    """Writes at once, and lets the journal and the operator know of what was written."""

    def __init__(
        self, store: Store, journal: Journal, on_session: Callable[[SessionRecord, Monotonic], None]
    ) -> None:
        super().__init__(store)
        self.commits = 0
        self._journal = journal
        self._on_session = on_session

    async def commit(self, records: Sequence[Record]) -> None:
        """Apply the records, then tell of them."""
        await super().commit(records)
        self.commits += 1
        now = Monotonic(trio.current_time())
        for record in records:
            if isinstance(record, EventRecord):
                self._journal.write(now, "engine", record.kind, record.detail, record.device)
            elif isinstance(record, SessionRecord):
                self._on_session(record, now)


class LiveHost:
    """One life of the engine after another under trio; see ``emulators.simulation.host.Host``."""

    def __init__(
        self,
        network: Network,
        store: Store,
        make: EngineFactory,
        wall: SteppingClock,
        journal: Journal,
        on_session: Callable[[SessionRecord, Monotonic], None],
    ) -> None:
        self._starts = 0
        self._network = network
        self._store = store
        self._make = make
        self._wall = wall
        self._journal = journal
        self._writer = JournalingWriter(store, journal, on_session)
        self._engine: Engine | None = None
        self._orders: deque[EngineRequest] = deque()
        self._ordered = trio.Event()
        self._wanted = False
        self._life = trio.CancelScope()

    @property
    def engine(self) -> Engine | None:
        """The engine that runs, or ran last."""
        return self._engine

    @property
    def starts(self) -> int:
        """Engines so far."""
        return self._starts

    @property
    def commits(self) -> int:
        """Transactions so far."""
        return self._writer.commits

    def start(self, now: Monotonic) -> None:
        """Have an engine made as soon as trio gets there."""
        self._wanted = True

    def kill(self) -> None:
        """End the engine's life at the next step it takes."""
        self._wanted = False
        self._life.cancel()

    def order(self, order: EngineRequest, now: Monotonic) -> bool:
        """Put an order in line; it survives the engine it was meant for."""
        self._journal.write(now, "operator", type(order).__name__, {})
        self._orders.append(order)
        self._ordered.set()
        return True

    def commit(self) -> None:
        """Nothing waits: the trio shell commits before it sends."""

    def link_up(self, now: Monotonic) -> LinkUp:
        """Describe the radio."""
        network = self._network
        return LinkUp("han", COORDINATOR, network.max_payload, network.aps_security, now)

    # --- lives -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live until cancelled: with an engine while one is wanted, without one else."""
        while True:
            if self._wanted:
                with trio.CancelScope() as self._life:
                    await self._live()
            else:
                await self._lie_dead()

    async def _live(self) -> None:
        self._starts += 1
        self._engine = self._make(self._store.load())
        async with (
            Han(self._network, batch_seconds=BATCH_SECONDS) as han,
            trio.open_nursery() as nursery,
        ):
            shell = Shell(
                self._engine,
                self._writer,
                han,
                wall_clock=lambda: self._wall.utc(Monotonic(trio.current_time())),
                notify=_ignore_outcomes,
                alarm=_no_disk,
            )
            nursery.start_soon(shell.run)
            nursery.start_soon(self._obey, shell)

    async def _lie_dead(self) -> None:
        """Devices go on living while no engine does."""
        self._network.run(trio.current_time())
        if not self._wanted:
            await trio.sleep_until(self._network.agenda.next_time())

    async def _obey(self, shell: Shell) -> None:
        while True:
            while self._orders:
                await shell.command(self._orders[0])
                self._orders.popleft()
            self._ordered = trio.Event()
            await self._ordered.wait()


def run_virtually(
    settings: SimulationSettings,
    store: Store,
    journal: Journal,
    on_progress: Callable[[float, int], None] | None,
    capture: Callable[[bytes], object] | None = None,
) -> SimulationResult:
    """Run a soak under the trio shell, on virtual time."""
    clock = MockClock(autojump_threshold=0.0)
    return trio.run(_run, settings, store, journal, on_progress, capture, clock=clock)


async def _run(
    settings: SimulationSettings,
    store: Store,
    journal: Journal,
    on_progress: Callable[[float, int], None] | None,
    capture: Callable[[bytes], object] | None,
) -> SimulationResult:
    simulation = Simulation(settings, store, journal, LiveHost, capture)
    host = simulation.host
    assert isinstance(host, LiveHost)  # noqa: S101 - made just above
    simulation.begin()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run)
        for time in simulation.slices():
            await trio.sleep_until(time)
            if on_progress is not None:
                on_progress(time, simulation.blocks)
        nursery.cancel_scope.cancel()
    return simulation.judge()


def _ignore_outcomes() -> None:
    """The outbox keeps them; nobody waits for them here."""


def _no_disk(error: StoreError | None) -> None:
    """A database in memory does not run full."""
