"""The audit trail of the fleet: extended, walked, verified; knows its one table and no transaction."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from ota_engine.audit_chain import AuditFault, AuditHead, AuditRow, extend, verify
from ota_engine.records import AuditRecord

_LAST: Final = "SELECT sequence, hash FROM fleet_audit ORDER BY sequence DESC LIMIT 1"
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
        self._driver.executemany(
            _ADD,
            [
                (row.sequence, one.utc, one.actor, one.action, one.subject, one.detail, row.hash)
                for row in extend(self.head(), notes)
                for one in (row.record,)
            ],
        )

    def head(self) -> AuditHead:
        """Say how long it is, and the hash of its last line."""
        row = self._driver.execute(_LAST).fetchone()
        return AuditHead() if row is None else AuditHead(*row)

    def walk(self) -> Iterator[AuditRow]:
        """Walk it, oldest first."""
        for sequence, utc, actor, action, subject, detail, digest in self._driver.execute(_ALL):
            yield AuditRow(sequence, AuditRecord(utc, actor, action, subject, detail), digest)

    def verify(self, known: str | None = None) -> AuditFault | None:
        """Walk it; the first bad line, or None when all is as it was written."""
        return verify(self.walk(), self.head(), known)
