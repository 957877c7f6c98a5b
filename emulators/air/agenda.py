"""One heap of virtual time: what happens next in the emulated world, and in which order.

Pure. Knows times and whom to call; knows nothing of what the calls do. Entries of equal time run
in the order they were made, so a run depends on nothing but the calls that built it.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeAlias

from ota_engine.times import NEVER, Monotonic

# Called with the entry's subject, its load, and the time.
AgendaHandler: TypeAlias = Callable[[Any, Any, Monotonic], None]


class Agenda:
    """Virtual time and everything that waits for it.

    Attributes:
        now: the virtual time reached, seconds.
    """

    __slots__ = ("_heap", "_number", "now")

    def __init__(self) -> None:
        self.now = Monotonic(0.0)
        # A moment worked out from others is a float to a type checker. Here it stays one: to name
        # its type anew would be a call for every frame.
        self._heap: list[tuple[Any, int, AgendaHandler, object, object]] = []
        self._number = count().__next__

    def push(self, time: float, handler: AgendaHandler, subject: object, load: object) -> None:
        """Call ``handler(subject, load, time)`` when virtual time gets there."""
        heappush(self._heap, (time, self._number(), handler, subject, load))

    def at(self, time: float, call: Callable[[Monotonic], None]) -> None:
        """Call ``call(now)`` when virtual time gets there."""
        self.push(time, _plain, None, call)

    def next_time(self) -> Monotonic:
        """When something happens next; infinity when nothing will."""
        return self._heap[0][0] if self._heap else NEVER

    def run(self, until: float) -> None:
        """Let virtual time pass up to and including ``until``."""
        heap = self._heap
        while heap:
            entry = heappop(heap)
            now, _, handler, subject, load = entry
            if now > until:
                heappush(heap, entry)
                break
            self.now = now
            handler(subject, load, now)
        self.now = max(self.now, Monotonic(until))

    def __len__(self) -> int:
        return len(self._heap)


def _plain(_: object, call: Callable[[Monotonic], None], now: Monotonic) -> None:
    call(now)
