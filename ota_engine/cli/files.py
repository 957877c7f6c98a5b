"""Files as commands meet them: bounded reading, atomic writing, folders; knows no format."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ota_engine.errors import LocalError

# The largest image a vendor has published has 2.1 MB; a declared or sparse size never decides
# how much memory a command takes.
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
IMAGE_SUFFIXES: Final = frozenset((".ota", ".zigbee", ".signed", ".sbl-ota"))


def read_bounded(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a whole file of at most ``limit`` bytes.

    Raises:
        OSError: it cannot be read, or is larger.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > limit else file.read(limit + 1)
    if max(size, len(data)) > limit:
        most = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
        text = f"larger than {most}: more than this command reads"
        raise OSError(errno.EFBIG, text, str(path))
    return data


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
    special = path.exists() and not stat.S_ISREG(path.stat().st_mode)
    if path.exists() and not special and not force:
        raise LocalError(f"{path}: exists already; give --force to overwrite it")
    partial = path if special else path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb" if special else "xb") as file:
            file.write(data)
            file.flush()
            if not special:
                os.fsync(file.fileno())
        if not special:
            partial.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        if not special:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


class FoundFile(NamedTuple):
    """One path to look at.

    Attributes:
        path: the file.
        named: the user named it, or its suffix says it is an image; otherwise it may be anything.
    """

    path: Path
    named: bool


def find_images(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """List files, and all regular files below folders, in a stable order.

    A folder reached twice, through a symbolic link or by name, is walked once, and a path given
    twice is listed once.
    """
    by_name = {path for path in paths if not _is_folder(path)}
    seen: set[tuple[int, int]] = set()
    listed: set[Path] = set()
    for path in paths:
        below = (FoundFile(path, named=True),) if path in by_name else _walk(path, seen)
        for found in below:
            if found.path not in listed:
                listed.add(found.path)
                yield found._replace(named=found.named or found.path in by_name)


def _walk(top: Path, seen: set[tuple[int, int]]) -> Iterator[FoundFile]:
    """What cannot be looked at is listed as a file, too: reading it tells the user why."""
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            status = folder.stat()
            entries = sorted(folder.iterdir())
        except OSError:
            yield FoundFile(folder, named=True)
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        below = dict.fromkeys(entry for entry in entries if _is_folder(entry))
        for entry in entries:
            if entry not in below and _is_regular(entry):
                yield FoundFile(entry, named=entry.suffix.lower() in IMAGE_SUFFIXES)
        folders.extend(reversed(below))


def _is_folder(path: Path) -> bool:
    """Whether it is one for certain, itself or through a link."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def _is_regular(path: Path) -> bool:
    """Whether it is a regular file, or nobody can tell; pipes and devices are not."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True
