"""Local time of Great Britain, by the rule of the law; knows no clock and no time zone database.

Summer time begins and ends at 01:00 UTC on the last Sundays of March and October (Summer Time Order
2002). In March the hour from 01:00 to 02:00 is not there: a time within it means 02:00. In October it
comes twice: a time within it means the first.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from ota_engine.times import Utc

_HOUR: Final = timedelta(hours=1)
_MARCH: Final = 3
_OCTOBER: Final = 10
_SUNDAY: Final = 7  # ISO weekday


def local_of(utc: Utc) -> datetime:
    """Say what clocks on the wall show.

    Returns:
        a time without a zone.
    """
    moment = datetime.fromtimestamp(utc, UTC).replace(tzinfo=None)
    return moment + _HOUR if _is_summer(moment) else moment


def utc_of(local: datetime) -> Utc:
    """Say when clocks on the wall show a time, the first time where they do so twice."""
    moment = local - _HOUR
    if not _is_summer(moment):
        moment = local
        begins = _change(local.year, _MARCH)
        if begins <= local < begins + _HOUR:
            moment = begins  # the hour that is not there
    return Utc(moment.replace(tzinfo=UTC).timestamp())


def _is_summer(moment: datetime) -> bool:
    return _change(moment.year, _MARCH) <= moment < _change(moment.year, _OCTOBER)


def _change(year: int, month: int) -> datetime:
    """The moment, in UTC, at which clocks change in a month of 31 days."""
    last = date(year, month, 31)
    sunday = last - timedelta(days=last.isoweekday() % _SUNDAY)
    return datetime.combine(sunday, time(1))
