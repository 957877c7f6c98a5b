"""The sink that is always there: a JSON-lines file that holds every outcome exactly once.

Outcomes are appended and flushed to disk first, and only then marked delivered. A crash in between
leaves the tail of the file as witness: what stands there already is marked, not written again
(ADR 0011). One file belongs to one engine; it is locked while open.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import trio

from ota_engine.audience import OPERATORS
from ota_engine.canonical import canonical_json
from ota_engine.errors import StoreError
from ota_engine.records import OutcomeRecord
from ota_engine.store.schema import FILE_SINK
from ota_engine.telling.line_file import LineFile
from ota_engine.telling.outcome_body import plain_outcome
from ota_engine.telling.sink import CourierPatience, Fate, SinkAnswer

SINK_NAME = FILE_SINK  # the file's name in a state directory, and the sink's in the database
BATCH = 100  # outcomes per flush; so many lines of the tail are looked at when starting
#: A disk has room again, sooner or later; what waits for that is told in its order.
FILE_PATIENCE: Final = CourierPatience((1.0, 2.0, 5.0, 10.0, 30.0, 60.0), most=None)

_NAME, _FORMER_NAME = "id", "key"  # of an outcome; files of before have the other
_LINE_START = b'{"device":'  # of every line we write: the keys are sorted


def outcome_line(outcome: OutcomeRecord) -> bytes:
    """One outcome as one line of JSON, ASCII only, keys sorted; named as in a letter."""
    return canonical_json({"id": outcome.key} | plain_outcome(outcome)).encode("ascii") + b"\n"


class JsonLinesSink:
    """An append-only file of outcomes. Close it, or use it as a context manager.

    Args:
        path: the file; made if absent.
        inline: flush in the task that tells, and not in a thread, which would outrun virtual time.

    Raises:
        StoreError: the file cannot be opened, is in use, or holds something else.
    """

    name = SINK_NAME
    audience = OPERATORS
    at_once = BATCH
    patience = FILE_PATIENCE
    remote = False

    def __init__(self, path: Path, *, inline: bool = False) -> None:
        self.path = path
        self._inline = inline
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

    async def tell(self, outcomes: Sequence[OutcomeRecord]) -> SinkAnswer:
        """Append outcomes; what cannot be written leaves the file as it was, and is tried again."""
        try:
            if self._inline:
                self.append(outcomes)
            else:
                await trio.to_thread.run_sync(self.append, outcomes)
        except StoreError as error:
            return SinkAnswer(Fate.AWAY, str(error))
        return SinkAnswer(Fate.ACCEPTED)

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


def _key(line: bytes) -> str | None:
    try:
        found = json.loads(line)
        return str(found[_NAME if _NAME in found else _FORMER_NAME])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # the first line of the window may be cut; others are not ours to judge
