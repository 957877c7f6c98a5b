"""Files to judge: those named, and those below the folders named; reads none of them."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

IMAGE_SUFFIXES: Final = frozenset((".ota", ".zigbee", ".signed", ".sbl-ota"))


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
