"""Keeps, in bounded room, what was refused before it reached the fleet; decides nothing.

Anybody can post what is refused, any number of times. So the audit trail gets sums, once in a while,
of kinds of which there are few: the reason and the signer whose signature was good, if one was.
"""

from collections import Counter
from typing import Final

from images.eui64 import Eui64, format_eui64
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

ACTOR: Final = "duis door"
NOBODY: Final = "nobody known"
MOST_KINDS: Final = 500  # in one note; what comes beyond is counted together
OTHERS: Final = "others"


class RefusalLedger:
    """Sums of refusals that the audit trail has not got yet."""

    def __init__(self) -> None:
        self._sums: Counter[tuple[str, str]] = Counter()

    def note(self, case: str, signer: Eui64 | None) -> None:
        """Count one refusal.

        Args:
            case: why, one of few words.
            signer: whose signature was good; None for nobody's.
        """
        kind = case, NOBODY if signer is None else format_eui64(signer)
        if kind not in self._sums and len(self._sums) >= MOST_KINDS:
            kind = case, OTHERS
        self._sums[kind] += 1

    def __bool__(self) -> bool:
        return bool(self._sums)

    def take(self) -> list[AuditNote]:
        """Give what there is as notes, and forget it."""
        sums, self._sums = self._sums, Counter()
        return [
            AuditNote(ACTOR, "refused", signer, {"reason": case, "times": times})
            for (case, signer), times in sorted(sums.items())
        ]


def write_notes(desk: FleetDesk, notes: list[AuditNote], utc: Utc) -> None:
    """Write notes into the audit trail.

    Raises:
        StoreError: the database failed; none of them is there.
    """
    with desk.store.transaction():
        desk.store.keep((), notes, utc)
