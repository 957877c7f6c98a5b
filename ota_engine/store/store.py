"""The engine's memory: records in, one transaction per call, a snapshot out; knows no engine.

One thread at a time. The simulation calls it inline; in the trio shell only the writer thread
touches it. Whatever ``apply`` returned from survives the death of the process, and, when durable,
a power cut.
"""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from images.eui64 import Eui64
from ota_engine.audit_chain import AuditFault, AuditHead, AuditRow, extend, is_hash, verify
from ota_engine.errors import LocalError, StoreError, StoreFull, StoreLost
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
    Record,
    SessionRecord,
    Snapshot,
)
from ota_engine.store import holds, migrate, schema
from ota_engine.store.check import CheckReport, count_rows, look_over
from ota_engine.store.dispatches import Dispatches
from ota_engine.store.failures import mapped, one_line
from ota_engine.store.findings import MOST, RESTORE, StoreFinding
from ota_engine.store.holds import Hold
from ota_engine.store.location import DATABASE_NAME, PostgresPlace, StorePlace, place_at, place_of
from ota_engine.store.reads import read
from ota_engine.store.rows import fold, is_content_of, select
from ota_engine.store.sealing import broken_seals, read_seals, seals_found, seals_of
from ota_engine.store.writes import statements, write_history, write_state, write_trail
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

MEMORY = "memory"  # the place of a database without a file

__all__ = ["DATABASE_NAME", "Store", "place_of"]

_R = TypeVar("_R")


class Store:
    """An open database. Make one with ``open``, ``in_memory`` or ``inspect``; close it."""

    def __init__(self, connection: sa.Connection, place: str, hold: Hold | None = None) -> None:
        self.place = place
        self.closed_cleanly = True  # by whoever had it before
        self._connection = connection
        self._hold = hold
        self._write = statements(connection.dialect.name)
        self._audit_head = AuditHead()
        self._taken: dict[str, Any] = {}  # the row of the lease, since it is ours
        self._batches = 0  # committed so far, where the way to the database may be cut
        self.dispatches = Dispatches(connection, place, self._write)

    @classmethod
    def open(
        cls,
        where: str | Path | StorePlace,
        *,
        create: bool = True,
        owner: str = "zota",
        durable: bool = True,
    ) -> Self:
        """Open a database for exclusive use, creating or migrating it as needed.

        Args:
            where: a file, a URL, or what ``place_of`` says of a state folder.
            create: make the database when there is none.
            owner: who to name to others that want it meanwhile.
            durable: a commit waits for the disk; a simulation may do without.

        Raises:
            StoreError: in use, newer than this program, damaged, or not a database at all.
        """
        place = place_at(where)
        hold = holds.take(place, owner, create=create, durable=durable)
        try:
            store = cls(hold.connection, str(place), hold)
            store._prepare(owner)
        except BaseException:
            hold.release()
            raise
        return store

    @classmethod
    def open_to_deliver(cls, where: str | Path | StorePlace, owner: str = "zota") -> Self:
        """Open a database to tell outcomes: on a server also beside the engine and other couriers.

        A file is opened as ``open`` does.

        Raises:
            StoreError: absent, in use, of another version, or not a database at all.
        """
        place = place_at(where)
        if not isinstance(place, PostgresPlace):
            return cls.open(place, create=False, owner=owner)
        hold = holds.ServerHold(place, owner, create=False, alone=False)
        try:
            store = cls(hold.connection, str(place), hold)
            with mapped(store.place):
                revision = migrate.revision_of(store._connection, store.place)
            migrate.refuse_outdated(revision, store.place)
        except BaseException:
            hold.release()
            raise
        return store

    @classmethod
    def in_memory(cls) -> Self:
        """Open an empty database that is gone when closed."""
        hold = holds.MemoryHold()
        store = cls(hold.connection, MEMORY, hold)
        migrate.create_now(store._connection)
        return store

    @classmethod
    def inspect(cls, where: str | Path | StorePlace) -> Self:
        """Open a database only to read it, also beside the engine that uses it.

        Raises:
            StoreError: absent, damaged, of another version, or not a database at all.
        """
        place = place_at(where)
        store = cls(holds.open_to_read(place), str(place))
        try:
            with mapped(store.place):
                revision = migrate.revision_of(store._connection, store.place)
                migrate.refuse_outdated(revision, store.place)
                with store._connection.begin():
                    store._audit_head = store._recorded_head()
        except BaseException:
            store._abandon()
            raise
        return store

    def close(self) -> None:
        """Note that all is well, close the database and give up the lease.

        On a full disk, or where the server is away, the note is missing, and whoever opens it next
        looks more closely.
        """
        try:
            if self._taken and not self._connection.closed:
                ended = sa.update(schema.lease).values(closed_utc=this_machine())
                with suppress(StoreFull, StoreLost), mapped(self.place), self._connection.begin():
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

        An outcome whose key is known already is left as it is, so a replay changes nothing. What is
        evidence is sealed in the audit trail by the same commit.

        Raises:
            StoreFull: no space; nothing was written, the same call may be made again.
            StoreLost: the server is out of reach; ``reopen`` says whether they were committed.
            StoreError: the records contradict what is stored, or the database failed.
            LocalError: an image is not what its hash says, or a value fits no column.
        """
        batch = fold(records)
        for image in batch.images:
            _refuse_forged(image)
        with mapped(self.place), self._connection.begin():
            write_state(self._connection, self._write, batch)
            write_history(self._connection, self._write, batch)
            trail = self._extend([*batch.audit, *seals_of(self._connection, batch)])
            if self._may_be_lost:
                number = {"name": schema.BATCHES, "value": str(self._batches + 1)}
                self._connection.execute(self._write.meta, [number])
        self._batches += 1
        self._audit_head = _head_of(trail) or self._audit_head

    def reopen(self) -> bool:
        """Reach the server again after a ``StoreLost``, and prove that nobody else wrote meanwhile.

        Returns:
            Whether the last call of ``apply`` had been committed before the way was cut.

        Raises:
            StoreLost: it is still out of reach.
            StoreError: somebody else has, or has had, the database: what we know of it is old.
        """
        if self._hold is None:
            raise StoreError(f"{self.place}: is open only to be read, or closed: open it anew")
        self._hold.reconnect()
        try:
            with mapped(self.place), self._connection.begin():
                self._prove_lease()
                noted = self._noted(schema.BATCHES)
                self._audit_head = self._recorded_head()
        except StoreError:
            self._hold.cut()
            raise
        before, self._batches = self._batches, int(noted.get(schema.BATCHES, self._batches))
        return self._batches > before

    def limit_size(self, octets: int) -> None:
        """Let the database grow no further than this, as if the disk ended there."""
        if self._hold is not None:
            with mapped(self.place):
                self._hold.limit_size(octets)

    # --- reading --------------------------------------------------------------------------------

    def load(self) -> Snapshot:
        """Read all that a restarted engine needs.

        Raises:
            StoreError: an image is not what its hash says or not there, or a row cannot be read.
        """
        images = self._read(ImageRecord, select(ImageRecord, schema.images).order_by("sha256"))
        for image in images:
            if not is_content_of(image.sha256, image.data):
                raise StoreError(
                    f"{self.place}: image {image.sha256[:16]} is damaged and will not be served: "
                    "restore a backup, or add the image anew to a new database"
                )
        pair = "device", "sha256"
        assignments = self._read(
            AssignmentRecord, select(AssignmentRecord, schema.assignments).order_by(*pair)
        )
        if orphans := {row.sha256 for row in assignments} - {image.sha256 for image in images}:
            raise StoreError(
                f"{self.place}: image {min(orphans)[:16]!a} is assigned and not there: {RESTORE}"
            )
        return Snapshot(
            images,
            self._read(DeviceRecord, select(DeviceRecord, schema.devices).order_by("device")),
            assignments,
            self._read(SessionRecord, select(SessionRecord, schema.sessions).order_by(*pair)),
            self.trusted_utc(),
            self.orders(),
            self._read(
                CounterRecord, select(CounterRecord, schema.counters).order_by("originator")
            ),
            self._read(ImageTerms, select(ImageTerms, schema.image_terms).order_by("sha256")),
            self.pushes(),
            self._read(
                FirmwareRecord,
                select(FirmwareRecord, schema.firmwares).order_by(
                    "device", "manufacturer_code", "image_type"
                ),
            ),
            *self.premises(),
        )

    def premises(
        self,
    ) -> tuple[tuple[PremisesChangeRecord, ...], tuple[PremisesReplyRecord, ...]]:
        """The changes of tenancy and supplier that were announced last, and what devices know."""
        changes = select(PremisesChangeRecord, schema.premises_changes).order_by("subject")
        replies = select(PremisesReplyRecord, schema.premises_replies).order_by("subject", "device")
        return self._read(PremisesChangeRecord, changes), self._read(PremisesReplyRecord, replies)

    def outcomes(self) -> tuple[OutcomeRecord, ...]:
        """Every outcome, in the order in which they were first recorded."""
        recorded = (
            select(OutcomeRecord, schema.outcomes)
            .join(schema.outbox, schema.outbox.c.key == schema.outcomes.c.key)
            .order_by(schema.outbox.c.sequence)
        )
        return self._read(OutcomeRecord, recorded)

    def outcomes_after(self, key: str) -> tuple[OutcomeRecord, ...]:
        """Every outcome that was first recorded after one; all, where there is none of this key."""
        outbox = schema.outbox.c
        place = sa.select(outbox.sequence).where(outbox.key == key).scalar_subquery()
        later = (
            select(OutcomeRecord, schema.outcomes)
            .join(schema.outbox, outbox.key == schema.outcomes.c.key)
            .where(outbox.sequence > sa.func.coalesce(place, 0))
            .order_by(outbox.sequence)
        )
        return self._read(OutcomeRecord, later)

    def trusted_utc(self) -> Utc | None:
        """The latest wall time that an engine trusted; None if none ever did."""
        with mapped(self.place), self._connection.begin():
            noted = self._noted(schema.TRUSTED_UTC)
        try:
            return Utc(float(noted[schema.TRUSTED_UTC])) if noted else None
        except ValueError as error:
            raise StoreError(
                f"{self.place}: the note of the trusted time is damaged: {RESTORE}"
            ) from error

    def latest_utc(self) -> Utc | None:
        """The latest wall time of anything that is noted here, so far as its last rows tell; None of none."""
        event, outbox, outcome = schema.events.c, schema.outbox.c, schema.outcomes.c
        last_event = sa.select(event.utc).order_by(event.sequence.desc()).limit(1)
        last_outcome = (
            sa.select(outcome.utc)
            .join_from(schema.outbox, schema.outcomes, outbox.key == outcome.key)
            .order_by(outbox.sequence.desc())
            .limit(1)
        )
        noted = [self.trusted_utc()]
        with mapped(self.place), self._connection.begin():
            noted += [self._connection.scalar(last) for last in (last_event, last_outcome)]
        return max((utc for utc in noted if utc is not None), default=None)

    def orders(self) -> tuple[OrderRecord, ...]:
        """Every order to activate, in the order in which they were given."""
        return self._read(OrderRecord, select(OrderRecord, schema.orders).order_by("number"))

    def pushes(self) -> tuple[PushRecord, ...]:
        """Every push, in the order in which they were begun."""
        return self._read(PushRecord, select(PushRecord, schema.pushes).order_by("number"))

    def push_targets(self, push: int) -> tuple[PushTargetRecord, ...]:
        """Where one push stands with each firmware of each of its devices."""
        table = schema.push_targets
        wanted = select(PushTargetRecord, table).where(table.c.push == push)
        key = "device", "manufacturer_code", "image_type"
        return self._read(PushTargetRecord, wanted.order_by(*key))

    def events(
        self, *, device: Eui64 | None = None, kind: str | None = None, last: int | None = None
    ) -> tuple[EventRecord, ...]:
        """The journal, oldest first: of one device, of one kind, or only its last lines."""
        table = schema.events.c
        wanted = select(EventRecord, schema.events).order_by(table.sequence.desc()).limit(last)
        if device is not None:
            wanted = wanted.where(table.device == device)
        if kind is not None:
            wanted = wanted.where(table.kind == kind)
        return self._read(EventRecord, wanted)[::-1]

    def audit_rows(self) -> tuple[AuditRow, ...]:
        """The audit trail, oldest first."""
        with mapped(self.place), self._connection.begin():
            return self._trail()

    def audit_head(self) -> AuditHead:
        """The length of the audit trail and the hash of its last row, as noted when written."""
        return self._audit_head

    def verify_audit(self, known: str | None = None) -> AuditFault | None:
        """Walk the audit trail; the first bad row, or None when all is as it was written.

        Args:
            known: a head noted outside of the database earlier, which the trail must contain.
        """
        with mapped(self.place), self._connection.begin():  # one view, also beside a busy engine
            return verify(self._trail(), self._recorded_head(), known)

    def broken_seals(self) -> tuple[StoreFinding, ...]:
        """What of the evidence is not what the audit trail says it was; the first few.

        Raises:
            StoreError: a row cannot be read.
        """
        with mapped(self.place), self._connection.begin():
            return tuple(islice(broken_seals(self._connection), MOST))

    def check(self) -> CheckReport:
        """Look all over the database without changing it; what is wrong is told, not raised."""
        with mapped(self.place), self._connection.begin():
            findings = look_over(self._connection)
        try:
            findings += self._unreadable(findings)
            with mapped(self.place), self._connection.begin():
                counted = count_rows(self._connection)
                as_found = read_seals(self._connection).as_found
        except StoreError as error:
            counted, as_found = {}, 0
            findings = findings or [StoreFinding("database", str(error), RESTORE)]
        head = self._audit_head.hash
        return CheckReport(self.place, schema.HEAD, counted, head, tuple(findings), as_found)

    # --- within ---------------------------------------------------------------------------------

    def _prepare(self, owner: str) -> None:
        with mapped(self.place):
            migrate.bring_up_to_date(self._connection, self.place)
            if self._hold is not None:
                self._hold.settle()
            self.closed_cleanly = self._take_lease(owner)
            if not self._may_be_lost:
                self.dispatches.free()
            if not self.closed_cleanly:
                self._refuse_damaged()
            with self._connection.begin():
                self._audit_head = self._recorded_head()
                self._batches = int(self._noted(schema.BATCHES).get(schema.BATCHES, 0))
            self._seal_what_is_found()

    def _seal_what_is_found(self) -> None:
        """Seal what an older version wrote, once, when its database has just been migrated."""
        with self._connection.begin():
            if not self._noted(schema.SEALS_DUE):
                return
            try:
                trail = self._extend(seals_found(self._connection, this_machine()))
            except (ValueError, TypeError, AttributeError) as error:
                raise StoreError(
                    f"{self.place}: a row cannot be read ({one_line(error)}): {RESTORE}"
                ) from error
            note = sa.delete(schema.meta).where(schema.meta.c.name == schema.SEALS_DUE)
            self._connection.execute(note)
        self._audit_head = _head_of(trail) or self._audit_head

    def _extend(self, records: Sequence[AuditRecord]) -> list[AuditRow]:
        """Write rows to the end of the trail; they are there once the transaction is."""
        trail = extend(self._audit_head, records)
        write_trail(self._connection, self._write, trail)
        return trail

    def _take_lease(self, owner: str) -> bool:
        taken = {
            "number": 1,
            "owner": owner,
            "process": os.getpid(),
            "host": socket.gethostname(),
            "opened_utc": this_machine(),
            "closed_utc": None,
        }
        with self._connection.begin():
            before = self._connection.execute(sa.select(schema.lease.c.closed_utc)).first()
            self._connection.execute(self._write.lease, taken)
        self._taken = taken
        return before is None or before.closed_utc is not None

    def _prove_lease(self) -> None:
        if not self._taken:
            return  # it is shared
        row = self._connection.execute(sa.select(schema.lease)).mappings().first()
        if row is None or dict(row) != self._taken:
            had = "somebody else" if row is None else f"{row['owner']!r} on {row['host']}"
            raise StoreError(
                f"{self.place}: {had} has had it since the way to it was cut: start this engine anew"
            )

    def _refuse_damaged(self) -> None:
        damage = "" if self._hold is None else self._hold.damage()
        if damage:
            raise StoreError(f"{self.place}: the database is damaged ({damage}): {RESTORE}")

    @property
    def _may_be_lost(self) -> bool:
        return self._hold is not None and self._hold.may_be_lost

    def _trail(self) -> tuple[AuditRow, ...]:
        table = schema.audit.c
        trail = select(AuditRecord, schema.audit).add_columns(table.sequence, table.hash)
        found = self._connection.execute(trail.order_by(table.sequence))
        return tuple(
            AuditRow(sequence, AuditRecord(*fields), digest) for *fields, sequence, digest in found
        )

    def _recorded_head(self) -> AuditHead:
        noted = self._noted(schema.AUDIT_LENGTH, schema.AUDIT_HEAD)
        if not noted:
            return AuditHead()
        try:
            head = AuditHead(int(noted[schema.AUDIT_LENGTH]), noted[schema.AUDIT_HEAD])
            if not is_hash(head.hash):
                raise ValueError(head.hash)
            return head
        except (KeyError, ValueError) as error:
            raise StoreError(
                f"{self.place}: the note of the audit trail's head is damaged: {RESTORE}"
            ) from error

    def _noted(self, *names: str) -> dict[str, str]:
        wanted = sa.select(schema.meta.c.name, schema.meta.c.value).where(
            schema.meta.c.name.in_(names)
        )
        return dict(self._connection.execute(wanted).all())

    def _read(self, kind: type[_R], statement: sa.Select[Any]) -> tuple[_R, ...]:
        return read(self._connection, self.place, kind, statement)

    def _unreadable(self, known: Sequence[StoreFinding]) -> list[StoreFinding]:
        found = []
        fault = self.verify_audit()
        if fault is not None:
            found.append(StoreFinding("audit", fault.problem, "compare the trail with a backup"))
        if not known:
            self.load()
            self.outcomes()
        return found

    def _abandon(self) -> None:
        if self._hold is not None:
            self._hold.release()
            self._hold = None
        else:
            self._connection.close()
            self._connection.engine.dispose()


def _head_of(trail: Sequence[AuditRow]) -> AuditHead | None:
    return AuditHead(trail[-1].sequence, trail[-1].hash) if trail else None


def _refuse_forged(image: ImageRecord) -> None:
    if not is_content_of(image.sha256, image.data):
        raise LocalError(f"image {image.sha256[:16]} does not have this hash: add it anew")
