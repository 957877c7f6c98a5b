"""State machines as text: what a table says is what happens, and a table with a gap is refused."""

from enum import Enum

import pytest

from ota_engine.lifecycle import read_lifecycle, state_alone


class Door(Enum):
    OPEN = 1
    SHUT = 2


class Hand(Enum):
    PUSH = 1
    KNOCK = 2


TABLE = """
       opn       sht
PUSH   sht+creak -
KNOCK  .         opn
"""


def turned(state: Door, action: str) -> tuple[Door, str]:
    return state, action


def test_a_cell_names_the_next_state_and_what_is_to_be_done() -> None:
    door = read_lifecycle(TABLE, Door, Hand, turned)
    assert door.turn(Door.OPEN, Hand.PUSH) == (Door.SHUT, "creak")
    assert door.turn(Door.SHUT, Hand.KNOCK) == (Door.OPEN, "")
    assert door.turn(Door.OPEN, Hand.KNOCK) is None
    with pytest.raises(AssertionError, match="no transition from"):
        door.turn(Door.SHUT, Hand.PUSH)
    pairs = {(state, event) for state in Door for event in Hand}
    assert door.transitions.keys() | door.ignored | door.impossible == pairs


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace("KNOCK  .         opn", ""),
        TABLE.replace(" -\n", "\n"),
        TABLE.replace("KNOCK", "KICK"),
        TABLE + "PULL . .",
        TABLE.replace("opn       sht", "opn"),
        TABLE.replace("sht+creak", "ajar"),
    ],
)
def test_a_table_with_a_gap_or_a_strange_word_is_refused(table: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_lifecycle(table, Door, Hand, turned)


def test_in_a_table_without_actions_a_cell_is_the_next_state_alone() -> None:
    door = read_lifecycle(TABLE.replace("+creak", ""), Door, Hand, state_alone)
    assert door.turn(Door.OPEN, Hand.PUSH) is Door.SHUT
    with pytest.raises(ValueError, match="creak: this table has no actions"):
        read_lifecycle(TABLE, Door, Hand, state_alone)
