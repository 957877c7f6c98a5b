"""The key of an estate's pseudonyms, in the state folder, for its owner alone.

Whoever has it can tell which pseudonym a meter point has; without it nobody can, and no pseudonym can be
made again. It belongs into the backup of the database, and into no other place.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.inventory.pseudonyms import KEY_OCTETS

NAME: Final = "estate.key"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def estate_key(folder: Path, *, make: bool = False) -> bytes:
    """Read the key, made first where ``make`` says so and there is none.

    Raises:
        LocalError: there is none.
        StoreError: others may read it, or it is no key.
    """
    path = folder / NAME
    if make and not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(path, secrets.token_bytes(KEY_OCTETS).hex())
    try:
        mode, text = path.stat().st_mode, path.read_text("ascii").strip()
    except FileNotFoundError:
        raise LocalError(
            f"{path}: no key of pseudonyms here: import homes first, or restore it from a backup"
        ) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}): restore it from a backup") from None
    if mode & _OTHERS:
        raise StoreError(f"{path}: others may read it: chmod 600 it")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise StoreError(f"{path}: is no key of pseudonyms: restore it from a backup")
    return key


def _write_new(path: Path, text: str) -> None:
    """Make the file with its narrow rights from the first moment on, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)  # of a killed process that had our number
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(fd)
        with suppress(FileExistsError):  # another process was first: its key holds
            os.link(part, path)
    finally:
        part.unlink()
