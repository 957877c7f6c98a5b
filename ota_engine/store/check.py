"""Looks a database over without changing it: pages, relations, images, outbox, seals; no lease."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import sqlalchemy as sa

from images import ImageError, parse
from images.eui64 import format_eui64
from ota_engine.gbcs.verification import Verification
from ota_engine.store import schema
from ota_engine.store.failures import one_line
from ota_engine.store.findings import MOST, RESTORE, StoreFinding
from ota_engine.store.rows import is_content_of
from ota_engine.store.sealing import broken_seals


class CheckReport(NamedTuple):
    """What is known of a database after looking all over it."""

    database: str
    schema: str
    rows: dict[str, int]  # per table; empty when the pages cannot be read
    audit_head: str  # hash of the last audit row; noted elsewhere, it shows up a rewritten trail
    findings: tuple[StoreFinding, ...]
    sealed_as_found: int = 0  # rows older than the chain's hold on them: as they were on migrating


#: Columns of an image that its octets say too; the last is the element of that name.
_HEADER: Final = (
    "manufacturer_code",
    "image_type",
    "file_version",
    "zigbee_stack_version",
    "minimum_hardware_version",
    "maximum_hardware_version",
    "upgrade_file_destination",
    "manufacturer_image_hash",
)


def look_over(connection: sa.Connection) -> list[StoreFinding]:
    """Look at everything that needs no more than the tables themselves."""
    found: list[StoreFinding] = []
    for look in _LOOKS:
        try:
            found += islice(look(connection), MOST)
        except (sa.exc.DatabaseError, UnicodeDecodeError) as error:
            reason = getattr(error, "orig", error)
            return [
                *found,
                StoreFinding("database", f"cannot be read ({one_line(reason)})", RESTORE),
            ]
    return found


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in schema.METADATA.sorted_tables
        if table not in (schema.meta, schema.lease)
    }


def _pages(connection: sa.Connection) -> Iterator[StoreFinding]:
    if connection.dialect.name != "sqlite":
        return  # a server looks after its own, and names what it finds damaged when it is read
    for (answer,) in connection.exec_driver_sql(f"PRAGMA quick_check({MOST})"):
        if answer != "ok":
            yield StoreFinding("database", one_line(answer), RESTORE)


def _relations(connection: sa.Connection) -> Iterator[StoreFinding]:
    if connection.dialect.name != "sqlite":
        return  # a server lets nobody break them
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield StoreFinding(table, f"row {row} belongs to no row of {parent}", RESTORE)


def _images(connection: sa.Connection) -> Iterator[StoreFinding]:
    told = [schema.images.c[name] for name in _HEADER]
    for sha256, data, *row in connection.execute(
        sa.select(schema.images.c.sha256, schema.images.c.data, *told)
    ):
        problem = f"image {str(sha256)[:16]} is not what its hash says; it will not be served"
        if is_content_of(sha256, data):
            wrong = _contradicted(data, row)
            problem = f"{wrong} of image {sha256[:16]} is not what its own octets say"
            if not wrong:
                continue
        yield StoreFinding("images", problem, RESTORE)


def _contradicted(data: bytes, row: Sequence[object]) -> str:
    """Name the first column of an image that its octets do not bear out, "" for none."""
    try:
        image = parse(data)
    except ImageError:
        return ""  # what is no OTA file says nothing; its seal does
    header, digest = image.header, image.manufacturer_image_hash
    own = [getattr(header, name) for name in _HEADER[:-1]] + [
        "" if digest is None else digest.hex()
    ]
    return next(
        (name for name, said, is_so in zip(_HEADER, row, own, strict=True) if said != is_so), ""
    )


def _outbox(connection: sa.Connection) -> Iterator[StoreFinding]:
    outcomes, outbox, sinks, dispatches = (
        schema.outcomes,
        schema.outbox,
        schema.sinks,
        schema.dispatches,
    )
    forgotten = (
        sa.select(sinks.c.name, outcomes.c.key, outcomes.c.device)
        .join_from(sinks, outcomes, schema.ENTITLED)
        .outerjoin(outbox, outbox.c.key == outcomes.c.key)
        .outerjoin(
            dispatches,
            (dispatches.c.sequence == outbox.c.sequence) & (dispatches.c.sink == sinks.c.name),
        )
        .where(dispatches.c.sequence.is_(None))
    )
    for sink, key, device in connection.execute(forgotten):
        problem = f"outcome {key} of {format_eui64(device)} would never be delivered to {sink}"
        yield StoreFinding("outbox", problem, RESTORE)


def _audiences(connection: sa.Connection) -> Iterator[StoreFinding]:
    outcomes, outbox, sinks, dispatches = (
        schema.outcomes,
        schema.outbox,
        schema.sinks,
        schema.dispatches,
    )
    strange = (
        sa.select(sinks.c.name, outcomes.c.key)
        .join_from(dispatches, sinks, sinks.c.name == dispatches.c.sink)
        .join(outbox, outbox.c.sequence == dispatches.c.sequence)
        .join(outcomes, outcomes.c.key == outbox.c.key)
        .where(~schema.ENTITLED)
    )
    for sink, key in connection.execute(strange):
        problem = f"outcome {key} is meant for {sink}, which may not hear of it and will not"
        yield StoreFinding("dispatches", problem, RESTORE)


def _proofs(connection: sa.Connection) -> Iterator[StoreFinding]:
    outcomes = schema.outcomes.c
    stored = sa.type_coerce(outcomes.verification, sa.Text)
    for key, text in connection.execute(sa.select(outcomes.key, stored).where(stored != "")):
        try:
            Verification.from_text(text)
        except (ValueError, TypeError) as error:
            problem = f"what proves outcome {key} was worth cannot be read ({one_line(error)})"
            yield StoreFinding("outcomes", problem, RESTORE)


_LOOKS: tuple[Callable[[sa.Connection], Iterator[StoreFinding]], ...] = (
    _pages,
    _relations,
    _images,
    _outbox,
    _audiences,
    _proofs,
    broken_seals,
)
