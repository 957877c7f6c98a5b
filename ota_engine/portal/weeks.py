"""Lays out what goes on in a home over weeks of days, in a viewer's zone; knows times and words, no page."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from images.page import Tone

BEFORE: Final = 1  # weeks that are shown before the one of today
AFTER: Final = 4  # and after it
_DAYS: Final = 7


class CalendarMark(NamedTuple):
    """Something that goes on from one time to another.

    Attributes:
        name: what, in a word or two.
        kind: tone of it.
        text: all of it, in one line.
        from_utc: when it begins.
        until_utc: when it is over.
    """

    name: str
    kind: Tone
    text: str
    from_utc: float
    until_utc: float


class WeekDay(NamedTuple):
    """One day of a week.

    Attributes:
        day: which.
        label: its number, with the month where that begins.
        is_today: whether it is today.
        happenings: that touch it.
    """

    day: date
    label: str
    is_today: bool
    happenings: tuple[CalendarMark, ...]


def weeks_of(
    happenings: Iterable[CalendarMark], utc: float, zone: tzinfo | None
) -> list[Sequence[WeekDay]]:
    """Lay out weeks from Monday to Sunday, from the one before today's on.

    Args:
        happenings: what goes on; what lies outside is left out.
        utc: now.
        zone: the viewer's; None for that of this machine.
    """
    today = _day(utc, zone)
    first = today - timedelta(days=today.weekday() + BEFORE * _DAYS)
    days = [first + timedelta(days=number) for number in range((BEFORE + 1 + AFTER) * _DAYS)]
    spans = [(_day(one.from_utc, zone), _day(one.until_utc, zone), one) for one in happenings]
    laid = [
        WeekDay(
            day,
            f"{day.day} {day:%b}" if day.day == 1 or day == first else str(day.day),
            day == today,
            tuple(one for begins, ends, one in spans if begins <= day <= ends),
        )
        for day in days
    ]
    return [laid[start : start + _DAYS] for start in range(0, len(laid), _DAYS)]


def _day(utc: float, zone: tzinfo | None) -> date:
    try:
        return datetime.fromtimestamp(utc, UTC).astimezone(zone).date()
    except (OverflowError, ValueError, OSError):
        return date.max if utc > 0 else date.min
