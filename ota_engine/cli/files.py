"""Files that a command writes for its user: nothing is overwritten unasked; knows no format."""

import stat
from pathlib import Path

from images import files
from ota_engine.errors import LocalError


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


def _write_to_device(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as device:
            device.write(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
