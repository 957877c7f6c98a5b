"""Copies a fleet's database while others write to it; knows SQLite's own way, no tables."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ota_engine.errors import StoreError
from ota_engine.store.connection import close, driver_of, open_to_read
from ota_engine.store.failures import mapped


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment.

    Args:
        source: its file; whoever writes to it goes on meanwhile.
        target: a new file.

    Raises:
        StoreError: it cannot be read, or what was read is damaged.
    """
    if not source.exists():
        raise StoreError(f"{source.parent}: there is no fleet here: zota estate init makes one")
    with mapped(str(source)):
        reading = open_to_read(source)
        try:
            with closing(sqlite3.connect(target)) as copy:
                driver_of(reading).backup(copy)
                (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            close(reading)
    if found != "ok":
        raise StoreError(f"{source}: is damaged ({found}): restore a back-up of before")
