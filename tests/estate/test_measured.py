"""What a soak measures, and what a rehearsal reads of it: numbers in, the same numbers out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.estate.scenario import with_measured
from emulators.simulation.measured import (
    Journey,
    JourneyTimes,
    MeanSpan,
    MeasuredSpan,
    measure,
    measured_span,
    model_text,
    read_model,
)
from emulators.soak.soak import SoakSpec, merge, run_shard
from ota_engine.errors import LocalError
from ota_engine.records import SessionState
from tests.estate.estates import rehearse, small

SECONDS = st.floats(min_value=0, max_value=1e7)
HUB = "communications hub"


def test_a_journey_is_measured_from_one_state_to_the_next() -> None:
    times = JourneyTimes()
    for state, now in (
        (SessionState.ASSIGNED, 0.0),
        (SessionState.DOWNLOADING, 10.0),
        (SessionState.STALLED, 20.0),
        (SessionState.DOWNLOADING, 30.0),
        (SessionState.SCHEDULED, 60.0),
        (SessionState.RESTARTING, 100.0),
        (SessionState.UPDATED, 107.0),
    ):
        times.saw(state, now)
    assert times.journey(HUB, "") == Journey(HUB, 10.0, 50.0, 7.0, "")


def test_a_device_that_never_asked_has_no_times() -> None:
    times = JourneyTimes()
    times.saw(SessionState.OFFERED, 1.0)
    assert times.journey("ihd", "") == Journey("ihd", None, None, None, "")


@given(st.lists(SECONDS, min_size=1, max_size=60))
def test_a_measured_span_begins_with_the_shortest_ends_with_the_longest_and_never_falls(
    seen: list[float],
) -> None:
    span = measured_span(seen)
    assert span is not None
    told = [span.at(number / 100) for number in range(101)]
    assert told == sorted(told)
    assert told[0] == pytest.approx(min(seen), abs=1e-3)
    assert told[-1] == pytest.approx(max(seen), abs=1e-3)


def test_a_mean_is_what_its_draws_have_on_the_average() -> None:
    span = MeanSpan(100.0)
    drawn = [span.at((number + 0.5) / 10_000) for number in range(10_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(100.0, rel=0.01)


def test_shares_of_failures_and_of_the_unheard_add_up() -> None:
    model = measure(
        [
            Journey(HUB, 1.0, 2.0, 3.0, ""),
            Journey(HUB, 1.0, None, None, "refused"),
            Journey(HUB, None, None, None, ""),
            Journey(HUB, 1.0, 2.0, 3.0, ""),
        ],
        "harsh",
        1,
    )
    kind = model.kinds[HUB]
    assert (kind.devices, kind.fails, kind.unheard) == (4, {"refused": 0.25}, 0.25)
    assert kind.transfer == MeasuredSpan((2.0,) * 41)


def test_a_model_that_is_written_is_read_as_it_was_and_rehearsed_with() -> None:
    spec = SoakSpec(devices=10, hours=4, seed=1, faults="mild", image_size=4_096)
    result = merge(spec, {0: run_shard(spec, 0, spec.firmware())}, 1.0)
    model = result.measured()
    assert read_model(model_text(model)) == model
    assert model.kinds[HUB].devices == 1
    measured = with_measured(small(200, good=True), model)
    assert measured.model.transfer == model.kinds[HUB].transfer
    rehearsed = rehearse(measured)
    assert rehearsed.complete
    assert rehearsed.journal_sha256 != rehearse(small(200, good=True)).journal_sha256


def test_a_model_without_hubs_is_refused() -> None:
    model = measure([Journey("ihd", 1.0, 2.0, 3.0, "")], "none", 1)
    with pytest.raises(LocalError, match="no communications hub"):
        with_measured(small(), model)


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["version", "kinds", "faults", "seed", "a"]), inner)
        ),
    ).map(json.dumps)
)
def test_any_text_is_a_model_or_refused_in_one_line(text: str) -> None:
    try:
        read_model(text)
    except LocalError as refused:
        assert "\n" not in str(refused)


@pytest.mark.parametrize(
    "change",
    [
        ('"version": 1', '"version": 2'),
        ('"unheard": 0.0', '"unheard": 2.0'),
        ('"points": [', '"points": [9e9, '),
        ('"seed": 1', '"seed": "one"'),
    ],
)
def test_a_model_that_cannot_be_is_refused(change: tuple[str, str]) -> None:
    text = model_text(measure([Journey(HUB, 1.0, 2.0, 3.0, "")], "none", 1))
    assert change[0] in text
    with pytest.raises(LocalError):
        read_model(text.replace(*change))
