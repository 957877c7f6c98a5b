"""One order and its commands; knows keys only as a keystore, and the time only as it is told."""

from dataclasses import replace
from datetime import UTC, datetime

from ota_engine.errors import LocalError
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import CANCELLATION_TIME
from ota_engine.gbcs.protection import protect
from ota_engine.hub.activation.life import FINAL, OrderAction, OrderStep, turn
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import Utc


def has_ended(order: OrderRecord) -> bool:
    """Whether nothing more is done for an order; a late word may still change it."""
    return order.state in FINAL


def takes_back(order: OrderRecord) -> bool:
    """Whether a command that was passed on is a cancellation."""
    return order.passed and order.execution_utc == CANCELLATION_TIME.timestamp()


def may_send(order: OrderRecord) -> bool:
    """Whether the command may be sent, again or for the first time; not once it is revoked."""
    waiting = order.state in {OrderState.COMMITTED, OrderState.SENT}
    return waiting and order.cancel_counter is None


def step_order(
    order: OrderRecord, step: OrderStep, utc: Utc, reason: str = ""
) -> tuple[OrderRecord, OrderAction | None]:
    """Let something happen to an order.

    An order that is revoked is never sent again; a retry repeats its cancellation instead.

    Args:
        order: as it was.
        step: what happens.
        utc: when.
        reason: why it stands where it then stands; kept as it was when empty, or when the step
            changes nothing.

    Raises:
        AssertionError: it cannot happen in this state (a defect of ours).
    """
    state, action = turn(order.state, step)
    if step is OrderStep.RETRY and order.cancel_counter is not None and not has_ended(order):
        action = OrderAction.REVOKE  # what is awaited is the answer to the cancellation
    if state is order.state:
        return order, action
    return replace(order, state=state, since_utc=utc, reason=reason or order.reason), action


def commit_order(order: OrderRecord, counter: int, keys: Keystore) -> OrderRecord:
    """Build the command of a drafted order, a CS06, and commit to it (GBCS v1, annex 3).

    Args:
        order: drafted.
        counter: newly drawn and stored.
        keys: with the originator's signing key, and what makes the MAC.

    Raises:
        LocalError: a key is missing, or a field does not fit.
    """
    at = order.execution_utc
    octets = _command(order, counter, None if at is None else datetime.fromtimestamp(at, UTC), keys)
    committed, _ = step_order(order, OrderStep.COMMIT, order.since_utc)
    return replace(committed, counter=counter, command=octets)


def withdraw_order(
    order: OrderRecord, counter: int, keys: Keystore, utc: Utc, reason: str
) -> tuple[OrderRecord, OrderAction | None]:
    """Cancel an order: at once while it is drafted, else by a command with a new counter.

    Withdrawing twice sends the same cancellation again.

    Args:
        order: any.
        counter: newly drawn and stored; larger than the order's.
        keys: as for the order itself.
        utc: when.
        reason: who cancels.

    Raises:
        LocalError: a key is missing, or the counter is not larger.
    """
    done, action = step_order(order, OrderStep.WITHDRAW, utc, reason)
    if action is not OrderAction.REVOKE or order.cancel_counter is not None:
        return done, action
    if order.counter is None or counter <= order.counter:
        raise LocalError("a cancellation needs a counter larger than that of its order")
    octets = _command(order, counter, CANCELLATION_TIME, keys)
    return replace(done, cancel_counter=counter, cancel_command=octets, reason=reason), action


def _command(order: OrderRecord, counter: int, at: datetime | None, keys: Keystore) -> bytes:
    command = activate_firmware(
        order.manufacturer_image_hash,
        originator=order.originator,
        recipient=order.device,
        counter=counter,
        execution_time=at,
    )
    return serialise(protect(command, keys))
