"""The audit trail of the fleet: extended, walked, verified; knows its tables and no transaction."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from ota_engine.audit_chain import AuditFault, AuditHead, AuditRow, extend, verify
from ota_engine.records import AuditRecord

_HEAD: Final = "SELECT length, hash FROM fleet_audit_head WHERE one = 1"
_MOVE: Final = (
    "INSERT INTO fleet_audit_head (one, length, hash) VALUES (1, ?, ?)"
    " ON CONFLICT (one) DO UPDATE SET length = excluded.length, hash = excluded.hash"
)
_ALL: Final = (
    "SELECT sequence, utc, actor, action, subject, detail, hash FROM fleet_audit ORDER BY sequence"
)
_ADD: Final = (
    "INSERT INTO fleet_audit (sequence, utc, actor, action, subject, detail, hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class Trail:
    """The audit trail in one database."""

    def __init__(self, driver: sqlite3.Connection) -> None:
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

    def head(self) -> AuditHead:
        """Say how long it is, and the hash of its last line."""
        row = self._driver.execute(_HEAD).fetchone()
        return AuditHead() if row is None else AuditHead(*row)

    def walk(self) -> Iterator[AuditRow]:
        """Walk it, oldest first."""
        for sequence, utc, actor, action, subject, detail, digest in self._driver.execute(_ALL):
            yield AuditRow(sequence, AuditRecord(utc, actor, action, subject, detail), digest)

    def verify(self, known: str | None = None) -> AuditFault | None:
        """Walk it; the first bad line, or None when all is as it was written."""
        return verify(self.walk(), self.head(), known)
