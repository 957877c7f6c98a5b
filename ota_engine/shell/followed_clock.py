"""The calendar of a trial as a gateway follows it: told by its head end, and remembered beside its state.

A gateway that is started anew while the head end is away goes on with what it was told last.
"""

import json
import time
from pathlib import Path
from typing import Final

from images.files import write_whole
from ota_engine.errors import LocalError
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
        self._clock = PacedClock(this_machine())
        self.known = path.exists()
        if self.known:
            self._clock = _read(path)

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
        self._clock = PacedClock(utc, rate)
        told = {"utc": utc, "rate": rate, "machine_utc": this_machine()}
        write_whole(self._path, json.dumps(told).encode())
        self.known = True


def _read(path: Path) -> PacedClock:
    try:
        told = json.loads(path.read_text())
        utc, rate = float(told["utc"]), float(told["rate"])
        passed = max(0.0, this_machine() - float(told["machine_utc"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(f"{path}: is no calendar: remove it") from error
    return PacedClock(Utc(utc + passed * rate), rate, time.monotonic())
