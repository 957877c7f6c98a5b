"""The wall clock as the engine believes it: an offset to monotonic time, and whether to trust it.

Durations never use it. Activation times do, so a clock that jumped holds them: backwards until it
has caught up with the latest time ever trusted, forwards until it has stood for a while; a person
may confirm it sooner.
"""

from math import inf
from typing import Final

from ota_engine.times import LONG_AGO, NEVER, Monotonic, Utc

BACKWARD_LIMIT = 60.0  # seconds a step back may have before due orders are held
FORWARD_LIMIT = 3600.0  # seconds a step forward may have before due orders are held
SETTLE = 600.0  # seconds a clock must run evenly after a step forward
NOTE_EVERY = 600.0  # seconds of trusted time between two notes of it for a later run
NO_TIME: Final = Utc(-inf)  # before any


class WallClock:
    """UTC seconds from monotonic seconds."""

    __slots__ = ("_held_because", "_held_until", "_latest", "_noted", "_read", "_zero")

    def __init__(self, trusted_utc: Utc | None = None) -> None:
        """``trusted_utc``: the latest time an earlier run trusted, to notice a step back."""
        self._read = False
        self._zero = Utc(0.0)  # what it was when the monotonic clock stood at 0
        self._latest = NO_TIME if trusted_utc is None else trusted_utc
        self._noted = self._latest
        self._held_until = LONG_AGO
        self._held_because = ""

    def observe(self, utc: Utc, now: Monotonic) -> float:
        """Take a reading; returns the step in seconds against what was expected."""
        expected = self.utc(now) if self._read else max(utc, self._latest)
        step = utc - expected
        self._zero = utc - now
        self._read = True
        if utc < self._latest - BACKWARD_LIMIT:
            self._hold(now + (self._latest - utc), f"stepped back {self._latest - utc:.0f} s")
        elif step > FORWARD_LIMIT:
            self._hold(now + SETTLE, f"stepped forward {step:.0f} s")
        elif step < -BACKWARD_LIMIT:
            self._held_until = LONG_AGO  # back from a step forward that was never trusted
        if now >= self._held_until:
            self._latest = max(self._latest, utc)
        return step

    def _hold(self, until: Monotonic, what: str) -> None:
        self._held_until = until
        self._held_because = f"the wall clock {what}: activation times are held"

    def confirm(self, now: Monotonic) -> None:
        """A person vouches for the clock as it is."""
        self._held_until = LONG_AGO
        self._latest = self.utc(now) if self._read else NO_TIME
        self._noted = NO_TIME

    def to_note(self) -> Utc | None:
        """The trusted time if it has moved on enough to be noted for a later run."""
        if self._latest < self._noted + NOTE_EVERY or self._latest == NO_TIME:
            return None
        self._noted = self._latest
        return self._latest

    @property
    def known(self) -> bool:
        """Whether it has been read since this run began."""
        return self._read

    def utc(self, now: Monotonic) -> Utc:
        """Wall time at monotonic ``now``."""
        return self._zero + now

    def doubt(self, now: Monotonic) -> str:
        """Why no activation may be started by this clock; empty when it may."""
        if not self._read:
            return "the wall clock has not been read yet"
        return self._held_because if now < self._held_until else ""

    def sane_at(self, now: Monotonic) -> Monotonic:
        """The earliest monotonic time at which the clock may be trusted; infinite if never read."""
        return max(now, self._held_until) if self._read else NEVER
