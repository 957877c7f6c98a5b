"""Deadlines of the whole delivery in one heap; knows what is due to whom, not what to do then."""

from enum import StrEnum
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple


class Alarm(StrEnum):
    """What a deadline is for: ``CONTACT`` a channel's, ``NEIGHBOUR`` nobody's, all others a device's."""

    CONTACT = "the next device of a channel may be notified or asked"
    NOTIFY_AGAIN = "a notified device has not queried"
    STALL = "a download has not been heard of"
    PAGE = "the next block of a page"
    OVERDUE = "the image is checked, or the device restarts, for longer than it may"
    ACTIVATION = "a set time of activation has come"
    TELL_AGAIN = "an unsolicited Upgrade End Response did not arrive"
    NEIGHBOUR = "something is due that is not the delivery's"


class Timer(NamedTuple):
    """Something due at ``due`` (monotonic seconds); ``order`` makes equal times first-in-first-out."""

    due: float
    order: int
    alarm: Alarm
    key: int


class Timers:
    """At most one deadline for each alarm and key, the earliest asked for.

    Whoever is woken looks whether its reason still stands, and asks again if it is too early; so
    nothing has to be cancelled, and a peer that repeats itself cannot make the heap grow.
    """

    __slots__ = ("_armed", "_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._armed: dict[tuple[Alarm, int], float] = {}
        self._count = 0

    def at(self, due: float, alarm: Alarm, key: int) -> None:
        """Ask to be woken at ``due``, or earlier if that was asked for before."""
        name = (alarm, key)
        if due == inf or self._armed.get(name, inf) <= due:
            return
        self._armed[name] = due
        self._count += 1
        heappush(self._heap, Timer(due, self._count, alarm, key))

    @property
    def next_due(self) -> float:
        """The earliest deadline, infinite when there is none."""
        return self._heap[0].due if self._heap else inf

    def pop_due(self, now: float) -> Timer | None:
        """Remove and return one deadline that has passed."""
        while self._heap and self._heap[0].due <= now:
            timer = heappop(self._heap)
            name = (timer.alarm, timer.key)
            if self._armed.get(name) == timer.due:
                del self._armed[name]
                return timer
        return None

    def __len__(self) -> int:
        """How many deadlines are kept, outdated ones included."""
        return len(self._heap)
