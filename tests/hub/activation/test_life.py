"""The table of an order's life: total, reachable, and never certain without the device's word."""

import itertools

import pytest

from ota_engine.hub.activation.life import (
    FINAL,
    IGNORED,
    IMPOSSIBLE,
    TRANSITIONS,
    OrderAction,
    OrderStep,
    turn,
)
from ota_engine.records import OrderState

PAIRS = list(itertools.product(OrderState, OrderStep))
DEVICE = {OrderStep.ACCEPT, OrderStep.ACTIVATE, OrderStep.FAIL, OrderStep.CANCEL}


def test_every_pair_is_in_exactly_one_place() -> None:
    for pair in PAIRS:
        places = [pair in TRANSITIONS, pair in IGNORED, pair in IMPOSSIBLE]
        assert places.count(True) == 1, pair
    assert len(TRANSITIONS) + len(IGNORED) + len(IMPOSSIBLE) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1].name}")
def test_a_step_does_what_the_table_says(pair: tuple[OrderState, OrderStep]) -> None:
    state, step = pair
    if pair in IMPOSSIBLE:
        with pytest.raises(AssertionError, match="no transition"):
            turn(state, step)
    elif pair in IGNORED:
        assert turn(state, step) == (state, None)
    else:
        assert turn(state, step) == TRANSITIONS[pair]


def test_every_state_is_reached_from_drafted() -> None:
    reached = {OrderState.DRAFTED}
    while True:
        more = {after.state for (state, _), after in TRANSITIONS.items() if state in reached}
        if more <= reached:
            break
        reached |= more
    assert reached == set(OrderState)


def test_every_state_that_is_not_final_has_a_way_to_an_end() -> None:
    for state in set(OrderState) - FINAL:
        ends, seen = set(), {state}
        while seen:
            now = seen.pop()
            ends.add(now)
            after = {turn.state for (one, _), turn in TRANSITIONS.items() if one is now}
            seen |= after - ends
        assert ends & FINAL, state


def test_only_the_devices_word_activates_fails_or_accepts() -> None:
    for (state, step), after in TRANSITIONS.items():
        told = {OrderState.ACTIVATED, OrderState.FAILED, OrderState.ACCEPTED}
        if after.state in told and after.state is not state:
            assert step in DEVICE, (state, step)


def test_what_may_have_left_is_cancelled_only_by_the_device() -> None:
    for (state, step), after in TRANSITIONS.items():
        if after.state is OrderState.CANCELLED and state not in {
            OrderState.DRAFTED,
            OrderState.CANCELLED,
        }:
            assert step is OrderStep.CANCEL


def test_an_activation_is_never_overridden() -> None:
    for step in OrderStep:
        if (OrderState.ACTIVATED, step) not in IMPOSSIBLE:
            assert turn(OrderState.ACTIVATED, step).state is OrderState.ACTIVATED


def test_nothing_is_sent_once_an_order_has_ended() -> None:
    for state in FINAL:
        for step in OrderStep:
            if (state, step) not in IMPOSSIBLE:
                assert turn(state, step).action not in {OrderAction.RESEND, OrderAction.REVOKE}


def test_every_end_is_told() -> None:
    telling = {OrderAction.REPORT, OrderAction.CORRECT, OrderAction.CONTRADICTION}
    for (state, _), after in TRANSITIONS.items():
        if after.state in FINAL and after.state is not state:
            assert after.action in telling


def test_a_repetition_is_told_to_nobody_but_the_audit() -> None:
    for state, step in (
        (OrderState.ACTIVATED, OrderStep.ACTIVATE),
        (OrderState.FAILED, OrderStep.FAIL),
        (OrderState.CANCELLED, OrderStep.CANCEL),
        (OrderState.ACCEPTED, OrderStep.ACCEPT),
    ):
        assert turn(state, step) == (state, OrderAction.DUPLICATE)
