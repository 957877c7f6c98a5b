"""What is wrong with a server whatever its doors are; read for machines and people, decides nothing."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from ota_engine.wording import counted

LEAST_FREE_OCTETS: Final = 256 << 20  # on the disk; less is told
LAG_S: Final = 60.0  # by which a row may be looked at too late
UNWELL: Final = 503


class Trouble(NamedTuple):
    """Something that is wrong.

    Attributes:
        place: with what, in a word.
        text: one line.
        ours: the server does not do its work because of it; others only want attention.
    """

    place: str
    text: str
    ours: bool


class Health(NamedTuple):
    """How a server is, as it answers.

    Attributes:
        status: of HTTP.
        word: in a word or two.
        told: everything that is wrong, ready for JSON.
    """

    status: int
    word: str
    told: dict[str, Any]


def health(troubles: Iterable[Trouble]) -> Health:
    """Judge what is wrong."""
    found = list(troubles)
    grave = any(trouble.ours for trouble in found)
    word = "unwell" if grave else "wants attention" if found else "well"
    told = {"status": word, "troubles": {one.place: one.text for one in found}}
    return Health(UNWELL if grave else 200, word, told)


def fleet_troubles(state: Path, late_s: float) -> Iterator[Trouble]:
    """Say what is wrong with a fleet's time and place.

    Args:
        state: the state folder.
        late_s: seconds of this machine by which what is due first is late; 0 for nothing.
    """
    if late_s > LAG_S:
        text = f"what is due is looked at {late_s:.0f} s late: see the log"
        yield Trouble("lag", text, ours=True)
    free = _free(state)
    if free < LEAST_FREE_OCTETS:
        text = f"{free >> 20} MiB are free under {state}: make room"
        yield Trouble("disk", text, ours=True)


def notices_trouble(dead: int) -> Iterator[Trouble]:
    """Say that notices were given up.

    Args:
        dead: how many.
    """
    if dead:
        text = f"{counted(dead, 'notice')} given up: zota notices list says why"
        yield Trouble("notices", text, ours=False)


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
