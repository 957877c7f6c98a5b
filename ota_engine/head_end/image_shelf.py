"""Images that Service Users have ordered, as files named by their SHA-256; knows nothing of who ordered them.

An image is on disk before anything that names it is committed.
"""

import hashlib
import threading
from pathlib import Path
from typing import Final

from images.files import read_bounded, write_whole

IMAGES_NAME: Final = "images"  # in the state folder


class ImageShelf:
    """A folder of images; may be used by several threads.

    Args:
        folder: where they lie; made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def put(self, image: bytes) -> str:
        """Keep an image.

        Returns:
            its SHA-256, hexadecimal: its name.

        Raises:
            OSError: it cannot be written; nothing is left behind.
        """
        name = hashlib.sha256(image).hexdigest()
        path = self.folder / name
        with self._lock:
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                write_whole(path, image, durable=True)
        return name

    def get(self, sha256: str) -> bytes:
        """Give an image.

        Raises:
            OSError: there is none of this name, or it cannot be read.
        """
        return read_bounded(self.folder / sha256)
