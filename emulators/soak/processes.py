"""Shares the shards of a soak among processes and gathers what they give; survives their deaths.

A shard counts only when its whole line arrived. What a dead or lying worker owed is missing from
the result, and the result says so.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO

from emulators.soak.soak import ShardJson, SoakSpec
from ota_engine.canonical import canonical_json

READ = 1 << 16  # octets
GRACE = 5.0  # seconds a worker gets to end before it is killed

Workers = list["subprocess.Popen[bytes]"]
Folders = dict[str, Path | None]  # what the workers leave behind, and where
ShardProgress = Callable[[int, float, int], None]  # shard, virtual seconds, blocks


def run_shards(
    spec: SoakSpec,
    processes: int,
    *,
    journals: Path | None = None,
    captures: Path | None = None,
    on_progress: ShardProgress | None = None,
    on_started: Callable[[Workers], None] | None = None,
) -> dict[int, ShardJson]:
    """Run every shard in worker processes.

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
    results: dict[int, ShardJson] = {}
    folders = {"journals": journals, "captures": captures}
    with _workers(spec, min(processes, spec.shards), folders) as workers:
        if on_started is not None:
            on_started(workers)
        for line in _lines(workers):
            take_line(line, results, on_progress)
    return results


def take_line(
    line: bytes, results: dict[int, ShardJson], on_progress: ShardProgress | None
) -> bool:
    """Take one line of a worker; False when it is none, e.g. because the worker died writing it."""
    try:
        said = json.loads(line)
        if "result" in said:
            part = said["result"]
            reached = int(part["shard"]), float(part["virtual_seconds"]), int(part["blocks"])
            results[reached[0]] = part
        else:
            shard, virtual, blocks = said["progress"]
            reached = int(shard), float(virtual), int(blocks)
    except (ValueError, KeyError, TypeError):
        return False
    if on_progress is not None:
        on_progress(*reached)
    return True


@contextmanager
def _workers(spec: SoakSpec, processes: int, folders: Folders) -> Iterator[Workers]:
    workers: Workers = []
    try:
        for number in range(processes):
            shards = list(range(number, spec.shards, processes))
            workers.append(_start(spec, shards, folders))
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            _end(worker)


def _start(spec: SoakSpec, shards: Sequence[int], folders: Folders) -> "subprocess.Popen[bytes]":
    worker = subprocess.Popen(
        [sys.executable, "-m", "emulators.soak.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    task = {
        "spec": asdict(spec),
        "shards": shards,
        **{name: None if folder is None else str(folder) for name, folder in folders.items()},
    }
    assert worker.stdin is not None  # noqa: S101 - asked for above
    worker.stdin.write(canonical_json(task).encode("ascii") + b"\n")
    worker.stdin.close()
    return worker


def _end(worker: "subprocess.Popen[bytes]") -> None:
    try:
        worker.wait(GRACE)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
    if worker.stdout is not None:
        worker.stdout.close()


def _lines(workers: Workers) -> Iterator[bytes]:
    """Yield whole lines of all workers until all have ended; what lacks its newline is dropped."""
    with DefaultSelector() as selector:
        for worker in workers:
            if worker.stdout is not None:
                selector.register(worker.stdout, EVENT_READ, bytearray())
        while selector.get_map():
            for key, _ in selector.select():
                yield from _read(selector, key.fileobj, key.data)


def _read(selector: DefaultSelector, file: object, rest: bytearray) -> Iterator[bytes]:
    stream: IO[bytes] = file  # type: ignore[assignment] # registered by _lines
    chunk = stream.read1(READ)  # type: ignore[attr-defined] # buffered pipes have it
    if not chunk:
        selector.unregister(stream)
        return
    rest += chunk
    *lines, tail = rest.split(b"\n")
    rest[:] = tail
    yield from (bytes(line) for line in lines)
