"""Reads the lists of times that suppliers write; knows rows, no file.

A row is a line's number and its cells by the names of their columns. A time is ISO 8601 with its zone, or
local time without one (``2027-03-28 02:30``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.local_time import utc_of
from ota_engine.times import Utc
from ota_engine.wording import one_line

ListRow: TypeAlias = tuple[int, Mapping[str, str]]

_YEARS: Final = range(2000, 3000)
_MOST_TOLD: Final = 5  # bad lines that one message names
_LONGEST_TIME: Final = 40  # characters of what is none that are shown


def read_slots(rows: Iterable[ListRow]) -> tuple[tuple[str, float], ...]:
    """Read chosen times: columns ``home`` and ``time``.

    Returns:
        pairs for ``ChooseSlots``.

    Raises:
        LocalError: lines are bad; it names them with their numbers.
    """
    found, bad = [], []
    for number, cells in rows:
        try:
            found.append((_cell(cells, "home"), read_time(_cell(cells, "time"))))
        except LocalError as error:
            bad.append(f"line {number}: {error}")
    if bad:
        more = f"; and {len(bad) - _MOST_TOLD:,} more" if len(bad) > _MOST_TOLD else ""
        raise LocalError("; ".join(bad[:_MOST_TOLD]) + more)
    if not found:
        raise LocalError("the list has no line: write one for each home")
    return tuple(found)


def read_time(text: str) -> Utc:
    """Read a time; one without a zone is local.

    Raises:
        LocalError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(
            f"{one_line(text[:_LONGEST_TIME])!r} is no time: write 2027-03-28 02:30, or 2027-03-28T01:30Z"
        ) from None
    if moment.year not in _YEARS:
        raise LocalError(f"{moment.year} is no year of ours: give one from {_YEARS[0]} on")
    return utc_of(moment) if moment.tzinfo is None else Utc(moment.timestamp())


def _cell(cells: Mapping[str, str], name: str) -> str:
    value = (cells.get(name) or "").strip()
    if not value:
        raise LocalError(f"it has no {name}")
    return value
