"""Holds a database for its one writer: opens it, keeps others out, gives it up; knows no table.

What a store needs of the database it is in, beside statements, differs between a file and a server:
here the two stand side by side.
"""

from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa

from ota_engine.errors import StoreError, StoreLost
from ota_engine.store import connection as sqlite
from ota_engine.store.failures import mapped, one_line
from ota_engine.store.lease import Lease, holder
from ota_engine.store.location import PostgresPlace, SqlitePlace, StorePlace, refuse_absent
from ota_engine.store.server import Server, holder_of, over

_SIZE: Final = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
)


class Hold(Protocol):
    """A database that is open for writing, and nobody else's meanwhile.

    Attributes:
        connection: to it.
        may_be_lost: the way to it may be cut, and be there again later.
    """

    connection: sa.Connection
    may_be_lost: bool

    def settle(self) -> None:
        """Make ready for readers, once it is known to be ours."""

    def damage(self) -> str:
        """What its storage says is wrong with it; empty for nothing."""

    def limit_size(self, octets: int) -> None:
        """Let it grow no further than this."""

    def cut(self) -> None:
        """Let no statement reach the database any more."""

    def reconnect(self) -> None:
        """Let the next statement reach the database anew; without, none does once it was lost."""

    def release(self) -> None:
        """Close it and let others have it."""


class MemoryHold:
    """A database that is gone when it is closed; see ``Hold``."""

    may_be_lost = False

    def __init__(self) -> None:
        self.connection = sqlite.open_memory()

    def settle(self) -> None:
        """Nobody else can read it."""

    def damage(self) -> str:
        """Look at its pages."""
        answer = one_line(sqlite.pragma(self.connection, "quick_check(1)"))
        return "" if answer == "ok" else answer

    def limit_size(self, octets: int) -> None:
        """Count its pages."""
        page = sqlite.pragma(self.connection, "page_size")
        sqlite.pragma(self.connection, f"max_page_count = {octets // int(str(page))}")

    def cut(self) -> None:
        """Close it."""
        self.connection.close()

    def reconnect(self) -> None:
        """Do nothing: it cannot be lost."""

    def release(self) -> None:
        """Forget it."""
        _close(self.connection)


class FileHold(MemoryHold):
    """A file of SQLite's, ours alone; see ``Hold``."""

    def __init__(self, path: Path, owner: str, *, create: bool, durable: bool) -> None:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            refuse_absent(path)
        self._lease = Lease(path, owner)
        try:
            with mapped(str(path)):
                self.connection = sqlite.open_file(path, durable=durable)
        except BaseException:
            self._lease.release()
            raise

    def settle(self) -> None:
        """Let readers read while we write."""
        sqlite.use_write_ahead_log(self.connection)

    def release(self) -> None:
        """Close it and drop the lock."""
        _close(self.connection)
        self._lease.release()


class ServerHold:
    """A schema on a PostgreSQL server; see ``Hold``.

    Args:
        place: where.
        owner: who to name to others.
        create: make the schema when there is none.
        alone: to the exclusion of others that want it alone.
    """

    may_be_lost = True

    def __init__(
        self, place: PostgresPlace, owner: str, *, create: bool, alone: bool = True
    ) -> None:
        self._server = Server(place, owner)
        self._alone = alone
        self._may_connect = True
        with mapped(str(place)):
            if create:
                self._server.make_schema()
            else:
                with self._server.connect() as session:
                    refuse_absent_schema(self._server, session)
            self.connection = over(self._connect)

    def _connect(self) -> Any:
        if not self._may_connect:
            raise StoreLost(f"{self._server.place}: the way to the server was cut")
        self._may_connect = False
        if self._alone:
            return self._server.connect_as_holder()
        return self._server.connect(autocommit=False)

    def cut(self) -> None:
        """Drop the session, and the lease with it."""
        if not self.connection.invalidated:
            self.connection.invalidate()
        self._may_connect = False

    def reconnect(self) -> None:
        """Drop the session, and let there be another one."""
        self.cut()
        self._may_connect = True

    def settle(self) -> None:
        """Readers need nothing."""

    def damage(self) -> str:
        """The server recovers by itself, and says so where it finds damage."""
        return ""

    def limit_size(self, octets: int) -> None:
        """Refuse: the size is the server's affair.

        Raises:
            StoreError: always.
        """
        raise StoreError(f"a schema on a server cannot be limited to {octets} octets")

    def release(self) -> None:
        """Close the session, and with it goes the lock."""
        _close(self.connection)


def take(place: StorePlace, owner: str, *, create: bool, durable: bool) -> Hold:
    """Open a database for writing, to the exclusion of others.

    Args:
        place: where it is.
        owner: who to name to others that want it meanwhile.
        create: make it when there is none.
        durable: a commit waits for the disk; on a server that is the server's affair.

    Raises:
        StoreError: in use, not there, or it cannot be opened.
    """
    if isinstance(place, SqlitePlace):
        return FileHold(place.path, owner, create=create, durable=durable)
    return ServerHold(place, owner, create=create)


def open_to_read(place: StorePlace) -> sa.Connection:
    """Open a database without the power to change it, also while somebody holds it.

    Raises:
        StoreError: it is not there, or cannot be opened.
    """
    with mapped(str(place)):
        if isinstance(place, SqlitePlace):
            refuse_absent(place.path)
            return sqlite.open_to_read(place.path)
        server = Server(place, "zota reading")
        with server.connect() as session:
            refuse_absent_schema(server, session)
        return over(server.connect_to_read)


def is_there(place: StorePlace) -> bool:
    """Whether there is a database to be read, damaged perhaps.

    Raises:
        StoreError: the server that it would be on cannot be asked, or does not let this user see it.
    """
    if isinstance(place, SqlitePlace):
        return place.path.exists()
    server = Server(place, "zota reading")
    with mapped(str(place)), server.connect() as session:
        asked = "SELECT has_schema_privilege(%s, 'USAGE') FROM pg_tables WHERE schemaname = %s"
        found = session.execute(asked, (place.schema, place.schema)).fetchone()
    if found == (False,):
        raise StoreError(
            f"{place}: the user may not use this schema: grant it the rights (docs/scale.md)"
        )
    return found is not None


def who_holds(place: StorePlace) -> str | None:
    """Name whoever writes to a database now, or None.

    Raises:
        StoreError: the server that it is on cannot be asked.
    """
    if isinstance(place, SqlitePlace):
        return holder(place.path)
    with mapped(str(place)), Server(place, "zota reading").connect() as session:
        return holder_of(session, place.schema)


def size_of(place: StorePlace) -> int:
    """How many octets a database takes, with its indexes.

    Raises:
        StoreError: the server that it is on cannot be asked.
    """
    if isinstance(place, SqlitePlace):
        files = (place.path, place.path.with_name(place.path.name + sqlite.LOG_SUFFIX))
        return sum(file.stat().st_size for file in files if file.exists())
    with mapped(str(place)), Server(place, "zota reading").connect() as session:
        found = session.execute(_SIZE, (place.schema,)).fetchone()
    return 0 if found is None else int(found[0])


def refuse_absent_schema(server: Server, session: Any) -> None:
    """Refuse what is not there.

    Raises:
        StoreError: the database has no such schema.
    """
    if not server.has_schema(session):
        raise StoreError(f"{server.place}: there is no database here: give the place of one")


def _close(connection: sa.Connection) -> None:
    connection.close()
    connection.engine.dispose()
