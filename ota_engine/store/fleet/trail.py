"""The audit trail of the fleet: extended, walked, verified; knows its tables and no transaction."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from ota_engine.audit_chain import AuditFault, AuditHead, AuditRow, extend, is_hash, verify
from ota_engine.errors import StoreError
from ota_engine.records import AuditRecord
from ota_engine.store.backends.database import Database

_HEAD: Final = "SELECT length, hash FROM fleet_audit_head WHERE one = 1"
_MOVE: Final = (
    "INSERT INTO fleet_audit_head (one, length, hash) VALUES (1, ?, ?)"
    " ON CONFLICT (one) DO UPDATE SET length = excluded.length, hash = excluded.hash"
)
_LINES: Final = "SELECT sequence, utc, actor, action, subject, detail, hash FROM fleet_audit"
_ALL: Final = f"{_LINES} ORDER BY sequence"
_ADD: Final = (
    "INSERT INTO fleet_audit (sequence, utc, actor, action, subject, detail, hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class TrailWanted(NamedTuple):
    """Which lines a page has, the latest first.

    Attributes:
        actors: whose; None for all.
        subject: as ``kind:id``; empty for all.
        before: sequence of the last line of the page before; None for the first page.
        most: give no more than so many.
    """

    actors: frozenset[str] | None
    subject: str
    before: int | None
    most: int


class Trail:
    """The audit trail in one database."""

    def __init__(self, driver: Database) -> None:
        self._driver = driver

    def extend(self, notes: Sequence[AuditRecord]) -> None:
        """Add lines to it."""
        if not notes:
            return
        rows = extend(self.head(), notes)
        self._driver.executemany(
            _ADD,
            [
                (row.sequence, one.utc, one.actor, one.action, one.subject, one.detail, row.hash)
                for row in rows
                for one in (row.record,)
            ],
        )
        self._driver.execute(_MOVE, (rows[-1].sequence, rows[-1].hash))

    def hold(self) -> None:
        """Let nobody else extend it before this transaction has ended; for a database that many write."""
        self._driver.execute(f"{_HEAD} FOR UPDATE")

    def head(self) -> AuditHead:
        """Say how long it is, and the hash of its last line.

        Raises:
            StoreError: nothing of ours wrote that.
        """
        row = self._driver.execute(_HEAD).fetchone()
        if row is None:
            return AuditHead()
        if not (isinstance(row[0], int) and isinstance(row[1], str) and is_hash(row[1])):
            raise StoreError("fleet_audit_head: a row is not what was written: restore a backup")
        return AuditHead(*row)

    def walk(self) -> Iterator[AuditRow]:
        """Walk it, oldest first."""
        return _rows(self._driver.stream(_ALL))

    def about(self, subject: str) -> Iterator[AuditRow]:
        """Read its lines about one subject, oldest first."""
        found = self._driver.execute(f"{_LINES} WHERE subject = ? ORDER BY sequence", (subject,))
        return _rows(found)

    def page(self, wanted: TrailWanted) -> list[AuditRow]:
        """Read a page of it, the latest line first."""
        given: list[Any] = []
        conditions = ["true"]
        for name, value in (("subject = ?", wanted.subject), ("sequence < ?", wanted.before)):
            if value:
                conditions.append(name)
                given.append(value)
        if wanted.actors is None:
            return self._page(conditions, given, wanted.most)
        found = [
            row
            for actor in sorted(wanted.actors)
            for row in self._page([*conditions, "actor = ?"], [*given, actor], wanted.most)
        ]
        return sorted(found, key=lambda row: -row.sequence)[: wanted.most]

    def following(self, sequence: int, most: int) -> list[AuditRow]:
        """Read the lines that follow one of them, the oldest first."""
        text = f"{_LINES} WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return list(_rows(self._driver.execute(text, [sequence, most])))

    def _page(self, conditions: Sequence[str], given: Sequence[Any], most: int) -> list[AuditRow]:
        text = f"{_LINES} WHERE {' AND '.join(conditions)} ORDER BY sequence DESC LIMIT ?"
        return list(_rows(self._driver.execute(text, [*given, most])))

    def verify(self, known: str | None = None) -> AuditFault | None:
        """Walk it; the first bad line, or None when all is as it was written."""
        return verify(self.walk(), self.head(), known)


def _rows(found: Iterable[Any]) -> Iterator[AuditRow]:
    for sequence, utc, actor, action, subject, detail, digest in found:
        yield AuditRow(sequence, AuditRecord(utc, actor, action, subject, detail), digest)
