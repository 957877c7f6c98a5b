"""The fleet's database: loads what the core asks for, keeps what it decided.

One transaction holds the loading and the keeping of a batch, so that two operators at once decide one
after the other. SQLite has one writer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as dialect

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.rows import Sum
from ota_engine.fleet.kernel.effects import AuditNote, Draw, Drop, Join, Put, RowChange, Tally
from ota_engine.fleet.kernel.rows import Ask, Counts, RowKey, Select, Strata, field_names, values_of
from ota_engine.records import AuditRecord
from ota_engine.store import connection as sqlite
from ota_engine.store.chain import AuditFault, AuditHead, AuditRow, extend, verify
from ota_engine.store.failures import mapped
from ota_engine.store.fleet import schema
from ota_engine.store.fleet.planning import count_strata, draw_homes, join_homes, register_hash
from ota_engine.times import Utc

_AT_ONCE = 400  # keys in one statement
_SUM = (*Sum.KEY, "homes")


class FleetStore:
    """One database of a fleet.

    Attributes:
        place: where it is, for people.
    """

    def __init__(self, connection: sa.Connection, place: str) -> None:
        self._connection = connection
        self.place = place
        self._upserts = {kind: _upsert(table) for kind, table in schema.TABLES.items()}
        register_hash(connection)

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Open or create a database; None for one in memory.

        Raises:
            StoreError: it cannot be used as it is.
        """
        place = "memory" if path is None else str(path)
        with mapped(place):
            if path is None:
                connection = sqlite.open_memory()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                connection = sqlite.open_file(path, durable=True)
                sqlite.use_write_ahead_log(connection)
            with connection.begin():
                schema.METADATA.create_all(connection)
        return cls(connection, place)

    def close(self) -> None:
        """Close it."""
        self._connection.close()
        self._connection.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold all that is read and kept within together; nothing of it counts after an error."""
        with mapped(self.place), self._connection.begin():
            yield

    # --- reading, within a transaction ----------------------------------------------------------

    def load(self, asks: Iterable[Ask]) -> list[tuple[Ask, Any]]:
        """Load all that is asked for."""
        found: list[tuple[Ask, Any]] = []
        by_kind: dict[type[Any], list[RowKey]] = {}
        for ask in asks:
            match ask:
                case RowKey():
                    by_kind.setdefault(ask.kind, []).append(ask)
                case Select():
                    found.append((ask, self.select(ask)))
                case Strata():
                    found.append((ask, count_strata(self._connection, ask)))
                case Counts():
                    found.append((ask, self.count(ask)))
        for kind, keys in by_kind.items():
            found += self._rows(kind, list(dict.fromkeys(keys)))
        return found

    def select(self, wanted: Select) -> list[Any]:
        """Load rows by what is in them."""
        table = schema.TABLES[wanted.kind]
        statement = sa.select(table)
        for name, value in wanted.where:
            statement = statement.where(table.c[name] == value)
        for name, most in wanted.at_most:
            column = table.c[name]
            finite = most != float("inf")
            statement = statement.where(column <= most if finite else column.is_not(None))
        statement = statement.order_by(*(table.c[n] for n in (*wanted.order, *wanted.kind.KEY)))
        rows = self._connection.execute(statement.limit(wanted.limit))
        return [wanted.kind(*row) for row in rows]

    def count(self, wanted: Counts) -> Mapping[tuple[Any, ...], int]:
        """Count rows by what is in them."""
        table = schema.TABLES[wanted.kind]
        columns = [table.c[name] for name in wanted.by]
        statement = sa.select(*columns, sa.func.count()).group_by(*columns).order_by(*columns)
        for name, value in wanted.where:
            statement = statement.where(table.c[name] == value)
        return {tuple(row[:-1]): row[-1] for row in self._connection.execute(statement)}

    def _rows(self, kind: type[Any], keys: Sequence[RowKey]) -> Iterator[tuple[Ask, Any]]:
        table = schema.TABLES[kind]
        columns = [table.c[name] for name in kind.KEY]
        rows: dict[tuple[Any, ...], Any] = {}
        for start in range(0, len(keys), _AT_ONCE):
            part = [key.values for key in keys[start : start + _AT_ONCE]]
            if len(columns) == 1:
                condition = columns[0].in_([value for (value,) in part])
            else:
                condition = sa.tuple_(*columns).in_(part)
            for row in self._connection.execute(sa.select(table).where(condition)):
                rows[tuple(row[: len(columns)])] = kind(*row)
        for key in keys:
            yield key, rows.get(key.values)

    # --- keeping, within a transaction ----------------------------------------------------------

    def keep(self, effects: Iterable[RowChange], utc: Utc) -> None:
        """Keep what was decided, in order; of several of one row the last one counts."""
        rows: dict[type[Any], dict[RowKey, Any]] = {}
        tallies: dict[tuple[str, int, str, str], int] = {}
        notes: list[AuditRecord] = []
        draws: list[Draw | Join] = []
        for effect in effects:
            match effect:
                case Put(row):
                    kind = type(row)
                    key = RowKey(kind, tuple(getattr(row, name) for name in kind.KEY))
                    rows.setdefault(kind, {})[key] = row
                case Drop(key):
                    rows.setdefault(key.kind, {})[key] = None
                case Tally(campaign, phase, state, reason, change):
                    name = campaign, phase, str(state), reason
                    tallies[name] = tallies.get(name, 0) + change
                case AuditNote(actor, action, subject, detail):
                    notes.append(AuditRecord(utc, actor, action, subject, canonical_json(detail)))
                case Draw() | Join():
                    draws.append(effect)
        for kind, changed in rows.items():
            self._write(kind, changed)
        for draw in draws:
            if isinstance(draw, Join):
                join_homes(self._connection, draw)
            else:
                draw_homes(self._connection, draw)
        self._add(tallies)
        self._extend(notes)

    def insert(self, rows: Iterable[Any]) -> None:
        """Keep many rows of one kind, an import for example."""
        kinds: dict[type[Any], list[dict[str, Any]]] = {}
        for row in rows:
            kinds.setdefault(type(row), []).append(_as_parameters(row))
        for kind, parameters in kinds.items():
            self._connection.execute(self._upserts[kind], parameters)

    def _write(self, kind: type[Any], changed: Mapping[RowKey, Any]) -> None:
        table = schema.TABLES[kind]
        kept = [_as_parameters(row) for row in changed.values() if row is not None]
        gone = [key for key, row in changed.items() if row is None]
        if kept:
            self._connection.execute(self._upserts[kind], kept)
        for key in gone:
            pairs = zip(kind.KEY, key.values, strict=True)
            self._connection.execute(
                sa.delete(table).where(*(table.c[name] == value for name, value in pairs))
            )

    def _add(self, tallies: Mapping[tuple[str, int, str, str], int]) -> None:
        rows = [
            dict(zip(_SUM, (*name, change), strict=True))
            for name, change in tallies.items()
            if change
        ]
        if rows:
            self._connection.execute(_ADD, rows)

    def _extend(self, notes: Sequence[AuditRecord]) -> None:
        if not notes:
            return
        trail = extend(self.audit_head(), notes)
        names = schema.audit.columns.keys()
        rows = [
            dict(
                zip(
                    names,
                    (row.sequence, *values_of(AuditRecord, row.record), row.hash),
                    strict=True,
                )
            )
            for row in trail
        ]
        self._connection.execute(sa.insert(schema.audit), rows)

    # --- the audit trail ------------------------------------------------------------------------

    def audit_head(self) -> AuditHead:
        """The length of the trail and the hash of its last row."""
        table = schema.audit
        last = sa.select(table.c.sequence, table.c.hash).order_by(table.c.sequence.desc()).limit(1)
        row = self._connection.execute(last).first()
        return AuditHead() if row is None else AuditHead(*row)

    def trail(self) -> Iterator[AuditRow]:
        """Walk the audit trail, oldest first."""
        table = schema.audit
        for row in self._connection.execute(sa.select(table).order_by(table.c.sequence)):
            sequence, utc, actor, action, subject, detail, digest = row
            yield AuditRow(sequence, AuditRecord(utc, actor, action, subject, detail), digest)

    def verify_audit(self, known: str | None = None) -> AuditFault | None:
        """Walk the trail; the first bad row, or None when all is as it was written."""
        return verify(self.trail(), self.audit_head(), known)


def _as_parameters(row: Any) -> dict[str, Any]:
    kind = type(row)
    return dict(zip(field_names(kind), values_of(kind, row), strict=True))


def _upsert(table: sa.Table) -> sa.Insert:
    keys = [column.name for column in table.primary_key]
    statement = dialect.insert(table)
    changes = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def _adding() -> sa.Insert:
    table = schema.TABLES[Sum]
    statement = dialect.insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(Sum.KEY),
        set_={"homes": table.c.homes + statement.excluded.homes},
    )


_ADD = _adding()
