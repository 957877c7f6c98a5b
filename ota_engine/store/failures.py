"""SQLite's and SQLAlchemy's errors in one line a person can act on; knows no table."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy.exc

from ota_engine.errors import LocalError, StoreError, StoreFull

_PRIMARY = 0xFF  # the low octet of an extended result code
_NO_ROOM_BESIDE = sqlite3.SQLITE_IOERR_SHMSIZE  # for the memory that readers and writer share

MOST_CHARACTERS = 200
_DAMAGED = "the database is damaged: move it away and restore a backup"

# Primary result code -> (error, what is wrong and what to do).
_MEANINGS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_FULL: (StoreFull, "the disk is full, nothing was written: make room"),
    sqlite3.SQLITE_CORRUPT: (StoreError, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (StoreError, "this is not a database: give another path"),
    sqlite3.SQLITE_BUSY: (StoreError, "the database is locked by another program: stop it"),
    sqlite3.SQLITE_LOCKED: (StoreError, "the database is locked by another program: stop it"),
    sqlite3.SQLITE_READONLY: (StoreError, "the database cannot be written: check its permissions"),
    sqlite3.SQLITE_PERM: (StoreError, "the database cannot be opened: check its permissions"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "the database cannot be opened: check path and rights"),
    sqlite3.SQLITE_IOERR: (StoreError, "the disk failed: check it, then restart"),
    sqlite3.SQLITE_CONSTRAINT: (StoreError, "rows do not fit together, nothing was written"),
}


@contextmanager
def mapped(place: str) -> Iterator[None]:
    """Turn every database error of the block into a ``StoreError`` that names the place.

    Raises:
        StoreFull: no space; the transaction was rolled back.
        StoreError: any other trouble of the database.
        LocalError: a value that no database can hold.
    """
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise _explain(place, error.orig) from error
    except sqlite3.Error as error:
        raise _explain(place, error) from error
    except UnicodeDecodeError as error:  # only what we did not write is not UTF-8
        raise StoreError(f"{place}: {_DAMAGED} ({one_line(error)})") from error
    except sqlalchemy.exc.StatementError as error:  # a value that no column of ours is made for
        raise LocalError(f"{place}: a value cannot be stored: {one_line(error.orig)}") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise LocalError(f"{place}: a value cannot be stored: {one_line(error)}") from error


def one_line(reason: object) -> str:
    """What SQLite says, which may quote whole statements, in one line of bearable length."""
    return " ".join(str(reason).split())[:MOST_CHARACTERS]


def _explain(place: str, error: object) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    code = sqlite3.SQLITE_FULL if code == _NO_ROOM_BESIDE else code & _PRIMARY
    kind, meaning = _MEANINGS.get(code, (StoreError, "the database refused"))
    return kind(f"{place}: {meaning} ({one_line(error)})")
