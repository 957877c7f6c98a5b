"""Records to rows and back, and the statements that write them; knows no connection.

A batch is folded before it is written: of several records of one key only the last one counts, and
what was withdrawn is not written at all. Journal, outcomes and audit keep every record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from images.eui64 import Eui64
from ota_engine.records import (
    AssignmentRecord,
    AuditRecord,
    DeviceRecord,
    EventRecord,
    ImageRecord,
    OutcomeRecord,
    Record,
    SessionRecord,
    Unassigned,
)
from ota_engine.store import schema

Row: TypeAlias = dict[str, Any]
PairKey: TypeAlias = tuple[Eui64, str]  # device, sha256

COLUMNS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(item.name for item in fields(kind))
    for kind in (
        ImageRecord,
        DeviceRecord,
        AssignmentRecord,
        SessionRecord,
        EventRecord,
        OutcomeRecord,
        AuditRecord,
    )
}
_VALUES = {kind: attrgetter(*names) for kind, names in COLUMNS.items()}

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(slots=True)
class Batch:
    """What remains of a sequence of records once later ones have replaced earlier ones."""

    images: list[ImageRecord] = field(default_factory=list)
    devices: dict[Eui64, DeviceRecord] = field(default_factory=dict)
    withdrawn: dict[PairKey, Unassigned] = field(default_factory=dict)  # deleted before the rest
    assignments: dict[PairKey, AssignmentRecord] = field(default_factory=dict)
    sessions: dict[PairKey, SessionRecord] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    outcomes: list[OutcomeRecord] = field(default_factory=list)
    audit: list[AuditRecord] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take one more record, in the order in which things happened."""
        match record:
            case EventRecord():
                self.events.append(record)
            case SessionRecord():
                self.sessions[record.device, record.sha256] = record
            case DeviceRecord():
                self.devices[record.device] = record
            case OutcomeRecord():
                self.outcomes.append(record)
            case AuditRecord():
                self.audit.append(record)
            case AssignmentRecord():
                self.assignments[record.device, record.sha256] = record
            case Unassigned():
                self._withdraw(record)
            case ImageRecord():
                self.images.append(record)

    def _withdraw(self, record: Unassigned) -> None:
        key = record.device, record.sha256
        self.withdrawn[key] = record
        self.assignments.pop(key, None)
        self.sessions.pop(key, None)


def fold(records: Iterable[Record]) -> Batch:
    """Fold records, oldest first."""
    batch = Batch()
    for record in records:
        batch.add(record)
    return batch


def rows(kind: type[Any], records: Iterable[Any]) -> list[Row]:
    """Turn records of one kind into parameters of its statement."""
    names, values = COLUMNS[kind], _VALUES[kind]
    return [dict(zip(names, values(record), strict=True)) for record in records]


@dataclass(frozen=True, slots=True)
class Statements:
    """Every write of the store, built once and cached compiled by SQLAlchemy thereafter."""

    image: sa.Insert
    device: sa.Insert
    assignment: sa.Insert
    session: sa.Insert
    event: sa.Insert
    outcome: sa.Insert
    outbox: sa.Insert
    audit: sa.Insert
    meta: sa.Insert
    lease: sa.Insert
    delete_assignment: sa.Delete
    delete_session: sa.Delete
    delivered: sa.Update


def statements(dialect: str) -> Statements:
    """Build the writes for ``sqlite`` or ``postgresql``."""
    insert = _INSERT[dialect]
    return Statements(
        image=_upsert(insert, schema.images, only=["name"]),
        device=_upsert(insert, schema.devices),
        assignment=_upsert(insert, schema.assignments),
        session=_upsert(insert, schema.sessions),
        event=sa.insert(schema.events),
        outcome=insert(schema.outcomes).on_conflict_do_nothing(),
        outbox=insert(schema.outbox).on_conflict_do_nothing(),
        audit=sa.insert(schema.audit),
        meta=_upsert(insert, schema.meta),
        lease=_upsert(insert, schema.lease),
        delete_assignment=_delete(schema.assignments),
        delete_session=_delete(schema.sessions),
        delivered=(
            sa.update(schema.outbox)
            .where(schema.outbox.c.key == sa.bindparam("this_key"))
            .values(delivered=True)
        ),
    )


def _upsert(insert: Any, table: sa.Table, only: Iterable[str] = ()) -> sa.Insert:
    keys = [column.name for column in table.primary_key]
    changing = list(only) or [column.name for column in table.columns if column.name not in keys]
    statement = insert(table)
    changes: Mapping[str, Any] = {name: statement.excluded[name] for name in changing}
    written: sa.Insert = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return written


def _delete(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(
        table.c.device == sa.bindparam("this_device"), table.c.sha256 == sa.bindparam("this_sha256")
    )
