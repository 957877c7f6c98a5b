"""Times as people of a zone write and read them in forms; knows the zones of the machine, no clock.

A time that comes twice, where clocks go back, means the first; one that does not come, where they go
forward, means the moment at which they do.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wording import one_line

_YEARS: Final = range(2000, 3000)


@lru_cache(64)
def zone_of(name: str) -> tzinfo | None:
    """Give the zone of a name; None for that of this machine, where no other is known."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_moment(text: str, zone: str) -> Utc:
    """Read a time; one that names no zone is of ``zone``.

    Raises:
        LocalError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(f"{one_line(text[:40])!r} is no time: write 2027-03-28 02:30") from None
    if moment.year not in _YEARS:
        raise LocalError(f"{moment.year} is no year of ours: give one from {_YEARS[0]} on")
    if moment.tzinfo is not None:
        return Utc(moment.timestamp())
    there = zone_of(zone)
    here = moment.replace(tzinfo=there, fold=0)
    back = here.astimezone(UTC).astimezone(there).replace(tzinfo=None)
    if back != moment and there is not None:  # an hour that is not there
        return _gap(moment, there)
    return Utc(here.timestamp())


def _gap(moment: datetime, there: tzinfo) -> Utc:
    """Find when clocks go forward past a time that does not come."""
    before = (moment - timedelta(hours=3)).replace(tzinfo=there)
    after = (moment + timedelta(hours=3)).replace(tzinfo=there)
    low, high = int(before.timestamp()), int(after.timestamp())
    first = before.utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, there).utcoffset() == first:
            low = middle
        else:
            high = middle
    return Utc(float(high))


def write_moment(utc: float, zone: str) -> str:
    """Write a time as a form has it: to the minute, of a zone."""
    return datetime.fromtimestamp(utc, UTC).astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M")
