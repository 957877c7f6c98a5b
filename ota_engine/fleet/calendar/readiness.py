"""Whether a home may be given firmware now, or may run it, and when; knows no campaign.

Whoever starts upgrades asks before each of the two steps. The answer is *go*, or a reason to wait with
the time of the next look. Reasons are few and name no home: homes are counted by them. Waiting is
never an attempt.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Ask, RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.delivery import LEAST_NOTICE_S, known_since
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc

LOOK_AGAIN_S: Final = 86_400.0  # at a home that waits for somebody who gives no time


class Question(NamedTuple):
    """May this device of this home be upgraded?

    Attributes:
        home: where it is.
        device: the one meant.
        campaign: on whose behalf.
        release: what it is to run.
        notice: name of the notice by which the home's suppliers were to be told.
        least_notice_s: between that notice and the first step; 0 where an emergency waives it.
    """

    home: Home
    device: Eui64
    campaign: str
    release: FirmwareRelease
    notice: str
    least_notice_s: float = LEAST_NOTICE_S


class Wait(NamedTuple):
    """Not now.

    Attributes:
        reason: for people, and to count by.
        look_again_utc: when to ask again.
    """

    reason: str
    look_again_utc: Utc


def keys(questions: Iterable[Question]) -> frozenset[Ask]:
    """Name all rows that the answers to some questions are sure to want."""
    return frozenset(
        RowKey(Notice, (question.notice, party))
        for question in questions
        for party in question.home.suppliers
    )


def before_download(question: Question, work: Work, utc: Utc) -> Wait | None:
    """Say whether the image may be brought to the device.

    Returns:
        None for yes.

    Raises:
        RowsWanted: rows are missing: load them and call again.
    """
    return _waits_for_notice(question, work, utc)


def activation(question: Question, work: Work, utc: Utc) -> Wait | Utc:
    """Say when the device may run what it holds.

    Returns:
        the time for the instruction, which is near; or a wait.

    Raises:
        RowsWanted: rows are missing: load them and call again.
    """
    return _waits_for_notice(question, work, utc) or utc


def _waits_for_notice(question: Question, work: Work, utc: Utc) -> Wait | None:
    for party in question.home.suppliers:
        since = known_since(work, question.notice, party)
        if since is None:
            return Wait(f"notice has not reached {party}", utc + LOOK_AGAIN_S)
        if utc < since + question.least_notice_s:
            ends = Utc(since + question.least_notice_s)
            return Wait(f"notice to {party} is running", min(ends, utc + LOOK_AGAIN_S))
    return None
