"""Shares the shards of soaks among processes and gathers what they give; survives their deaths.

A shard counts only when its whole line arrived. What a dead or lying worker owed is missing from
the result, and the result says so.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO, NamedTuple

from emulators.soak.soak import ShardJson, SoakSpec
from emulators.soak.work import Unit, UnitEnd, UnitProgress, nobody
from ota_engine.canonical import canonical_json

READ = 1 << 16  # octets
GRACE = 5.0  # seconds a worker gets to end before it is killed

Workers = list["subprocess.Popen[bytes]"]


class Said(NamedTuple):
    """One line of a worker: how far a shard is, and its result once it has come to its end."""

    shard: int
    virtual: float
    blocks: int
    result: ShardJson | None = None
    seconds: float = 0.0


class LocalProcesses:
    """Worker processes on this machine; one that dies is replaced, what it owed is not done again.

    Args:
        processes: how many at once.
        journals: a folder for the journals, None to keep only their hashes.
        captures: a folder for pcapng files of all frames, None to record nothing.
        on_started: given the first workers, for tests that kill one.
    """

    def __init__(
        self,
        processes: int,
        *,
        journals: Path | None = None,
        captures: Path | None = None,
        on_started: Callable[[Workers], None] = lambda _: None,
    ) -> None:
        self._processes = processes
        self._folders = {"journals": journals, "captures": captures}
        self._on_started = on_started

    def run(self, units: Iterator[Unit], on_progress: UnitProgress = nobody) -> Iterator[UnitEnd]:
        """Run units; see ``emulators.soak.work.Crew``."""
        with _workers() as workers, DefaultSelector() as selector:
            while len(workers) < self._processes and self._hire(workers, selector, units):
                pass
            self._on_started([worker.process for worker in workers])
            while selector.get_map():
                for key, _ in selector.select():
                    worker: _Worker = key.data
                    yield from worker.read(units, on_progress)
                    if worker.ended:
                        selector.unregister(key.fileobj)
                        if worker.unit is not None:
                            yield UnitEnd(worker.unit, None, trouble="its worker died")
                            self._hire(workers, selector, units)

    def _hire(
        self, workers: "list[_Worker]", selector: DefaultSelector, units: Iterator[Unit]
    ) -> bool:
        """Start a worker where there is something left to do."""
        unit = next(units, None)
        if unit is None:
            return False
        worker = _Worker(self._folders)
        workers.append(worker)
        selector.register(worker.said, EVENT_READ, worker)
        worker.give(unit)
        return True


def run_shards(
    spec: SoakSpec,
    processes: int,
    *,
    journals: Path | None = None,
    captures: Path | None = None,
    on_progress: UnitProgress = nobody,
    on_started: Callable[[Workers], None] = lambda _: None,
) -> dict[int, ShardJson]:
    """Run every shard of a soak in worker processes.

    Args:
        spec: what to soak.
        processes: how many workers; never more than there are shards.
        journals: a folder for the journals, None to keep only their hashes.
        captures: a folder for pcapng files of all frames, None to record nothing.
        on_progress: told how far a shard is.
        on_started: given the workers, for tests that kill one.

    Returns:
        the results by shard; those that never arrived are absent.
    """
    crew = LocalProcesses(processes, journals=journals, captures=captures, on_started=on_started)
    units = (Unit(spec, shard) for shard in range(spec.shards))
    ends = crew.run(units, on_progress)
    return {end.unit.shard: end.result for end in ends if end.result is not None}


def read_line(line: bytes) -> Said | None:
    """Read one line of a worker; None when it is none, e.g. because the worker died writing it."""
    try:
        said = json.loads(line)
        if "result" in said:
            part, seconds = said["result"], float(said["seconds"])
            reached = int(part["shard"]), float(part["virtual_seconds"]), int(part["blocks"])
            return Said(*reached, part, seconds)
        shard, virtual, blocks = said["progress"]
        return Said(int(shard), float(virtual), int(blocks))
    except (ValueError, KeyError, TypeError):
        return None


def read_unkept(line: bytes) -> OSError | None:
    """Read why a worker's journal or capture cannot be written; None for any other line."""
    if not line.startswith(b'{"unkept"'):
        return None  # results are long, and need not be read twice
    try:
        number, why, path = json.loads(line)["unkept"]
        return OSError(int(number), str(why), str(path))
    except (ValueError, KeyError, TypeError):
        return None


class _Worker:
    """One process, what it has been given, and what of its last line has arrived."""

    def __init__(self, folders: dict[str, Path | None]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulators.soak"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdin is not None  # noqa: S101 - asked for above
        assert isinstance(self.process.stdout, BufferedReader)  # noqa: S101 - the same
        self._told: IO[bytes] = self.process.stdin
        self.said = self.process.stdout
        self._folders = {
            name: None if folder is None else str(folder) for name, folder in folders.items()
        }
        self._rest = bytearray()
        self.unit: Unit | None = None
        self.ended = False

    def give(self, unit: Unit | None) -> None:
        """Have it run a unit, or let it go home."""
        self.unit = unit
        with suppress(BrokenPipeError):  # it is dead, and its end of file says so
            if unit is None:
                self._told.close()
                return
            task = {"spec": asdict(unit.spec), "shards": [unit.shard], **self._folders}
            self._told.write(canonical_json(task).encode("ascii") + b"\n")
            self._told.flush()

    def read(self, units: Iterator[Unit], on_progress: UnitProgress) -> Iterator[UnitEnd]:
        """Take what it has said; what lacks its newline when it ends is dropped.

        Raises:
            OSError: what is kept beside results cannot be written.
        """
        chunk = self.said.read1(READ)
        if not chunk:
            self.ended = True
            return
        self._rest += chunk
        *lines, tail = self._rest.split(b"\n")
        self._rest = tail
        for line in map(bytes, lines):
            if (unkept := read_unkept(line)) is not None:
                raise unkept
            said = read_line(line)
            if said is None or self.unit is None or said.shard != self.unit.shard:
                continue
            on_progress(self.unit, said.virtual, said.blocks)
            if said.result is not None:
                yield UnitEnd(self.unit, said.result, said.seconds)
                self.give(next(units, None))

    def end(self) -> None:
        """Wait until it has gone, not for ever."""
        with suppress(BrokenPipeError):
            self._told.close()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.said.close()


@contextmanager
def _workers() -> Iterator[list[_Worker]]:
    workers: list[_Worker] = []
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end()
