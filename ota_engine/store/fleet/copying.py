"""Copies a fleet's database while others write to it, from any kind of one to any other; knows the tables.

Between two files SQLite's own way is taken; else rows are copied, which have the same values everywhere.
"""

import sqlite3
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from ota_engine.errors import StoreError
from ota_engine.store.connection import close, driver_of, open_to_read
from ota_engine.store.failures import mapped
from ota_engine.store.fleet import schema
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.forms import quoted
from ota_engine.store.fleet.opening import absent_in
from ota_engine.store.location import SqlitePlace, StorePlace


def copy_database(source: StorePlace, target: Path) -> None:
    """Copy a database as it is at one moment into a file.

    Args:
        source: where it is; whoever writes to it goes on meanwhile.
        target: a new file.

    Raises:
        StoreError: it cannot be read, or what was read is damaged.
    """
    if isinstance(source, SqlitePlace):
        _copy_file(source.path, target)
        return
    with (
        closing(FleetStore.open(source, create=False)) as there,
        closing(FleetStore.open(target)) as here,
    ):
        copy_fleet(there, here)


def move_fleet(source: StorePlace, target: StorePlace) -> int:
    """Copy a fleet to where there is none, and see that all of it has come; the source stays as it is.

    Args:
        source: where it is; nobody writes to it meanwhile.
        target: where it is to be.

    Returns:
        how many rows it has.

    Raises:
        StoreError: there is none, there is one already, or what came is not what was sent.
    """
    if isinstance(source, SqlitePlace) and not source.path.exists():
        raise absent_in(source.path.parent)
    with (
        closing(FleetStore.open(source, create=False)) as there,
        closing(FleetStore.open(target)) as here,
    ):
        rows = copy_fleet(there, here)
        _verify(there, here)
    return rows


def copy_fleet(source: FleetStore, target: FleetStore) -> int:
    """Copy all rows of a fleet, as they are at one moment, in one transaction.

    Args:
        source: who writes to it goes on meanwhile.
        target: an empty one.

    Returns:
        how many rows it has.

    Raises:
        StoreError: the target is not empty, or a database failed.
    """
    copied = 0
    with source.reading(), target.transaction():
        for table in schema.METADATA.sorted_tables:
            if target.driver.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is not None:  # noqa: S608 - our own words
                raise StoreError(
                    f"{target.place}: there is a fleet already, and nothing is overwritten: name"
                    " another place"
                )
            names = [quoted(column.name) for column in table.columns]
            rows = source.driver.stream(f"SELECT {', '.join(names)} FROM {table.name}")  # noqa: S608 - as above
            copied += target.driver.fill(table.name, names, rows)
            target.driver.survey(table.name)
    return copied


def _verify(source: FleetStore, target: FleetStore) -> None:
    """Compare every table row by row, and look at trail and seals.

    Raises:
        StoreError: something is not what it was.
    """
    with source.reading(), target.reading():
        for table in schema.METADATA.sorted_tables:
            keys = ", ".join(quoted(column.name) for column in table.primary_key.columns)
            names = ", ".join(quoted(column.name) for column in table.columns)
            text = f"SELECT {names} FROM {table.name} ORDER BY {keys}"  # noqa: S608 - our own words
            pair = source.driver.stream(text), target.driver.stream(text)
            if any(tuple(one) != tuple(other) for one, other in zip_longest(*pair, fillvalue=())):
                raise StoreError(
                    f"{target.place}: {table.name} is not what was copied: remove it and try again"
                )
        head = target.audit_head()
        wrong = target.verify_audit(head.hash if head.length else None)
        if wrong is not None or next(target.broken_seals(), None) is not None:
            raise StoreError(
                f"{target.place}: the copy is as unsound as {source.place}: zota estate check says how"
            )


def _copy_file(source: Path, target: Path) -> None:
    if not source.exists():
        raise absent_in(source.parent)
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
