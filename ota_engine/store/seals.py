"""What the audit trail says of rows outside of it: their digests; pure, knows no connection.

A row of the trail proves only itself. So whenever evidence is committed (outcomes, orders that have
ended, images, pushes that are over), the same transaction adds a row to the trail that holds the
digest of each, its *seal*. Evidence that is rewritten, removed or slipped in later contradicts its
seal, and the seal cannot be rewritten without breaking the chain.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.hub.activation.life import FINAL
from ota_engine.records import (
    AuditRecord,
    ImageRecord,
    OrderRecord,
    OutcomeRecord,
    PushRecord,
    PushState,
    PushTargetRecord,
)
from ota_engine.times import Utc

SEALER: Final = "store"  # the actor of the trail's rows that hold seals
SEAL: Final = "seal"  # their action: rows sealed in the transaction that wrote them
SEAL_FOUND: Final = "seal as found"  # the same: rows that an older version wrote, as they were then
MOST_FOUND: Final = 500  # seals in one row of the trail, of rows that were found

_OUTSIDE: Final = frozenset(("name", "data"))  # of an image: a label; what its key is the hash of


class Sealed(StrEnum):
    """What is sealed; the first seal of a row counts, of orders and pushes the last."""

    OUTCOME = "outcome"
    ORDER = "order"
    IMAGE = "image"
    PUSH = "push"


REPLACED: Final = frozenset((Sealed.ORDER, Sealed.PUSH))  # a late word may still change them


class Seal(NamedTuple):
    """One row's digest.

    Attributes:
        kind: of the row.
        key: that names it.
        digest: SHA-256 of its canonical form, hexadecimal.
        utc: of the row, seconds since 1970.
    """

    kind: Sealed
    key: str
    digest: str
    utc: Utc


class KnownSeals(NamedTuple):
    """What a whole trail says: the digest of every sealed row, and how many were found as they were."""

    digests: Mapping[tuple[Sealed, str], str]
    as_found: int


def has_settled(row: OrderRecord | PushRecord) -> bool:
    """Whether an order or a push has come to its end, and is to be sealed."""
    if isinstance(row, OrderRecord):
        return row.state in FINAL
    return row.state is not PushState.RUNNING


def outcome_seal(outcome: OutcomeRecord) -> Seal:
    """Seal an outcome, with its proof and its audience."""
    return Seal(Sealed.OUTCOME, outcome.key, _digest(outcome), outcome.utc)


def order_seal(order: OrderRecord) -> Seal:
    """Seal an order as it is; one of our own as it was before there were others."""
    known = [item.name for item in fields(order) if order.passed or item.name != "passed"]
    digest = _digest([getattr(order, name) for name in known])
    return Seal(Sealed.ORDER, str(order.number), digest, order.since_utc)


def image_seal(image: ImageRecord) -> Seal:
    """Seal an image: its hash speaks for its octets, and its name is a label that may change."""
    values = [getattr(image, item.name) for item in fields(image) if item.name not in _OUTSIDE]
    return Seal(Sealed.IMAGE, image.sha256, _digest(values), image.added_utc)


def push_seal(push: PushRecord, targets: Iterable[PushTargetRecord]) -> Seal:
    """Seal a push as it is, with where it stands with every device.

    Args:
        push: the push.
        targets: all of its rows, in any order.
    """
    ordered = sorted(targets, key=lambda row: (row.device, row.manufacturer_code, row.image_type))
    utc = push.created_utc if push.ended_utc is None else push.ended_utc
    return Seal(Sealed.PUSH, str(push.number), _digest([push, ordered]), utc)


def seal_record(seals: Iterable[Seal], action: str = SEAL, utc: Utc | None = None) -> AuditRecord:
    """Make the row of the trail that holds some seals, at least one.

    Args:
        seals: of rows that are committed together.
        action: ``SEAL``, or ``SEAL_FOUND``.
        utc: when; by default the time of the latest row, so that a replay gives the same trail.
    """
    chosen = list(seals)
    told: dict[str, dict[str, str]] = {}
    for seal in chosen:
        told.setdefault(seal.kind, {})[seal.key] = seal.digest
    subject = ", ".join(f"{len(keys)} {kind}" for kind, keys in sorted(told.items()))
    when = max(seal.utc for seal in chosen) if utc is None else utc
    return AuditRecord(when, SEALER, action, subject, canonical_json(told))


def known_seals(trail: Iterable[AuditRecord]) -> KnownSeals:
    """Read all seals of a trail, oldest first; what is none in it breaks the chain, and is skipped."""
    digests: dict[tuple[Sealed, str], str] = {}
    as_found = 0
    for record in trail:
        if record.actor != SEALER or record.action not in (SEAL, SEAL_FOUND):
            continue
        for kind, key, digest in _told(record.detail):
            as_found += record.action == SEAL_FOUND
            if kind in REPLACED:
                digests[kind, key] = digest
            else:
                digests.setdefault((kind, key), digest)
    return KnownSeals(digests, as_found)


def _told(detail: str) -> list[tuple[Sealed, str, str]]:
    try:
        return [
            (Sealed(kind), key, digest)
            for kind, keys in json.loads(detail).items()
            for key, digest in keys.items()
        ]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return []


# --- the canonical form ---------------------------------------------------------------------------


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(_plain(value)).encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """A value as JSON knows it, the same before it was stored and after it was read back."""
    write = _WRITTEN.get(type(value))
    if write is not None:
        return write(value)
    if is_dataclass(value):
        return [_plain(getattr(value, item.name)) for item in fields(value)]
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _number(value: float) -> float:
    return int(value) if value.is_integer() else value  # 5 comes back as 5.0, -0.0 as 0.0


_WRITTEN: Final[Mapping[type[Any], Callable[[Any], Any]]] = MappingProxyType(
    {float: _number, bytes: bytes.hex, frozenset: sorted}
)
