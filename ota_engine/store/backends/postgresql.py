"""PostgreSQL as a store speaks to it: one connection, its words and its transactions; knows no table.

Statements come as ``Database`` says. Their marks and what temporary tables are called are translated once for
each text; the server prepares what it is asked often.

Whoever writes holds one lock of the store's schema from the beginning of his transaction to its end, alone or
with those that write beside each other, so that writers decide one after the other, as they do on SQLite: what
he reads is what was committed before, statement by statement. Whoever reads sees one moment, and can write nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from itertools import count, islice
from typing import Any, Final, NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg.abc import AdaptContext
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper

from ota_engine.errors import StoreError
from ota_engine.store.backends.database import Cursor, Dialect
from ota_engine.store.backends.interruptible import InterruptibleSession
from ota_engine.store.backends.sessions import careful, lock_of

_PREPARED: Final = 500  # statements that the server keeps prepared for one connection
_AT_ONCE: Final = 5_000  # rows that are fetched, or copied, in one go
_BUSY_MS: Final = 60_000  # another operator's plan of a million homes is waited for
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_READ: Final = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_ENDED: Final = (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)
_TOKEN: Final = re.compile(
    r"""'[^']*' | "[^"]*" | \?(?P<number>\d*) | (?<![:\w]):(?P<name>[a-z_]\w*) | \btemp\.""",
    re.VERBOSE,
)


class _Statement(NamedTuple):
    """A statement as PostgreSQL understands it.

    Attributes:
        text: of it.
        names: of its parameters in their order; None where they come in a row.
        writes: whether it may change anything.
    """

    text: bytes
    names: tuple[str, ...] | None
    writes: bool


@lru_cache(maxsize=4_096)
def translated(text: str) -> _Statement:
    """Write a statement as PostgreSQL understands it."""
    names: dict[str, int] = {}
    marks = 0

    def translate(found: re.Match[str]) -> str:
        nonlocal marks
        token, name = found[0], found["name"]
        if token == "temp.":  # noqa: S105 - a word of the language
            return "pg_temp."
        if name is not None:
            return f"${names.setdefault(name, len(names) + 1)}"
        if token.startswith("?"):
            marks += 1
            return f"${found['number'] or marks}"
        return token

    written = _TOKEN.sub(translate, text)
    writes = not text.lstrip().startswith("SELECT")
    return _Statement(written.encode(), tuple(names) if names else None, writes)


class _Flag(Dumper):
    """True is held as 1, false as 0."""

    oid = Int8Dumper.oid

    def dump(self, obj: Any) -> Buffer:
        return b"1" if obj else b"0"


class _Sum(Loader):
    """A sum of numbers without a fraction is one, as SQLite has it."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode("ascii")
        return int(text) if text.lstrip("-").isdigit() else float(text)


class PostgresqlDatabase:
    """One connection to one schema of a database on a server.

    Args:
        url: of the database.
        schema: its tables' schema.
        durable: a commit survives the death of the server's machine.

    Raises:
        psycopg.Error: the server cannot be reached, or lets nobody in.
        StoreError: its database cannot hold every text.
    """

    def __init__(self, url: str, schema: str, *, durable: bool = True) -> None:
        self._url = url
        self._schema = schema
        self._durable = durable
        self._told = 0
        self._begun = False  # and not ended yet, though its connection may be lost
        self._seen: tuple[str, int] = ("", 0)
        self._walks = count()
        key = lock_of(schema, "writer")
        self._alone = f"{_WRITE}; SELECT pg_advisory_xact_lock({key})".encode()
        self._beside = f"{_WRITE}; SELECT pg_advisory_xact_lock_shared({key})".encode()
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[Any]:
        connection = InterruptibleSession.connect(
            self._url,
            autocommit=True,
            cursor_factory=psycopg.RawCursor,
            client_encoding="UTF8",
            application_name="zota",
            **careful(self._url),
        )
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            raise StoreError(
                f"{self.place}: this database holds text as {encoding}, which lacks most signs: make one"
                " with createdb --encoding UTF8 --template template0"
            )
        connection.prepare_threshold = 1
        connection.prepared_max = _PREPARED
        adapt(connection)
        commits = "on" if self._durable else "off"
        connection.execute(
            f'SET search_path TO "{self._schema}"; SET lock_timeout TO {_BUSY_MS}; SET jit TO off;'
            f" SET synchronous_commit TO {commits}".encode()
        )
        return connection

    # --- what is said ---------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self._url} (schema {self._schema})"

    @property
    def dialect(self) -> Dialect:
        """Whose words it understands."""
        return Dialect.POSTGRESQL

    @property
    def many_write(self) -> bool:
        """Whether transactions of several connections may write beside each other."""
        return True

    @property
    def total_changes(self) -> int:
        """A number that is another one once this connection has changed anything."""
        return self._told

    def execute(self, text: str, parameters: Any = (), /) -> Cursor:
        """Run one statement."""
        statement = translated(text)
        self._told += statement.writes
        return self._connection.execute(statement.text, _in_a_row(statement, parameters))

    def executemany(self, text: str, parameters: Iterable[Any], /) -> Any:
        """Run one statement for each of many sets of parameters, without waiting for each answer."""
        statement = translated(text)
        self._told += statement.writes
        cursor = self._connection.cursor()
        cursor.executemany(statement.text, [_in_a_row(statement, one) for one in parameters])
        return cursor

    def together(self) -> AbstractContextManager[object]:
        """Say all of a block without waiting for each answer; the first that is looked at brings all before it."""
        return self._connection.pipeline()

    def ask(self, text: str, parameters: Any = ()) -> Iterable[Any]:
        """Ask for rows that are read later; see ``Database``."""
        return self.execute(text, parameters)

    def stream(self, text: str, parameters: Any = ()) -> Iterator[Any]:
        """Walk rows that the server finds and keeps; some of them at a time are here."""
        statement = translated(text)
        with psycopg.RawServerCursor(
            self._connection, f"walk_{next(self._walks)}", withhold=not self.in_transaction
        ) as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(statement.text, _in_a_row(statement, parameters))
            yield from cursor

    def fill(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Put many new rows into a table; see ``Database``.

        They are copied in parts: between two of them the connection is free to read what is to follow.
        """
        text = translated(f"COPY {table} ({', '.join(names)}) FROM STDIN").text
        self._told += 1
        left, taken = iter(rows), 0
        while part := list(islice(left, _AT_ONCE)):
            with self._connection.cursor().copy(text) as copy:
                for row in part:
                    copy.write_row(row)
            taken += len(part)
        return taken

    def survey(self, table: str) -> None:
        """Look over a table; see ``Database``. The server does so by itself only after a while."""
        self._connection.execute(translated(f"ANALYZE {table}").text)

    # --- transactions ---------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.pgconn.transaction_status not in _ENDED

    def begin(self, *, write: bool, beside: bool = False) -> None:
        """Begin a transaction; see ``Database``. A connection that was lost is made anew."""
        writing = self._beside if beside else self._alone
        if self._connection.closed:
            self._connection = self._connect()
        self._begun = True
        try:
            self._connection.execute(writing if write else _READ, prepare=False)
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """End the transaction that is open; all of it counts."""
        if self._connection.pgconn.transaction_status == TransactionStatus.INERROR:
            raise psycopg.errors.InFailedSqlTransaction("a statement in it failed")
        self._connection.execute(b"COMMIT", prepare=False)
        self._begun = False

    def rollback(self) -> None:
        """End the transaction that is open; nothing of it counts."""
        self._begun = False
        if self.in_transaction:
            self._connection.execute(b"ROLLBACK", prepare=False)

    def data_version(self) -> int:
        """A number that is another one once anybody has committed anything.

        Who sees the same transactions as before sees the same rows. It changes with every commit on the
        server, also of others.
        """
        if self._connection.closed and not self._begun:
            self._connection = self._connect()
        text = self.execute("SELECT CAST(pg_current_snapshot() AS TEXT)").fetchone()[0]
        if text != self._seen[0]:
            self._seen = text, self._seen[1] + 1
        return self._seen[1]

    @contextmanager
    def migrating(self) -> Iterator[sa.Connection]:
        """Make the schema where there is none, and give who migrates it a connection; one at a time does."""
        url = sa.make_url("postgresql+psycopg://")
        engine = sa.create_engine(url, creator=self._for_migration, poolclass=sa.pool.NullPool)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def _for_migration(self) -> psycopg.Connection[Any]:
        connection = InterruptibleSession.connect(
            self._url,
            autocommit=True,
            application_name="zota migration",
            **careful(self._url),
        )
        connection.execute(
            f"SELECT pg_advisory_lock({lock_of(self._schema, 'migration')})".encode()
        )
        there = connection.execute("SELECT to_regnamespace(%s)", (self._schema,)).fetchone()
        if there == (None,):
            connection.execute(f'CREATE SCHEMA "{self._schema}"'.encode())
        connection.execute(f'SET search_path TO "{self._schema}"'.encode())
        connection.autocommit = False
        return connection

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def adapt(context: AdaptContext) -> None:
    """Let values come and go as ``Database`` says; a statement has the same types whatever the numbers."""
    context.adapters.register_dumper(int, Int8Dumper)
    context.adapters.register_dumper(bool, _Flag)
    context.adapters.register_loader("numeric", _Sum)


def _in_a_row(statement: _Statement, parameters: Any) -> Any:
    if statement.names is None:
        return () if isinstance(parameters, dict) else parameters
    return [parameters[name] for name in statement.names]
