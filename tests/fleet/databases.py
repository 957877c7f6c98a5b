"""The databases in which tests keep a fleet: SQLite, or PostgreSQL where the environment says so.

With ``ZOTA_TEST_DATABASE=postgresql`` every test that keeps a fleet keeps it on a server of our own, each in a
database of its own; what is true of SQLite alone is skipped then.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from ota_engine.store.backends.sqlite import SqliteDatabase
from ota_engine.store.fleet import opening
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.copying import copy_database
from ota_engine.store.location import (
    PLACE_NAME,
    PostgresPlace,
    SqlitePlace,
    StorePlace,
    write_place,
)
from tests.fleet.templates import in_memory, laid_out
from tests.postgresql import PostgresqlServer

ON_POSTGRESQL: Final = os.environ.get("ZOTA_TEST_DATABASE") == "postgresql"
SCHEMA: Final = opening.SCHEMA
FILE_NAME: Final = "fleet.sqlite"
_TEMPLATE: Final = "fleet_template"
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_lock(7)"


class FleetDatabases:
    """Gives every fleet an empty database on a server, which has the tables already."""

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        self._made: list[tuple[str, FleetStore | None]] = []
        self._make_template()

    def _make_template(self) -> None:
        import psycopg

        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(_ONE_AT_A_TIME)
            there = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(there, (_TEMPLATE,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {_TEMPLATE}_new TEMPLATE template0".encode())
                FleetStore.open(PostgresPlace(self._server.url(f"{_TEMPLATE}_new"), SCHEMA)).close()
                rename = f"ALTER DATABASE {_TEMPLATE}_new RENAME TO {_TEMPLATE}"
                _patiently(lambda: connection.execute(rename.encode()))

    def place(self) -> PostgresPlace:
        """Make a database for one fleet."""
        name = self._server.new_database(_TEMPLATE)
        self._made.append((name, None))
        return PostgresPlace(self._server.url(name), SCHEMA)

    def empty_url(self) -> str:
        """Make a database with nothing in it."""
        name = self._server.new_database()
        self._made.append((name, None))
        return self._server.url(name)

    def store(self) -> FleetStore:
        """Open a fleet in a database of its own."""
        place = self.place()
        store = FleetStore.open(place)
        self._made[-1] = self._made[-1][0], store
        return store

    @contextmanager
    def for_a_while(self) -> Iterator[None]:
        """Remove at the end of the block what was made in it."""
        kept = len(self._made)
        yield
        while len(self._made) > kept:
            name, store = self._made.pop()
            if store is not None:
                store.close()
            self._server.drop(name)


_databases: list[FleetDatabases] = []


def new_store() -> FleetStore:
    """Open an empty fleet's database, of the kind that tests run on."""
    return _databases[-1].store() if _databases else in_memory()


def place_in(state: Path, file_name: str = FILE_NAME) -> StorePlace:
    """Say where the fleet of a state folder is, of the kind that tests run on; it is there afterwards."""
    is_there = any((state / name).exists() for name in (PLACE_NAME, file_name))
    if _databases and not is_there:
        state.mkdir(parents=True, exist_ok=True)
        write_place(state, _databases[-1].place())
    place = opening.place_in(state, file_name)
    if isinstance(place, SqlitePlace):
        laid_out(place.path)
    return place


def octets_of(state: Path) -> bytes:
    """Give all that the database of a state folder holds, as somebody with its disk can read it."""
    place = place_in(state)
    if isinstance(place, SqlitePlace):
        return b"".join(path.read_bytes() for path in sorted(state.glob(f"{FILE_NAME}*")))
    copy = state / "copy.sqlite"
    copy_database(place, copy)
    return b"".join(path.read_bytes() for path in sorted(state.glob(f"{copy.name}*")))


def new_url() -> str | None:
    """Give the URL of a database for a new fleet; None where it is to be a file of the state folder."""
    return _databases[-1].place().url if _databases else None


def sqlite_of(store: FleetStore) -> SqliteDatabase:
    """Give what only SQLite has: counts of its steps, what it is asked, functions of ours."""
    if not isinstance(store.driver, SqliteDatabase):
        pytest.skip("this is of SQLite")
    return store.driver


@pytest.fixture
def fleets_on_postgresql(fleet_databases: FleetDatabases) -> Iterator[FleetDatabases]:
    """Let this test keep its fleets on PostgreSQL, whatever the others do."""
    _databases.append(fleet_databases)
    with fleet_databases.for_a_while():
        yield fleet_databases
    _databases.pop()


@pytest.fixture(scope="session")
def fleet_databases(postgresql_server: PostgresqlServer) -> FleetDatabases:
    """Databases for fleets on the server that all tests share."""
    return FleetDatabases(postgresql_server)


@pytest.fixture(scope="session", autouse=ON_POSTGRESQL)
def _all_on_postgresql(fleet_databases: FleetDatabases) -> None:
    _databases.append(fleet_databases)


@pytest.fixture(autouse=ON_POSTGRESQL)
def _none_is_left(fleet_databases: FleetDatabases) -> Iterator[None]:
    with fleet_databases.for_a_while():
        yield


def _patiently(call: Callable[[], object]) -> None:
    """Try until whoever closed a connection has indeed gone: the server waits for that for some seconds."""
    import psycopg

    for _ in range(10):
        with suppress(psycopg.errors.ObjectInUse):
            call()
            return
    call()
