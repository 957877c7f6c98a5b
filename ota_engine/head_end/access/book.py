"""Reads and changes rows of access in one commit, with what the audit trail says of it; decides nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Changed, RowKey, Select, Unloaded, key_of
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

R = TypeVar("R")

#: Stands in the audit trail for whoever has the state folder.
LOCAL_ACTOR: Final = "state folder"


class AccessBook:
    """Rows as they are at one time, and changes of them, which are not seen before the commit."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store
        self._changes: list[Changed] = []
        self._notes: list[AuditNote] = []

    def get(self, kind: type[R], *key: Any) -> R | None:
        """Read one row; None where there is none."""
        ((_, row),) = self._store.load([RowKey(kind, key)])
        found: R | None = row
        return found

    def select(self, kind: type[R], /, **where: Any) -> list[R]:
        """Read rows by what is in them."""
        return self._store.select(Select(kind, tuple(where.items())))

    def most(self, kind: type[R], name: str, most: float) -> list[R]:
        """Read rows that have no more than a value in one field."""
        return self._store.select(Select(kind, (), ((name, most),)))

    def put(self, row: Any) -> None:
        """Keep a row, in the place of what has its key."""
        self._changes.append(Changed(key_of(row), Unloaded.UNKNOWN, row))

    def drop(self, row: Any) -> None:
        """Remove a row."""
        self._changes.append(Changed(key_of(row), Unloaded.UNKNOWN, None))

    def note(self, actor: str, action: str, subject: str, **detail: Any) -> None:
        """Write a line of the audit trail."""
        self._notes.append(AuditNote(actor, action, subject, detail))

    def keep(self, utc: Utc) -> None:
        """Keep what was put, within the transaction that is open."""
        self._store.keep(self._changes, self._notes, utc)


@contextmanager
def changing(desk: FleetDesk, utc: Utc) -> Iterator[AccessBook]:
    """Change rows; nothing of it counts after an error.

    Raises:
        StoreError: the database failed.
    """
    with desk.store.transaction():
        book = AccessBook(desk.store)
        yield book
        book.keep(utc)


@contextmanager
def looking(desk: FleetDesk) -> Iterator[AccessBook]:
    """Read several rows as they are at one time; what is put is not kept.

    Raises:
        StoreError: the database failed.
    """
    with desk.store.reading():
        yield AccessBook(desk.store)
