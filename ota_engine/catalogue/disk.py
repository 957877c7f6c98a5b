"""The steps a catalogue's folder takes on disk: each happens entirely or not at all.

Knows files, locks and flushes; knows nothing of images.
"""

import errno
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from images.files import flush_folder, read_at_most, write_whole
from ota_engine.errors import StoreError
from ota_engine.lock import try_lock

LOCK_NAME: Final = ".lock"
PATIENCE_S: Final = 30.0  # an import of many images holds the lock per image, not longer
PAUSE_S: Final = 0.02
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not block
_FOLDER: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY


def write_durably(path: Path, data: bytes) -> None:
    """Put a file in place of whatever has its name; it survives a power cut once this returns.

    Raises:
        OSError: it cannot be written; what was there is untouched.
    """
    write_whole(path, data, durable=True)


def delete_durably(path: Path) -> None:
    """Delete a file that may be gone already."""
    path.unlink(missing_ok=True)
    flush_folder(path.parent)


@contextmanager
def locked(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Be the only one who writes in a folder; the kernel drops the lock with its process.

    Raises:
        StoreError: another process kept it for ``patience_s`` seconds.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(folder / LOCK_NAME, flags, 0o644)
    try:
        deadline = time.monotonic() + patience_s
        while not try_lock(fd):
            if time.monotonic() >= deadline:
                raise StoreError(f"{folder}: another zota is writing here: try again when it ends")
            time.sleep(PAUSE_S)
        yield
    finally:
        os.close(fd)


def read_beneath(root: Path, parts: Sequence[str], limit: int) -> bytes:
    """Read a regular file below a folder, following no symbolic link on the way.

    What is returned was read in one go from one open file: nothing that happens to the path meanwhile
    or afterwards changes it.

    Args:
        root: the folder; may itself be reached by a link, the user named it.
        parts: names of folders and of the file, as ``images.catalogue.places`` lets them through.
        limit: bytes above which nothing is read.

    Raises:
        OSError: it is not there, no regular file, behind a link, or too large.
    """
    shown = str(root.joinpath(*parts))
    folder = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            folder, above = os.open(part, _FOLDER, dir_fd=folder), folder
            os.close(above)
        fd = os.open(parts[-1], _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise OSError(error.errno, "a symbolic link or no folder on the way", shown) from None
        raise OSError(error.errno, error.strerror, shown) from None
    finally:
        os.close(folder)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", shown)
        data = read_at_most(file, limit)
    if data is None:
        raise OSError(errno.EFBIG, f"larger than {limit >> 10} KiB", shown)
    return data
