"""The calendar of a trial as a gateway follows it: told by its head end, and remembered beside its state.

A gateway that is started anew while the head end is away goes on with what it was told last.
"""

from pathlib import Path
from typing import Final

from ota_engine.calendar_file import read_calendar, write_calendar
from ota_engine.paced_clock import PacedClock
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

CALENDAR_NAME: Final = "calendar.json"  # in the state folder
JITTER_S: Final = 2.0  # of this machine, that what is told may come late


class FollowedClock:
    """Tells UTC as a head end does.

    Args:
        path: of the file in which it is remembered.

    Raises:
        LocalError: the file holds something else.
        OSError: it cannot be read.

    Attributes:
        known: it was told once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        told = read_calendar(path, "remove it")
        self._clock = told or PacedClock(this_machine())
        self.known = told is not None

    @property
    def rate(self) -> float:
        """Seconds of the calendar in a second."""
        return self._clock.rate

    def __call__(self) -> Utc:
        """What it is now."""
        return self._clock()

    def follow(self, utc: Utc, rate: float) -> None:
        """Be told what it is; what came a little late changes nothing.

        Raises:
            OSError: it cannot be remembered.
        """
        ahead = utc - self._clock()
        if self.known and rate == self.rate and -JITTER_S * rate <= ahead <= JITTER_S * rate:
            return
        self._clock = write_calendar(self._path, utc, rate)
        self.known = True
