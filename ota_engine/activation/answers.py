"""Answers and alerts matched to orders: verified first, then believed; knows no link and no store."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from images.eui64 import format_eui64
from ota_engine.activation.life import Action, Step
from ota_engine.activation.order import Order, step_order
from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import ActivationCode, AlertCode
from ota_engine.gbcs.envelope import Message, parse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
    read_payload,
)
from ota_engine.gbcs.protection import NOT_AUTHORIZED, authenticate


class Ruling(NamedTuple):
    """What an answer did to the order it belongs to.

    Attributes:
        before: the order as it was.
        order: as it is now.
        action: what is to be done besides storing it, None for nothing.
    """

    before: Order
    order: Order
    action: Action | None


class _Answer(NamedTuple):
    counter: int
    outcome: ActivationOutcome | None  # None: noted, not done


class OrderBook:
    """All orders by (device, originator, counter); an answer finds its order here, or none."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self._orders: dict[tuple[int, int, int], Order] = {}
        self._cancellations: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        for order in orders:
            self.put(order)

    def put(self, order: Order) -> None:
        """Keep an order that is committed, in place of what was kept of it before.

        Raises:
            ValueError: it has no counter, by which alone an answer can find it.
        """
        if order.counter is None:
            raise ValueError("a drafted order has no counter and cannot be answered")
        key = (order.device, order.originator, order.counter)
        self._orders[key] = order
        if order.cancel_counter is not None:
            self._cancellations[order.device, order.originator, order.cancel_counter] = key

    def orders(self) -> tuple[Order, ...]:
        """All orders, oldest counters first."""
        return tuple(self._orders[key] for key in sorted(self._orders))

    def take(self, octets: bytes, keys: Keystore, now: datetime | None) -> Ruling:
        """Verify an answer or alert, and let it act on its order.

        Args:
            octets: the message as it came.
            keys: with the devices' certificates.
            now: the time certificates must be valid at.

        Returns:
            What it did; the order is kept.

        Raises:
            PeerError: it is no message, not to be believed, no answer of firmware activation, or
                belongs to no order we gave. It must be audited, and changes nothing.
        """
        message = parse(octets)
        authenticate(message, keys, now=now)
        answer = _read(message)
        key = (message.originator, message.recipient, answer.counter)
        cancelled = self._cancellations.get(key)
        before = self._orders.get(key if cancelled is None else cancelled)
        if before is None:
            raise PeerError(
                f"{format_eui64(message.originator)} answers counter {answer.counter}, "
                "which is of no order we gave",
                NOT_AUTHORIZED,
            )
        step = _step(before, answer, cancels=cancelled is not None)
        after, action = step_order(before, step)
        if answer.outcome is not None and after.state is not before.state:
            after = replace(
                after,
                code=answer.outcome.code,
                firmware_version=answer.outcome.firmware_version,
                evidence=octets,
            )
        self.put(after)
        return Ruling(before, after, action)


def _read(message: Message) -> _Answer:
    payload = read_payload(message)
    if isinstance(payload, CommandAccepted):
        return _Answer(message.counter, None)
    if isinstance(payload, ActivationOutcome):
        return _Answer(message.counter, payload)
    if isinstance(payload, FutureDatedOutcome):
        _require_consistent(payload)
        return _Answer(payload.originator_counter, payload.outcome)
    raise PeerError(f"message code {message.message_code:04X} answers no activation")


def _require_consistent(alert: FutureDatedOutcome) -> None:
    expected = (
        AlertCode.FUTURE_DATED_COMMAND_ACTIONED
        if alert.outcome.code == ActivationCode.SUCCESS
        else AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED
    )
    if alert.alert_code != expected:
        raise PeerError(
            f"the alert contradicts itself: {alert.alert_code:04X} with outcome "
            f"{alert.outcome.code}"
        )


def _step(order: Order, answer: _Answer, *, cancels: bool) -> Step:
    if answer.outcome is None:
        if cancels:
            return Step.CANCEL
        if order.execution_time is None:
            raise PeerError("an order for now was noted for later: the outcome is still awaited")
        return Step.ACCEPT
    if cancels:
        raise PeerError(f"the device refuses the cancellation with outcome {answer.outcome.code}")
    return Step.ACTIVATE if answer.outcome.code == ActivationCode.SUCCESS else Step.FAIL
