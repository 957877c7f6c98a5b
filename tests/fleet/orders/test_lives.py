"""The tables of orders, commands and documents: total, reachable, and never back."""

from enum import Enum
from typing import Any

import pytest

from ota_engine.fleet.orders.lives import (
    COMMANDS,
    DELIVERIES,
    DOCUMENTS,
    IN_PROGRESS,
    LIVE,
    DeliveryStep,
)
from ota_engine.fleet.orders.rows import CommandState, DeliveryState, DocumentState
from ota_engine.lifecycle import Lifecycle
from tests.fleet.campaigns.test_lives import reached

MACHINES = [
    (DELIVERIES, DeliveryState.ORDERED),
    (COMMANDS, CommandState.DRAFTED),
    (DOCUMENTS, DocumentState.WAITING),
]


@pytest.mark.parametrize(("machine", "initial"), MACHINES)
def test_every_pair_is_settled_and_every_state_is_reached(
    machine: Lifecycle[Any, Any, Any], initial: Enum
) -> None:
    states = set(type(initial))
    steps = {step for _, step in machine.transitions}
    pairs = set(machine.transitions) | machine.ignored | machine.impossible
    assert pairs == {(state, step) for state in states for step in steps}
    assert reached(machine.transitions, initial) == states


@pytest.mark.parametrize("state", [DeliveryState.REPLACED, DeliveryState.WITHDRAWN])
def test_nothing_leads_out_of_an_order_that_was_taken_back(state: DeliveryState) -> None:
    assert not [step for source, step in DELIVERIES.transitions if source is state]


def test_an_image_that_a_device_holds_has_arrived_for_good() -> None:
    for step in DeliveryStep:
        assert DELIVERIES.turn(DeliveryState.HELD, step) not in (
            DeliveryState.ORDERED,
            DeliveryState.ARRIVED,
        )


def test_what_is_under_way_may_still_come() -> None:
    assert IN_PROGRESS < LIVE


@pytest.mark.parametrize("state", [CommandState.CANCELLED, CommandState.WITHDRAWN])
def test_a_command_that_was_taken_back_is_not_sent(state: CommandState) -> None:
    assert CommandState.SENT not in {
        target for (source, _), target in COMMANDS.transitions.items() if source is state
    }
