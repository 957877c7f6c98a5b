"""The table of sessions: total, its sets apart, every state reachable, ends that stay ends."""

from collections.abc import Iterator
from itertools import product

import pytest

from ota_engine.hub.delivery.session import (
    FINAL,
    HOLDING,
    IGNORED,
    IMPOSSIBLE,
    TRANSITIONS,
    SessionStep,
    next_state,
)
from ota_engine.records import SessionState

PAIRS = tuple(product(SessionState, SessionStep))


def test_every_pair_is_a_row_or_ignored_or_impossible_and_only_one_of_them() -> None:
    assert len(PAIRS) == len(SessionState) * len(SessionStep)
    for pair in PAIRS:
        assert [pair in TRANSITIONS, pair in IGNORED, pair in IMPOSSIBLE].count(True) == 1, pair


@pytest.mark.parametrize(("state", "step"), PAIRS)
def test_next_state_does_what_the_table_says(state: SessionState, step: SessionStep) -> None:
    if (state, step) in IMPOSSIBLE:
        with pytest.raises(AssertionError, match=r"no transition"):
            next_state(state, step)
    else:
        assert next_state(state, step) is TRANSITIONS.get((state, step))


def reachable(start: SessionState) -> Iterator[SessionState]:
    seen = {start}
    frontier = [start]
    while frontier:
        state = frontier.pop()
        yield state
        for (source, _), target in TRANSITIONS.items():
            if source is state and target not in seen:
                seen.add(target)
                frontier.append(target)


def test_every_state_can_be_reached_from_assigned() -> None:
    assert set(reachable(SessionState.ASSIGNED)) == set(SessionState)


def test_only_the_devices_own_word_makes_it_updated() -> None:
    for (_, step), target in TRANSITIONS.items():
        assert (target is SessionState.UPDATED) == (step is SessionStep.REPORTED_NEW)


def test_restarting_is_reached_only_by_an_order_to_apply() -> None:
    steps = {step for (_, step), target in TRANSITIONS.items() if target is SessionState.RESTARTING}
    assert steps == {SessionStep.APPLY}


def test_aborted_is_left_by_nothing() -> None:
    assert all(source is not SessionState.ABORTED for source, _ in TRANSITIONS)


def test_an_ended_session_lives_on_only_by_a_new_offer_a_report_or_an_abort() -> None:
    steps = {step for source, step in TRANSITIONS if source in FINAL}
    assert steps == {
        SessionStep.OFFER,
        SessionStep.REPORTED_NEW,
        SessionStep.RELAPSE,
        SessionStep.ABORT,
    }


def test_a_device_that_holds_its_image_does_not_fall_back_to_downloading() -> None:
    for state in HOLDING:
        assert SessionState.DOWNLOADING not in {
            target for (source, _), target in TRANSITIONS.items() if source is state
        }
