"""Carries outcomes from the store's outbox to a JSON-lines file, each exactly once.

An outcome is appended and flushed to disk first, and only then marked delivered. A crash in between
leaves the tail of the file as witness: what stands there already is marked, not written again
(ADR 0011). One file belongs to one engine; it is locked while open.
"""

import errno
import fcntl
import json
import os
import stat
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import trio

from images.eui64 import format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import StoreError, StoreFull
from ota_engine.records import OutcomeRecord
from ota_engine.shell.writer import Writer
from ota_engine.store.store import Store

SINK_NAME = "outcomes.jsonl"  # in a state directory
BATCH = 100  # outcomes per flush; so many lines of the tail are looked at when starting
RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # after the first, second ... failure in a row

_LINE_START = b'{"device":'  # of every line we write: the keys are sorted
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK = 64 * 1024


def outcome_line(outcome: OutcomeRecord) -> bytes:
    """One outcome as one line of JSON, ASCII only, keys sorted."""
    fields = asdict(outcome) | {
        "device": format_eui64(outcome.device),
        "message": b64encode(outcome.message).decode() or None,
        "verification": outcome.verification or None,
    }
    return canonical_json(fields).encode("ascii") + b"\n"


class JsonLinesSink:
    """An append-only file of outcomes. Close it, or use it as a context manager.

    Raises:
        StoreError: the file cannot be opened, is in use, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = _open_locked(path)
        try:
            lines = _cut_torn_line(self._fd, path)
        except BaseException:
            os.close(self._fd)
            raise
        self._held = {key for line in lines if (key := _key(line)) is not None}

    def close(self) -> None:
        """Close the file and unlock it."""
        os.close(self._fd)

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
            self._write(b"".join(map(outcome_line, missing)))
        self._held = {outcome.key for outcome in outcomes}  # until they are marked delivered

    def _write(self, data: bytes) -> None:
        before = os.fstat(self._fd).st_size
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._fd, left) :]
            os.fsync(self._fd)
        except OSError as error:
            os.ftruncate(self._fd, before)
            if error.errno in _NO_ROOM:
                raise StoreFull(f"{self.path}: {error.strerror}: make room") from error
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from error


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


class Notifier:
    """The trio task that empties the outbox whenever the engine says ``Notify``.

    Args:
        writer: owns the store.
        store: whose outbox it is.
        sink: where outcomes go.
        report: is told, in one line, of every failure; delivery is then tried again.
    """

    def __init__(
        self, writer: Writer, store: Store, sink: JsonLinesSink, report: Callable[[str], None]
    ) -> None:
        self.delivered = 0
        self.failures = 0
        self._writer = writer
        self._store = store
        self._sink = sink
        self._report = report
        self._wake = trio.Event()

    def wake(self) -> None:
        """There is something new in the outbox; safe to call at any time, often."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled. What an earlier run left in the outbox goes first."""
        failed = 0  # in a row
        while True:
            self._wake = trio.Event()
            try:
                count = await self._writer.call(deliver, self._store, self._sink)
            except StoreError as error:
                self.failures += 1
                self._report(f"outcome not delivered yet: {error}")
                await trio.sleep(RETRY_S[min(failed, len(RETRY_S) - 1)])
                failed += 1
            else:
                failed = 0
                self.delivered += count
                if count == 0:
                    await self._wake.wait()


def _open_locked(path: Path) -> int:
    fresh = not path.exists()
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise StoreError(f"{path}: is not a file: outcomes need one that can be read again")
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if fresh:
            _flush_directory(path.parent)
    except BlockingIOError:
        os.close(fd)
        raise StoreError(f"{path}: another engine writes its outcomes here: name another") from None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _flush_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _cut_torn_line(fd: int, path: Path) -> list[bytes]:
    """Remove what a crash left of a line, and return at least the last ``BATCH`` whole lines."""
    size = os.fstat(fd).st_size
    *lines, torn = _tail(fd, size)
    if torn:
        ours = torn.startswith(_LINE_START) or _LINE_START.startswith(torn) or not torn.strip(b"\0")
        if not ours:
            raise StoreError(f"{path}: does not end in a line of outcomes: name another file")
        os.ftruncate(fd, size - len(torn))
        os.fsync(fd)
    return lines


def _tail(fd: int, size: int) -> list[bytes]:
    window = min(size, _CHUNK)
    while True:
        data = os.pread(fd, window, size - window)
        if window == size or data.count(b"\n") > BATCH:
            return data.split(b"\n")
        window = min(size, window * 2)


def _key(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return None  # the first line of the window may be cut; others are not ours to judge
