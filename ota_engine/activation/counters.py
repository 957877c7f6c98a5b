"""Originator counters: strictly increasing, never used twice; knows no messages.

A counter is the time in milliseconds, or one more than the last where that is larger. The last one
is stored before its command leaves, so a crash cannot repeat it; and a store restored from an old
copy is still overtaken by the time that has passed since. Only both at once, an old copy and a
clock set back behind it, would repeat one, and the device then refuses it as a replay.
"""

from typing import NamedTuple

from ota_engine.errors import LocalError
from ota_engine.gbcs.der import MAX_COUNTER


class CounterRecord(NamedTuple):
    """The last counter of an originator, as it is stored.

    Attributes:
        originator: EUI-64.
        last: used, or about to be.
    """

    originator: int
    last: int


def next_counter(record: CounterRecord, utc: float) -> CounterRecord:
    """Draw a counter; the record must be stored before the counter is used.

    Args:
        record: the last one drawn.
        utc: seconds since 1970, of a clock that may be wrong.

    Raises:
        LocalError: the counters of this originator are used up.
    """
    drawn = max(record.last + 1, min(int(utc * 1000), MAX_COUNTER // 2))
    if drawn > MAX_COUNTER:
        raise LocalError(f"the counters of {record.originator:016X} are used up: use another key")
    return record._replace(last=drawn)


class ReplayGuard:
    """The device's side: a command is taken only with a counter larger than any before.

    Counters are kept by originator; what ``state`` gives is to be stored before the command is
    executed.
    """

    def __init__(self, state: tuple[CounterRecord, ...] = ()) -> None:
        self._last = {record.originator: record.last for record in state}

    def accept(self, originator: int, counter: int) -> bool:
        """Take a counter, or refuse it as a replay."""
        if not self._last.get(originator, -1) < counter <= MAX_COUNTER:
            return False
        self._last[originator] = counter
        return True

    @property
    def state(self) -> tuple[CounterRecord, ...]:
        """What must survive a restart."""
        return tuple(CounterRecord(*item) for item in sorted(self._last.items()))
