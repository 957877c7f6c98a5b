"""The time of a step: what was chosen where it can hold, else the first that nothing is in the way of."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.fleet.calendar.diary import CLASHES, clash
from ota_engine.fleet.calendar.local_time import local_of
from ota_engine.fleet.calendar.readiness import Wait, first_clear
from ota_engine.fleet.calendar.rows import CalendarEntry, EntryKind, HomeStep, Slot
from ota_engine.fleet.calendar.slots import holding
from ota_engine.fleet.calendar.windows import DailyWindow, StepHours, clock, next_open
from ota_engine.times import Utc

DAY = 86_400.0
BEGIN = Utc(1_803_000_000.0)  # three weeks before clocks change in March 2027

moments = st.integers(0, 60 * 24).map(lambda hours: Utc(BEGIN + hours * 3_600.0))
clock_times = st.integers(0, 23).map(lambda hour: f"{hour:02}:00")
windows = st.builds(DailyWindow, clock_times, clock_times)
days_off = st.sets(st.integers(0, 60), max_size=5).map(
    lambda numbers: tuple(
        (local_of(BEGIN).date() + timedelta(days=number)).isoformat() for number in numbers
    )
)
hours_of = st.builds(StepHours, windows, days_off, st.sampled_from([0.0, 3_600.0, 7_200.0]))
steps = st.sampled_from(HomeStep)


@st.composite
def entries(draw: st.DrawFn) -> CalendarEntry:
    start = draw(moments)
    length = draw(st.integers(1, 200)) * 3_600.0
    kind = draw(st.sampled_from(EntryKind))
    return CalendarEntry("e", kind, "east", start, start + length, "")


calendars = st.lists(entries(), max_size=6).map(tuple)


def is_open(hours: StepHours, at: Utc) -> bool:
    local = local_of(at)
    if local.date().isoformat() in hours.blackout:
        return False
    begins, ends, now = clock(hours.window.begins), clock(hours.window.ends), local.time()
    if begins == ends:
        return True
    return begins <= now < ends if begins < ends else now >= begins or now < ends


@given(hours_of, moments)
def test_a_step_opens_within_its_hours_on_a_day_that_is_not_off(hours: StepHours, utc: Utc) -> None:
    at = next_open(hours.window, hours.blackout, utc)
    assert at >= utc
    assert is_open(hours, at)


@given(hours_of, moments)
def test_no_quarter_of_an_hour_before_was_open(hours: StepHours, utc: Utc) -> None:
    at = next_open(hours.window, hours.blackout, utc)
    earlier = utc
    while earlier < at:
        assert not is_open(hours, earlier)
        earlier = Utc(earlier + 900.0)


@given(hours_of, steps, calendars, moments)
def test_a_time_that_is_found_is_open_and_clashes_with_nothing(
    hours: StepHours, step: HomeStep, calendar: tuple[CalendarEntry, ...], utc: Utc
) -> None:
    found = first_clear(hours, step, calendar, utc, float("inf"), utc)
    assert not isinstance(found, Wait)
    assert found.at >= utc
    assert is_open(hours, found.at)
    assert clash(calendar, step, found.at, hours.lasts_s) is None


@given(hours_of, steps, calendars, moments, st.floats(0, 30))
def test_no_time_is_found_after_the_window_and_then_the_home_waits(
    hours: StepHours, step: HomeStep, calendar: tuple[CalendarEntry, ...], utc: Utc, days: float
) -> None:
    until = utc + days * DAY
    found = first_clear(hours, step, calendar, utc, until, utc)
    if isinstance(found, Wait):
        assert found.look_again_utc > utc
    else:
        assert found.at <= until


@st.composite
def wishes(draw: st.DrawFn, step: HomeStep) -> list[Slot]:
    times = draw(st.lists(moments, max_size=4))
    return [Slot("c", "h", step, f"p{n}", at, "eve") for n, at in enumerate(sorted(times))]


@given(st.data(), hours_of, steps, calendars, moments)
def test_the_earliest_chosen_time_that_clashes_with_nothing_holds(
    data: st.DataObject,
    hours: StepHours,
    step: HomeStep,
    calendar: tuple[CalendarEntry, ...],
    utc: Utc,
) -> None:
    wished = data.draw(wishes(step))
    good = []
    for slot in wished:
        at = Utc(max(slot.at_utc, utc))
        missed = slot.at_utc < utc and step is HomeStep.ACTIVATION
        off = local_of(at).date().isoformat() in hours.blackout
        if not missed and not off and clash(calendar, step, at, hours.lasts_s) is None:
            good.append(slot)
    assert holding(wished, calendar, utc, hours) == (good[0] if good else None)


def test_every_kind_of_entry_is_in_the_way_of_some_step() -> None:
    assert CLASHES.keys() == set(EntryKind)
    assert all(CLASHES.values())


def test_a_window_over_midnight_goes_on_after_a_day_off() -> None:
    hours = StepHours(DailyWindow("22:00", "04:00"), ("2027-03-10",))
    noon = Utc(1_804_593_600.0)  # 2027-03-09 12:00
    late = next_open(hours.window, hours.blackout, Utc(noon + 12.5 * 3_600))
    assert local_of(late).isoformat() == "2027-03-11T00:00:00"
    assert local_of(late).date() == date(2027, 3, 11)
