"""Seals what is written, and finds what contradicts its seal; begins no transaction."""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from ota_engine.records import (
    AuditRecord,
    ImageRecord,
    OrderRecord,
    OutcomeRecord,
    PushRecord,
    PushTargetRecord,
)
from ota_engine.store import schema
from ota_engine.store.failures import one_line
from ota_engine.store.findings import StoreFinding
from ota_engine.store.rows import COLUMNS, Batch, select
from ota_engine.store.seals import (
    MOST_FOUND,
    SEAL_FOUND,
    SEALER,
    KnownSeals,
    Seal,
    Sealed,
    has_settled,
    image_seal,
    known_seals,
    order_seal,
    outcome_seal,
    push_seal,
    seal_record,
)
from ota_engine.times import Utc

COMPARE: Final = "compare it with a backup, and with what receivers hold"
_TABLES: Final = {
    Sealed.OUTCOME: "outcomes",
    Sealed.ORDER: "orders",
    Sealed.IMAGE: "images",
    Sealed.PUSH: "pushes",
}


def seals_of(connection: sa.Connection, batch: Batch) -> list[AuditRecord]:
    """Seal what a batch settles, once its states are written: one row of the trail, or none."""
    seals = [image_seal(image) for image in batch.images]
    seals += [outcome_seal(outcome) for outcome in batch.outcomes]
    seals += [order_seal(order) for order in batch.orders.values() if has_settled(order)]
    seals += [
        push_seal(push, _targets(connection, push.number))
        for push in batch.pushes.values()
        if has_settled(push)
    ]
    return [seal_record(seals)] if seals else []


def seals_found(connection: sa.Connection, utc: Utc) -> list[AuditRecord]:
    """Seal all that an older version has settled, as it is found."""
    seals = [seal for seal, settled in _present(connection) if settled]
    groups = [seals[start : start + MOST_FOUND] for start in range(0, len(seals), MOST_FOUND)]
    return [seal_record(group, SEAL_FOUND, utc) for group in groups]


def read_seals(connection: sa.Connection) -> KnownSeals:
    """Read what the whole trail says of rows outside of it."""
    mine = select(AuditRecord, schema.audit).where(schema.audit.c.actor == SEALER)
    rows = connection.execute(mine.order_by(schema.audit.c.sequence))
    return known_seals(AuditRecord(*row) for row in rows)


def broken_seals(connection: sa.Connection) -> Iterator[StoreFinding]:
    """Name every row that is not what was sealed, is gone, or came without being sealed.

    Rows that cannot be read are left to whoever reads them next.
    """
    known = dict(read_seals(connection).digests)
    try:
        for seal, settled in _present(connection):
            recorded = known.pop((seal.kind, seal.key), None)
            if recorded is None and settled:
                yield _finding(seal.kind, seal.key, "was never recorded by the engine")
            elif recorded not in (None, seal.digest):
                yield _finding(seal.kind, seal.key, "is not what was recorded")
    except (ValueError, TypeError, AttributeError):
        return
    for kind, key in known:
        yield _finding(kind, key, "was recorded, and is gone")


def _finding(kind: Sealed, key: str, problem: str) -> StoreFinding:
    named = key[:16] if kind is Sealed.IMAGE else one_line(key)
    return StoreFinding(_TABLES[kind], f"{kind} {named} {problem}", COMPARE)


def _present(connection: sa.Connection) -> Iterator[tuple[Seal, bool]]:
    """What is there, each with its seal as it would be now, and whether it has settled."""
    unread = [schema.images.c[name] for name in COLUMNS[ImageRecord] if name != "data"]
    images: sa.Select[Any] = sa.select(*unread, sa.literal(b"", sa.LargeBinary))
    for row in connection.execute(images):
        yield image_seal(ImageRecord(*row)), True
    for row in connection.execute(select(OutcomeRecord, schema.outcomes)):
        yield outcome_seal(OutcomeRecord(*row)), True
    for row in connection.execute(select(OrderRecord, schema.orders)):
        order = OrderRecord(*row)
        yield order_seal(order), has_settled(order)
    for row in connection.execute(select(PushRecord, schema.pushes)).all():
        push = PushRecord(*row)
        yield push_seal(push, _targets(connection, push.number)), has_settled(push)


def _targets(connection: sa.Connection, push: int) -> list[PushTargetRecord]:
    wanted = select(PushTargetRecord, schema.push_targets)
    rows = connection.execute(wanted.where(schema.push_targets.c.push == push))
    return [PushTargetRecord(*row) for row in rows]
