"""Image files named on a command line, taken in with complaints that name them."""

import time
from pathlib import Path

from images.errors import ImageError
from ota_engine.records import ImageRecord


def take_in_named(path: Path) -> ImageRecord:
    """Read an OTA file as the catalogue keeps it.

    Raises:
        ImageError: it is none; the reason names it.
        OSError: it cannot be read.
    """
    from ota_engine.catalogue.intake import take_in

    try:
        return take_in(path, time.time())
    except ImageError as error:
        if error.reason.startswith(path.name):
            raise
        raise ImageError(f"{path}: {error.reason}", error.offset) from error
