"""Files read in bounded memory and written whole; knows no format, and no command line."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

# The largest image a vendor has published has 2.1 MB; a declared or sparse size never decides
# how much memory is taken.
MAX_FILE_BYTES: Final = 64 << 20
PART_SUFFIX: Final = ".part"
OWNER_ONLY: Final = 0o600
OTHERS: Final = 0o077  # what a file lets anybody do but its owner


def read_at_most(file: BinaryIO, limit: int) -> bytes | None:
    """Read a whole open file; None if it has more than ``limit`` octets, of which it keeps none.

    Raises:
        OSError: it cannot be read.
    """
    if os.fstat(file.fileno()).st_size > limit:
        return None
    data = file.read(limit + 1)  # it may grow while it is read, or be a pipe
    return data if len(data) <= limit else None


def read_bounded(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a whole file of at most ``limit`` octets.

    Raises:
        OSError: it cannot be read, or is larger.
    """
    with path.open("rb") as file:
        data = read_at_most(file, limit)
    if data is None:
        most = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
        text = f"larger than {most}: more than this command reads"
        raise OSError(errno.EFBIG, text, str(path))
    return data


def write_whole(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Put a file in place of whatever has its name, entirely or not at all.

    Args:
        path: where to; its folder exists.
        data: everything.
        durable: its name, too, survives a power cut once this returns.

    Raises:
        OSError: it cannot be written; what was there is untouched, and nothing is left behind.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PART_SUFFIX}")
    try:
        partial.unlink(missing_ok=True)  # of a killed process that had our number
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
    if durable:
        flush_folder(path.parent)


def write_secret(path: Path, data: bytes) -> None:
    """Make a file that its owner alone may read, entirely or not at all.

    It has its narrow rights from the first moment on, and its name survives a power cut.

    Raises:
        FileExistsError: there is one of that name, made by another process perhaps; it stays.
        OSError: it cannot be written; nothing is left behind.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PART_SUFFIX}")
    try:
        partial.unlink(missing_ok=True)  # of a killed process that had our number
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut.

    Raises:
        OSError: it cannot be opened.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
