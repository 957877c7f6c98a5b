"""State machines as text: reads a table of states and events; knows neither of them.

A table has one row for every event and one column for every state, in the order of their
enumerations; its first line heads the columns. A cell is ``.`` where the event may come and means
nothing, ``-`` where it cannot come, and otherwise the heading of the next state, with what is to be
done after a ``+``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

IGNORED: Final = "."
IMPOSSIBLE: Final = "-"

State = TypeVar("State", bound=Enum)
Event = TypeVar("Event", bound=Enum)
Turn = TypeVar("Turn")


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[State, Event, Turn]):
    """A table that was read: every pair of a state and an event is in one of the three.

    Attributes:
        transitions: what the pairs that do something do.
        ignored: pairs that may happen and change nothing.
        impossible: pairs that cannot happen; one that does is a defect of ours.
    """

    transitions: Mapping[tuple[State, Event], Turn]
    ignored: frozenset[tuple[State, Event]]
    impossible: frozenset[tuple[State, Event]]

    def turn(self, state: State, event: Event) -> Turn | None:
        """Say what an event does in a state; None where it means nothing.

        Raises:
            AssertionError: it cannot happen there (a defect of ours).
        """
        pair = (state, event)
        if pair in self.impossible:
            raise AssertionError(f"no transition from {state!r} on {event!r}")
        return self.transitions.get(pair)


def state_alone(state: State, action: str) -> State:
    """The turn of a table without actions: the next state alone.

    Raises:
        ValueError: a cell has an action.
    """
    if action:
        raise ValueError(f"{action}: this table has no actions")
    return state


def read_lifecycle(
    table: str, states: type[State], events: type[Event], read: Callable[[State, str], Turn]
) -> Lifecycle[State, Event, Turn]:
    """Read a table.

    Args:
        table: the text.
        states: heads of the columns, in this order.
        events: named at the beginning of the rows, in this order.
        read: makes a turn of the next state and the word after the ``+``, empty without one;
            ``state_alone`` where no cell has one.

    Raises:
        ValueError: a row or column is missing, or one too many (a defect of ours, as are the others).
        KeyError: a cell names no state.
    """
    heads, *rows = (line.split() for line in table.strip().splitlines())
    named = dict(zip(heads, states, strict=True))
    cells = {
        (state, event): cell
        for (name, *line), event in zip(rows, events, strict=True)
        for state, cell in zip(states, line, strict=True)
        if _is_row_of(event, name)
    }

    def turn(cell: str) -> Turn:
        head, _, action = cell.partition("+")
        return read(named[head], action)

    return Lifecycle(
        {pair: turn(cell) for pair, cell in cells.items() if cell not in {IGNORED, IMPOSSIBLE}},
        frozenset(pair for pair, cell in cells.items() if cell == IGNORED),
        frozenset(pair for pair, cell in cells.items() if cell == IMPOSSIBLE),
    )


def _is_row_of(event: Enum, name: str) -> bool:
    if event.name != name:
        raise ValueError(f"the row of {event.name} is headed {name}")
    return True
