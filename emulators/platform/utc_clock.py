"""A device's sense of the date: UTC as it believes it, which may be wrong, or not know at all.

Pure: told the shell's time, reads no clock. A real-time clock with its own battery: it goes on
through a power cut.
"""

from datetime import UTC, datetime, timedelta
from math import inf

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNSET = datetime(2000, 1, 1, tzinfo=UTC)  # what a clock shows that was never set (ZCL Time)
LAST = datetime(9999, 12, 31, tzinfo=UTC)


class UtcClock:
    """The date, in seconds of UTC since 1970-01-01.

    Attributes:
        rate: seconds of UTC that pass in one second of the shell's time; an emulation that lives
            ten times faster than its host's wall clock has 0.1.
    """

    __slots__ = ("_zero", "rate")

    def __init__(self) -> None:
        self._zero: float | None = None  # UTC when the shell's time was 0
        self.rate = 1.0

    @property
    def is_set(self) -> bool:
        """Whether the device knows the date."""
        return self._zero is not None

    def set(self, utc: float, now: float, rate: float = 1.0) -> None:
        """Set the clock: it is ``utc`` at the shell's time ``now``."""
        self.rate = rate
        self._zero = utc - now * rate

    def step(self, seconds: float) -> None:
        """Set it forward, or back; one that is not set stays so."""
        if self._zero is not None:
            self._zero += seconds

    def unset(self) -> None:
        """Forget the date."""
        self._zero = None

    def utc(self, now: float) -> float | None:
        """Seconds of UTC, None while the date is not known."""
        return None if self._zero is None else self._zero + now * self.rate

    def moment(self, now: float) -> datetime:
        """The date as it is written, in whole seconds; 2000-01-01 while it is not known."""
        utc = self.utc(now)
        if utc is None:
            return UNSET
        try:
            return min(EPOCH + timedelta(seconds=int(utc)), LAST)
        except OverflowError:
            return UNSET if utc < 0 else LAST

    def when(self, moment: datetime) -> float:
        """When this clock will show a moment, in the shell's time; never while it is not set."""
        return self.when_utc((moment - EPOCH).total_seconds())

    def when_utc(self, utc: float) -> float:
        """The same of seconds since 1970."""
        return inf if self._zero is None else (utc - self._zero) / self.rate
