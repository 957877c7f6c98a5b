"""Whether a home may be given firmware now, or may run it, and when; knows no campaign.

Whoever starts upgrades asks before each of the two steps. The answer is *go*, or a reason to wait with
the time of the next look. Reasons are few and name no home: homes are counted by them. Waiting is
never an attempt.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.fleet.calendar import consent, deferrals, sequencing, slots, timekeeping
from ota_engine.fleet.calendar.diary import clash
from ota_engine.fleet.calendar.rows import (
    CalendarEntry,
    Consent,
    ConsentRule,
    Deferral,
    HomeDiary,
    HomeStep,
    UpgradeWindow,
)
from ota_engine.fleet.calendar.sequencing import OtherUpgrade
from ota_engine.fleet.calendar.slots import AHEAD_S
from ota_engine.fleet.calendar.windows import ANYTIME, StepHours, next_open
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Ask, RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.delivery import LEAST_NOTICE_S, known_since
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc

LOOK_AGAIN_S: Final = 86_400.0  # at a home that waits for somebody who gives no time
MOST_WAIT_S: Final = 7 * 86_400.0  # until the next look: what was agreed may have changed

_OPEN: Final = float("inf")


class Question(NamedTuple):
    """May this device of this home be upgraded?

    Attributes:
        home: where it is.
        device: the one meant.
        campaign: on whose behalf.
        release: what it is to run.
        notice: name of the notice by which the home's suppliers were to be told.
        least_notice_s: between that notice and the first step; 0 where an emergency waives it.
        download: when a delivery may begin.
        activation: when new firmware may be started, where no supplier chose the time.
        deferral_s: after so long somebody is asked what becomes of a home that was put off.
        others: upgrades of the same home by other campaigns that are not over.
    """

    home: Home
    device: Eui64
    campaign: str
    release: FirmwareRelease
    notice: str
    least_notice_s: float = LEAST_NOTICE_S
    download: StepHours = ANYTIME
    activation: StepHours = ANYTIME
    deferral_s: float = deferrals.DEFERRAL_S
    others: tuple[OtherUpgrade, ...] = ()

    def hours(self, step: HomeStep) -> StepHours:
        """When a step may be done."""
        return self.download if step is HomeStep.DOWNLOAD else self.activation


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
    asks: set[Ask] = set()
    for question in questions:
        asks |= _common(question)
        asks.add(RowKey(HomeDiary, (question.home.home,)))
    return frozenset(asks)


def _common(question: Question) -> frozenset[Ask]:
    """Name rows that are wanted for every home of the same suppliers."""
    suppliers = question.home.suppliers
    return _of_suppliers(question.campaign, question.release.variant, question.notice, suppliers)


@lru_cache(maxsize=1024)
def _of_suppliers(
    campaign: str, variant: str, notice: str, suppliers: tuple[str, ...]
) -> frozenset[Ask]:
    return frozenset(
        (
            timekeeping.MARK,
            *sequencing.RULES,
            RowKey(ConsentRule, (variant,)),
            *(RowKey(UpgradeWindow, (campaign, step)) for step in HomeStep),
            *(RowKey(Notice, (notice, party)) for party in suppliers),
            *(RowKey(Consent, (campaign, party)) for party in suppliers),
        )
    )


def prepare(
    questions: Iterable[Question], work: Work, steps: Collection[HomeStep] = tuple(HomeStep)
) -> None:
    """Have all rows at hand that the answers want: call it first, with all questions at once.

    Args:
        questions: that will be asked.
        work: the event in hand.
        steps: that will be asked about.

    Raises:
        RowsWanted: some are not loaded.
    """
    questions = tuple(questions)
    asks: list[Ask] = [RowKey(HomeDiary, (question.home.home,)) for question in questions]
    for common in set(map(_common, questions)):
        asks += work.missing(common)
    work.require(asks)
    ruled = sequencing.has_rules(work)
    windows = {name: _windows(name, steps, work) for name in {one.campaign for one in questions}}
    work.require(
        ask
        for question in questions
        for ask in _further(question, windows[question.campaign], ruled, work)
    )


def _windows(campaign: str, steps: Collection[HomeStep], work: Work) -> list[HomeStep]:
    """Name the steps of a campaign for which suppliers may choose the time."""
    return [step for step in steps if work.get(UpgradeWindow, campaign, step) is not None]


def _further(
    question: Question, windows: Iterable[HomeStep], ruled: bool, work: Work
) -> Iterator[Ask]:
    """Name rows that are wanted because of what other rows say."""
    campaign, home = question.campaign, question.home
    for step in windows:
        yield from slots.keys_of(campaign, step, home)
    if ruled:
        yield sequencing.devices_of(home.home)
    diary = work.get(HomeDiary, home.home)
    if diary is not None:
        yield RowKey(Deferral, (campaign, home.home))
        yield from (RowKey(Notice, (notice, party)) for _, party, notice in diary.gained)


def before_download(question: Question, work: Work, utc: Utc) -> Wait | None:
    """Say whether the image may be brought to the device.

    Returns:
        None for yes.

    Raises:
        RowsWanted: rows are missing: load them and call again.
    """
    wait = _may_not(question, work, utc)
    if wait is None and any(other.under_way for other in question.others):
        wait = Wait("another upgrade of the home is under way", utc + LOOK_AGAIN_S)
    if wait is not None:
        return wait
    time = _when(question, HomeStep.DOWNLOAD, work, utc)
    if isinstance(time, Wait):
        return time
    return None if time.at <= utc else _later(time, time.at, utc)


def activation(question: Question, work: Work, utc: Utc) -> Wait | Utc:
    """Say when the device may run what it holds.

    Returns:
        the time for the instruction, which is near; or a wait.

    Raises:
        RowsWanted: rows are missing: load them and call again.
    """
    wait = _may_not(question, work, utc)
    if wait is not None:
        return wait
    time = _when(question, HomeStep.ACTIVATION, work, utc)
    if isinstance(time, Wait):
        return time
    return time.at if time.at <= utc + AHEAD_S else _later(time, Utc(time.at - AHEAD_S), utc)


class StepTime(NamedTuple):
    """When a step may be done, and what else in the home it was put off for."""

    at: Utc
    because: str = ""


def _later(time: StepTime, look: Utc, utc: Utc) -> Wait:
    because = time.because or "its time has not come"
    return Wait(because, min(look, utc + MOST_WAIT_S))


def _may_not(question: Question, work: Work, utc: Utc) -> Wait | None:
    """Say what is missing before any time is looked for."""
    if timekeeping.in_doubt(work, utc):
        return Wait("the time is in doubt", utc + LOOK_AGAIN_S)
    if question.least_notice_s > 0:  # an emergency that waives it waits for no delivery either
        for party in question.home.suppliers:
            wait = _waits_for_notice(question, party, work, utc)
            if wait is not None:
                return wait
    waits = _consent(question, work, utc) or sequencing.out_of_order(
        question.release, question.device, question.home.home, question.others, work
    )
    return Wait(waits, utc + LOOK_AGAIN_S) if waits else None


def _waits_for_notice(question: Question, party: str, work: Work, utc: Utc) -> Wait | None:
    diary = work.get(HomeDiary, question.home.home)
    gained = [
        notice
        for campaign, gaining, notice in (diary.gained if diary else ())
        if (campaign, gaining) == (question.campaign, party)
    ]
    since = known_since(work, gained[-1] if gained else question.notice, party)
    if since is None:
        return Wait(f"notice has not reached {party}", utc + LOOK_AGAIN_S)
    ends = Utc(since + question.least_notice_s)
    if utc < ends:
        return Wait(f"notice to {party} is running", min(ends, utc + LOOK_AGAIN_S))
    return None


def _consent(question: Question, work: Work, utc: Utc) -> str:
    rule = work.get(ConsentRule, question.release.variant)
    if not consent.is_needed(rule, utc):
        return ""
    for party in question.home.suppliers:
        said = work.get(Consent, question.campaign, party)
        if said is None or not said.given:
            return f"{party} has not agreed"
    return ""


def _when(question: Question, step: HomeStep, work: Work, utc: Utc) -> Wait | StepTime:
    """Find the time of a step: the one that was chosen and holds, or else the default."""
    diary = work.get(HomeDiary, question.home.home)
    if diary is None:
        return _time(question, step, (), work, utc)
    put_off = work.get(Deferral, question.campaign, question.home.home)
    regardless = put_off is not None and put_off.regardless
    time = _time(question, step, () if regardless else diary.calendar, work, utc)
    _note_deferral(question, time, work, utc)
    return time


def _time(
    question: Question,
    step: HomeStep,
    entries: tuple[CalendarEntry, ...],
    work: Work,
    utc: Utc,
) -> Wait | StepTime:
    hours = question.hours(step)
    window = work.get(UpgradeWindow, question.campaign, step)
    if window is None:
        return first_clear(hours, step, entries, utc, _OPEN, utc)
    wished = slots.chosen(question.campaign, step, question.home, work)
    slot = slots.holding(wished, entries, utc, hours)
    if slot is not None:
        return StepTime(Utc(max(utc, slot.at_utc)))
    default = window.from_utc if window.default_utc is None else window.default_utc
    begin = Utc(max(utc, default))
    return first_clear(hours, step, entries, begin, window.until_utc, utc)


def first_clear(
    hours: StepHours,
    step: HomeStep,
    entries: tuple[CalendarEntry, ...],
    begin: Utc,
    until: float,
    utc: Utc,
) -> Wait | StepTime:
    """Find the first time of a step that nothing in the calendar is in the way of.

    Args:
        hours: of the step.
        step: which.
        entries: of the home's calendar.
        begin: not before.
        until: not after.
        utc: now.
    """
    at = next_open(hours.window, hours.blackout, begin)
    because = ""
    for _ in range(len(entries) + 1):
        if at > until:
            break
        hit = clash(entries, step, at, hours.lasts_s)
        if hit is None:
            return StepTime(at, because)
        because = f"calendar: {hit.kind}"
        at = next_open(hours.window, hours.blackout, Utc(hit.until_utc))
    return Wait(because or f"the window for its {step} is over", utc + LOOK_AGAIN_S)


def _note_deferral(question: Question, time: Wait | StepTime, work: Work, utc: Utc) -> None:
    because = time.reason if isinstance(time, Wait) else time.because
    if because.startswith("calendar"):
        deferrals.defer(
            work, question.campaign, question.home.home, because, utc, question.deferral_s
        )
    else:
        deferrals.over(work, question.campaign, question.home.home)
