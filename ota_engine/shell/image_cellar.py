"""A gateway's own images, fetched from its head end: whole ones by their SHA-256, and parts of others.

Knows a folder. A file has its name once all of it hashes to that; what came of an image before a kill is
gone on from. There is room for so many octets: images that no errand needs go first, those first that were
used longest ago.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Final

import trio

from images.files import MAX_FILE_BYTES, PART_SUFFIX, flush_folder
from ota_engine.errors import LocalError, StoreError, StoreFull
from ota_engine.shell.head_end_door import RangeRefusedError
from ota_engine.telling.line_file import NO_ROOM

MOST_OCTETS: Final = 512 << 20  # of all images together
SMALL: Final = 1 << 20  # octets that are hashed in no time
PARTS: Final = 4  # unfinished images that are kept

#: Opens an image from an octet on: gives where its octets really begin, and them.
ImageSource = Callable[[int], AbstractAsyncContextManager[tuple[int, AsyncIterator[bytes]]]]


class DamagedImageError(LocalError):
    """What came is not the image that was asked for; nothing of it is kept."""


class ImageCellar:
    """The images of one gateway.

    Args:
        folder: of them; made if absent.
        most: octets of all of them.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path, most: int = MOST_OCTETS) -> None:
        self._folder = folder
        self._most = most
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, sha256: str) -> bool:
        """Whether an image is here, whole."""
        return (self._folder / sha256).is_file()

    def used(self, sha256: str) -> None:
        """Note that an image was needed."""
        with suppress(OSError):
            os.utime(self._folder / sha256)

    async def fetch(self, sha256: str, source: ImageSource, wanted: Collection[str] = ()) -> None:
        """Fetch an image, or what is missing of it.

        Args:
            sha256: of the image.
            source: where it comes from.
            wanted: images that may not go to make room.

        Raises:
            DamagedImageError: something else came.
            StoreError: it cannot be written; a ``StoreFull`` may pass.
            ZotaError: the source failed; what came is kept.
        """
        part = self._part(sha256)
        try:
            begun = part.stat().st_size if part.exists() else 0
            with part.open("ab", buffering=0) as file:
                try:
                    async with source(begun) as (offset, octets):
                        if offset != begun:
                            os.ftruncate(file.fileno(), offset)
                        await _take(file.fileno(), offset, octets)
                except (RangeRefusedError, DamagedImageError):
                    part.unlink()
                    raise
                os.fsync(file.fileno())
            small = part.stat().st_size <= SMALL
            found = _digest(part) if small else await trio.to_thread.run_sync(_digest, part)
            if found != sha256:
                part.unlink()
                raise DamagedImageError(f"image {sha256[:16]}: what came hashes to {found[:16]}")
            part.replace(self._folder / sha256)
            flush_folder(self._folder)
        except OSError as error:
            kind = StoreFull if error.errno in NO_ROOM else StoreError
            raise kind(f"{self._folder}: cannot be written: {error.strerror}: make room") from error
        self._make_room({sha256, *wanted})

    def _part(self, sha256: str) -> Path:
        return self._folder / f".{sha256}{PART_SUFFIX}"

    def _make_room(self, keep: Collection[str]) -> None:
        """Let images go that were used longest ago, until the others fit."""
        found = [(path, path.stat()) for path in self._folder.iterdir()]
        parts = sorted((s.st_mtime, path) for path, s in found if path.suffix == PART_SUFFIX)
        for _, path in parts[:-PARTS]:
            path.unlink(missing_ok=True)
        whole = [(stat.st_mtime, path, stat.st_size) for path, stat in found if not path.suffix]
        left = sum(size for _, _, size in whole)
        for _, path, size in sorted(whole):
            if left > self._most and path.name not in keep:
                path.unlink(missing_ok=True)
                left -= size


async def _take(fd: int, offset: int, octets: AsyncIterator[bytes]) -> None:
    size = offset
    async for piece in octets:
        size += len(piece)
        if size > MAX_FILE_BYTES:
            raise DamagedImageError(f"an image of more than {MAX_FILE_BYTES >> 20} MiB")
        left = memoryview(piece)
        while left:
            left = left[os.write(fd, left) :]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
