"""Deadlines of the whole delivery in one heap; each is a name and a key, looked up when due."""

from heapq import heappop, heappush
from math import inf
from typing import NamedTuple


class Timer(NamedTuple):
    """Something to do at ``due`` (monotonic seconds); ``order`` makes equal times first-in-first-out."""

    due: float
    order: int
    kind: str
    key: int


class Timers:
    """A heap without cancellation: whoever is woken checks whether the reason still stands."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._count = 0

    def at(self, due: float, kind: str, key: int = 0) -> None:
        """Ask to be woken at ``due``."""
        self._count += 1
        heappush(self._heap, Timer(due, self._count, kind, key))

    @property
    def next_due(self) -> float:
        """The earliest deadline, infinite when there is none."""
        return self._heap[0].due if self._heap else inf

    def pop_due(self, now: float) -> Timer | None:
        """Remove and return one deadline that has passed."""
        if self._heap and self._heap[0].due <= now:
            return heappop(self._heap)
        return None
