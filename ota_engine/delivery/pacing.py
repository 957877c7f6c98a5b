"""Who may use the air now: budgets of air time and places on a channel.

A refusal here always becomes WAIT_FOR_DATA with a time, never silence; the one exception is a
client that keeps asking while it was told to wait, whose requests are counted and dropped.
"""

from math import inf

from images.eui64 import Eui64


class Bucket:
    """A token bucket: ``rate`` tokens a second, at most ``burst`` saved up."""

    __slots__ = ("burst", "level", "rate", "updated")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self.level = burst
        self.updated = -inf

    def take(self, cost: float, now: float) -> float:
        """Charge ``cost``; returns 0 when there was enough, else the seconds until there is."""
        level = min(self.burst, self.level + (now - self.updated) * self.rate)
        self.updated = now
        if level >= cost or level >= self.burst:
            self.level = level - cost
            return 0.0
        self.level = level
        return (cost - level) / self.rate


class Places:
    """The places for active downloads on one channel, and the queue for them.

    First come, first served, with one relief: a place is not kept free for a client that was told
    to come back later than ``IMMINENT`` from now, nor for one that is ``LATE``; both keep their
    turn in the queue.
    """

    IMMINENT = 2.0  # seconds
    LATE = 30.0  # seconds

    __slots__ = ("_active", "_limit", "_queue", "mean_time")

    def __init__(self, limit: int, expected_time: float = 120.0) -> None:
        """``expected_time``: seconds one download is expected to hold a place, learned later."""
        self._limit = limit
        self._active: dict[Eui64, float] = {}
        self._queue: dict[Eui64, float] = {}
        self.mean_time = expected_time

    @property
    def active(self) -> int:
        """How many places are taken."""
        return len(self._active)

    @property
    def queued(self) -> int:
        """How many clients wait for a place."""
        return len(self._queue)

    @property
    def limit(self) -> int:
        """How many places there are."""
        return self._limit

    def ask(self, device: Eui64, now: float) -> bool:
        """Take a place if one is free and nobody with a better claim is about to ask."""
        if device in self._active:
            return True
        free = self._limit - len(self._active)
        if free <= 0 or self._ahead(device, now) >= free:
            self._queue.setdefault(device, now)
            return False
        self._queue.pop(device, None)
        self._active[device] = now
        return True

    def _ahead(self, device: Eui64, now: float) -> int:
        ahead = 0
        for other, back_at in self._queue.items():
            if other == device:
                break
            if now - self.LATE <= back_at <= now + self.IMMINENT:
                ahead += 1
        return ahead

    def wait_for(self, device: Eui64, now: float, longest: float) -> int:
        """Seconds a queued client shall wait before it asks again; remembered as its return."""
        position = 0
        for other in self._queue:
            if other == device:
                break
            position += 1
        turns = (position + 1) / max(1, self._limit)
        wait = int(min(longest, max(2.0, turns * self.mean_time / 2)))
        self._queue[device] = now + wait
        return wait

    def leave(self, device: Eui64, now: float, *, finished: bool = False) -> None:
        """Give up a place or a turn; a finished download teaches how long one takes."""
        self._queue.pop(device, None)
        since = self._active.pop(device, None)
        if finished and since is not None:
            self.mean_time += (now - since - self.mean_time) / 4


class Channel:
    """One radio medium shared by the devices of a PAN: its air budget, its places, its notifies."""

    __slots__ = ("budget", "notify_armed", "places", "to_notify")

    BURST = 1.0  # seconds of air time that may be used at once

    def __init__(self, share: float, concurrency: int) -> None:
        self.budget = Bucket(share, self.BURST) if share < 1.0 else None
        self.places = Places(concurrency)
        self.notify_armed = False
        self.to_notify: dict[Eui64, None] = {}  # in line for an Image Notify
