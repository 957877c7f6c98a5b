"""The calendar of a fleet on trial: it runs faster, also while no server does; knows one file of the state.

The file says what the calendar told at one moment of this machine, and how fast it runs from then on. So
it is the same after a crash, and for every process that reads it.
"""

import json
import time
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, Final

from images.errors import ImageError
from images.files import read_bounded, write_whole
from images.strict_json import read_json
from ota_engine.errors import LocalError
from ota_engine.paced_clock import PacedClock
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

NAME: Final = "test-clock.json"
MOST_RATE: Final = 100_000.0
MOST_OCTETS: Final = 4_096


def clock_of(state: Path) -> Callable[[], Utc]:
    """The calendar of a fleet: its own where it is on trial, else this machine's.

    Raises:
        LocalError: the file that says so cannot be used.
        OSError: it cannot be read.
    """
    try:
        octets = read_bounded(state / NAME, MOST_OCTETS)
    except FileNotFoundError:
        return this_machine
    try:
        told: Any = read_json(octets, NAME, MOST_OCTETS)
        begin, made, rate = (float(told[name]) for name in ("calendar", "machine", "rate"))
    except (ImageError, KeyError, TypeError, ValueError):
        raise LocalError(f"{state / NAME}: says nothing of a calendar: restore it") from None
    if not (isfinite(begin) and isfinite(made) and 0 < rate <= MOST_RATE):
        raise LocalError(f"{state / NAME}: no calendar runs like that: restore it")
    since = max(0.0, time.time() - made)
    return PacedClock(Utc(begin + since * rate), rate)


def set_pace(state: Path, rate: float) -> Callable[[], Utc]:
    """Have the calendar of a fleet run at a rate from now on; it never goes back.

    Args:
        state: the state folder.
        rate: seconds of the calendar in a second of this machine.

    Raises:
        LocalError: the file that says how it ran so far cannot be used.
        OSError: it cannot be read or written.
    """
    calendar = clock_of(state)()
    told = {"calendar": calendar, "machine": time.time(), "rate": rate}
    write_whole(state / NAME, json.dumps(told).encode("ascii"))
    return PacedClock(calendar, rate)
