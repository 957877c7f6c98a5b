"""What the parts of a hub have done since the shell last asked: rows, frames, outcomes, counts.

Decides nothing. What is collected is handed out by ``drain``, rows first, so that a state is on
disk before the frame that tells of it leaves.
"""

from collections.abc import Callable

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.events import Effect, Notify, Persist, Send
from ota_engine.hub.kernel.clock import WallClock
from ota_engine.records import AuditRecord, ClockRecord, EventRecord, OutcomeRecord, Record
from ota_engine.times import Monotonic


class Output:
    """Effects not yet handed out, and what was counted.

    Attributes:
        counters: what was counted since this engine began, by name.
        send: has a frame sent.
    """

    __slots__ = ("_clock", "_outcomes", "_records", "_sends", "counters", "send")

    def __init__(self, clock: WallClock) -> None:
        self.counters: dict[str, int] = {}
        self._clock = clock
        self._records: list[Record] = []
        self._sends: list[Effect] = []
        self.send: Callable[[Send], None] = self._sends.append  # for every block
        self._outcomes = False

    def persist(self, record: Record) -> None:
        """Have a row written before anything collected now leaves."""
        self._records.append(record)

    def report(self, outcome: OutcomeRecord) -> None:
        """Put an outcome into the outbox; the same key twice is one outcome."""
        self._outcomes = True
        self.persist(outcome)

    def count(self, name: str) -> None:
        """Count something a person may want to see on a graph."""
        self.counters[name] = self.counters.get(name, 0) + 1

    def event(self, kind: str, device: Eui64 | None, now: Monotonic, **detail: object) -> None:
        """Write a line of the journal."""
        self.persist(EventRecord(self._clock.utc(now), device, kind, canonical_json(detail)))

    def audit(
        self, actor: str, action: str, subject: str, now: Monotonic, **detail: object
    ) -> None:
        """Write a row of the audit trail."""
        self.persist(
            AuditRecord(self._clock.utc(now), actor, action, subject, canonical_json(detail))
        )

    def note_clock(self) -> None:
        """Have the trusted wall time written now and then, so that a restart knows of it."""
        trusted = self._clock.to_note()
        if trusted is not None:
            self.persist(ClockRecord(trusted))

    def drain(self) -> list[Effect]:
        """Hand out everything collected: rows, then frames, then a nudge for the couriers."""
        effects = self._sends.copy()
        self._sends.clear()
        if self._records:
            effects.insert(0, Persist(tuple(self._records)))
            self._records = []
            if self._outcomes:
                effects.append(Notify())
                self._outcomes = False
        return effects
