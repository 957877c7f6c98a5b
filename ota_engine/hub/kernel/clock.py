"""The wall clock as the engine believes it: an offset to monotonic time, and whether to trust it.

Durations never use it. Activation times do, so a clock that jumped holds them: backwards until it
has caught up with the latest time ever trusted, forwards until it has stood for a while; a person
may confirm it sooner.
"""

from math import inf

BACKWARD_LIMIT = 60.0  # seconds a step back may have before due orders are held
FORWARD_LIMIT = 3600.0  # seconds a step forward may have before due orders are held
SETTLE = 600.0  # seconds a clock must run evenly after a step forward
NOTE_EVERY = 600.0  # seconds of trusted time between two notes of it for a later run


class WallClock:
    """UTC seconds from monotonic seconds."""

    __slots__ = ("_held_because", "_held_until", "_latest", "_noted", "_offset", "_read")

    def __init__(self, trusted_utc: float | None = None) -> None:
        """``trusted_utc``: the latest time an earlier run trusted, to notice a step back."""
        self._offset = 0.0
        self._read = False
        self._latest = -inf if trusted_utc is None else trusted_utc
        self._noted = self._latest
        self._held_until = -inf
        self._held_because = ""

    def observe(self, utc: float, now: float) -> float:
        """Take a reading; returns the step in seconds against what was expected."""
        expected = now + self._offset if self._read else max(utc, self._latest)
        step = utc - expected
        self._offset = utc - now
        self._read = True
        if utc < self._latest - BACKWARD_LIMIT:
            self._hold(now + self._latest - utc, f"stepped back {self._latest - utc:.0f} s")
        elif step > FORWARD_LIMIT:
            self._hold(now + SETTLE, f"stepped forward {step:.0f} s")
        elif step < -BACKWARD_LIMIT:
            self._held_until = -inf  # back from a step forward that was never trusted
        if now >= self._held_until:
            self._latest = max(self._latest, utc)
        return step

    def _hold(self, until: float, what: str) -> None:
        self._held_until = until
        self._held_because = f"the wall clock {what}: activation times are held"

    def confirm(self, now: float) -> None:
        """A person vouches for the clock as it is."""
        self._held_until = -inf
        self._latest = self.utc(now) if self._read else -inf
        self._noted = -inf

    def to_note(self) -> float | None:
        """The trusted time if it has moved on enough to be noted for a later run."""
        if self._latest < self._noted + NOTE_EVERY or self._latest == -inf:
            return None
        self._noted = self._latest
        return self._latest

    @property
    def known(self) -> bool:
        """Whether it has been read since this run began."""
        return self._read

    def utc(self, now: float) -> float:
        """Wall time at monotonic ``now``."""
        return now + self._offset

    def doubt(self, now: float) -> str:
        """Why no activation may be started by this clock; empty when it may."""
        if not self._read:
            return "the wall clock has not been read yet"
        return self._held_because if now < self._held_until else ""

    def sane_at(self, now: float) -> float:
        """The earliest monotonic time at which the clock may be trusted; infinite if never read."""
        return max(now, self._held_until) if self._read else inf
