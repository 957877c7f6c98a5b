"""Who does what of several processes that share a database; knows no table and no row.

A turn at something is had by one of them at a time. The server keeps it for a connection, so that it is free again
once whoever had it is dead, or has lost the server. Each of them has a share of what is to be done besides, as large
as that of every other. A database that is a file has one process, whose everything is.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol
from zlib import crc32

from ota_engine.errors import StoreError
from ota_engine.store.backends.database import Database
from ota_engine.store.backends.sessions import lock_in
from ota_engine.store.failures import mapped

MOST_WORKERS: Final = 64  # that share one database

_HELD: Final = """
SELECT l.classid::bigint, l.objid::bigint FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND d.datname = current_database()
"""


class Share(NamedTuple):
    """The part of the work that is one process's.

    Attributes:
        number: of the part, from 0; whoever has the first also does what is of no home.
        of: how many parts there are.
    """

    number: int = 0
    of: int = 1

    @property
    def is_first(self) -> bool:
        """Whether what is of no home belongs to it."""
        return self.number == 0

    def has(self, home: str) -> bool:
        """Whether a home is in it."""
        return self.of == 1 or crc32(home.encode()) % self.of == self.number


class Turns(Protocol):
    """What one process may do; each call is one word with the database, of one thread at a time."""

    def take(self, name: str) -> bool:
        """Have the turn at something, if nobody has it.

        Raises:
            StoreError: the database failed.
        """

    def give(self, name: str) -> None:
        """Give a turn back that one has.

        Raises:
            StoreError: the database failed; the turn is free by that.
        """

    def share(self) -> Share:
        """Say what the share of this process is now; others come and go.

        Raises:
            StoreError: the database failed.
        """

    def close(self) -> None:
        """Give everything back."""


class NoOthers:
    """Turns where there is one process."""

    def take(self, name: str) -> bool:
        """Have it."""
        return True

    def give(self, name: str) -> None:
        """Nobody wants it."""

    def share(self) -> Share:
        """All of it."""
        return Share()

    def close(self) -> None:
        """Nothing was taken."""


class ServerTurns:
    """Turns that a PostgreSQL server keeps; once it is lost, all of them are, and the next call begins anew.

    Args:
        place: where the database is, for people.
        connect: opens a connection of its own.
        lock_of: numbers the lock of a purpose, in 64 bits with a sign.
    """

    def __init__(
        self, place: str, connect: Callable[[], Database], lock_of: Callable[[str], int]
    ) -> None:
        self._named = place
        self._connect = connect
        self._lock_of = lock_of
        self._places = {lock_of(f"worker {number}"): number for number in range(MOST_WORKERS)}
        self._database: Database | None = None
        self._place: int | None = None

    def take(self, name: str) -> bool:
        """Have the turn at something, if nobody has it."""
        return self._try(self._lock_of(f"turn {name}"))

    def give(self, name: str) -> None:
        """Give a turn back that one has."""
        self._ask("SELECT pg_advisory_unlock(?)", (self._lock_of(f"turn {name}"),))

    def share(self) -> Share:
        """Say what the share of this process is now; the first call gives it a place."""
        if self._place is None:
            free = (number for lock, number in self._places.items() if self._try(lock))
            self._place = next(free, None)
        taken = sorted(self._taken())
        if self._place not in taken:  # there are no more places: it does nothing by itself
            return Share(len(taken), len(taken) + 1)
        return Share(taken.index(self._place), len(taken))

    def close(self) -> None:
        """Give everything back."""
        if self._database is not None:
            self._database.close()

    def _taken(self) -> list[int]:
        """Number the places that are taken in this database."""
        locks = (lock_in(*halves) for halves in self._ask(_HELD))
        return [self._places[lock] for lock in locks if lock in self._places]

    def _try(self, lock: int) -> bool:
        ((is_mine,),) = self._ask("SELECT pg_try_advisory_lock(?)", (lock,))
        return bool(is_mine)

    def _ask(self, text: str, parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            with mapped(self._named):
                if self._database is None:
                    self._database = self._connect()
                return self._database.execute(text, parameters).fetchall()
        except StoreError:
            self.close()
            self._database = self._place = None
            raise
