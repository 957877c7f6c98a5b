"""A file of JSON lines, added to or written anew, that a crash cannot spoil; knows lines, not what they say.

Lines are whole and on disk when ``append`` returns, or the file is as it was. What a crash left of a
line is cut off when the file is opened next. The file is locked while open: the torn line of another
process that still writes must not be cut.
"""

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from images.files import PART_SUFFIX, flush_folder
from ota_engine.errors import StoreError, StoreFull
from ota_engine.lock import try_lock

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WRITTEN = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_CHUNK = 64 * 1024  # octets


class LineFile:
    """One open file. Close it, or use it as a context manager.

    Args:
        path: where; created when there is none.
        start: how every line of ours begins; a torn line that begins otherwise is not cut.
        tail: how many of the last lines to read when opening, None for all.
        what: stands in its lines, for messages.

    Raises:
        StoreError: the file is in use, is none that can be read again, or holds something else.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, start: bytes, tail: int | None, what: str = "outcomes") -> None:
        self.path = path
        self._fd = _open_locked(path, what)
        try:
            #: What stood there when it was opened, oldest first, without line ends: at least the
            #: last ``tail`` lines; the first may be cut at its beginning if there are more.
            self.found = _cut_torn_line(self._fd, path, start, tail, what)
        except BaseException:
            os.close(self._fd)
            raise

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

    def append(self, lines: Iterable[bytes]) -> None:
        """Write lines, each with its end; all are on disk when this returns.

        Raises:
            StoreFull: the disk is full; the file is as it was.
            StoreError: the file cannot be written; it is as it was.
        """
        before = os.fstat(self._fd).st_size
        try:
            left = memoryview(b"".join(lines))
            while left:
                left = left[os.write(self._fd, left) :]
            os.fsync(self._fd)
        except OSError as error:
            os.ftruncate(self._fd, before)
            if error.errno in NO_ROOM:
                raise StoreFull(f"{self.path}: {error.strerror}: make room") from error
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from error

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines, each with its end, in the place of all that stand there; entirely or not at all.

        The new file is locked before it has the name, so that nobody else comes to own it in between.

        Raises:
            StoreFull: the disk is full; the file is as it was.
            StoreError: the file cannot be written; it is as it was.
        """
        partial = self.path.with_name(f".{self.path.name}{PART_SUFFIX}")
        fd = -1
        try:
            partial.unlink(
                missing_ok=True
            )  # of a killed process: nobody writes it without the lock
            fd = os.open(partial, _WRITTEN | os.O_EXCL, 0o644)
            try_lock(fd)
            left = memoryview(b"".join(lines))
            while left:
                left = left[os.write(fd, left) :]
            os.fsync(fd)
            partial.replace(self.path)
        except OSError as error:
            if fd >= 0:
                os.close(fd)
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            if error.errno in NO_ROOM:
                raise StoreFull(f"{self.path}: {error.strerror}: make room") from error
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from error
        before, self._fd = self._fd, fd
        os.close(before)
        flush_folder(self.path.parent)


def _open_locked(path: Path, what: str) -> int:
    fresh = not path.exists()
    fd = os.open(path, _WRITTEN | os.O_NONBLOCK, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise StoreError(f"{path}: is not a file: {what} need one that can be read again")
        if not try_lock(fd):
            raise StoreError(f"{path}: another process writes its {what} here: name another")
        if fresh:
            flush_folder(path.parent)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _cut_torn_line(fd: int, path: Path, start: bytes, tail: int | None, what: str) -> list[bytes]:
    """Remove what a crash left of a line, and return the whole lines of the tail."""
    size = os.fstat(fd).st_size
    *lines, torn = _tail(fd, size, tail)
    if torn:
        ours = torn.startswith(start) or start.startswith(torn) or not torn.strip(b"\0")
        if not ours:
            raise StoreError(f"{path}: does not end in a line of {what}: name another file")
        os.ftruncate(fd, size - len(torn))
        os.fsync(fd)
    return lines


def _tail(fd: int, size: int, lines: int | None) -> list[bytes]:
    window = size if lines is None else min(size, _CHUNK)
    while True:
        data = _read_end(fd, window, size)
        if window == size or data.count(b"\n") > (lines or 0):
            return data.split(b"\n")
        window = min(size, window * 2)


def _read_end(fd: int, window: int, size: int) -> bytes:
    """Read the last ``window`` octets; one read returns no more than some 2 GiB."""
    pieces, at = [], size - window
    while at < size and (piece := os.pread(fd, size - at, at)):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)
