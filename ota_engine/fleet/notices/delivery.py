"""What becomes of a notice, and since when a party knows."""

from dataclasses import replace
from typing import Final, NamedTuple

from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.times import Utc

LEAST_NOTICE_S: Final = 7 * 86_400.0  # SEC Appendix AB, clause 5.2


class NoticeDelivered(NamedTuple):
    """A party's endpoint has taken a notice."""

    notice: str
    party: str


def delivered(event: NoticeDelivered, work: Work, utc: Utc) -> None:
    """AuditNote that a party knows; the first time counts."""
    notice = work.get(Notice, event.notice, event.party)
    if notice is None or notice.state is NoticeState.DELIVERED:
        return
    work.put(replace(notice, state=NoticeState.DELIVERED, delivered_utc=utc))


def known_since(work: Work, notice: str, party: str) -> float | None:
    """Since when a party knows of something; None while it does not."""
    row = work.get(Notice, notice, party)
    return None if row is None else row.delivered_utc
