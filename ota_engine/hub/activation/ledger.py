"""The rows of orders: every change stored, journalled and told in one go; decides no change."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from images.eui64 import format_eui64
from ota_engine.gbcs.verification import Verification
from ota_engine.hub.activation import outcomes
from ota_engine.hub.activation.book import OrderBook, Ruling
from ota_engine.hub.activation.life import OrderAction, OrderStep
from ota_engine.hub.activation.limits import AuditLimit
from ota_engine.hub.activation.order import step_order
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import OrderRecord
from ota_engine.times import Monotonic
from ota_engine.wording import one_line

#: Actions by which a change is news to whoever hears of outcomes.
TELLING = frozenset({OrderAction.REPORT, OrderAction.CORRECT, OrderAction.CONTRADICTION})
#: What the audit trail says of answers that are not as expected.
REMARKS: Mapping[OrderAction | None, str] = {
    OrderAction.DUPLICATE: "answer repeated",
    OrderAction.LATE: "answer late",
    OrderAction.CORRECT: "answer late",
    OrderAction.CONTRADICTION: "answer contradicts",
}


class Ledger:
    """The order book, and everybody who is to hear of a change in it."""

    def __init__(self, orders: Iterable[OrderRecord], kernel: Kernel) -> None:
        self.book = OrderBook(orders)
        self._kernel = kernel
        self._limit = AuditLimit()

    def save(self, order: OrderRecord) -> None:
        """Keep an order, and have it stored."""
        self.book.put(order)
        self._kernel.output.persist(order)

    def explain(self, order: OrderRecord, reason: str) -> OrderRecord:
        """Change why an order waits without changing its state."""
        if order.reason == reason:
            return order
        explained = replace(order, reason=reason)
        self.save(explained)
        return explained

    def step(
        self,
        order: OrderRecord,
        step: OrderStep,
        now: Monotonic,
        reason: str,
        verification: Verification | None = None,
    ) -> OrderRecord:
        """Let something happen to an order that no answer of the device says.

        Args:
            order: as it was; what proves the step is in it already.
            step: what happens.
            now: monotonic seconds.
            reason: why.
            verification: what the proof is worth, None without one.
        """
        after, action = step_order(order, step, self._kernel.clock.utc(now), reason)
        if after.state is not order.state:
            self._changed(order, after, action, verification, now)
        return after

    def obey(
        self, ruling: Ruling, octets: bytes, verification: Verification, now: Monotonic
    ) -> None:
        """Store what a device's word did, and tell whoever is to be told."""
        before, order, action = ruling[:3]
        changed = order.state is not before.state
        if action in REMARKS and (changed or self._limit.allows(order.device, now)):
            self.audit("device", REMARKS[action], order, now, said=ruling.said)
        if changed:
            self._changed(before, order, action, verification, now)
        elif action is OrderAction.CONTRADICTION and not order.passed:
            utc = self._kernel.clock.utc(now)
            told = outcomes.contradiction(order, utc, ruling.said, octets, verification)
            self._kernel.output.report(told)

    def audit(
        self, actor: str, action: str, order: OrderRecord, now: Monotonic, **detail: object
    ) -> None:
        """Write who did what to an order."""
        subject = format_eui64(order.device)
        self._kernel.output.audit(
            one_line(actor), action, subject, now, order=order.number, **detail
        )

    def _changed(
        self,
        before: OrderRecord,
        order: OrderRecord,
        action: OrderAction | None,
        verification: Verification | None,
        now: Monotonic,
    ) -> None:
        self.save(order)
        self._kernel.output.event(
            "order",
            order.device,
            now,
            number=order.number,
            state=order.state,
            before=before.state,
            reason=order.reason,
        )
        if action in TELLING and not (order.passed and verification is not None):
            utc = self._kernel.clock.utc(now)
            self._kernel.output.report(outcomes.order_outcome(order, utc, verification))
