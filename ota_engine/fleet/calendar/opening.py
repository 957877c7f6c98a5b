"""What begins when a campaign is announced: clocks of the parties, reports by schedule, the watch on time."""

from collections.abc import Iterable
from typing import Final

from ota_engine.fleet.calendar import consent, timekeeping
from ota_engine.fleet.calendar.rows import ConsentRule
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices import clocks
from ota_engine.fleet.notices.announcing import announce
from ota_engine.fleet.notices.rows import NoticeKind, StatusSchedule
from ota_engine.times import DAY_S, Utc

REACHED_S: Final = 3 * DAY_S  # a notice that has not reached its party by then is told of
STATUS_S: Final = 7 * DAY_S  # between two reports, where nothing else was agreed


def announced(
    work: Work,
    campaign: str,
    variant: str,
    notice: str,
    parties: Iterable[str],
    utc: Utc,
    deploy: float,
) -> None:
    """Let everything run that runs once a campaign is announced.

    Args:
        work: the event in hand.
        campaign: which.
        variant: of the devices it upgrades.
        notice: name of the notice that announces it.
        parties: who was told.
        utc: now.
        deploy: when the first home may be begun.
    """
    parties = tuple(parties)
    subject = f"campaign:{campaign}"
    timekeeping.begin(work, utc)
    work.put(StatusSchedule(campaign, STATUS_S, utc + STATUS_S))
    clocks.start(work, notice, parties, subject, "take the notice", utc, utc + REACHED_S)
    rule = work.get(ConsentRule, variant)
    if consent.is_needed(rule, Utc(deploy)):
        text = f"{campaign} needs your consent: without it, no home of yours begins"
        announce(work, NoticeKind.CONSENT, subject, parties, text, {"campaign": campaign}, utc)
        clock = consent.consent_clock(campaign)
        clocks.start(
            work, clock, parties, subject, f"say whether it agrees to {campaign}", utc, deploy
        )
