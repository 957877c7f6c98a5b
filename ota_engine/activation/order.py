"""One order and its commands; knows keys only as a keystore, and the time only as it is told."""

from dataclasses import dataclass, replace
from datetime import datetime

from ota_engine.activation.life import FINAL, Action, Step, turn
from ota_engine.errors import LocalError
from ota_engine.gbcs.compose import activate_firmware
from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import CANCELLATION_TIME
from ota_engine.gbcs.protection import protect
from ota_engine.records import OrderState


@dataclass(frozen=True, slots=True)
class Order:
    """An order to activate an image, keyed by (originator, device, counter) once it is committed.

    Attributes:
        originator: the party that orders, EUI-64.
        device: EUI-64.
        manufacturer_image_hash: of the image, 32 octets.
        execution_time: UTC, None for now.
        state: where it stands.
        counter: of the command; None while drafted.
        command: its octets, kept so that a retry sends the same.
        cancel_counter: of the cancellation, once there is one.
        cancel_command: its octets.
        attempts: how often the command was sent.
        code: the outcome the device told.
        firmware_version: that the device said it runs.
        evidence: the octets of the message that said so.
    """

    originator: int
    device: int
    manufacturer_image_hash: bytes
    execution_time: datetime | None = None
    state: OrderState = OrderState.DRAFTED
    counter: int | None = None
    command: bytes = b""
    cancel_counter: int | None = None
    cancel_command: bytes = b""
    attempts: int = 0
    code: int | None = None
    firmware_version: int | None = None
    evidence: bytes = b""

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL

    @property
    def may_send(self) -> bool:
        """Whether the command may be sent, again or for the first time; not once it is revoked."""
        waiting = self.state in {OrderState.COMMITTED, OrderState.SENT}
        return waiting and self.cancel_counter is None


def step_order(order: Order, step: Step) -> tuple[Order, Action | None]:
    """Let something happen to an order.

    An order that is revoked is never sent again; a retry repeats its cancellation instead.

    Raises:
        AssertionError: it cannot happen in this state (a defect of ours).
    """
    state, action = turn(order.state, step)
    if step is Step.RETRY and order.cancel_counter is not None and not order.final:
        action = Action.REVOKE  # what is awaited is the answer to the cancellation
    sent = step is Step.SEND and order.state is OrderState.COMMITTED
    attempts = order.attempts + (sent or action is Action.RESEND)
    return replace(order, state=state, attempts=attempts), action


def commit_order(order: Order, counter: int, keys: Keystore) -> Order:
    """Build the command of a drafted order and commit to it.

    Args:
        order: drafted.
        counter: newly drawn and stored.
        keys: with the originator's signing key, and what makes the MAC.

    Raises:
        LocalError: a key is missing, or a field does not fit.
    """
    octets = _command(order, counter, order.execution_time, keys)
    committed, _ = step_order(order, Step.COMMIT)
    return replace(committed, counter=counter, command=octets)


def withdraw_order(order: Order, counter: int, keys: Keystore) -> tuple[Order, Action | None]:
    """Cancel an order: at once while it is drafted, else by a command with a new counter.

    Withdrawing twice sends the same cancellation again.

    Args:
        order: any.
        counter: newly drawn and stored; larger than the order's.
        keys: as for the order itself.

    Raises:
        LocalError: a key is missing, or the counter is not larger.
    """
    done, action = step_order(order, Step.WITHDRAW)
    if action is not Action.REVOKE or order.cancel_counter is not None:
        return done, action
    if order.counter is None or counter <= order.counter:
        raise LocalError("a cancellation needs a counter larger than that of its order")
    octets = _command(order, counter, CANCELLATION_TIME, keys)
    return replace(done, cancel_counter=counter, cancel_command=octets), action


def _command(order: Order, counter: int, at: datetime | None, keys: Keystore) -> bytes:
    command = activate_firmware(
        order.manufacturer_image_hash,
        originator=order.originator,
        recipient=order.device,
        counter=counter,
        execution_time=at,
    )
    return serialise(protect(command, keys))
