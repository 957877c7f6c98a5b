"""The databases in which tests keep a fleet."""

from ota_engine.store.backends.sqlite import SqliteDatabase
from ota_engine.store.fleet.book import FleetStore


def sqlite_of(store: FleetStore) -> SqliteDatabase:
    """Give what only SQLite has: counts of its steps, what it is asked, functions of ours."""
    assert isinstance(store.driver, SqliteDatabase)
    return store.driver
