"""Edits a store's database behind its back, whichever it is."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from ota_engine.store.location import PostgresPlace, SqlitePlace, StorePlace, place_at

there = place_at  # where a file that a test names lies; on a server while the conftest says so


class Editor(Protocol):
    """Runs statements in words that both databases understand, ``?`` for a value."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Run one."""


class ServerEditor:
    """On a PostgreSQL server, where nobody minds what belongs together."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Run one."""
        said = statement.replace("%", "%%").replace("?", "%s") if values else statement
        return self._connection.execute(said.encode(), values or None)


@contextmanager
def edited(path: Path) -> Iterator[Editor]:
    """Give an editor of the database that a test calls a file."""
    place: StorePlace = there(path)
    if isinstance(place, SqlitePlace):
        import sqlite3

        with closing(sqlite3.connect(place.path)) as database, database:
            yield database
        return
    with _connected(place) as connection:
        yield ServerEditor(connection)


def tamper(path: Path, statements: str) -> None:
    """Run statements, one after the other."""
    place: StorePlace = there(path)
    if isinstance(place, SqlitePlace):
        import sqlite3

        with closing(sqlite3.connect(place.path)) as database:
            database.executescript(statements)
        return
    said = statements.replace("x'00'", "'\\x00'").replace("PRAGMA foreign_keys = OFF;", "")
    said = said.replace("hex(zeroblob(9999))", "repeat('0', 19998)")
    with _connected(place) as connection:
        connection.execute(said.encode())


def remove(path: Path) -> None:
    """Remove a database, if it is there."""
    place: StorePlace = there(path)
    if isinstance(place, SqlitePlace):
        place.path.unlink(missing_ok=True)
        return
    with _connected(place) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{place.schema}" CASCADE'.encode())


@contextmanager
def _connected(place: PostgresPlace) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(place.url) as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", (place.schema,))
        connection.execute("SET session_replication_role = replica")
        yield connection


def edit_sqlite(path: Path, statement: str) -> None:
    """Run a statement on a file, whatever the conftest says."""
    import sqlite3

    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)
