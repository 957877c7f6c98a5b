"""A session at a PostgreSQL server that Ctrl-C ends at once, also while the server hangs; knows no statement.

The driver asks the server to give up the statement that is interrupted, and waits ten seconds for it to
do so. Here the session is dropped instead: a server that is well sees that, and takes back what was not
committed; with one that hangs there is nothing to wait for.
"""

import logging
from typing import Any

import psycopg

# what it would say of that is not for people: the interrupted command has its own last line
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class InterruptibleSession(psycopg.Connection[Any]):
    """A session of the driver's; where an interrupt would have the statement cancelled, it is closed."""

    def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Close the session.

        Args:
            timeout: in seconds; nothing is waited for.
        """
        self.close()
