"""Reads lists that suppliers write: chosen times, and what goes on in homes; knows rows, no file.

A row is a line's number and its cells by the names of their columns. A time is ISO 8601 with its zone, or
local time without one (``2027-03-28 02:30``).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.diary import BookCalendar
from ota_engine.fleet.calendar.local_time import utc_of
from ota_engine.fleet.calendar.rows import EntryKind
from ota_engine.times import Utc
from ota_engine.wording import one_line

ListRow: TypeAlias = tuple[int, Mapping[str, str]]
Read = TypeVar("Read")

_YEARS: Final = range(2000, 3000)
_MOST_TOLD: Final = 10  # bad lines that one message names


def read_slots(rows: Iterable[ListRow]) -> tuple[tuple[str, float], ...]:
    """Read chosen times: columns ``home`` and ``time``.

    Returns:
        pairs for ``ChooseSlots``.

    Raises:
        LocalError: lines are bad; it names them with their numbers.
    """
    return _read(rows, lambda cells: (_cell(cells, "home"), read_time(_cell(cells, "time"))))


def read_bookings(rows: Iterable[ListRow]) -> tuple[BookCalendar, ...]:
    """Read entries of calendars: columns ``home``, ``entry``, ``kind``, ``from`` and ``until``.

    Returns:
        one booking for all homes that have the same entry.

    Raises:
        LocalError: lines are bad; it names them with their numbers.
    """
    homes: dict[tuple[str, EntryKind, float, float], list[str]] = {}
    for home, entry in _read(rows, _booking):
        homes.setdefault(entry, []).append(home)
    return tuple(
        BookCalendar(entry, tuple(names), kind, from_utc, until_utc)
        for (entry, kind, from_utc, until_utc), names in homes.items()
    )


def read_time(text: str) -> Utc:
    """Read a time; one without a zone is local.

    Raises:
        LocalError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(
            f"{one_line(text)!r} is no time: write 2027-03-28 02:30, or 2027-03-28T01:30Z"
        ) from None
    if moment.year not in _YEARS:
        raise LocalError(f"{moment.year} is no year of ours: give one from {_YEARS[0]} on")
    return utc_of(moment) if moment.tzinfo is None else Utc(moment.timestamp())


def _booking(cells: Mapping[str, str]) -> tuple[str, tuple[str, EntryKind, float, float]]:
    try:
        kind = EntryKind(_cell(cells, "kind"))
    except ValueError:
        raise LocalError(f"its kind is none of {', '.join(EntryKind)}") from None
    from_utc, until_utc = read_time(_cell(cells, "from")), read_time(_cell(cells, "until"))
    if until_utc <= from_utc:
        raise LocalError("it is over before it begins")
    return _cell(cells, "home"), (_cell(cells, "entry"), kind, from_utc, until_utc)


def _cell(cells: Mapping[str, str], name: str) -> str:
    value = (cells.get(name) or "").strip()
    if not value:
        raise LocalError(f"it has no {name}")
    return value


def _read(rows: Iterable[ListRow], read: Callable[[Mapping[str, str]], Read]) -> tuple[Read, ...]:
    found, bad = [], []
    for number, cells in rows:
        try:
            found.append(read(cells))
        except LocalError as error:
            bad.append(f"line {number}: {error}")
    if bad:
        more = f"; and {len(bad) - _MOST_TOLD:,} more" if len(bad) > _MOST_TOLD else ""
        raise LocalError("; ".join(bad[:_MOST_TOLD]) + more)
    if not found:
        raise LocalError("the list has no line: write one for each home")
    return tuple(found)
