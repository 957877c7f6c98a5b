"""Opens SQLite the way the store needs it; knows pragmas and transactions, no tables.

Python's own transaction handling is switched off: it begins late, as DEFERRED and not before DDL,
so that a schema change would escape its transaction. Here every transaction is explicit: IMMEDIATE
for a writer, which therefore cannot fail half-way for want of the lock.
"""

import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa

from ota_engine.store.backends.sqlite import SqliteDatabase

BUSY_TIMEOUT_MS = 5_000
LOG_SUFFIX = "-wal"  # of the write-ahead log, after the database's name
_URL: Final = sa.make_url("sqlite://")
_COMPILED: Final[dict[Any, Any]] = {}  # statements as text; there are no more than the code has
_PRIMARY = 0xFF  # the low octet of an extended result code
_CANNOT_MAKE_FILES = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,  # also a full disk, where a file is mapped into memory
)


def open_file(path: Path, *, durable: bool) -> sa.Connection:
    """Open or create a database file for writing.

    Args:
        path: the file.
        durable: a commit survives a power cut; without, only the death of the process.
    """
    synchronous = "FULL" if durable else "NORMAL"
    connection = _connect(f"file:{quote(str(path))}?mode=rwc", "BEGIN IMMEDIATE")
    return _with_pragmas(connection, f"synchronous = {synchronous}")


def use_write_ahead_log(connection: sa.Connection) -> None:
    """Let readers read while the writer writes; changes the file, so first see whose it is."""
    pragma(connection, "journal_mode = WAL")


def open_memory() -> sa.Connection:
    """Open a database that lives only as long as its connection."""
    return _with_pragmas(_connect(":memory:", "BEGIN IMMEDIATE"))


def open_to_read(path: Path) -> sa.Connection:
    """Open an existing file without the power to change it, also while an engine writes to it.

    A database that keeps a write-ahead log wants to make files beside itself even to be read. Where
    none can be made, on a medium that is read only say, nobody writes to it either: it is read as it
    lies there, or, with a log that is still to be read, as a copy.
    """
    try:
        return _reading(f"file:{quote(str(path))}?mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _PRIMARY not in _CANNOT_MAKE_FILES:
            raise
    log = path.with_name(path.name + LOG_SUFFIX)
    if not log.exists() or log.stat().st_size == 0:
        return _reading(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1")
    with tempfile.TemporaryDirectory(prefix="zota-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        return _reading(f"file:{quote(str(copy))}?mode=rw")  # it stays open when its name goes


def _reading(uri: str) -> sa.Connection:
    """Connect, and see that the database can indeed be read."""
    return _with_pragmas(_connect(uri, "BEGIN"), "schema_version")


def pragma(connection: sa.Connection, text: str) -> object:
    """Run one pragma outside of any transaction and return the first value it answers."""
    row = driver_of(connection).execute(f"PRAGMA {text}").fetchone()
    return None if row is None else row[0]


def driver_of(connection: sa.Connection) -> SqliteDatabase:
    """Give what a connection that was opened here speaks through."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, SqliteDatabase)  # noqa: S101 - we made it, see _connect
    return driver


def close(connection: sa.Connection) -> None:
    """Close a connection that was opened here, for good."""
    connection.close()
    connection.engine.dispose()


def _connect(uri: str, begin: str) -> sa.Connection:
    def create() -> Any:  # what the driver gives is of no type that SQLAlchemy names
        # Not bound to one thread: the store is opened in one and used in the writer's.
        return sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_MS / 1000,
            factory=SqliteDatabase,
        )

    dialect = _dialect()
    pool = sa.pool.StaticPool(create, dialect=dialect)
    engine = sa.Engine(pool, dialect, _URL, execution_options={"compiled_cache": _COMPILED})
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine.connect()


@cache
def _dialect() -> sa.Dialect:
    """One for all databases, so that what was compiled for one of them serves every one."""
    first = sa.create_engine(_URL)
    with first.connect():
        return first.dialect


def _with_pragmas(connection: sa.Connection, *pragmas: str) -> sa.Connection:
    try:
        for text in ("foreign_keys = ON", f"busy_timeout = {BUSY_TIMEOUT_MS}", *pragmas):
            pragma(connection, text)
    except sqlite3.Error:
        connection.engine.dispose()
        raise
    return connection
