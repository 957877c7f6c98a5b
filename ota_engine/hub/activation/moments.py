"""The wall clock's time as counters and messages want it; knows no message."""

from datetime import UTC, datetime
from typing import Final

from ota_engine.hub.kernel.clock import WallClock
from ota_engine.times import Monotonic, Utc

LAST_DAY: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def trusted_utc(clock: WallClock, now: Monotonic) -> Utc:
    """The time counters are drawn by: 0 while the clock is in doubt, so that they only count on."""
    return Utc(0.0) if clock.doubt(now) else clock.utc(now)


def date_of(utc: Utc) -> datetime:
    """A time as a date; one beyond the calendar is its first or last day."""
    return datetime.fromtimestamp(min(max(utc, 0.0), LAST_DAY), UTC)
