"""Opens PostgreSQL the way a store needs it; knows sessions, locks and schemas, and no table of ours.

Whoever writes holds the *lease*: a lock that belongs to the very session that writes, so that the
server drops it with that session, however it ends, and nothing can be written without it. Its name
in the server's list of sessions tells the refused one whom to ask. A pooler in front of the server
that hands one session to several clients breaks that: connect to the server itself.
"""

import os
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from ota_engine.errors import StoreError
from ota_engine.store.backends.sessions import careful, driver_for, halves_of, lock_of
from ota_engine.store.location import PostgresPlace

if TYPE_CHECKING:
    import psycopg

ATTEMPTS: Final = 20  # to take the lease: a server may take a moment to see that a client has died
PAUSE_S: Final = 0.05  # between them
MOST_NAME: Final = 63  # octets of a session's name
_READER: Final = (
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
)
_HOLDER: Final = (
    "SELECT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND l.classid::bigint = %s AND l.objid::bigint = %s"
)


class Server:
    """The way to one schema on a server; every session to it is made here.

    Args:
        place: where.
        owner: who to name to others.
    """

    def __init__(self, place: PostgresPlace, owner: str) -> None:
        self.place = place
        self.name = _session_name(owner)
        self._session = 0  # the server's number of the last one that held the lease

    def connect(
        self, *, autocommit: bool = True, patience_s: int | None = None
    ) -> "psycopg.Connection[Any]":
        """Make a session that speaks of the tables of the schema; Ctrl-C ends it at once.

        Args:
            autocommit: every statement is a transaction of its own.
            patience_s: how long the server has to answer, in seconds; None for as long as usual.

        Raises:
            StoreError: the driver is not installed, or something on this machine is not as it should.
            psycopg.Error: the server cannot be reached, or refuses.
        """
        driver_for(self.place)
        from ota_engine.store.backends.interruptible import InterruptibleSession  # noqa: PLC0415 - as that is

        url = self.place.url
        options = careful(url)
        if patience_s is not None:
            options["connect_timeout"] = patience_s
        session = InterruptibleSession.connect(
            url, autocommit=True, application_name=self.name, **options
        )
        session.execute("SELECT set_config('search_path', %s, false)", (self.place.schema,))
        session.autocommit = autocommit
        return session

    def connect_to_read(self) -> "psycopg.Connection[Any]":
        """Make a session that changes nothing, and in a transaction sees one state of all."""
        session = self.connect()
        session.execute(_READER)
        session.autocommit = False
        return session

    def connect_as_holder(self) -> "psycopg.Connection[Any]":
        """Make a session that holds the lease.

        A session of our own that the server still takes for alive, because the way to it was cut, is
        ended.

        Raises:
            StoreError: somebody else has it; the text says who.
            psycopg.Error: the server cannot be reached, or refuses.
        """
        session = self.connect()
        try:
            self._take_lease(session)
            self._session = session.info.backend_pid
        except BaseException:
            session.close()
            raise
        session.autocommit = False
        return session

    def has_schema(self, session: "psycopg.Connection[Any]") -> bool:
        """Whether the schema is there."""
        asked = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        return session.execute(asked, (self.place.schema,)).fetchone() is not None

    def make_schema(self) -> None:
        """Make the schema, unless it is there; of several who would, one does."""
        with self.connect() as session:
            if not self.has_schema(session):
                session.execute(
                    "SELECT pg_advisory_lock(%s)", (lock_of(self.place.schema, "schema"),)
                )
                # its name is one of a to z, 0 to 9 and _ (location.py)
                session.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.place.schema}"'.encode())

    def _take_lease(self, session: "psycopg.Connection[Any]") -> None:
        key = lock_of(self.place.schema, "lease")
        for _ in range(ATTEMPTS):
            taken = session.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
            if taken == (True,):
                return
            if self._session:
                session.execute(
                    f"SELECT pg_terminate_backend(pid) FROM ({_HOLDER}) AS h WHERE pid = %s",  # noqa: S608 - our own words
                    (*halves_of(key), self._session),
                )
            time.sleep(PAUSE_S)
        named = _named(session.execute(_HOLDER, halves_of(key)).fetchone())
        raise StoreError(
            f"{self.place} is in use by {named}: stop it, or give this one another database"
        )


def holder_of(driver: Any, schema: str) -> str | None:
    """Name whoever holds the lease of a schema, by any session of its database; None for nobody."""
    found = driver.execute(_HOLDER, halves_of(lock_of(schema, "lease"))).fetchone()
    return None if found is None else _named(found)


def over(create: Any) -> sa.Connection:
    """Let SQLAlchemy speak through sessions that a function makes: one, and one after each loss."""
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=create, poolclass=sa.pool.NullPool, use_native_hstore=False
    )
    return engine.connect()


def _named(found: Any) -> str:
    return repr(found[1]) if found is not None and found[1] else "another session"


def _session_name(owner: str) -> str:
    host = socket.gethostname()
    tail = f" (process {os.getpid()} on {host})"
    if len(tail) > MOST_NAME // 2:
        tail = f"{tail[: MOST_NAME // 2 - 1]})"
    head = owner.encode("ascii", "replace").decode()[: MOST_NAME - len(tail)]
    return head + tail.encode("ascii", "replace").decode()
