"""Virtual time and what waits for it: what happens next in the emulated world, and in which order.

Pure. Knows times and whom to call; knows nothing of what the calls do. Entries of equal time run
in the order they were made, so a run depends on nothing but the calls that built it.

Frames on the air are few and come at once; alarms are many, one or more for every device, and far
off. Each has a heap of its own, so that a frame is not sifted through the alarms of a thousand devices.
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


class Agenda:
    """Virtual time and everything that waits for it.

    Attributes:
        now: the virtual time reached, seconds.
    """

    __slots__ = ("_alarms", "_frames", "_number", "now")

    def __init__(self) -> None:
        self.now = Monotonic(0.0)
        # Each heap ends with an entry that is never due, so that none is ever empty.
        self._frames: list[_Entry] = [(NEVER, 0, _plain, None, None)]
        self._alarms: list[_Entry] = [(NEVER, 1, _plain, None, None)]
        self._number = 1

    def push(self, time: float, handler: AgendaHandler, subject: object, load: object) -> None:
        """Call ``handler(subject, load, time)`` when virtual time gets there, as it soon does."""
        self._number = number = self._number + 1
        _put(self._frames, (time, number, handler, subject, load))

    def remind(self, time: float, handler: AgendaHandler, subject: object, load: object) -> None:
        """The same of a time that may be far off."""
        self._number = number = self._number + 1
        _put(self._alarms, (time, number, handler, subject, load))

    def at(self, time: float, call: Callable[[Monotonic], None]) -> None:
        """Call ``call(now)`` when virtual time gets there."""
        self.remind(time, _plain, None, call)

    def next_time(self) -> Monotonic:
        """When something happens next; infinity when nothing will."""
        soonest: Monotonic = min(self._frames[0], self._alarms[0])[0]
        return soonest

    def run(self, until: float) -> None:
        """Let virtual time pass up to and including ``until``."""
        frames, alarms = self._frames, self._alarms
        last: Any = min(until, LATEST)  # compared as the objects that moments are
        while True:
            heap = frames if frames[0] < alarms[0] else alarms
            now, _, handler, subject, load = heap[0]
            if now > last:
                break
            _take(heap)
            self.now = now
            handler(subject, load, now)
        self.now = max(self.now, Monotonic(until))

    def __len__(self) -> int:
        return len(self._frames) + len(self._alarms) - 2


def _plain(_: object, call: Callable[[Monotonic], None], now: Monotonic) -> None:
    call(now)
