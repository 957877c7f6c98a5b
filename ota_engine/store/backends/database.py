"""What a store says to a database, whichever it is; knows no database, no table and no row.

Statements are plain text in words that all databases share; parameters are marked ``?``, ``?1`` or ``:name``.
Where databases need different words, the place that owns the statement has both side by side, and
``Dialect.choose`` takes one. A temporary table is named ``temp.NAME`` where it is spoken of. A value is a str, an int, a float, bytes or None: true is held as 1, false as 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Dialect(StrEnum):
    """Whose words a statement is in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"

    def choose(self, *, sqlite: T, postgresql: T) -> T:
        """Take one of two that say the same."""
        return sqlite if self is Dialect.SQLITE else postgresql

    @property
    def then(self) -> str:
        """Join to what is walked first, in a statement; one planner is told so, the other one counts itself."""
        return self.choose(sqlite="CROSS JOIN", postgresql="JOIN")

    @property
    def text(self) -> str:
        """Type of a column of a temporary table whose texts are sorted by their code points."""
        return self.choose(sqlite="TEXT", postgresql='TEXT COLLATE "C"')

    def by_index(self, name: str) -> str:
        """Follow a table in a statement: walk this index of it; one planner is told so."""
        return self.choose(sqlite=f"INDEXED BY {name}", postgresql="")


class Cursor(Protocol):
    """The answer to a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """Give the next row; None where there is none."""

    def fetchall(self) -> list[Any]:
        """Give all rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Walk the rows that are left."""


class Database(Protocol):
    """One connection to a database."""

    @property
    def dialect(self) -> Dialect:
        """Whose words it understands."""

    @property
    def many_write(self) -> bool:
        """Whether transactions of several connections may write beside each other."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    @property
    def total_changes(self) -> int:
        """A number that is another one once this connection has changed anything."""

    def execute(self, text: str, parameters: Any = (), /) -> Cursor:
        """Run one statement."""

    def executemany(self, text: str, parameters: Iterable[Any], /) -> Any:
        """Run one statement for each of many sets of parameters."""

    def together(self) -> AbstractContextManager[object]:
        """Say all of a block without waiting for each answer, where that is far away; nothing is filled within."""

    def ask(self, text: str, parameters: Any = ()) -> Iterable[Any]:
        """Ask for rows that are read later, of which there are few; within ``together`` after its end."""

    def stream(self, text: str, parameters: Any = ()) -> Iterator[Any]:
        """Walk rows of which there may be more than a process should hold."""

    def fill(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put many new rows into a table, the fastest way there is.

        Args:
            table: its name.
            names: of the columns that are given.
            rows: their values; may be read off this same connection while they are taken.

        Returns:
            how many there were.
        """

    def survey(self, table: str) -> None:
        """Look over a table into which many rows have come, where the way to others depends on what is in it."""

    def begin(self, *, write: bool, beside: bool = False) -> None:
        """Begin a transaction.

        Args:
            write: it may write, and waits until nobody else does; one that only reads waits for nobody.
            beside: others that write beside each other may do so meanwhile; see ``many_write``.
        """

    def commit(self) -> None:
        """End the transaction that is open; all of it counts."""

    def rollback(self) -> None:
        """End the transaction that is open; nothing of it counts."""

    def data_version(self) -> int:
        """A number that is another one once another connection has committed anything."""

    def close(self) -> None:
        """Give the connection back."""
