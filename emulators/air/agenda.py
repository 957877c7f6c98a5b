"""Virtual time and what waits for it: what happens next in the emulated world, and in which order.

Pure. Knows times and whom to call; knows nothing of what the calls do. Entries of equal time run
in the order they were made, so a run depends on nothing but the calls that built it.

What comes at once, frames on the air above all, is little; alarms are many, one or more for every
device, and far off. Each has a heap of its own, so that a frame is not sifted through the alarms of a
thousand devices.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from sys import float_info
from typing import Any, Final, TypeAlias

from ota_engine.times import NEVER, Monotonic

# Called with the entry's subject, its load, and the time.
AgendaHandler: TypeAlias = Callable[[Any, Any, Monotonic], None]

# Time, number, handler, subject and load. Kept as plain tuples, whose fields a type checker does not
# know: compiled code would take one with known fields apart, and make another of it, to compare it.
_Entry: TypeAlias = tuple[Any, ...]

_put: Final = heappush
_take: Final = heappop
LATEST: Final = float_info.max  # seconds: until when time can pass
SOON: Final = 0.5  # seconds: what is due within them waits with the frames


class Agenda:
    """Virtual time and everything that waits for it.

    Attributes:
        now: the virtual time reached, seconds.
    """

    __slots__ = ("_alarm_at", "_alarms", "_number", "_soon", "now")

    def __init__(self) -> None:
        self.now = Monotonic(0.0)
        # Each heap ends with an entry that is never due, so that none is ever empty.
        self._soon: list[_Entry] = [(NEVER, 0, _plain, None, None)]
        self._alarms: list[_Entry] = [(NEVER, 1, _plain, None, None)]
        self._alarm_at: float = NEVER  # when the first of them is due
        self._number = 1

    def push(self, time: float, handler: AgendaHandler, subject: object, load: object) -> None:
        """Call ``handler(subject, load, time)`` when virtual time gets there, as it soon does."""
        self._number = number = self._number + 1
        _put(self._soon, (time, number, handler, subject, load))

    def remind(self, time: float, handler: AgendaHandler, subject: object, load: object) -> None:
        """The same of a time that may be far off."""
        if time < self.now + SOON:
            self.push(time, handler, subject, load)
            return
        self._number = number = self._number + 1
        _put(self._alarms, (time, number, handler, subject, load))
        self._alarm_at = min(self._alarm_at, time)

    def at(self, time: float, call: Callable[[Monotonic], None]) -> None:
        """Call ``call(now)`` when virtual time gets there."""
        self.remind(time, _plain, None, call)

    def next_time(self) -> Monotonic:
        """When something happens next; infinity when nothing will."""
        soonest: Monotonic = min(self._soon[0], self._alarms[0])[0]
        return soonest

    def run(self, until: float) -> None:
        """Let virtual time pass up to and including ``until``."""
        soon, alarms = self._soon, self._alarms
        last: float = min(until, LATEST)
        while True:
            entry = soon[0]
            due: float = entry[0]
            if due >= self._alarm_at and alarms[0] < entry:
                if self._alarm_at > last:
                    break
                entry = _take(alarms)
                self._alarm_at = alarms[0][0]
            elif due > last:
                break
            else:
                _take(soon)
            now, _, handler, subject, load = entry
            self.now = now
            handler(subject, load, now)
        self.now = max(self.now, Monotonic(until))

    def __len__(self) -> int:
        return len(self._soon) + len(self._alarms) - 2


def _plain(_: object, call: Callable[[Monotonic], None], now: Monotonic) -> None:
    call(now)
