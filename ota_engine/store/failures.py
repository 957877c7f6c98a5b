"""A database's errors in one line a person can act on: SQLite's, PostgreSQL's and SQLAlchemy's.

Knows no table. PostgreSQL's driver need not be installed: its errors are looked for only where it has
been loaded, so that there can be any.
"""

import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import sqlalchemy.exc

from ota_engine.errors import (
    LocalError,
    StoreConflict,
    StoreError,
    StoreFull,
    StoreLost,
    StoreMisfit,
    ZotaError,
)

_PRIMARY = 0xFF  # the low octet of an extended result code
_NO_ROOM_BESIDE = sqlite3.SQLITE_IOERR_SHMSIZE  # for the memory that readers and writer share

_NO_TEXT: Final = "Could not decode to UTF-8"

MOST_CHARACTERS = 300
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
    sqlite3.SQLITE_CONSTRAINT: (StoreMisfit, "rows do not fit together, nothing was written"),
}

_AWAY = "the server is out of reach: see that it runs, and that host and port are right"
_SERVER_DAMAGED = "the server found damage in the database: restore a backup"
_NO_ENTRY = "the server does not let this user in: see user, password file and pg_hba.conf"
_NO_DATABASE = "the server has no such database: make it with createdb"
_NO_SCHEMA = (
    "the schema is not there, or is not this user's to use: create or restore it, or grant the rights"
    " (docs/scale.md)"
)
_NO_TLS = (
    "this side and the server do not agree on TLS: give what is told at the end, or another sslmode="
    " (docs/scale.md)"
)
_TOO_MANY = "the server takes no more connections: stop some, or raise max_connections"
_UNFIT = "a value cannot be stored"
_NO_URL = (
    "the URL is wrong: correct what is told at the end, as in"
    " postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE"
)

# SQLSTATE, or its first two characters, which name its class -> the same (PostgreSQL 15, appendix A);
# and two of ours: URL for what no server was asked for, TLS for one that was not trusted or does without.
_STATES: Final[Mapping[str, tuple[type[ZotaError], str]]] = {
    "08": (StoreLost, _AWAY),
    "22": (LocalError, _UNFIT),
    "23": (StoreMisfit, "rows do not fit together, nothing was written"),
    "25006": (StoreError, "the server takes no writes (it is a standby?): name the one that does"),
    "25P03": (StoreLost, "the server ended a transaction that had idled: it is begun again"),
    "28": (StoreError, _NO_ENTRY),
    "3D000": (StoreError, _NO_DATABASE),
    "3F000": (StoreError, _NO_SCHEMA),
    "40001": (StoreConflict, "another transaction was in the way: try again"),
    "40P01": (StoreConflict, "another transaction was in the way: try again"),
    "42501": (StoreError, "the user may not do this: grant it the rights (docs/scale.md)"),
    "42P01": (StoreError, "a table is not there: has it been dropped? restore a backup"),
    "53100": (StoreFull, "the server's disk is full, nothing was written: make room"),
    "53200": (StoreError, "the server is out of memory: give it more, then restart"),
    "53300": (StoreError, _TOO_MANY),
    "55P03": (StoreConflict, "another transaction holds a lock: try again"),
    "57014": (StoreError, "the server gave this up: try again, or raise its statement_timeout"),
    "57P": (StoreLost, _AWAY),
    "58": (StoreError, "the server's disk failed: check it, then restart"),
    "TLS": (StoreLost, _NO_TLS),
    "URL": (StoreError, _NO_URL),
    "XX": (StoreError, _SERVER_DAMAGED),
}
# The server's words where its library hands on no SQLSTATE, on connecting -> one.
_SAID: Final = (
    ("starting up", "57P"),
    ("shutting down", "57P"),
    ("recovery mode", "57P"),
    ("too many c", "53300"),  # clients, connections for a role
    ("connection slots", "53300"),
    ("authentication", "28"),
    ("no password supplied", "28"),
    ("pg_hba.conf", "28"),
    ('FATAL:  role "', "28"),
    ('FATAL:  database "', "3D000"),
    ("permission denied", "42501"),
    ("certificate", "TLS"),
    ("does not support SSL", "TLS"),
    ("private key file", "TLS"),
)
# Words of its library, the driver or the server for a URL that cannot be followed.
_WRONG_URL: Final = re.compile(
    r"\bURI\b|percent-encoded|bad value for connect_timeout|invalid port number"
    r"|invalid integer value|invalid \S+ value:|definition of service"
    r"|unrecognized configuration parameter|unexpected spaces|Servname not supported|match .* port numbers"
)


def _drivers_errors() -> tuple[type[Exception], ...]:
    """The errors of the drivers: of PostgreSQL's only where it has been loaded."""
    driver = sys.modules.get("psycopg")
    return (sqlite3.Error,) if driver is None else (sqlite3.Error, driver.Error)


@contextmanager
def mapped(place: str) -> Iterator[None]:
    """Turn every database error of the block into a ``StoreError`` that names the place.

    Raises:
        StoreFull: no space; the transaction was rolled back.
        StoreLost: the server is out of reach; a commit under way has happened, or has not.
        StoreConflict: another transaction was in the way; this one was rolled back.
        StoreMisfit: rows do not fit together.
        StoreError: any other trouble of the database.
        LocalError: a value that no database can hold.
    """
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise _explain(place, error.orig) from error
    except _drivers_errors() as error:
        raise _explain(place, error) from error
    except UnicodeDecodeError as error:  # only what we did not write is not UTF-8
        raise StoreError(f"{place}: {_DAMAGED} ({one_line(error)})") from error
    except sqlalchemy.exc.StatementError as error:  # a value that no column of ours is made for
        raise LocalError(f"{place}: a value cannot be stored: {one_line(error.orig)}") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise LocalError(f"{place}: a value cannot be stored: {one_line(error)}") from error


def one_line(reason: object) -> str:
    """What a database says, which may quote whole statements, in one line of bearable length."""
    return " ".join(str(reason).split())[:MOST_CHARACTERS]


def _explain(place: str, error: object) -> ZotaError:
    kind, meaning = _meaning(error)
    return kind(f"{place}: {meaning} ({one_line(error).removeprefix('connection is bad: ')})")


def _meaning(error: object) -> tuple[type[ZotaError], str]:
    refused = StoreError, "the database refused"
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        code = sqlite3.SQLITE_FULL if code == _NO_ROOM_BESIDE else code & _PRIMARY
        if _NO_TEXT in str(error):  # Python's own words, without a code
            code = sqlite3.SQLITE_CORRUPT
        return _MEANINGS.get(code, refused)
    state = getattr(error, "sqlstate", None) or _state_said(error)
    for length in (5, 3, 2):
        if state[:length] in _STATES:
            return _STATES[state[:length]]
    return refused


def _state_said(error: object) -> str:
    """Guess the SQLSTATE of an error that bears none: the driver's own, or one on connecting."""
    text, kinds = str(error), {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"OperationalError", "ProgrammingError"} and _WRONG_URL.search(text):
        return "URL"
    if "OperationalError" in kinds:
        return next((state for said, state in _SAID if said in text), "08")
    return "22" if "DataError" in kinds else ""
