"""The table of a sender: total, every state reached and left, and nothing lost in silence."""

import itertools

from ota_engine.hub.tunnel.life import TABLE, TRANSITIONS, TURNS, LineAction, LineEvent, LineState

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


def test_a_pair_that_cannot_happen_has_no_turn() -> None:
    assert set(TURNS) == {pair for pair, cell in CELLS.items() if cell != "-"}


def test_every_state_is_reached_and_left_and_every_action_is_used() -> None:
    assert {turn.state for turn in TRANSITIONS.values()} == set(LineState)
    assert {state for state, _ in TRANSITIONS} == set(LineState)
    assert {turn.action for turn in TRANSITIONS.values()} == set(LineAction)


def test_a_message_never_ends_without_word() -> None:
    """Whatever leads back to idle tells what became of the message, or keeps it."""
    telling = {LineAction.DELIVERED, LineAction.UNDELIVERED, LineAction.KEEP}
    for turn in TRANSITIONS.values():
        assert (turn.state is LineState.IDLE) == (turn.action in telling)


def test_silence_ends_every_state_but_idle() -> None:
    for state in (LineState.OPENING, LineState.SENDING):
        assert TRANSITIONS[state, LineEvent.EXHAUSTED].state is LineState.IDLE
