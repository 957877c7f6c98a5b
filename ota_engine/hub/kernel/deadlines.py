"""Deadlines of the whole hub in one heap; knows what is due to whom, not what to do then."""

from enum import StrEnum
from heapq import heappop, heappush
from typing import Any, Final, TypeAlias

from ota_engine.times import NEVER, Monotonic

SLACK: Final = 8  # times as many entries as deadlines, before those that no longer hold are dropped

_put: Final = heappush
_take: Final = heappop


class Alarm(StrEnum):
    """What a deadline is for; its key is a device's EUI-64 unless another is named here."""

    # of the delivery
    CONTACT = "the next device of a channel (the key) may be notified or asked"
    NOTIFY_AGAIN = "a notified device has not queried"
    STALL = "a download has not been heard of"
    PAGE = "the next block of a page"
    OVERDUE = "the image is checked, or the device restarts, for longer than it may"
    ACTIVATION = "a set time of activation has come"
    TELL_AGAIN = "an unsolicited Upgrade End Response did not arrive"
    # of the pushes
    PUSH = "a device of a push is to be looked at"
    # of the premises
    PUBLISH = "a device has not taken a change of tenancy or supplier"
    # of the activation
    ORDER = "an order (the key is its number) wants something"
    READING = "a question for a version (the key counts inquiries) was not answered"
    # of the tunnels
    LINE = "a line waits for its device no longer"
    SWEEP = "tunnels that nobody uses are closed (one key, 0)"


class Deadline:
    """Something that is due."""

    __slots__ = ("alarm", "key")

    def __init__(self, alarm: Alarm, key: int) -> None:
        self.alarm = alarm
        self.key = key


# When it is due (monotonic seconds), a number that makes equal times first-in-first-out, and its alarm
# and key as one object. Of plain tuples with fields that a type checker does not know, for the same
# reason as the entries of an agenda: compiled code would take the others apart at every look.
_Entry: TypeAlias = tuple[Any, ...]


class Deadlines:
    """At most one deadline for each alarm and key.

    A part that looks again when it is woken, and asks anew if it is too early, need not cancel
    anything: it uses ``at_latest``. One that knows its next moment exactly uses ``move``. Memory is
    bounded by the number of deadlines, however often they move.

    Attributes:
        next_due: the earliest deadline, infinite when there is none; asked for after every event, so
            it is worked out when a deadline changes.
    """

    __slots__ = ("_armed", "_count", "_heap", "next_due")

    def __init__(self) -> None:
        self.next_due = NEVER
        self._heap: list[_Entry] = []
        self._armed: dict[Any, _Entry] = {}  # by alarm and key
        self._count = 0

    def at_latest(self, due: Monotonic, alarm: Alarm, key: int) -> None:
        """Have a key due at ``due``, or earlier if that was asked for before; infinite changes nothing."""
        name: Any = (alarm, key)
        armed = self._armed.get(name)
        if due == NEVER or (armed is not None and armed[0] <= due):
            return
        self._arm(due, name)

    def move(self, due: Monotonic, alarm: Alarm, key: int) -> None:
        """Have a key due at ``due`` and at no other time; infinite is never."""
        name: Any = (alarm, key)
        armed = self._armed.get(name)
        if armed is not None and armed[0] == due:
            return
        if due < NEVER:
            self._arm(due, name)
        elif armed is not None:
            del self._armed[name]
            self._settle()

    def _arm(self, due: Monotonic, name: Any) -> None:
        self._count += 1
        entry: _Entry = (due, self._count, name)
        self._armed[name] = entry
        _put(self._heap, entry)
        if len(self._heap) > SLACK * (1 + len(self._armed)):
            self._heap = sorted(self._armed.values())
        self._settle()

    def _settle(self) -> None:
        """Drop what no longer holds from the head of the heap, and see what is due next."""
        heap, armed = self._heap, self._armed
        while heap:
            first = heap[0]
            if armed.get(first[2]) is first:
                self.next_due = first[0]
                return
            _take(heap)
        self.next_due = NEVER

    def is_set(self, alarm: Alarm, key: int) -> bool:
        """Whether a key has a deadline."""
        return (alarm, key) in self._armed

    def pop_due(self, now: Monotonic) -> Deadline | None:
        """Remove and return one deadline that has passed."""
        if self.next_due > now:
            return None
        name = _take(self._heap)[2]
        del self._armed[name]
        self._settle()
        alarm, key = name
        return Deadline(alarm, key)

    def __len__(self) -> int:
        """How many entries are kept, outdated ones included."""
        return len(self._heap)
