"""Who may use the air now: budgets of air time and places on a channel; knows no frames.

A refusal here always becomes WAIT_FOR_DATA with a time, never silence; the one exception is a
client that keeps asking while it was told to wait, whose requests are counted and dropped.
"""

from typing import ClassVar, NamedTuple

from images.eui64 import Eui64
from ota_engine.bucket import Bucket
from ota_engine.times import Monotonic


class QueueTurn(NamedTuple):
    """A client's place in the queue: its number, and when it was told to come back."""

    ticket: int
    back_at: Monotonic


class Places:
    """The places for active downloads on one channel, and the queue for them.

    First come, first served, with one relief: no place is kept free for a client that was told to
    come back later than ``NEAR`` from now, nor for one that is ``LATE``; both keep their turn.
    Nobody starves, because whoever has come to the head of the queue is always told ``NEAR``, so
    that the next place to fall free is kept for it.
    """

    NEAR: ClassVar = 5.0  # seconds
    LATE: ClassVar = 30.0  # seconds

    __slots__ = ("_active", "_limit", "_queue", "_tickets", "mean_time")

    def __init__(self, limit: int, expected_time: float = 120.0) -> None:
        """``expected_time``: seconds one download is expected to hold a place, learned later."""
        self._limit = limit
        self._active: dict[Eui64, Monotonic] = {}  # since when
        self._queue: dict[Eui64, QueueTurn] = {}  # in the order of tickets
        self._tickets = 0
        self.mean_time = expected_time

    @property
    def active(self) -> int:
        """How many places are taken."""
        return len(self._active)

    @property
    def limit(self) -> int:
        """How many places there are."""
        return self._limit

    @property
    def crowded(self) -> bool:
        """Whether somebody who comes now would have to wait."""
        return len(self._active) + len(self._queue) >= self._limit

    def ask(self, device: Eui64, now: Monotonic) -> bool:
        """Take a place if one is free and nobody with a better claim is about to ask."""
        if device in self._active:
            return True
        if self._claims(device, now) >= self._limit - len(self._active):
            if device not in self._queue:
                self._tickets += 1
                self._queue[device] = QueueTurn(self._tickets, now)
            return False
        self._queue.pop(device, None)
        self._active[device] = now
        return True

    def _claims(self, device: Eui64, now: Monotonic) -> int:
        """How many in the queue before ``device`` have a claim to a free place, as far as it matters."""
        free = self._limit - len(self._active)
        claims = 0
        for other, turn in self._queue.items():
            if other == device or claims >= free:
                break
            claims += now - self.LATE <= turn.back_at <= now + self.NEAR
        return claims

    def wait_for(self, device: Eui64, now: Monotonic, longest: float) -> float:
        """Seconds a queued client shall wait before it asks again; remembered as its return."""
        turn = self._queue[device]
        ahead = turn.ticket - next(iter(self._queue.values())).ticket
        wait = self.NEAR
        if ahead >= self._limit:
            wait = max(wait, min(longest, ahead / self._limit * self.mean_time / 2))
        self._queue[device] = turn._replace(back_at=now + wait)
        return wait

    def leave(self, device: Eui64, now: Monotonic, *, finished: bool = False) -> None:
        """Give up a place or a turn; a finished download teaches how long one takes."""
        self._queue.pop(device, None)
        since = self._active.pop(device, None)
        if finished and since is not None:
            self.mean_time += (now - since - self.mean_time) / 4


class Channel:
    """One radio medium shared by the devices of a PAN: its air budget, its places, its callers.

    ``contacts`` are the devices that are to be asked or notified, one at a time and in turn;
    ``crowded_out`` those whose notify waits until there is a place for their download.
    """

    __slots__ = ("_budget", "contact_at", "contacts", "crowded_out", "places")

    BURST: ClassVar = 1.0  # seconds of air time that may be used at once

    def __init__(self, share: float, concurrency: int) -> None:
        self.places = Places(concurrency)
        self.contacts: dict[Eui64, None] = {}
        self.crowded_out: dict[Eui64, None] = {}
        self.contact_at = Monotonic(0.0)  # the next device may not be contacted before
        self._budget = Bucket(share, self.BURST)

    def contacted(self, next_at: Monotonic) -> None:
        """A device was contacted; the next one may not be before ``next_at``."""
        self.contact_at = next_at

    def purse(self) -> Bucket:
        """Make the budget of one device on this channel."""
        return Bucket(self._budget.rate, self.BURST)

    def charge(self, purse: Bucket, cost: float, now: Monotonic) -> float:
        """Charge air time; returns 0 when it is there, else the seconds until it is.

        Every active download has an equal part of the channel's budget, so one that asks at the
        lucky moment cannot take what another is waiting for.
        """
        purse.rate = self._budget.rate / max(1, self.places.active)
        short = max(purse.short_of(cost, now), self._budget.short_of(cost, now))
        if not short:
            purse.spend(cost)
            self._budget.spend(cost)
        return short
