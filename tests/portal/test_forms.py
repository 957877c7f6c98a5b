"""Forms of acts: what is given is read, or refused in one line at its field, whatever it is."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError
from ota_engine.fleet.approvals.rows import ChecklistItem
from ota_engine.fleet.approvals.testing import RecordEvidence
from ota_engine.fleet.calendar.lists import read_time
from ota_engine.fleet.calendar.rows import HomeStep
from ota_engine.fleet.calendar.slots import ChooseSlots
from ota_engine.fleet.campaigns.troubles import RaiseIncident
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.inventory.acts import FenceHomes
from ota_engine.portal.forms.making import NO_FORM, form_of, read_act
from ota_engine.portal.forms.moments import read_moment, write_moment

ACTS = [act for act in Fleet().acts if act.__name__ not in NO_FORM]
LONDON = "Europe/London"


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
@given(texts=st.lists(st.text(max_size=60), max_size=12))
def test_whatever_is_given_is_read_or_refused_in_one_line(act: type, texts: list[str]) -> None:
    form = form_of(act)
    filled = {field.name: texts[number : number + 2] for number, field in enumerate(form.fields)}
    found = read_act(form, filled, LONDON)
    assert (found.act is None) == bool(found.errors)
    for name, text in found.errors.items():
        assert name in {field.name for field in form.fields}
        assert text
        assert "\n" not in text


def test_a_form_that_is_filled_in_gives_its_act() -> None:
    given = {"incident": ["i1"], "campaign": ["c1"], "phase": ["2"], "category": ["0x3"]}
    found = read_act(form_of(RaiseIncident), {**given, "text": [" slow "]}, LONDON)
    assert found.act == RaiseIncident("i1", "c1", 2, 3, "slow")


def test_a_list_of_times_is_taken_with_either_sign_and_with_its_head() -> None:
    text = "home,time\nh1,2027-07-01 12:00\r\nh2=2027-01-01T12:00Z\n\n"
    wanted = {"campaign": ["c1"], "step": ["activation"], "slots": [text]}
    found = read_act(form_of(ChooseSlots), wanted, LONDON)
    noon = datetime(2027, 7, 1, 11, tzinfo=UTC).timestamp()
    new_year = datetime(2027, 1, 1, 12, tzinfo=UTC).timestamp()
    slots = (("h1", noon), ("h2", new_year))
    assert found.act == ChooseSlots("c1", HomeStep.ACTIVATION, slots)


def test_bad_lines_are_named_by_their_numbers() -> None:
    wanted = {"campaign": ["c1"], "step": ["activation"], "slots": ["h1=2027-07-01 12:00\nh2\nh3="]}
    found = read_act(form_of(ChooseSlots), wanted, LONDON)
    assert found.errors == {"slots": "line 2: write HOME=TIME; line 3: write HOME=TIME"}


def test_what_may_be_left_out_has_its_default() -> None:
    wanted = {"release": ["r1"], "item": ["board"], "sha256": ["AB" * 32], "text": ["minutes"]}
    found = read_act(form_of(RecordEvidence), {**wanted, "open_issues": ["0,0, 2 5,8"]}, LONDON)
    assert found.act == RecordEvidence(
        "r1", ChecklistItem.BOARD, "ab" * 32, "minutes", open_issues=(0, 0, 2, 5, 8)
    )


def test_homes_stand_one_to_a_line() -> None:
    wanted = {"ring_fence": ["lab"], "homes": ["homes\nh1\n h2 \n\n"], "purpose": []}
    assert read_act(form_of(FenceHomes), wanted, LONDON).act == FenceHomes("lab", ("h1", "h2"), "")


@given(st.integers(1_800_000_000, 1_900_000_000))
def test_a_time_that_is_shown_is_read_as_the_first_that_it_may_mean(utc: int) -> None:
    minute = utc // 60 * 60
    read = read_moment(write_moment(minute, LONDON), LONDON)
    assert float(read) in (minute, minute - 3_600)  # an hour comes twice in October


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)))
def test_times_of_britain_are_those_of_lists(moment: datetime) -> None:
    text = moment.strftime("%Y-%m-%d %H:%M")
    assert read_moment(text, LONDON) == read_time(text)


@pytest.mark.parametrize("text", ["", "soon", "1027-01-01 10:00", "2027-02-30 10:00", "\x1b[2J"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(LocalError) as refused:
        read_moment(text, LONDON)
    assert refused.value.args[0].isprintable()
