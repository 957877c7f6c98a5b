"""Keeps, in bounded room, what was refused before it reached the fleet; decides nothing.

Anybody can send what is refused, any number of times. So the audit trail gets sums, once in a while,
of kinds of which there are few: what was refused, why, and to whom, if that is known.
"""

from collections import Counter
from typing import Final

from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

NOBODY: Final = "nobody known"
MOST_KINDS: Final = 500  # in one note; what comes beyond is counted together
OTHERS: Final = "others"


class RefusalLedger:
    """Sums of refusals that the audit trail has not got yet.

    Args:
        actor: in whose name the trail gets them: a door.
    """

    def __init__(self, actor: str) -> None:
        self._actor = actor
        self._sums: Counter[tuple[str, str, str]] = Counter()

    def note(self, case: str, who: str = NOBODY, action: str = "refused") -> None:
        """Count one refusal.

        Args:
            case: why, one of few words.
            who: to whom, as far as that is proven.
            action: what was refused, one of few words.
        """
        kind = case, who, action
        if kind not in self._sums and len(self._sums) >= MOST_KINDS:
            kind = case, OTHERS, action
        if kind not in self._sums and len(self._sums) >= 2 * MOST_KINDS:
            kind = OTHERS, OTHERS, "refused"
        self._sums[kind] += 1

    def __bool__(self) -> bool:
        return bool(self._sums)

    def take(self) -> list[AuditNote]:
        """Give what there is as notes, and forget it."""
        sums, self._sums = self._sums, Counter()
        return [
            AuditNote(self._actor, action, who, {"reason": case, "times": times})
            for (case, who, action), times in sorted(sums.items())
        ]

    def put_back(self, notes: list[AuditNote]) -> None:
        """Take notes again that could not be written."""
        for note in notes:
            kind = note.detail["reason"], note.subject, note.action
            self._sums[kind] += note.detail["times"]


def write_notes(desk: FleetDesk, notes: list[AuditNote], utc: Utc) -> None:
    """Write notes into the audit trail.

    Raises:
        StoreError: the database failed; none of them is there.
    """
    with desk.store.transaction():
        desk.store.keep((), notes, utc)
