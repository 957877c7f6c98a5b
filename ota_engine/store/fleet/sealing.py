"""Seals rows that a commit makes evidence, and finds what contradicts its seal."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.seals import SEAL, SEALER, digest, is_evidence, seal_note, seals_told
from ota_engine.records import AuditRecord
from ota_engine.store.backends.database import Database
from ota_engine.store.findings import StoreFinding
from ota_engine.store.fleet.forms import FORMS, RowForm
from ota_engine.times import Utc

COMPARE: Final = "compare it with a backup, and with what parties were told"


class Seals:
    """What one commit seals."""

    def __init__(self) -> None:
        self._sealed: dict[str, list[str]] = {}
        self._lifted: list[str] = []

    def add(self, form: RowForm, row: Any, values: Sequence[Any]) -> None:
        """Take note of a row as it is now, with its values, where it is evidence."""
        if form.may_be_evidence and is_evidence(row):
            self._sealed.setdefault(form.table, []).append(digest(form.table, values))

    def lift(self, form: RowForm, row: Any) -> None:
        """Take note of a row that was so, and is another one now or none; None where none was."""
        if form.may_be_evidence and row is not None and is_evidence(row):
            self._lifted.append(digest(form.table, form.write(row)))

    def records(self, utc: Utc) -> list[AuditRecord]:
        """Make the line of the trail that holds them, if there is anything to hold."""
        if not self._sealed and not self._lifted:
            return []
        note = seal_note(self._sealed, self._lifted)
        detail = canonical_json(note.detail)
        return [AuditRecord(utc, note.actor, note.action, note.subject, detail)]


def broken_seals(driver: Database) -> Iterator[StoreFinding]:
    """Name every row of evidence that the trail does not seal as it is, and seals that fit no row.

    Digests stand in a file of their own that goes with the block: an estate has more of them than a process
    should hold, and whoever only reads writes nothing into the database.
    """
    with closing(sqlite3.connect("")) as told:
        _gather(driver, told)
        for form in FORMS.values():
            if form.may_be_evidence:
                yield from _unsealed(driver, told, form)
        lines = told.execute(
            "SELECT sequence, count(*) FROM told_seals WHERE found = 0 GROUP BY sequence"
            " ORDER BY sequence"
        )
        for sequence, rows in lines:
            problem = f"{rows} rows that line {sequence} of the trail seals are gone, or not what they were"
            yield StoreFinding("fleet_audit", problem, COMPARE)


def _gather(driver: Database, told: sqlite3.Connection) -> None:
    told.execute(
        "CREATE TABLE told_seals (digest TEXT PRIMARY KEY, sequence INTEGER, found INTEGER)"
        " WITHOUT ROWID"
    )
    lines = driver.stream(
        "SELECT sequence, detail FROM fleet_audit WHERE actor = ? AND action = ? ORDER BY sequence",
        (SEALER, SEAL),
    )
    for sequence, detail in lines:
        seals = seals_told(SEALER, SEAL, detail)
        if seals is None:
            continue
        told.executemany(
            "DELETE FROM told_seals WHERE digest = ?", [(one,) for one in seals.lifted]
        )
        told.executemany(
            "INSERT OR REPLACE INTO told_seals VALUES (?, ?, 0)",
            [(one, sequence) for one in seals.sealed],
        )


def _unsealed(driver: Database, told: sqlite3.Connection, form: RowForm) -> Iterator[StoreFinding]:
    text = f"SELECT {', '.join(form.columns)} FROM {form.table}"  # noqa: S608 - our own words
    for values in driver.stream(text):
        if not is_evidence(form.read(values)):
            continue
        found = told.execute(
            "UPDATE told_seals SET found = 1 WHERE digest = ?", (digest(form.table, values),)
        )
        if not found.rowcount:
            key = "/".join(map(str, values[: form.keys]))
            yield StoreFinding(form.table, f"{key} is not what the trail seals", COMPARE)
