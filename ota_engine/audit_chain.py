"""The hash chain of the audit trail; pure, knows nothing of tables.

Each row's hash covers the hash before it, so an edited, removed, inserted or moved row breaks every
hash from there on. Row 1 follows ``GENESIS``.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.records import AuditRecord

GENESIS = "0" * 64
_DIGITS = frozenset("0123456789abcdef")


class AuditHead(NamedTuple):
    """How long the trail is, and the hash of its last row (hexadecimal)."""

    length: int = 0
    hash: str = GENESIS


class AuditRow(NamedTuple):
    """One row as it is stored."""

    sequence: int
    record: AuditRecord
    hash: str


class AuditFault(NamedTuple):
    """The first place where the trail is not what was written."""

    sequence: int
    problem: str


def row_hash(previous: str, sequence: int, record: AuditRecord) -> str:
    """SHA-256 over the previous hash (32 octets) and the row's canonical JSON, in hexadecimal."""
    utc = record.utc + 0.0  # as the database returns it: 5 comes back as 5.0, -0.0 as 0.0
    text = canonical_json(
        [sequence, utc, record.actor, record.action, record.subject, record.detail]
    )
    return hashlib.sha256(bytes.fromhex(previous) + text.encode("ascii")).hexdigest()


def extend(head: AuditHead, records: Iterable[AuditRecord]) -> list[AuditRow]:
    """Chain new records to the trail's present head."""
    rows = []
    for record in records:
        sequence = head.length + 1
        head = AuditHead(sequence, row_hash(head.hash, sequence, record))
        rows.append(AuditRow(sequence, record, head.hash))
    return rows


def is_hash(text: str) -> bool:
    """Whether a text can be the hash of a row."""
    return len(text) == len(GENESIS) and set(text) <= _DIGITS


def verify(
    rows: Iterable[AuditRow], recorded: AuditHead, known: str | None = None
) -> AuditFault | None:
    """Walk the whole trail and name its first bad row.

    Args:
        rows: the trail in the order of its sequence numbers.
        recorded: the head noted beside the trail; shows rows cut off at the end.
        known: a head noted elsewhere, at some earlier time; shows a trail rewritten as a whole.
    """
    head = AuditHead()
    seen = known is None or known == GENESIS
    for row in rows:
        expected = head.length + 1
        if row.sequence != expected:
            return AuditFault(expected, f"row {expected} is missing")
        head = AuditHead(expected, _hash_of_any(head.hash, row))
        if row.hash != head.hash:
            return AuditFault(expected, f"row {expected} is not what was written")
        seen = seen or row.hash == known
    if head.length < recorded.length:
        missing = head.length + 1
        return AuditFault(missing, f"row {missing} is missing: {recorded.length} were written")
    if head != recorded:
        return AuditFault(head.length, f"row {head.length} is not the head that was recorded")
    if not seen:
        return AuditFault(
            1, "the known head is not in it: rows were rewritten, row 1 or a later one"
        )
    return None


def _hash_of_any(previous: str, row: AuditRow) -> str:
    try:
        return row_hash(previous, row.sequence, row.record)
    except (TypeError, ValueError):  # a column holds what we never write: octets, text for a time
        return "none"
