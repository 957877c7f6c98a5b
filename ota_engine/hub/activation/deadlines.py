"""Deadlines by key in one heap; knows what is due, not what to do then."""

from heapq import heappop, heappush
from math import inf
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=int)
SLACK: Final = 8  # times as many entries as deadlines, before those that no longer hold are dropped


class Deadlines(Generic[Key]):
    """At most one deadline for each key; the last one set holds."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []

    def set(self, key: Key, due: float) -> None:
        """Have a key due at ``due``, monotonic seconds, and at no other time; infinite is never."""
        if self._due.get(key, inf) == due:
            return
        self._due.pop(key, None)
        if due < inf:
            self._due[key] = due
            heappush(self._heap, (due, key))
            if len(self._heap) > SLACK * (1 + len(self._due)):
                self._heap = sorted((due, key) for key, due in self._due.items())

    def is_set(self, key: Key) -> bool:
        """Whether a key has a deadline."""
        return key in self._due

    def __len__(self) -> int:
        """How many entries are kept, outdated ones included."""
        return len(self._heap)

    @property
    def next_due(self) -> float:
        """The earliest deadline, infinite when there is none."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else inf

    def pop_due(self, now: float) -> Key | None:
        """Remove and return a key whose deadline has passed."""
        if self.next_due > now:
            return None
        _, key = heappop(self._heap)
        del self._due[key]
        return key
