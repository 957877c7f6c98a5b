"""Records to rows and back, and what a batch of them comes to; knows no connection.

A batch is folded before it is written: of several records of one key only the last one counts, and
what was withdrawn is not written at all. Journal, outcomes and audit keep every record.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeAlias

import sqlalchemy as sa

from images.eui64 import Eui64
from ota_engine.records import (
    AssignmentRecord,
    AuditRecord,
    ClockRecord,
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
    PremisesSubject,
    PushRecord,
    PushTargetRecord,
    Record,
    SessionRecord,
    Unassigned,
)

Row: TypeAlias = dict[str, Any]
PairKey: TypeAlias = tuple[Eui64, str]  # device, sha256
TargetKey: TypeAlias = tuple[int, Eui64, int, int]  # push, device, manufacturer code, image type
ReplyKey: TypeAlias = tuple[PremisesSubject, Eui64]
FirmwareKey: TypeAlias = tuple[Eui64, int, int]  # device, manufacturer code, image type

_Replacing: TypeAlias = (  # of several of one key, the last one counts
    SessionRecord
    | AssignmentRecord
    | OrderRecord
    | CounterRecord
    | ClockRecord
    | ImageTerms
    | PushRecord
    | PushTargetRecord
    | PremisesChangeRecord
    | PremisesReplyRecord
)

COLUMNS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(item.name for item in fields(kind))
    for kind in (
        ImageRecord,
        DeviceRecord,
        FirmwareRecord,
        AssignmentRecord,
        SessionRecord,
        EventRecord,
        OutcomeRecord,
        AuditRecord,
        OrderRecord,
        CounterRecord,
        ImageTerms,
        PushRecord,
        PushTargetRecord,
        PremisesChangeRecord,
        PremisesReplyRecord,
    )
}
_VALUES = {kind: attrgetter(*names) for kind, names in COLUMNS.items()}


@dataclass(slots=True)
class Batch:
    """What remains of a sequence of records once later ones have replaced earlier ones."""

    images: list[ImageRecord] = field(default_factory=list)
    devices: dict[Eui64, DeviceRecord] = field(default_factory=dict)
    firmwares: dict[FirmwareKey, FirmwareRecord] = field(default_factory=dict)
    withdrawn: dict[PairKey, Unassigned] = field(default_factory=dict)  # deleted before the rest
    assignments: dict[PairKey, AssignmentRecord] = field(default_factory=dict)
    sessions: dict[PairKey, SessionRecord] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    outcomes: list[OutcomeRecord] = field(default_factory=list)
    audit: list[AuditRecord] = field(default_factory=list)
    clock: ClockRecord | None = None
    orders: dict[int, OrderRecord] = field(default_factory=dict)
    counters: dict[Eui64, CounterRecord] = field(default_factory=dict)
    terms: dict[str, ImageTerms] = field(default_factory=dict)
    pushes: dict[int, PushRecord] = field(default_factory=dict)
    targets: dict[TargetKey, PushTargetRecord] = field(default_factory=dict)
    changes: dict[PremisesSubject, PremisesChangeRecord] = field(default_factory=dict)
    replies: dict[ReplyKey, PremisesReplyRecord] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take one more record, in the order in which things happened."""
        match record:
            case EventRecord():
                self.events.append(record)
            case OutcomeRecord():
                self.outcomes.append(record)
            case AuditRecord():
                self.audit.append(record)
            case ImageRecord():
                self.images.append(record)
            case Unassigned():
                self._withdraw(record)
            case DeviceRecord():
                self.devices[record.device] = record
            case FirmwareRecord():
                key = record.device, record.manufacturer_code, record.image_type
                self.firmwares[key] = record
            case _:
                self._replace(record)

    def _replace(self, record: _Replacing) -> None:
        match record:
            case SessionRecord():
                self.sessions[record.device, record.sha256] = record
            case AssignmentRecord():
                self.assignments[record.device, record.sha256] = record
            case OrderRecord():
                self.orders[record.number] = record
            case CounterRecord():
                self.counters[record.originator] = record
            case ClockRecord():
                self.clock = record
            case PremisesChangeRecord() | PremisesReplyRecord():
                self._premises(record)
            case ImageTerms():
                self.terms[record.sha256] = record
            case PushRecord():
                self.pushes[record.number] = record
            case PushTargetRecord():
                firmware = record.manufacturer_code, record.image_type
                self.targets[record.push, record.device, *firmware] = record

    def _premises(self, record: PremisesChangeRecord | PremisesReplyRecord) -> None:
        if isinstance(record, PremisesChangeRecord):
            self.changes[record.subject] = record
        else:
            self.replies[record.subject, record.device] = record

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


def select(kind: type[Any], table: sa.Table) -> sa.Select[Any]:
    """Select exactly the arguments of a record, in their order."""
    return sa.select(*(table.c[name] for name in COLUMNS[kind]))


def is_content_of(sha256: str, data: object) -> bool:
    """Whether the octets are those an image is named after; damage may make them anything."""
    return isinstance(data, bytes) and hashlib.sha256(data).hexdigest() == sha256
