"""The calendar of a fleet on trial: it runs faster, also while no server does; knows one file of the state."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ota_engine.calendar_file import read_calendar, write_calendar
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

NAME: Final = "test-clock.json"


def clock_of(state: Path) -> Callable[[], Utc]:
    """The calendar of a fleet: its own where it is on trial, else this machine's.

    Raises:
        LocalError: the file that says so cannot be used.
        OSError: it cannot be read.
    """
    return read_calendar(state / NAME, "restore it") or this_machine


def set_pace(state: Path, rate: float) -> Callable[[], Utc]:
    """Have the calendar of a fleet run at a rate from now on; it never goes back.

    Args:
        state: the state folder.
        rate: seconds of the calendar in a second of this machine.

    Raises:
        LocalError: the file that says how it ran so far cannot be used.
        OSError: it cannot be read or written.
    """
    return write_calendar(state / NAME, clock_of(state)(), rate)
