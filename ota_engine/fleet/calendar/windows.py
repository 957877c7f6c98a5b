"""When something may be done: hours of the local day, and days on which nothing is; pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.local_time import local_of, utc_of
from ota_engine.times import Utc

_DAYS_AHEAD: Final = 400  # a policy that closes more days in a row never opens again


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """Hours of the local day; over midnight where it ends before it begins.

    Attributes:
        begins: as ``HH:MM``.
        ends: as ``HH:MM``; the same as ``begins`` for the whole day.
    """

    begins: str = "00:00"
    ends: str = "00:00"

    def __str__(self) -> str:
        """The hours, for people."""
        if self.begins == self.ends:
            return "at any hour"
        return f"from {self.begins} to {self.ends}, local time"


class StepHours(NamedTuple):
    """When a step of an upgrade may be done.

    Attributes:
        window: hours of the day, for whoever does not choose a time.
        blackout: local days on which nothing is done, as ``YYYY-MM-DD``.
        lasts_s: how long the step keeps the home busy.
    """

    window: DailyWindow = DailyWindow()
    blackout: tuple[str, ...] = ()
    lasts_s: float = 0.0


ANYTIME: Final = StepHours()


def is_blackout(hours: StepHours, utc: Utc) -> bool:
    """Whether a moment lies on a day on which nothing is done."""
    return bool(hours.blackout) and local_of(utc).date().isoformat() in hours.blackout


def next_open(window: DailyWindow, blackout: Collection[str], utc: Utc) -> Utc:
    """Say from when something may be done.

    Args:
        window: hours of the day.
        blackout: local days on which nothing is done, as ``YYYY-MM-DD``.
        utc: not before.

    Returns:
        ``utc`` itself within the window.

    Raises:
        LocalError: it never opens again.
    """
    begins, ends = clock(window.begins), clock(window.ends)
    if begins == ends and not blackout:
        return utc
    local = local_of(utc)
    if _is_open(begins, ends, blackout, local):
        return utc
    for moment in _openings(begins, ends, local.date()):
        if moment > local and _is_open(begins, ends, blackout, moment):
            at = max(utc_of(moment), utc)
            if _is_open(begins, ends, blackout, local_of(at)):  # not in an hour that is not there
                return at
    raise LocalError("the policy leaves no day on which anything may be done: mend its blackout")


@lru_cache(maxsize=256)
def clock(text: str) -> time:
    """Read a time of the day.

    Raises:
        ValueError: it is none.
    """
    return datetime.strptime(text, "%H:%M").time()


def _is_open(begins: time, ends: time, blackout: Collection[str], local: datetime) -> bool:
    if local.date().isoformat() in blackout:
        return False
    now = local.time()
    if begins == ends:
        return True
    return begins <= now < ends if begins < ends else now >= begins or now < ends


def _openings(begins: time, ends: time, day: date) -> Iterator[datetime]:
    for ahead in range(_DAYS_AHEAD):
        following = day + timedelta(days=ahead)
        if ends <= begins:
            yield datetime.combine(following, time())  # after a day on which nothing was done
        yield datetime.combine(following, begins)
