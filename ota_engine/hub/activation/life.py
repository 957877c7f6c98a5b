"""Where one order stands: the state machine, as a table; knows no messages and decides nothing.

The two happy paths::

    drafted -> committed -> sent -> activated                       now
    drafted -> committed -> sent -> accepted -> due -> activated    at a time

Only a verified word of the device leads to *accepted*, *activated*, *failed*, or, once the order may
have left us, *cancelled*. An order that is *committed* may have left us: a crash can fall between
the frame and the row that says so. Hence such an order is never simply dropped; it is cancelled by
a command of its own.

An activation is a fact, a failure is an opinion: *activated* overrides every other end and is never
overridden. Both contradictions are audited. An *expired* order believes a device that speaks late.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from ota_engine.lifecycle import read_lifecycle
from ota_engine.records import OrderState


class OrderStep(StrEnum):
    """What can happen to an order."""

    COMMIT = "counter drawn, command built and stored"
    SEND = "command on its way"
    RETRY = "not answered for a while"
    ACCEPT = "device noted it"
    TIME = "execution time has come"
    ACTIVATE = "device activated the image"
    FAIL = "device did not activate"
    WITHDRAW = "operator cancels"
    CANCEL = "device accepted the cancellation"
    LAPSE = "not answered in time"


class OrderAction(StrEnum):
    """What is to be done besides storing the order."""

    RESEND = "send the same octets again"
    REVOKE = "send its cancellation"
    REPORT = "tell the outcome"
    DUPLICATE = "audit a repetition"
    LATE = "audit a late answer"
    CORRECT = "audit a late answer, and tell that the order has not expired"
    CONTRADICTION = "audit a contradiction, and tell of it"


class OrderTransition(NamedTuple):
    """What a step does.

    Attributes:
        state: where the order stands now.
        action: what is to be done besides storing it, None for nothing.
    """

    state: OrderState
    action: OrderAction | None


#: One row for every step, one column for every state, in the order of ``OrderState``. A cell is the
#: next state, with the action after a "+", or "." where the step may happen and changes nothing, or
#: "-" where it cannot happen.
TABLE = """
          draf        comm        sent        accp        due         actv        fail        canc        expr
COMMIT    comm        -           -           -           -           -           -           -           -
SEND      -           sent        .           .           .           .           .           .           .
RETRY     -           comm+resend sent+resend .           .           .           .           .           .
ACCEPT    -           accp        accp        accp+dupl   due+late    actv+late   fail+late   canc+late   accp+corr
TIME      .           expr+report due         due         .           .           .           .           .
ACTIVATE  -           actv+report actv+report actv+report actv+report actv+dupl   actv+contra actv+contra actv+corr
FAIL      -           fail+report fail+report fail+report fail+report actv+contra fail+dupl   canc+contra fail+corr
WITHDRAW  canc+report comm+revoke sent+revoke accp+revoke due+revoke  .           .           .           .
CANCEL    -           canc+report canc+report canc+report canc+report actv+late   fail+late   canc+dupl   canc+corr
LAPSE     .           expr+report expr+report .           expr+report .           .           .           .
"""

_ACTIONS = {
    "resend": OrderAction.RESEND,
    "revoke": OrderAction.REVOKE,
    "report": OrderAction.REPORT,
    "dupl": OrderAction.DUPLICATE,
    "late": OrderAction.LATE,
    "corr": OrderAction.CORRECT,
    "contra": OrderAction.CONTRADICTION,
}


def _turn(state: OrderState, action: str) -> OrderTransition:
    return OrderTransition(state, _ACTIONS[action] if action else None)


ORDERS: Final = read_lifecycle(TABLE, OrderState, OrderStep, _turn)

#: (state, step) -> next state and action.
TRANSITIONS: Final = ORDERS.transitions
#: Pairs that may happen and change nothing.
IGNORED: Final = ORDERS.ignored
#: Pairs that cannot happen; one that does is a defect of ours.
IMPOSSIBLE: Final = ORDERS.impossible

#: States that end an order; a late word of the device may still change them.
FINAL = frozenset(
    (OrderState.ACTIVATED, OrderState.FAILED, OrderState.CANCELLED, OrderState.EXPIRED)
)


def turn(state: OrderState, step: OrderStep) -> OrderTransition:
    """Say where a step leads and what is to be done.

    Raises:
        AssertionError: the step cannot happen in this state (a defect of ours).
    """
    return ORDERS.turn(state, step) or OrderTransition(state, None)
