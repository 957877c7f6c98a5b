"""Which code runs here: one hash over what a job may execute, the same wherever the same zota is installed."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

import emulators
import images
import ota_engine

_PACKAGES: Final = (emulators, images, ota_engine)


@cache
def code_sha256() -> str:
    """Hash the sources of all that jobs run, in an order that no file system decides."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).parts):
            name = "/".join((package.__name__, *path.relative_to(folder).parts))
            octets = path.read_bytes()
            digest.update(f"{name} {len(octets)}\n".encode())
            digest.update(octets)
    return digest.hexdigest()
