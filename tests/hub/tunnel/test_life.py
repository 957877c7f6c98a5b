"""The table of a sender: total, every state reached and left, and nothing lost in silence."""

import itertools

import pytest

from ota_engine.hub.tunnel.life import TABLE, TRANSITIONS, LineAction, LineEvent, LineState, turn

CELLS = {
    (state, LineEvent[row[0]]): cell
    for row in (line.split() for line in TABLE.strip().splitlines()[1:])
    for state, cell in zip(LineState, row[1:], strict=True)
}


def test_every_pair_is_in_the_table_once() -> None:
    assert set(CELLS) == set(itertools.product(LineState, LineEvent))
    names = [line.split()[0] for line in TABLE.strip().splitlines()[1:]]
    assert sorted(names) == sorted(LineEvent.__members__)
    assert TABLE.split()[: len(LineState)] == list(LineState.__members__)


@pytest.mark.parametrize(("state", "event"), CELLS)
def test_a_pair_that_cannot_happen_is_a_defect_and_others_do_what_they_say(
    state: LineState, event: LineEvent
) -> None:
    cell = CELLS[state, event]
    if cell == "-":
        with pytest.raises(AssertionError, match="no transition"):
            turn(state, event)
        return
    done = turn(state, event)
    assert cell == ("." if done is None else f"{done.state.name}+{done.action.name}")


def test_every_state_is_reached_and_left_and_every_action_is_used() -> None:
    assert {done.state for done in TRANSITIONS.values()} == set(LineState)
    assert {state for state, _ in TRANSITIONS} == set(LineState)
    assert {done.action for done in TRANSITIONS.values()} == set(LineAction)


def test_a_message_never_ends_without_word() -> None:
    """Whatever leads back to idle tells what became of the message, or keeps it."""
    telling = {LineAction.DELIVERED, LineAction.UNDELIVERED, LineAction.KEEP}
    for done in TRANSITIONS.values():
        assert (done.state is LineState.IDLE) == (done.action in telling)


def test_silence_ends_every_state_but_idle() -> None:
    for state in (LineState.OPENING, LineState.SENDING):
        assert TRANSITIONS[state, LineEvent.EXHAUSTED].state is LineState.IDLE
