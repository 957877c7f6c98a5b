"""Every statement that writes, and the order in which a batch is written; begins no transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ota_engine.audit_chain import AuditRow
from ota_engine.records import (
    AssignmentRecord,
    AuditRecord,
    CounterRecord,
    DeviceRecord,
    EventRecord,
    FirmwareRecord,
    ImageRecord,
    ImageTerms,
    OrderRecord,
    OutcomeRecord,
    PremisesChangeRecord,
    PremisesReplyRecord,
    PushRecord,
    PushTargetRecord,
    SessionRecord,
)
from ota_engine.store import schema
from ota_engine.store.rows import Batch, Row, rows

AT_ONCE = 500  # outcomes in one statement

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Statements:
    """Every write of the store, built once and cached compiled by SQLAlchemy thereafter."""

    image: sa.Insert
    terms: sa.Insert
    device: sa.Insert
    firmware: sa.Insert
    assignment: sa.Insert
    session: sa.Insert
    event: sa.Insert
    outcome: sa.Insert
    outbox: sa.Insert
    dispatches: sa.Insert
    order: sa.Insert
    counter: sa.Insert
    push: sa.Insert
    target: sa.Insert
    change: sa.Insert
    reply: sa.Insert
    audit: sa.Insert
    meta: sa.Insert
    lease: sa.Insert
    delete_assignment: sa.Delete
    delete_session: sa.Delete
    sink: sa.Insert
    backlog: sa.Insert
    fate: sa.Update
    failed: sa.Update
    claim: sa.Update
    free: sa.Update
    hasten: sa.Update


@cache
def statements(dialect: str) -> Statements:
    """Build the writes for ``sqlite`` or ``postgresql``."""
    insert = _INSERT[dialect]
    return Statements(
        image=_upsert(insert, schema.images, only=["name"]),
        terms=_upsert(insert, schema.image_terms),
        device=_upsert(insert, schema.devices),
        firmware=_upsert(insert, schema.firmwares),
        assignment=_upsert(insert, schema.assignments),
        session=_upsert(insert, schema.sessions),
        event=sa.insert(schema.events),
        outcome=insert(schema.outcomes).on_conflict_do_nothing(),
        outbox=insert(schema.outbox).on_conflict_do_nothing(),
        dispatches=_waiting(insert, schema.outbox.c.key.in_(sa.bindparam("keys", expanding=True))),
        order=_upsert(insert, schema.orders),
        counter=_upsert(insert, schema.counters),
        push=_upsert(insert, schema.pushes),
        target=_upsert(insert, schema.push_targets),
        change=_upsert(insert, schema.premises_changes),
        reply=_upsert(insert, schema.premises_replies),
        audit=sa.insert(schema.audit),
        meta=_upsert(insert, schema.meta),
        lease=_upsert(insert, schema.lease),
        delete_assignment=_delete(schema.assignments),
        delete_session=_delete(schema.sessions),
        sink=insert(schema.sinks).on_conflict_do_nothing(),
        backlog=_waiting(insert, schema.sinks.c.name == sa.bindparam("this_sink")),
        fate=_fate(),
        failed=_fate().where(schema.dispatches.c.state == "waiting"),  # unless it came to its end
        claim=_claim(),
        free=(
            sa.update(schema.dispatches)
            .where(schema.dispatches.c.owner.is_not(None))
            .where(schema.dispatches.c.state == sa.literal_column("'waiting'"))
            .values(owner=None, until_utc=0.0)
        ),
        hasten=(
            sa.update(schema.dispatches)
            .where(schema.dispatches.c.sink == sa.bindparam("this_sink"))
            .values(next_utc=0.0)
        ),
    )


def _upsert(insert: Any, table: sa.Table, only: Iterable[str] = ()) -> sa.Insert:
    keys = [column.name for column in table.primary_key]
    changing = list(only) or [column.name for column in table.columns if column.name not in keys]
    statement = insert(table)
    changes: Mapping[str, Any] = {name: statement.excluded[name] for name in changing}
    written: sa.Insert = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return written


def _waiting(insert: Any, condition: sa.ColumnElement[bool]) -> sa.Insert:
    """Let outcomes wait for the sinks that may hear of them, unless they did before."""
    row: Mapping[str, Any] = {
        "sink": schema.sinks.c.name,
        "sequence": schema.outbox.c.sequence,
        "state": sa.literal(schema.DispatchState.WAITING.value, sa.String),
        "attempts": sa.literal(0, sa.Integer),
        "next_utc": sa.literal(0.0, sa.Double),
        "problem": sa.literal("", sa.Text),
    }
    told = sa.join(
        schema.outbox, schema.outcomes, schema.outcomes.c.key == schema.outbox.c.key
    ).join(schema.sinks, schema.ENTITLED)
    source = sa.select(*row.values()).select_from(told).where(condition)
    written: sa.Insert = (
        insert(schema.dispatches).from_select(list(row), source).on_conflict_do_nothing()
    )
    return written


def _fate() -> sa.Update:
    dispatches, outbox = schema.dispatches, schema.outbox
    place = sa.select(outbox.c.sequence).where(outbox.c.key == sa.bindparam("this_key"))
    return (
        sa.update(dispatches)
        .where(dispatches.c.sink == sa.bindparam("this_sink"))
        .where(dispatches.c.sequence == place.scalar_subquery())
        .values({name: sa.bindparam(name) for name in ("state", "attempts", "next_utc", "problem")})
        .values(owner=None, until_utc=0.0)
    )


def _claim() -> sa.Update:
    table = schema.dispatches
    return (
        sa.update(table)
        .where(table.c.sink == sa.bindparam("this_sink"))
        .where(table.c.sequence.in_(sa.bindparam("sequences", expanding=True)))
        .values(owner=sa.bindparam("owner"), until_utc=sa.bindparam("until_utc"))
    )


def _delete(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(
        table.c.device == sa.bindparam("this_device"), table.c.sha256 == sa.bindparam("this_sha256")
    )


def write_state(connection: sa.Connection, write: Statements, batch: Batch) -> None:
    """Write what is: parents before their children, withdrawals before what replaces them."""
    gone = [{"this_device": device, "this_sha256": sha256} for device, sha256 in batch.withdrawn]
    _many(connection, write.image, rows(ImageRecord, batch.images))
    _many(connection, write.terms, rows(ImageTerms, batch.terms.values()))
    _many(connection, write.device, rows(DeviceRecord, batch.devices.values()))
    _many(connection, write.firmware, rows(FirmwareRecord, batch.firmwares.values()))
    _many(connection, write.delete_session, gone)
    _many(connection, write.delete_assignment, gone)
    _many(connection, write.assignment, rows(AssignmentRecord, batch.assignments.values()))
    _many(connection, write.session, rows(SessionRecord, batch.sessions.values()))
    _many(connection, write.order, rows(OrderRecord, batch.orders.values()))
    _many(connection, write.counter, rows(CounterRecord, batch.counters.values()))
    _many(connection, write.push, rows(PushRecord, batch.pushes.values()))
    _many(connection, write.target, rows(PushTargetRecord, batch.targets.values()))
    _many(connection, write.change, rows(PremisesChangeRecord, batch.changes.values()))
    _many(connection, write.reply, rows(PremisesReplyRecord, batch.replies.values()))
    if batch.clock is not None:
        trusted = {"name": schema.TRUSTED_UTC, "value": repr(batch.clock.trusted_utc)}
        _many(connection, write.meta, [trusted])


def write_history(connection: sa.Connection, write: Statements, batch: Batch) -> None:
    """Write what happened: journal, and outcomes with their place in the outbox."""
    keys = [outcome.key for outcome in batch.outcomes]
    _many(connection, write.event, rows(EventRecord, batch.events))
    _many(connection, write.outcome, rows(OutcomeRecord, batch.outcomes))
    _many(connection, write.outbox, [{"key": key} for key in keys])
    for start in range(0, len(keys), AT_ONCE):
        connection.execute(write.dispatches, {"keys": keys[start : start + AT_ONCE]})


def write_trail(connection: sa.Connection, write: Statements, trail: Sequence[AuditRow]) -> None:
    """Write new rows of the audit trail, with its head."""
    if not trail:
        return
    entries = rows(AuditRecord, (row.record for row in trail))
    for entry, row in zip(entries, trail, strict=True):
        entry.update(sequence=row.sequence, hash=row.hash)
    length, head = str(trail[-1].sequence), trail[-1].hash
    _many(connection, write.audit, entries)
    _many(
        connection,
        write.meta,
        [
            {"name": schema.AUDIT_LENGTH, "value": length},
            {"name": schema.AUDIT_HEAD, "value": head},
        ],
    )


def _many(connection: sa.Connection, statement: Any, parameters: list[Row]) -> None:
    if parameters:
        connection.execute(statement, parameters)
