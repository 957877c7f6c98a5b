"""Lists that suppliers write: every bad line is named, whatever is in it, and local time is local."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.fleet.calendar.lists import read_slots, read_time
from ota_engine.fleet.calendar.local_time import local_of


def test_a_time_without_a_zone_is_local_in_summer_and_in_winter() -> None:
    assert read_time("2027-01-15 12:00") == read_time("2027-01-15T12:00Z")
    assert read_time("2027-07-15 12:00") == read_time("2027-07-15T11:00Z")


def test_the_hour_that_is_not_there_in_march_means_the_end_of_it() -> None:
    assert read_time("2027-03-28 01:30") == read_time("2027-03-28T01:00Z")


def test_the_hour_that_comes_twice_in_october_means_the_first() -> None:
    assert read_time("2027-10-31 01:30") == read_time("2027-10-31T00:30Z")


def test_times_of_many_homes_are_read() -> None:
    rows = [(number, {"home": f"h{number}", "time": "2027-02-01T02:00Z"}) for number in (2, 3)]
    assert read_slots(rows) == (("h2", 1_801_447_200.0), ("h3", 1_801_447_200.0))


def test_every_bad_line_is_named_with_its_number_and_what_is_wrong() -> None:
    rows = [
        (2, {"home": "h1", "time": "2027-02-01T02:00Z"}),
        (3, {"home": "h2", "time": "soon"}),
        (4, {"home": " ", "time": "2027-02-01T02:00Z"}),
    ]
    with pytest.raises(LocalError) as caught:
        read_slots(rows)
    assert str(caught.value) == (
        "line 3: 'soon' is no time: write 2027-03-28 02:30, or 2027-03-28T01:30Z;"
        " line 4: it has no home"
    )


def test_of_very_many_bad_lines_five_are_named_and_the_others_counted() -> None:
    rows: list[tuple[int, dict[str, str]]] = [(number, {}) for number in range(2, 5_002)]
    with pytest.raises(LocalError, match=r"line 6: it has no home; and 4,995 more$"):
        read_slots(rows)


def test_the_longest_refusal_is_a_line_that_can_be_read() -> None:
    rows = [(number, {"home": "h", "time": "2" * 9_000}) for number in range(2, 5_002)]
    with pytest.raises(LocalError) as refused:
        read_slots(rows)
    assert len(str(refused.value)) < 1_000


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(LocalError, match="one for each home"):
        read_slots([])


@given(
    st.lists(
        st.tuples(
            st.integers(1, 9),
            st.dictionaries(st.sampled_from(["home", "time", "other"]), st.text()),
        )
    )
)
def test_whatever_is_in_a_list_it_is_read_or_refused_in_one_line(
    rows: list[tuple[int, dict[str, str]]],
) -> None:
    try:
        read_slots(rows)
    except LocalError as error:
        assert "\n" not in str(error)


@given(st.text())
def test_whatever_is_given_as_a_time_is_a_time_or_refused(text: str) -> None:
    try:
        read_time(text)
    except LocalError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59-12:00"])
def test_a_year_that_nobody_plans_for_is_refused(time: str) -> None:
    with pytest.raises(LocalError, match="no year of ours"):
        read_time(time)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2999, 12, 31)))
def test_a_local_time_that_is_there_is_shown_by_the_clocks_at_that_time(moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    shown = local_of(read_time(moment.isoformat()))
    assert shown == moment or (moment.hour, moment.month, shown.hour) == (1, 3, 2)
