"""SQLite as a store speaks to it: Python's own connection, and a few words more; knows no table."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from ota_engine.store.backends.database import Dialect

_NOTHING: Final = nullcontext()


class SqliteDatabase(sqlite3.Connection):
    """A connection to SQLite that begins no transaction by itself."""

    dialect: Final = Dialect.SQLITE
    many_write: Final = False

    def together(self) -> AbstractContextManager[object]:
        """There is nobody to wait for."""
        return _NOTHING

    def ask(self, text: str, parameters: Any = ()) -> list[Any]:
        """Read rows at once, so that their statement can be used again."""
        return self.execute(text, parameters).fetchall()

    def stream(self, text: str, parameters: Any = ()) -> Iterator[Any]:
        """Walk rows as SQLite finds them: it never holds them all."""
        return self.execute(text, parameters)

    def fill(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put many new rows into a table; see ``Database``."""
        marks = ", ".join("?" * len(names))
        text = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - the caller's own words
        return self.executemany(text, rows).rowcount

    def survey(self, table: str) -> None:
        """Statements say themselves which table is walked first."""

    def begin(self, *, write: bool, beside: bool = False) -> None:
        """Begin a transaction: a writer has the lock at once, and cannot fail half-way for want of it."""
        self.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def data_version(self) -> int:
        """A number that is another one once another connection has committed anything."""
        found: int = self.execute("PRAGMA data_version").fetchone()[0]
        return found
