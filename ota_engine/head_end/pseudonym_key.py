"""The key of an estate's pseudonyms, in the state folder, for its owner alone.

Whoever has it can tell which pseudonym a meter point has; without it nobody can, and no pseudonym can be
made again. It belongs into the backup of the database, and into no other place.
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from images.files import OTHERS, write_secret
from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.inventory.pseudonyms import KEY_OCTETS

NAME: Final = "estate.key"


def estate_key(folder: Path, *, make: bool = False) -> bytes:
    """Read the key, made first where ``make`` says so and there is none.

    Raises:
        LocalError: there is none.
        StoreError: others may read it, or it is no key.
    """
    path = folder / NAME
    if make and not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first: its key holds
            write_secret(path, f"{secrets.token_bytes(KEY_OCTETS).hex()}\n".encode("ascii"))
    try:
        mode, text = path.stat().st_mode, path.read_text("ascii").strip()
    except FileNotFoundError:
        raise LocalError(
            f"{path}: no key of pseudonyms here: import homes first, or restore it from a backup"
        ) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}): restore it from a backup") from None
    if mode & OTHERS:
        raise StoreError(f"{path}: others may read it: chmod 600 it")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise StoreError(f"{path}: is no key of pseudonyms: restore it from a backup")
    return key
