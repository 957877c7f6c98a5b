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
        named: the user named it, or its name says it is an image; otherwise it may be anything.
        outside: it is a symbolic link that leads out of the folder given, and is not followed.
    """

    path: Path
    named: bool
    outside: bool = False


def find_images(paths: Sequence[Path]) -> Iterator[FoundFile]:
    """List files, and all regular files below folders, in a stable order.

    A folder reached twice, through a symbolic link or by name, is walked once, and a path given
    twice is listed once. Below a folder, links that lead out of it are not followed: whoever judges a
    stranger's folder means that folder.
    """
    by_name = {path for path in paths if not is_folder(path)}
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
        within = [entry for entry in entries if not _leads_out(entry, top)]
        below = dict.fromkeys(entry for entry in within if is_folder(entry))
        for entry in within:
            if entry not in below and _is_regular(entry):
                yield FoundFile(entry, named=_named_like_an_image(entry.name))
        for entry in entries:
            if entry not in within:
                yield FoundFile(entry, named=False, outside=True)
        folders.extend(reversed(below))


def _named_like_an_image(name: str) -> bool:
    """By its suffix; ``._x.ota`` is macOS's metadata of ``x.ota`` (AppleDouble)."""
    return Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith("._")


def _leads_out(entry: Path, top: Path) -> bool:
    """Whether it is a link to something that is not below the folder given."""
    try:
        return entry.is_symlink() and not entry.resolve().is_relative_to(top.resolve())
    except (OSError, RuntimeError):  # a link to itself: reading it tells the user
        return False


def is_folder(path: Path) -> bool:
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
