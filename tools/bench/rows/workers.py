"""Several processes that decide for one fleet on a PostgreSQL server, against one that decides alone."""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from fleet_estate import WORDS, offered, outcomes
from row import Goal, Measurement, Options, row

from emulators.estate.population import EstateSpec, homes, people
from emulators.soak.worker import spare_the_collector
from ota_engine.fleet.campaigns.rows import Member, MemberState
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.fleet.port import Instruction
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.location import PostgresPlace
from ota_engine.times import Utc

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tests.postgresql import PostgresqlServer, shared_server

WORKERS: Final = 4
BATCH: Final = 100  # outcomes in one commit, as gateways tell them
SCHEMA: Final = "fleet"
MANY_CORES: Final = 8
TWICE: Final = 2.0  # the rate of four, where there are so many cores


class Spent(NamedTuple):
    """What one process needed.

    Attributes:
        own_s: processor time of its own.
        server_s: that of the server on its behalf.
        wall_s: from when all of them began.
    """

    own_s: float
    server_s: float
    wall_s: float


class Run(NamedTuple):
    """What some processes needed together.

    Attributes:
        processor_s: processor time of all of them, and of the server on their behalf.
        wall_s: until the last one had ended.
        faults: what is wrong with what they have decided.
    """

    processor_s: float
    wall_s: float
    faults: tuple[str, ...]


@row("fleet-workers", unit="s/transition", goal=Goal(1.25, at_most=True))
def fleet_workers(options: Options) -> Measurement:
    """Processor time of a transition where four processes hear what hubs say, the server's included.

    The peer is one process that hears the same alone, in the same run. Where there are eight cores, four have
    to be twice as fast.
    """
    number = 200 if options.quick else 20_000
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        template = server.new_database()
        told, utc = _begun(PostgresPlace(server.url(template), SCHEMA), number, options.seed)
        alone = _run(server, template, told, utc, 1)
        ours = _run(server, template, told, utc, WORKERS)
    many = number * len(WORDS)
    faster = alone.wall_s / ours.wall_s
    faults = alone.faults + ours.faults
    if (os.cpu_count() or 1) >= MANY_CORES and faster < TWICE:
        faults = (*faults, f"only {faster:.2f} times as fast")
    note = (
        f"{many:,} transitions, {BATCH} in one commit; {WORKERS} processes are {faster:.2f} times as"
        f" fast as one on {os.cpu_count()} cores"
    )
    return Measurement(ours.processor_s / many, alone.processor_s / many, note, faults)


@contextmanager
def _server(folder: Path) -> Iterator[PostgresqlServer]:
    try:
        with shared_server(folder) as server:
            yield server
    except pytest.skip.Exception as reason:
        raise SystemExit(f"fleet-workers: {reason}") from None


def _begun(place: PostgresPlace, number: int, seed: int) -> tuple[list[Instruction], Utc]:
    """Found an estate whose homes have all been begun."""
    spec = EstateSpec(number, seed)
    store = FleetStore.open(place)
    with store.transaction():
        store.insert(people(spec))
        store.insert(homes(spec))
    told, utc = offered(FleetDesk(Fleet(), store), number)
    store.close()
    return told, utc


def _run(
    server: PostgresqlServer, template: str, told: Sequence[Instruction], utc: Utc, workers: int
) -> Run:
    place = PostgresPlace(server.url(server.new_database(template)), SCHEMA)
    context = multiprocessing.get_context("spawn")
    begin, queue = context.Barrier(workers), context.SimpleQueue()
    processes = [
        context.Process(target=_hear, args=(place, told[n::workers], utc, n, workers, begin, queue))
        for n in range(workers)
    ]
    for process in processes:
        process.start()
    spent: list[Spent] = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    processor = sum(one.own_s + one.server_s for one in spent)
    return Run(processor, max(one.wall_s for one in spent), _faults(place, len(told)))


def _hear(
    place: PostgresPlace,
    told: Sequence[Instruction],
    utc: Utc,
    number: int,
    workers: int,
    begin: Barrier,
    queue: "multiprocessing.SimpleQueue[Spent]",
) -> None:
    """Hear what hubs say in a share of the homes; the first one also looks at what is due."""
    spare_the_collector()
    store = FleetStore.open(place)
    desk = FleetDesk(Fleet(), store)
    (server,) = store.driver.execute("SELECT pg_backend_pid()").fetchone()
    begin.wait()
    began, own, theirs = time.perf_counter(), time.process_time(), _processor_time(server)
    batches = 0
    for word in WORDS:
        for start in range(0, len(told), BATCH):
            desk.handle(outcomes(told[start : start + BATCH], word, utc), utc)
            batches += 1
            if number == 0 and batches % (WORKERS // workers) == 0:
                desk.wake(utc)
    spent = Spent(
        time.process_time() - own,
        _processor_time(server) - theirs,
        time.perf_counter() - began,
    )
    store.close()
    queue.put(spent)


def _processor_time(process: int) -> float:
    """Seconds that a process has run."""
    values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def _faults(place: PostgresPlace, number: int) -> tuple[str, ...]:
    store = FleetStore.open(place)
    with store.reading():
        states = store.count(Counts(Member, ("state",)))
        broken = store.verify_audit() is not None or any(store.broken_seals())
    store.close()
    faults = [] if states.get((MemberState.ACTIVATED,), 0) == number else [f"states are {states}"]
    return (*faults, "the trail is broken") if broken else tuple(faults)
