"""What every session at a PostgreSQL server shares: driver, care, numbers of locks, and end; opens none."""

import hashlib
from collections.abc import Mapping
from threading import Lock
from types import ModuleType
from typing import Any, Final, Protocol
from weakref import WeakSet

from ota_engine.errors import StoreError

CAREFUL: Final[Mapping[str, int]] = {  # a peer that has died is noticed in a minute
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 30,  # seconds
    "keepalives_interval": 10,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}


class Droppable(Protocol):
    """A session."""

    @property
    def closed(self) -> bool:
        """Whether it has ended."""

    def drop(self) -> None:
        """Cut its line, in whatever thread it is used: whoever waits for the server has lost it."""


class LiveSessions:
    """The sessions of a process, which may all be dropped at once; from then on there are no new ones."""

    def __init__(self) -> None:
        self._all: WeakSet[Droppable] = WeakSet()
        self._are_over = False
        self._one = Lock()

    @property
    def live(self) -> bool:
        """Whether there are any."""
        with self._one:
            return not all(session.closed for session in self._all)

    @property
    def are_over(self) -> bool:
        """Whether there are to be no more."""
        return self._are_over

    def add(self, session: Droppable) -> None:
        """Know of one; it is dropped if there are to be no more."""
        with self._one:
            self._all.add(session)
        if self._are_over:
            session.drop()

    def drop(self) -> None:
        """Drop all of them."""
        with self._one:
            self._are_over = True
            sessions = list(self._all)
        for session in sessions:
            session.drop()

    def begin(self) -> None:
        """Let there be new ones."""
        self._are_over = False


SESSIONS: Final = LiveSessions()


def driver_for(place: object) -> ModuleType:
    """Load what speaks to a server; whoever has no server needs none of it.

    Args:
        place: where the server is, for people.

    Raises:
        StoreError: it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise StoreError(
            f"{place}: PostgreSQL's driver is not installed: pip install 'zota[postgresql]'"
        ) from error
    return psycopg


def careful(url: str) -> dict[str, Any]:
    """Say by which options a session notices that its peer has died, but for those that a URL gives itself."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - as above

    given = conninfo_to_dict(url)
    return {name: value for name, value in CAREFUL.items() if name not in given}


def lock_of(schema: str, purpose: str) -> int:
    """Number the lock that a server keeps for one purpose in one schema; signed, of 64 bits."""
    digest = hashlib.sha256(f"zota {purpose} {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def halves_of(lock: int) -> tuple[int, int]:
    """Give the two numbers by which a server's list shows a lock."""
    return lock >> 32 & 0xFFFF_FFFF, lock & 0xFFFF_FFFF


def lock_in(high: int, low: int) -> int:
    """Number a lock that a server's list shows by two numbers."""
    return int.from_bytes((high << 32 | low).to_bytes(8, "big"), "big", signed=True)
