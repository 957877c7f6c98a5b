"""The calendar of a trial in a file: what it told at one moment of this machine, and how fast it runs from then on.

So it is the same after a crash, and for every process that reads it. For shells and commands.
"""

import json
from math import isfinite
from pathlib import Path
from typing import Any, Final

from images.errors import ImageError
from images.files import read_bounded, write_whole
from images.strict_json import read_json
from ota_engine.errors import LocalError
from ota_engine.paced_clock import MOST_RATE, PacedClock
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

MOST_OCTETS: Final = 4_096


def read_calendar(path: Path, cure: str) -> PacedClock | None:
    """Read a calendar, which has gone on since; None where there is no such file.

    Args:
        path: of the file.
        cure: what to do where it holds something else.

    Raises:
        LocalError: it does.
        OSError: it cannot be read.
    """
    try:
        octets = read_bounded(path, MOST_OCTETS)
    except FileNotFoundError:
        return None
    try:
        told: Any = read_json(octets, path.name, MOST_OCTETS)
        begin, made, rate = (float(told[name]) for name in ("calendar", "machine", "rate"))
    except (ImageError, KeyError, TypeError, ValueError):
        raise LocalError(f"{path}: is no calendar: {cure}") from None
    if not (isfinite(begin) and isfinite(made) and 0 < rate <= MOST_RATE):
        raise LocalError(f"{path}: no calendar runs like that: {cure}")
    since = max(0.0, this_machine() - made)
    return PacedClock(Utc(begin + since * rate), rate)


def write_calendar(path: Path, utc: Utc, rate: float) -> PacedClock:
    """Have a calendar run from now on.

    Args:
        path: of the file.
        utc: what it tells now.
        rate: seconds of it in a second of this machine.

    Raises:
        OSError: it cannot be written.
    """
    told = {"calendar": utc, "machine": this_machine(), "rate": rate}
    write_whole(path, json.dumps(told).encode("ascii"))
    return PacedClock(utc, rate)
