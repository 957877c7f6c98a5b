"""A device's guard against commands that come again: larger counters only; knows no messages."""

from images.eui64 import Eui64
from ota_engine.gbcs.der import MAX_COUNTER
from ota_engine.records import CounterRecord


class ReplayGuard:
    """Takes a command only with a counter larger than any before.

    Counters are kept by originator; what ``state`` gives is to be stored before the command is
    executed.
    """

    def __init__(self, state: tuple[CounterRecord, ...] = ()) -> None:
        self._last: dict[int, int] = {record.originator: record.last for record in state}

    def accept(self, originator: int, counter: int) -> bool:
        """Take a counter, or refuse it as a replay."""
        if not self._last.get(originator, -1) < counter <= MAX_COUNTER:
            return False
        self._last[originator] = counter
        return True

    @property
    def state(self) -> tuple[CounterRecord, ...]:
        """What must survive a restart."""
        return tuple(
            CounterRecord(Eui64(originator), last)
            for originator, last in sorted(self._last.items())
        )
