"""The sink that is always there: a JSON-lines file that holds every outcome exactly once.

An outcome is appended and flushed to disk first, and only then marked delivered. A crash in between
leaves the tail of the file as witness: what stands there already is marked, not written again
(ADR 0011). One file belongs to one engine; it is locked while open.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ota_engine.canonical import canonical_json
from ota_engine.records import OutcomeRecord
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from ota_engine.telling.line_file import LineFile
from ota_engine.telling.outcome_body import plain_outcome

SINK_NAME = FILE_SINK  # the file's name in a state directory, and the sink's in the database
BATCH = 100  # outcomes per flush; so many lines of the tail are looked at when starting

_LINE_START = b'{"device":'  # of every line we write: the keys are sorted


def outcome_line(outcome: OutcomeRecord) -> bytes:
    """One outcome as one line of JSON, ASCII only, keys sorted."""
    return canonical_json({"key": outcome.key} | plain_outcome(outcome)).encode("ascii") + b"\n"


class JsonLinesSink:
    """An append-only file of outcomes. Close it, or use it as a context manager.

    Raises:
        StoreError: the file cannot be opened, is in use, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LineFile(path, _LINE_START, BATCH)
        self._held = {key for line in self._file.found if (key := _key(line)) is not None}

    def close(self) -> None:
        """Close the file and unlock it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def append(self, outcomes: Sequence[OutcomeRecord]) -> None:
        """Write those outcomes that do not stand there yet; all are on disk when this returns.

        Args:
            outcomes: the oldest undelivered ones, at most ``BATCH``.

        Raises:
            StoreFull: the disk is full; the file is as it was.
            StoreError: the file cannot be written; it is as it was.
        """
        missing = [outcome for outcome in outcomes if outcome.key not in self._held]
        if missing:
            self._file.append(map(outcome_line, missing))
        self._held = {outcome.key for outcome in outcomes}  # until they are marked delivered


def deliver(store: Store, sink: JsonLinesSink) -> int:
    """Carry the oldest waiting outcomes, at most ``BATCH``, to the sink; how many they were.

    Raises:
        StoreError: the sink or the store failed; the outcomes still wait.
    """
    waiting = store.outbox(BATCH)
    if waiting:
        sink.append(waiting)
        store.mark_delivered([outcome.key for outcome in waiting])
    return len(waiting)


def drain(store: Store, sink: JsonLinesSink) -> int:
    """Carry every waiting outcome to the sink; how many they were. For the simulation.

    Raises:
        StoreError: the sink or the store failed; what is not delivered still waits.
    """
    delivered = 0
    while count := deliver(store, sink):
        delivered += count
    return delivered


def _key(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # the first line of the window may be cut; others are not ours to judge
