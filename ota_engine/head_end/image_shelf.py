"""Images that Service Users have ordered, as files named by their SHA-256; knows nothing of who ordered them.

An image is on disk before anything that names it is committed; one that nothing names in the end is gone
again, so that orders that are refused fill no disk.
"""

import hashlib
import threading
from collections import Counter
from pathlib import Path
from typing import Final

from images.files import write_whole

IMAGES_NAME: Final = "images"  # in the state folder


class ImageShelf:
    """A folder of images; may be used by several threads.

    Args:
        folder: where they lie; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._undecided: Counter[str] = Counter()
        self._new: set[str] = set()  # of those, written for nobody but who has not decided

    def put(self, image: bytes, sha256: str = "") -> str:
        """Keep an image, at least until ``settle`` was called for it.

        Args:
            image: octets.
            sha256: of the image, hexadecimal, where it has been taken already.

        Returns:
            its SHA-256, hexadecimal: its name.

        Raises:
            OSError: it cannot be written; nothing is left behind.
        """
        name = sha256 or hashlib.sha256(image).hexdigest()
        path = self.folder / name
        with self._lock:
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                write_whole(path, image, durable=True)
                self._new.add(name)
            self._undecided[name] += 1
        return name

    def settle(self, sha256: str, *, named: bool) -> None:
        """Say once for each ``put`` what became of it.

        Args:
            sha256: of the image.
            named: something that is committed names it; else it goes, unless it was put for others, too.
        """
        with self._lock:
            self._undecided[sha256] -= 1
            if named:
                self._new.discard(sha256)
            if self._undecided[sha256] > 0:
                return
            del self._undecided[sha256]
            self._new.discard(sha256)
            if not named:
                (self.folder / sha256).unlink(missing_ok=True)

    def give_back(self, sha256: str) -> None:
        """Say once for a ``put`` that nobody will decide on it: the image stays only if it was there before."""
        with self._lock:
            named = sha256 not in self._new
        self.settle(sha256, named=named)
