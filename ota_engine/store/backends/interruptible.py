"""A session at a PostgreSQL server that Ctrl-C ends at once, also while the server hangs; knows no statement.

The driver asks the server to give up the statement that is interrupted, and waits ten seconds for it to
do so. Here the session is dropped instead: a server that is well sees that, and takes back what was not
committed; with one that hangs there is nothing to wait for. Threads are not interrupted: those of a command that
is to end drop all sessions together.
"""

import logging
import os
import socket
from contextlib import suppress
from typing import Any, Final, Self

import psycopg

from ota_engine.store.backends.sessions import SESSIONS

_OVER: Final = "this command ends, and speaks to no server any more"

# what it would say of that is not for people: the interrupted command has its own last line
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class InterruptibleSession(psycopg.Connection[Any]):
    """A session of the driver's; where an interrupt would have the statement cancelled, it is closed."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Begin a session; see the driver.

        Raises:
            psycopg.Error: the server cannot be reached, or lets nobody in; or there are to be no more sessions.
        """
        if SESSIONS.are_over:
            raise psycopg.OperationalError(_OVER)
        session = super().connect(conninfo, **options)
        SESSIONS.add(session)
        return session

    def drop(self) -> None:
        """Cut its line, in whatever thread it is used: whoever waits for the server has lost it."""
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.pgconn.socket)) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)

    def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Close the session.

        Args:
            timeout: in seconds; nothing is waited for.
        """
        self.close()
