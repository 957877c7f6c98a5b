"""Originator counters: strictly increasing, never used twice; knows no messages.

A counter is the time in milliseconds, or one more than the last where that is larger. The last one
is stored before its command leaves, so a crash cannot repeat it; and a store restored from an old
copy is still overtaken by the time that has passed since. Only both at once, an old copy and a
clock set back behind it, would repeat one, and the device then refuses it as a replay.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.der import MAX_COUNTER
from ota_engine.records import CounterRecord
from ota_engine.times import Utc


def next_counter(record: CounterRecord, utc: Utc) -> CounterRecord:
    """Draw a counter; the record must be stored before the counter is used.

    Args:
        record: the last one drawn.
        utc: seconds since 1970, of a clock that may be wrong.

    Raises:
        LocalError: the counters of this originator are used up.
    """
    drawn = max(record.last + 1, min(int(utc * 1000), MAX_COUNTER // 2))
    if drawn > MAX_COUNTER:
        raise LocalError(
            f"the counters of {format_eui64(record.originator)} are used up: use another key"
        )
    return replace(record, last=drawn)


class Counters:
    """The counters of every party an engine speaks for."""

    def __init__(
        self, records: Iterable[CounterRecord], persist: Callable[[CounterRecord], None]
    ) -> None:
        """``persist`` has a row committed before anything that leaves after it."""
        self._last = {record.originator: record for record in records}
        self._persist = persist

    def draw(self, originator: Eui64, utc: Utc) -> int:
        """Draw the next counter of a party, and have it stored.

        Raises:
            LocalError: its counters are used up.
        """
        record = next_counter(self._last.get(originator) or CounterRecord(originator, 0), utc)
        self._keep(record)
        return record.last

    def saw(self, originator: Eui64, counter: int) -> None:
        """Note a counter that a party has drawn itself: none below it is drawn for that party."""
        known = self._last.get(originator)
        if known is None or known.last < counter:
            self._keep(CounterRecord(originator, counter))

    def _keep(self, record: CounterRecord) -> None:
        self._last[record.originator] = record
        self._persist(record)
