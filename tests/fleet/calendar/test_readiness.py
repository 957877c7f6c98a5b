"""Whatever is agreed about a home: no step before its time, none in a clash, and no wait without an end."""

from collections.abc import Iterable
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.fleet.calendar import readiness
from ota_engine.fleet.calendar.diary import clash
from ota_engine.fleet.calendar.local_time import local_of
from ota_engine.fleet.calendar.readiness import Question, Wait
from ota_engine.fleet.calendar.rows import (
    CalendarEntry,
    Consent,
    ConsentRule,
    Deferral,
    EntryKind,
    HomeDiary,
    HomeStep,
    Slot,
    TimeMark,
    UpgradeWindow,
)
from ota_engine.fleet.calendar.slots import AHEAD_S
from ota_engine.fleet.calendar.windows import DailyWindow, StepHours
from ota_engine.fleet.inventory.rows import Home, HomeStatus
from ota_engine.fleet.kernel.rows import RowKey, Rows, RowsWanted, Select, key_of
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.delivery import LEAST_NOTICE_S
from ota_engine.fleet.notices.rows import Notice, NoticeKind, NoticeState
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus, ReleaseType
from ota_engine.times import Utc
from tests.tiers import examples

DAY = 86_400.0
NOW = Utc(1_803_000_000.0)
HOME = Home("h1", "North", "gw", HomeStatus.COMPLETE, "set-a", "east", "west")
RELEASE = FirmwareRelease(
    "r1", "hub-1", 2, "CPL", ReleaseType.PLANNED, "ab", ReleaseStatus.APPROVED, "olive", 1, ""
)
PARTIES = ("east", "west")
NOTICES = ("c/available", "gained")

around = st.integers(-30, 30).map(lambda day: NOW + day * DAY)
soon = st.integers(0, 24 * 20).map(lambda hour: NOW + hour * 3_600.0)


def notice(name: str, party: str, delivered: float | None) -> Notice:
    state = NoticeState.WAITING if delivered is None else NoticeState.DELIVERED
    return Notice(name, party, NoticeKind.AVAILABLE, "c", "t", "{}", 0.0, state, delivered)


long_ago = st.integers(-30, -8).map(lambda day: NOW + day * DAY)
known = st.one_of(st.none(), around)
entries = st.builds(
    lambda kind, begins, hours: CalendarEntry(
        "e", kind, "east", begins, begins + hours * 3_600.0, ""
    ),
    st.sampled_from(EntryKind),
    soon,
    st.integers(1, 100),
)


windows = st.builds(
    lambda step, begins, days, default: UpgradeWindow(
        "c", step, begins, begins + days * DAY, begins + DAY / 2 if default else None, None, 1
    ),
    st.sampled_from(HomeStep),
    soon,
    st.integers(1, 20),
    st.booleans(),
)
slots = st.builds(
    lambda step, party, at: Slot("c", "h1", step, party, at, "eve"),
    st.sampled_from(HomeStep),
    st.sampled_from(PARTIES),
    st.one_of(around, soon),
)
#: What may be otherwise than in a home where all is well; of rows with one key the last one counts.
CHANGES = st.one_of(
    st.builds(notice, st.just("c/available"), st.sampled_from(PARTIES), known),
    st.builds(notice, st.just("gained"), st.just("west"), known),
    st.builds(lambda until: ConsentRule("hub-1", until, "plan", "olive", 1), around),
    st.builds(lambda party: Consent("c", party, False, 0.0, "eve", ""), st.sampled_from(PARTIES)),
    st.builds(lambda off: TimeMark("time", NOW + off * DAY, NOW), st.sampled_from([1, -1, 2, -5])),
    st.builds(
        lambda some, gained: HomeDiary("h1", tuple(map(tuple, some)), gained),
        st.lists(entries, max_size=4),
        st.sampled_from([(), (("c", "west", "gained"),)]),
    ),
    st.builds(lambda go: Deferral("c", "h1", "calendar: x", 0.0, None, go), st.booleans()),
    windows,
    slots,
    slots,
)


@st.composite
def agreed(draw: st.DrawFn) -> list[Any]:
    """All that may be agreed about the home."""
    well = [
        *(notice(name, party, draw(long_ago)) for name in NOTICES for party in PARTIES),
        *(Consent("c", party, True, 0.0, "eve", "") for party in PARTIES),
        TimeMark("time", NOW, NOW + DAY),
    ]
    rows = {key_of(one): one for one in [*well, *draw(st.lists(CHANGES, max_size=8))]}
    return list(rows.values())


hours = st.builds(
    StepHours,
    st.sampled_from([DailyWindow(), DailyWindow("01:00", "04:00"), DailyWindow("22:00", "02:00")]),
    st.just((local_of(Utc(NOW + DAY)).date().isoformat(),)),
    st.sampled_from([0.0, 3_600.0]),
)
questions = st.builds(
    lambda one, other: Question(
        HOME, Eui64(1), "c", RELEASE, "c/available", LEAST_NOTICE_S, one, other
    ),
    hours,
    hours,
)


def asked(
    question: Question, rows: Iterable[Any], step: HomeStep
) -> tuple[Wait | Utc | None, Work]:
    """Ask, as a desk would: what is wanted is loaded, and the question put again."""
    there = {key_of(row): row for row in rows}
    loaded = Rows()
    while True:
        work = Work(loaded)
        try:
            readiness.prepare([question], work)
            if step is HomeStep.DOWNLOAD:
                return readiness.before_download(question, work, NOW), work
            return readiness.activation(question, work, NOW), work
        except RowsWanted as wanted:
            for ask in wanted.asks:
                loaded.load(ask, there.get(ask) if isinstance(ask, RowKey) else [])


def row(rows: Iterable[Any], kind: type[Any], *key: Any) -> Any:
    return next((one for one in rows if type(one) is kind and key_of(one).values == key), None)


def known_since(rows: list[Any], party: str) -> float | None:
    diary = row(rows, HomeDiary, "h1")
    names = [name for _, who, name in (diary.gained if diary else ()) if who == party]
    told = row(rows, Notice, names[-1] if names else "c/available", party)
    return None if told is None else told.delivered_utc


@examples(300)
@given(questions, agreed(), st.sampled_from(HomeStep))
@example(Question(HOME, Eui64(1), "c", RELEASE, "c/available"), [], HomeStep.DOWNLOAD)
def test_go_means_that_all_who_must_have_been_told_and_have_agreed(
    question: Question, rows: list[Any], step: HomeStep
) -> None:
    answer, _ = asked(question, rows, step)
    if isinstance(answer, Wait):
        return
    for party in PARTIES:
        since = known_since(rows, party)
        assert since is not None and since <= NOW - LEAST_NOTICE_S
        rule = row(rows, ConsentRule, "hub-1")
        if rule is not None and rule.until_utc > NOW:
            assert row(rows, Consent, "c", party).given
    mark = row(rows, TimeMark, "time")
    assert mark is None or abs(mark.seen_utc - NOW) <= 1.5 * DAY


@examples(600)
@given(questions, agreed(), st.sampled_from(HomeStep))
def test_go_means_that_the_time_is_near_and_nothing_is_in_the_way(
    question: Question, rows: list[Any], step: HomeStep
) -> None:
    answer, _ = asked(question, rows, step)
    if isinstance(answer, Wait):
        return
    at = NOW if answer is None else answer
    assert NOW <= at <= NOW + AHEAD_S
    assert local_of(at).date().isoformat() not in question.hours(step).blackout
    put_off = row(rows, Deferral, "c", "h1")
    diary = row(rows, HomeDiary, "h1")
    if diary is not None and not (put_off is not None and put_off.regardless):
        assert clash(diary.calendar, step, at, question.hours(step).lasts_s) is None


@given(st.sampled_from(HomeStep))
def test_an_emergency_that_waives_the_notice_waits_for_no_delivery(step: HomeStep) -> None:
    question = Question(HOME, Eui64(1), "c", RELEASE, "c/available", 0.0)
    answer, _ = asked(question, [notice("c/available", "east", None)], step)
    assert answer in (None, NOW)


@given(questions, agreed(), st.sampled_from(HomeStep))
def test_a_wait_has_a_reason_that_names_no_home_and_an_end_within_a_week(
    question: Question, rows: list[Any], step: HomeStep
) -> None:
    answer, _ = asked(question, rows, step)
    if isinstance(answer, Wait):
        assert answer.reason
        assert "h1" not in answer.reason
        assert NOW < answer.look_again_utc <= NOW + 7 * DAY


@given(questions, agreed(), st.sampled_from(HomeStep))
def test_asking_twice_answers_the_same_and_writes_nothing_but_deferrals_and_the_time(
    question: Question, rows: list[Any], step: HomeStep
) -> None:
    answer, work = asked(question, rows, step)
    again, _ = asked(question, rows, step)
    assert answer == again
    kinds = {type(effect).__name__ for effect in work.effects}
    assert kinds <= {"Put", "Drop", "AuditNote"}


@given(questions, agreed())
def test_the_keys_that_are_named_first_suffice_where_nothing_is_agreed(
    question: Question, rows: list[Any]
) -> None:
    loaded = Rows()
    for ask in readiness.keys([question]):
        loaded.load(ask, [] if isinstance(ask, Select) else None)
    answer = readiness.before_download(question, Work(loaded), NOW)
    assert answer is not None and answer.reason == "notice has not reached east"
