"""What the audit trail says of rows outside of it: digests of rows that are evidence; pure.

A row of the trail proves only itself. So when a row becomes evidence (its class says so by
``evidence``: a field of the class, or a property of the row), the same commit adds its digest, its
*seal*, to the trail. A seal names no row: who reads the trail learns nothing of homes that are not
his, and who holds a row finds its digest there. One that becomes another row, as a late word may make
it, has its old seal lifted in the line that bears the new one.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.effects import AuditNote

SEALER: Final = "store"  # the actor of lines that hold seals
SEAL: Final = "seal"  # their action
_LIFTED: Final = "lifted"  # where the detail has the digests that count no longer


#: Fields that rows of a table got since they were first sealed, the last ones, as they were before: a row
#: that has them so has the digest that it had without them.
ADDED: Final[Mapping[str, tuple[Any, ...]]] = {"instructions": (b"", None, 0, "")}


class SealsTold(NamedTuple):
    """What one line of the trail says of rows.

    Attributes:
        sealed: digests of rows that are evidence from now on.
        lifted: digests of rows that are others now.
    """

    sealed: tuple[str, ...]
    lifted: tuple[str, ...]


def is_evidence(row: Any) -> bool:
    """Whether a row, as it is, is evidence."""
    return bool(getattr(row, "evidence", False))


def may_be_evidence(kind: type[Any]) -> bool:
    """Whether rows of a kind are evidence, all or some."""
    return hasattr(kind, "evidence")


def digest(table: str, values: Sequence[Any]) -> str:
    """Give the digest of a row: SHA-256 of the JSON of its table and its values, hexadecimal.

    Args:
        table: name.
        values: of the row, in the order of its fields, as the table holds them.
    """
    plain = [value.hex() if isinstance(value, bytes) else value for value in values]
    added = [value.hex() if isinstance(value, bytes) else value for value in ADDED.get(table, ())]
    if added and plain[-len(added) :] == added:
        plain = plain[: -len(added)]
    return hashlib.sha256(canonical_json([table, *plain]).encode("ascii")).hexdigest()


def seal_note(sealed: Mapping[str, Iterable[str]], lifted: Iterable[str]) -> AuditNote:
    """Make the line of the trail for what one commit seals.

    Args:
        sealed: digests by table.
        lifted: digests of rows that are others now.
    """
    detail = {table: sorted(digests) for table, digests in sealed.items()}
    subject = ", ".join(f"{len(digests)} {table}" for table, digests in sorted(detail.items()))
    gone = sorted(lifted)
    if gone:
        detail[_LIFTED] = gone
    return AuditNote(SEALER, SEAL, subject, detail)


def seals_told(actor: str, action: str, detail: str) -> SealsTold | None:
    """Read what a line of the trail says of rows; None for a line that says nothing of any."""
    if (actor, action) != (SEALER, SEAL):
        return None
    try:
        found = {
            table: [str(one) for one in digests] for table, digests in json.loads(detail).items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    lifted = found.pop(_LIFTED, [])
    return SealsTold(tuple(one for digests in found.values() for one in digests), tuple(lifted))
