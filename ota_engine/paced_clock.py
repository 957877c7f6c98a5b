"""A clock of the calendar that runs faster than this machine's, for trials; for shells and commands.

UTC alone runs faster. What is measured in seconds of a run, a patience or a pace of blocks, stays as it is;
only a sleep until a moment of the calendar is as much shorter.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ota_engine.times import Utc

MOST_RATE: Final = 100_000.0  # seconds of the calendar in a second


@dataclass(frozen=True, slots=True)
class PacedClock:
    """Tells UTC from a beginning on, at a rate.

    Attributes:
        begin_utc: what it told when it was made.
        rate: seconds of the calendar in a second of this machine.
        made: reading of this machine's monotonic clock when it was made, seconds.
    """

    begin_utc: Utc
    rate: float = 1.0
    made: float = field(default_factory=time.monotonic)

    def __call__(self) -> Utc:
        """What it is now."""
        return Utc(self.begin_utc + (time.monotonic() - self.made) * self.rate)


def rate_of(clock: Callable[[], Utc]) -> float:
    """Seconds of the calendar that pass by a clock in a second of this machine; 1 where it has no ``rate``."""
    rate: float = getattr(clock, "rate", 1.0)
    return rate


def sleep_s(clock: Callable[[], Utc], until: float) -> float:
    """Seconds to sleep until it is a moment of the calendar; 0 when it was."""
    return max(0.0, until - clock()) / rate_of(clock)
