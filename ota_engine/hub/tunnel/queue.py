"""The messages of one end that have not ended: how many may wait, for how long, and what of them.

Knows nothing of frames. The first message is the one under way, when one is.
"""

from collections import deque
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from typing import NamedTuple

from ota_engine.hub.tunnel.bounds import Allowance
from ota_engine.times import NEVER, Monotonic


class Way(Enum):
    """Which tunnel a message takes."""

    OURS = "the one we open"
    ANY = "the one that is open, else the one we open"
    FETCHED = "the one through which it is asked for"


class Item(NamedTuple):
    """A message that waits.

    Attributes:
        lead: what GB-HRGP puts before it.
        octets: the message.
        token: by which its owner knows it.
        way: the tunnel it takes.
        room: octets of the largest ZCL frame to the other end.
        expires: when it is given up if nobody fetched it, seconds.
    """

    lead: bytes
    octets: bytes
    token: int
    way: Way
    room: int
    expires: Monotonic = NEVER


class Ended(NamedTuple):
    """What became of a message; ``reason`` is None for one that was delivered."""

    token: int
    reason: str | None


class Queue:
    """Messages in the order they came.

    Args:
        limit: messages that may wait.
        allowance: octets that may wait, of all ends that share it.

    Attributes:
        ended: what became of messages, until collected.
    """

    __slots__ = ("_allowance", "_items", "_limit", "ended")

    def __init__(self, limit: int, allowance: Allowance) -> None:
        self.ended: list[Ended] = []
        self._items: deque[Item] = deque()
        self._limit = limit
        self._allowance = allowance

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @property
    def first(self) -> Item:
        """The message whose turn it is; there must be one."""
        return self._items[0]

    def add(self, item: Item) -> None:
        """Let a message wait, or end it at once if there is no room for it."""
        if len(self._items) >= self._limit:
            reason = f"{self._limit} messages wait for this device already"
        elif not self._allowance.take(len(item.octets)):
            reason = "too many octets wait for all devices together"
        else:
            self._items.append(item)
            return
        self.refuse(item, reason)

    def refuse(self, item: Item, reason: str) -> None:
        """End a message that never waited."""
        self.ended.append(Ended(item.token, reason))

    def end(self, item: Item, reason: str | None) -> None:
        """Take a message out; ``reason`` is None if it was delivered."""
        self._items.remove(item)
        self._allowance.give(len(item.octets))
        self.ended.append(Ended(item.token, reason))

    def withdraw(self, token: int, *, under_way: bool) -> None:
        """Take out what its owner no longer wants delivered, unless it is under way."""
        for item in tuple(islice(self._items, under_way, None)):
            if item.token == token:
                self.end(item, "it was withdrawn")

    def expires(self, *, under_way: bool) -> Monotonic:
        """When the next message that waits is given up; the one that is under way never is."""
        waiting = islice(self._items, under_way, None)
        return min((item.expires for item in waiting), default=NEVER)

    def expire(self, now: Monotonic, *, under_way: bool) -> None:
        """Give up the messages nobody fetched in time."""
        for item in tuple(islice(self._items, under_way, None)):
            if item.expires <= now:
                self.end(item, "the device did not fetch it in time")
