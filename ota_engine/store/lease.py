"""Who may use a database file: one process at a time; knows files and processes, no SQL.

The right is a ``flock`` on a file beside the database. The kernel drops it with the process, however
that ends, so a killed engine never blocks its successor. The text in the lock file only serves to
tell the refused one whom to ask.
"""

import json
import os
import time
from pathlib import Path

from ota_engine.errors import StoreError
from ota_engine.lock import try_lock

LOCK_SUFFIX = ".lock"
ATTEMPTS = 4  # ``holder`` takes the lock for an instant to see whether it is free
PAUSE_S = 0.05


class Lease:
    """The exclusive use of one database, from construction until ``release``.

    Raises:
        StoreError: another process has it; the text names the process.
    """

    def __init__(self, database: Path, owner: str) -> None:
        self._fd = os.open(
            lock_file(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644
        )
        if not _locked(self._fd):
            named = _read_holder(self._fd)
            os.close(self._fd)
            raise StoreError(
                f"{database} is in use by {named}: stop it, or give this one another database"
            )
        holder = {"owner": owner, "process": os.getpid(), "since": int(time.time())}
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, json.dumps(holder).encode(), 0)

    def release(self) -> None:
        """Give the database up; the lock file stays, deleting it would race with a successor."""
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def holder(database: Path) -> str | None:
    """Name the process that uses a database now, or None."""
    try:
        fd = os.open(lock_file(database), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return None if try_lock(fd, shared=True) else _read_holder(fd)
    finally:
        os.close(fd)


def lock_file(database: Path) -> Path:
    """The lock of a database: the same for every name that leads to the file."""
    real = database.resolve()
    return real.with_name(real.name + LOCK_SUFFIX)


def _locked(fd: int) -> bool:
    for _ in range(ATTEMPTS):
        if try_lock(fd):
            return True
        time.sleep(PAUSE_S)
    return False


def _read_holder(fd: int) -> str:
    try:
        found = json.loads(os.pread(fd, 4096, 0))
        return f"{str(found['owner'])!r} (process {int(found['process'])})"
    except (ValueError, KeyError, TypeError):
        return "another process"  # it has locked the file but not yet written its name
