"""Now, as whoever lets persons in sees it: by the fleet's calendar, at the pace of people; pure.

A calendar on trial runs faster than people do. What lasts a day's work or a wait for a person lasts so many
seconds of hers, and is kept as the moment of the calendar that it will be then.
"""

from typing import NamedTuple

from ota_engine.times import Utc


class Moment(NamedTuple):
    """Now.

    Attributes:
        utc: by the fleet's calendar.
        pace: seconds of the calendar in one of a person's.
    """

    utc: Utc
    pace: float = 1.0

    def after(self, seconds: float) -> Utc:
        """When a person has lived through so many seconds."""
        return Utc(self.utc + seconds * self.pace)

    def until(self, utc: float) -> float:
        """A person's seconds until it is a moment of the calendar; below zero where it was."""
        return (utc - self.utc) / self.pace
