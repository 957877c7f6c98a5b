"""Answers and alerts matched to orders: what a believed message says of which order.

Knows orders and payloads; whether a message is to be believed was decided before.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import ActivationCode, AlertCode, name_of
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
    read_payload,
)
from ota_engine.gbcs.protection import NOT_AUTHORIZED
from ota_engine.hub.activation.life import OrderAction, OrderStep
from ota_engine.hub.activation.order import has_ended, step_order, takes_back
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import Utc


class Ruling(NamedTuple):
    """What an answer did to the order it belongs to.

    Attributes:
        before: the order as it was.
        order: as it is now.
        action: what is to be done besides storing it, None for nothing.
        said: what the device said, in words.
        code: the outcome it told, None for a command that was noted.
    """

    before: OrderRecord
    order: OrderRecord
    action: OrderAction | None
    said: str
    code: int | None


class _Answer(NamedTuple):
    counter: int
    outcome: ActivationOutcome | None  # None: noted, not done


#: States of orders whose command has certainly come to its device.
_REACHED: Final = frozenset(
    (
        OrderState.SENT,
        OrderState.ACCEPTED,
        OrderState.DUE,
        OrderState.ACTIVATED,
        OrderState.FAILED,
    )
)


class OrderBook:
    """All orders by number; an answer finds its order here by (device, originator, counter)."""

    def __init__(self, orders: Iterable[OrderRecord] = ()) -> None:
        self._orders: dict[int, OrderRecord] = {}
        self._commands: dict[tuple[int, int, int], int] = {}
        self._highest: dict[tuple[int, int], int] = {}
        self._reached: dict[tuple[int, int], int] = {}
        self._open: dict[Eui64, set[int]] = {}
        for order in orders:
            self.put(order)

    def put(self, order: OrderRecord) -> None:
        """Keep an order in place of what was kept of it before."""
        self._orders[order.number] = order
        for counter in (order.counter, order.cancel_counter):
            if counter is not None:
                self._commands[order.device, order.originator, counter] = order.number
                pair = order.device, order.originator
                self._highest[pair] = max(counter, self._highest.get(pair, counter))
        if order.counter is not None and order.state in _REACHED:
            pair = order.device, order.originator
            self._reached[pair] = max(order.counter, self._reached.get(pair, 0))
        numbers = self._open.setdefault(order.device, set())
        if has_ended(order):
            numbers.discard(order.number)
        else:
            numbers.add(order.number)

    def orders(self) -> tuple[OrderRecord, ...]:
        """All orders, lowest numbers first."""
        return tuple(self._orders[number] for number in sorted(self._orders))

    def order(self, number: int) -> OrderRecord | None:
        """Look an order up."""
        return self._orders.get(number)

    def command(self, device: Eui64, originator: Eui64, counter: int) -> OrderRecord | None:
        """Look up the order whose command, or whose cancellation, has this counter."""
        number = self._commands.get((device, originator, counter))
        return None if number is None else self._orders[number]

    def highest_counter(self, device: Eui64, originator: Eui64) -> int | None:
        """The highest counter of a party that a command for a device had; None before any."""
        return self._highest.get((device, originator))

    def is_overtaken(self, order: OrderRecord) -> bool:
        """Whether a device has had a command with a higher counter, and takes this one no more."""
        reached = self._reached.get((order.device, order.originator), 0)
        return order.counter is not None and order.counter < reached

    def open_orders(self, device: Eui64) -> tuple[OrderRecord, ...]:
        """The orders of a device that have not ended: one, unless a late word reopened another."""
        return tuple(self._orders[number] for number in sorted(self._open.get(device, ())))

    def next_number(self) -> int:
        """The number of the next order."""
        return max(self._orders, default=0) + 1

    def take(self, message: Message, octets: bytes, utc: Utc) -> Ruling:
        """Let a believed answer or alert act on its order.

        Args:
            message: verified.
            octets: the same as it came, kept as evidence.
            utc: when it came.

        Returns:
            What it did; the order is kept.

        Raises:
            PeerError: it is no answer of firmware activation, contradicts itself, or belongs to no
                order we gave. It must be audited, and changes nothing.
        """
        answer = _read(message)
        key = (message.originator, message.recipient, answer.counter)
        number = self._commands.get(key)
        if number is None:
            raise PeerError(
                f"{format_eui64(message.originator)} answers counter {answer.counter}, "
                "which is of no order we gave",
                NOT_AUTHORIZED,
            )
        before = self._orders[number]
        cancels = answer.counter == before.cancel_counter or takes_back(before)
        step = _step(before, answer, cancels=cancels)
        said = _in_words(answer, step)
        after, action = step_order(before, step, utc, said)
        if after.state is not before.state and step is not OrderStep.ACCEPT:
            after = _proven(after, answer.outcome, octets)
        self.put(after)
        code = None if answer.outcome is None else answer.outcome.code
        return Ruling(before, after, action, said, code)


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


def _step(order: OrderRecord, answer: _Answer, *, cancels: bool) -> OrderStep:
    if answer.outcome is None:
        if cancels:
            return OrderStep.CANCEL
        if order.execution_utc is None:
            raise PeerError("an order for now was noted for later: the outcome is still awaited")
        return OrderStep.ACCEPT
    if cancels and not order.passed:
        raise PeerError(f"the device refuses the cancellation with outcome {answer.outcome.code}")
    return OrderStep.ACTIVATE if answer.outcome.code == ActivationCode.SUCCESS else OrderStep.FAIL


def _proven(order: OrderRecord, outcome: ActivationOutcome | None, octets: bytes) -> OrderRecord:
    if outcome is None:
        return replace(order, evidence=octets)
    code, version = outcome
    return replace(order, evidence=octets, code=code, firmware_version=version)


def _in_words(answer: _Answer, step: OrderStep) -> str:
    if answer.outcome is None:
        cancelled = step is OrderStep.CANCEL
        return "the device took it back" if cancelled else "the device noted it for its time"
    code, version = answer.outcome
    return f"outcome {code}, {name_of(code, ActivationCode)}: the device runs 0x{version:08X}"
