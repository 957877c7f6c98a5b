"""Files that a command writes for its user: nothing is overwritten unasked; knows no format."""

import os
import stat
from pathlib import Path
from typing import Final

from images import files
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError

READABLE: Final = 0o644


def write_whole(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file entirely or not at all.

    Args:
        path: where to; a device such as /dev/null is written to directly.
        data: everything.
        force: overwrite a file that exists.

    Raises:
        LocalError: the file exists and ``force`` is not set.
        OSError: the disk is full, or the folder cannot be written to; nothing is left behind.
    """
    if not path.exists():
        files.write_whole(path, data)
    elif not stat.S_ISREG(path.stat().st_mode):
        _write_to_device(path, data)
    elif force:
        files.write_whole(path, data)
    else:
        raise LocalError(f"{path}: exists already; give --force to overwrite it")


def write_key_file(path: Path, octets: bytes, *, secret: bool) -> None:
    """Write a file of a key where there is none; a private key is for its owner from the first.

    Raises:
        FileExistsError: there is one, and it stays as it is.
        OSError: it cannot be written.
    """
    mode = files.OWNER_ONLY if secret else READABLE
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(octets)
        stream.flush()
        os.fsync(stream.fileno())


def warn_if_open(secret: Path, what: str = "private key") -> None:
    """Warn of a private key, or another secret, that others may read."""
    if secret.stat().st_mode & files.OTHERS:
        remark(f"warning: {secret}: a {what} that others may read: chmod 600 it")


def _write_to_device(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as device:
            device.write(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
