"""The engine's memory: records in, one transaction per call, a snapshot out; knows no engine.

One thread at a time. The simulation calls it inline; in the trio shell only the writer thread
touches it. Whatever ``apply`` returned from survives the death of the process, and, when durable,
a power cut.
"""

import hashlib
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from images.eui64 import Eui64
from ota_engine.errors import LocalError, StoreError
from ota_engine.records import (
    AssignmentRecord,
    AuditRecord,
    DeviceRecord,
    EventRecord,
    ImageRecord,
    OutcomeRecord,
    Record,
    SessionRecord,
    Snapshot,
)
from ota_engine.store import connection as sqlite
from ota_engine.store import migrate, schema
from ota_engine.store.chain import AuditFault, AuditHead, AuditRow, extend, verify
from ota_engine.store.failures import mapped
from ota_engine.store.lease import Lease
from ota_engine.store.rows import COLUMNS, Batch, fold, rows, statements

MEMORY = "memory"
DATABASE_NAME = "zota.db"  # in a state directory

_R = TypeVar("_R")


class Store:
    """An open database. Make one with ``open``, ``in_memory`` or ``inspect``; close it."""

    def __init__(self, connection: sa.Connection, place: str, lease: Lease | None = None) -> None:
        self.place = place
        self.closed_cleanly = True  # by whoever had it before
        self._connection = connection
        self._lease = lease
        self._write = statements(connection.dialect.name)
        self._audit_head = AuditHead()

    @classmethod
    def open(
        cls,
        path_or_url: str | Path,
        *,
        create: bool = True,
        owner: str = "zota",
        durable: bool = True,
    ) -> Self:
        """Open a database for exclusive use, creating or migrating it as needed.

        Args:
            path_or_url: a file, or ``sqlite:///`` and a file.
            create: make the database when there is none.
            owner: who to name to others that want it meanwhile.
            durable: a commit waits for the disk; a simulation may do without.

        Raises:
            StoreError: in use, newer than this program, damaged, or not a database at all.
        """
        path = _path(path_or_url)
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            _refuse_absent(path)
        lease = Lease(path, owner)
        try:
            with mapped(str(path)):
                store = cls(sqlite.open_file(path, durable=durable), str(path), lease)
        except BaseException:
            lease.release()
            raise
        try:
            store._prepare(owner)
        except BaseException:
            store._abandon()
            raise
        return store

    @classmethod
    def in_memory(cls) -> Self:
        """Open an empty database that is gone when closed."""
        store = cls(sqlite.open_memory(), MEMORY)
        migrate.create_now(store._connection)
        return store

    @classmethod
    def inspect(cls, path_or_url: str | Path) -> Self:
        """Open a database only to read it, also beside the engine that uses it.

        Raises:
            StoreError: absent, damaged, of another version, or not a database at all.
        """
        path = _path(path_or_url)
        _refuse_absent(path)
        with mapped(str(path)):
            store = cls(sqlite.open_to_read(path), str(path))
        try:
            with mapped(store.place):
                revision = migrate.revision_of(store._connection, store.place)
                migrate.refuse_outdated(revision, store.place)
                store._audit_head = store._recorded_head()
        except BaseException:
            store._abandon()
            raise
        return store

    def close(self) -> None:
        """Note that all is well, close the file and give up the lease."""
        try:
            if self._lease is not None and not self._connection.closed:
                ended = sa.update(schema.lease).values(closed_utc=time.time())
                with mapped(self.place), self._connection.begin():
                    self._connection.execute(ended)
        finally:
            self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- writing --------------------------------------------------------------------------------

    def apply(self, records: Sequence[Record]) -> None:
        """Remember records, all or none; they are committed when this returns.

        An outcome whose key is known already is left as it is, so a replay changes nothing.

        Raises:
            StoreFull: no space; nothing was written, the same call may be made again.
            StoreError: the records contradict what is stored, or the database failed.
            LocalError: an image is not what its hash says, or a value fits no column.
        """
        batch = fold(records)
        for image in batch.images:
            _refuse_forged(image)
        trail = extend(self._audit_head, batch.audit)
        with mapped(self.place), self._connection.begin():
            self._write_state(batch)
            self._write_history(batch, trail)
        if trail:
            self._audit_head = AuditHead(trail[-1].sequence, trail[-1].hash)

    def mark_delivered(self, keys: Iterable[str]) -> None:
        """Note that outcomes have reached the sink.

        Raises:
            StoreError: the database failed; the outcomes are still waiting.
        """
        with mapped(self.place), self._connection.begin():
            self._many(self._write.delivered, [{"this_key": key} for key in keys])

    def limit_size(self, octets: int) -> None:
        """Let the database grow no further than this, as if the disk ended there."""
        with mapped(self.place):
            page = sqlite.pragma(self._connection, "page_size")
            sqlite.pragma(self._connection, f"max_page_count = {octets // int(str(page))}")

    # --- reading --------------------------------------------------------------------------------

    def load(self) -> Snapshot:
        """Read all that a restarted engine needs.

        Raises:
            StoreError: an image is not what its hash says, or a row cannot be read.
        """
        images = self._read(ImageRecord, _select(ImageRecord, schema.images).order_by("sha256"))
        for image in images:
            if hashlib.sha256(image.data).hexdigest() != image.sha256:
                raise StoreError(
                    f"{self.place}: image {image.sha256[:16]} is damaged and will not be served: "
                    "restore a backup, or add the image anew to a new database"
                )
        pair = "device", "sha256"
        return Snapshot(
            images,
            self._read(DeviceRecord, _select(DeviceRecord, schema.devices).order_by("device")),
            self._read(
                AssignmentRecord, _select(AssignmentRecord, schema.assignments).order_by(*pair)
            ),
            self._read(SessionRecord, _select(SessionRecord, schema.sessions).order_by(*pair)),
        )

    def outbox(self, limit: int) -> tuple[OutcomeRecord, ...]:
        """The oldest outcomes that have not reached the sink, at most ``limit``."""
        waiting = (
            _select(OutcomeRecord, schema.outcomes)
            .join(schema.outbox, schema.outbox.c.key == schema.outcomes.c.key)
            .where(schema.outbox.c.delivered == sa.false())
            .order_by(schema.outbox.c.sequence)
            .limit(limit)
        )
        return self._read(OutcomeRecord, waiting)

    def outcomes(self) -> tuple[OutcomeRecord, ...]:
        """Every outcome, in the order in which they were first recorded."""
        recorded = (
            _select(OutcomeRecord, schema.outcomes)
            .join(schema.outbox, schema.outbox.c.key == schema.outcomes.c.key)
            .order_by(schema.outbox.c.sequence)
        )
        return self._read(OutcomeRecord, recorded)

    def events(
        self, *, device: Eui64 | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[EventRecord, ...]:
        """The journal, oldest first: of one device, of one kind, or only its last lines."""
        table = schema.events.c
        wanted = _select(EventRecord, schema.events).order_by(table.sequence.desc()).limit(last)
        if device is not None:
            wanted = wanted.where(table.device == device)
        if kind is not None:
            wanted = wanted.where(table.kind == kind)
        return self._read(EventRecord, wanted)[::-1]

    def audit_rows(self) -> Iterator[AuditRow]:
        """The audit trail, oldest first, one row at a time; read it to its end."""
        table = schema.audit.c
        trail = _select(AuditRecord, schema.audit).add_columns(table.sequence, table.hash)
        with mapped(self.place), self._connection.begin():
            for *fields, sequence, digest in self._connection.execute(
                trail.order_by(table.sequence)
            ):
                yield AuditRow(sequence, AuditRecord(*fields), digest)

    def audit_head(self) -> AuditHead:
        """The length of the audit trail and the hash of its last row, as noted when written."""
        return self._audit_head

    def verify_audit(self) -> AuditFault | None:
        """Walk the audit trail; the first bad row, or None when all is as it was written."""
        return verify(self.audit_rows(), self._audit_head)

    # --- within ---------------------------------------------------------------------------------

    def _prepare(self, owner: str) -> None:
        with mapped(self.place):
            migrate.bring_up_to_date(self._connection, self.place)
            self.closed_cleanly = self._take_lease(owner)
            if not self.closed_cleanly:
                self._refuse_damaged()
            self._audit_head = self._recorded_head()

    def _take_lease(self, owner: str) -> bool:
        taken = {
            "number": 1,
            "owner": owner,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "opened_utc": time.time(),
            "closed_utc": None,
        }
        with self._connection.begin():
            before = self._connection.execute(sa.select(schema.lease.c.closed_utc)).first()
            self._connection.execute(self._write.lease, taken)
        return before is None or before.closed_utc is not None

    def _refuse_damaged(self) -> None:
        answer = sqlite.pragma(self._connection, "quick_check(1)")
        if answer != "ok":
            raise StoreError(
                f"{self.place}: the database is damaged ({answer}): "
                "move it away and restore a backup"
            )

    def _recorded_head(self) -> AuditHead:
        with self._connection.begin():
            noted = dict(
                self._connection.execute(sa.select(schema.meta.c.name, schema.meta.c.value)).all()
            )
        if schema.AUDIT_COUNT not in noted:
            return AuditHead()
        return AuditHead(int(noted[schema.AUDIT_COUNT]), noted[schema.AUDIT_HEAD])

    def _write_state(self, batch: Batch) -> None:
        write, withdrawn = self._write, batch.withdrawn
        self._many(write.image, rows(ImageRecord, batch.images))
        self._many(write.device, rows(DeviceRecord, batch.devices.values()))
        gone = [{"this_device": device, "this_sha256": sha256} for device, sha256 in withdrawn]
        self._many(write.delete_session, gone)
        self._many(write.delete_assignment, gone)
        self._many(write.assignment, rows(AssignmentRecord, batch.assignments.values()))
        self._many(write.session, rows(SessionRecord, batch.sessions.values()))

    def _write_history(self, batch: Batch, trail: Sequence[AuditRow]) -> None:
        write = self._write
        self._many(write.event, rows(EventRecord, batch.events))
        self._many(write.outcome, rows(OutcomeRecord, batch.outcomes))
        self._many(write.outbox, [{"key": o.key, "delivered": False} for o in batch.outcomes])
        if trail:
            entries = rows(AuditRecord, (row.record for row in trail))
            for entry, row in zip(entries, trail, strict=True):
                entry.update(sequence=row.sequence, hash=row.hash)
            self._many(write.audit, entries)
            head = {schema.AUDIT_COUNT: str(trail[-1].sequence), schema.AUDIT_HEAD: trail[-1].hash}
            self._many(write.meta, [{"name": name, "value": head[name]} for name in head])

    def _many(self, statement: Any, parameters: list[dict[str, Any]]) -> None:
        if parameters:
            self._connection.execute(statement, parameters)

    def _read(self, kind: type[_R], statement: sa.Select[Any]) -> tuple[_R, ...]:
        with mapped(self.place), self._connection.begin():
            found = self._connection.execute(statement)
            try:
                return tuple(kind(*row) for row in found)
            except ValueError as error:
                raise StoreError(
                    f"{self.place}: a row cannot be read ({error}): restore a backup"
                ) from error

    def _abandon(self) -> None:
        self._connection.close()
        self._connection.engine.dispose()
        if self._lease is not None:
            self._lease.release()
            self._lease = None


def _select(kind: type[Any], table: sa.Table) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in COLUMNS[kind]))


def _path(path_or_url: str | Path) -> Path:
    if isinstance(path_or_url, str) and "://" in path_or_url:
        scheme, _, rest = path_or_url.partition("://")
        if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
            raise StoreError(
                f"{path_or_url}: cannot be opened: give a file, or sqlite:/// and a file"
            )
        return Path(rest[1:])
    return Path(path_or_url)


def _refuse_absent(path: Path) -> None:
    if not path.exists():
        raise StoreError(f"{path}: there is no database here: give the path of one")
    if not path.is_file() or path.stat().st_size == 0:
        raise StoreError(f"{path}: this is not a database: give another path")


def _refuse_forged(image: ImageRecord) -> None:
    if hashlib.sha256(image.data).hexdigest() != image.sha256:
        raise LocalError(f"image {image.sha256[:16]} does not have this hash: add it anew")
