"""Orders to activate: given, sent, repeated, timed and settled; each step stored before it shows.

Knows when something is to be done for an order. What may follow what is the table's to say
(``life``), what a message says the order book's. A lost answer is settled here: a device that says
it runs the ordered version has activated it, any other word leaves the order to expire (ADR 0032).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from math import inf

from images.eui64 import Eui64, format_eui64
from ota_engine.activation import outcomes
from ota_engine.activation.answers import OrderBook, Ruling
from ota_engine.activation.counters import Counters
from ota_engine.activation.deadlines import Deadlines
from ota_engine.activation.giving import draft
from ota_engine.activation.life import Action, Step
from ota_engine.activation.limits import AuditLimit
from ota_engine.activation.order import commit_order, has_ended, step_order, withdraw_order
from ota_engine.activation.post import Post
from ota_engine.activation.readings import Reading
from ota_engine.activation.requests import ActivateImage, CancelOrder
from ota_engine.activation.security import Security
from ota_engine.activation.surroundings import Surroundings
from ota_engine.errors import LocalError
from ota_engine.gbcs.envelope import Message
from ota_engine.records import OrderRecord, OrderState
from ota_engine.wording import one_line, utc_text

EPSILON = 1e-6  # seconds: sums of floating point times
#: Actions by which a device's word is news to the head end.
TELLING = frozenset({Action.REPORT, Action.CORRECT, Action.CONTRADICTION})


class _Plan(Enum):
    """What an open order wants next."""

    SEND = "its command, or its cancellation, again"
    SETTLE = "the device's version"
    WAIT = "nothing before its time"


@dataclass(slots=True)
class _Watch:
    """What only this run knows of an open order."""

    on_its_way: bool = False  # handed over, and nothing heard of it yet
    failures: int = 0  # deliveries in a row that failed
    unanswered: int = 0  # deliveries in a row that were not answered
    settling: bool = False  # the device is being asked what it runs
    again_at: float = -inf  # monotonic: before that nothing is sent


class Orders:
    """Every order, from the request to the device's word."""

    def __init__(
        self,
        security: Security,
        orders: Iterable[OrderRecord],
        counters: Counters,
        post: Post,
        surroundings: Surroundings,
        read_version: Callable[[Eui64, float], None],
    ) -> None:
        """``read_version`` begins a reading, whose end ``version_read`` is told."""
        self.book = OrderBook(orders)
        self._security = security
        self._counters = counters
        self._post = post
        self._around = surroundings
        self._read_version = read_version
        self._limit = AuditLimit()
        self._deadlines: Deadlines[int] = Deadlines()
        self._watches = {
            order.number: _Watch() for order in self.book.orders() if not has_ended(order)
        }
        #: Cancelled orders whose command may have been carried out before, by device.
        self._unsure = {
            order.device: order.number for order in self.book.orders() if _may_have_run(order)
        }

    # --- what people ask ---------------------------------------------------------------------

    def activate(self, request: ActivateImage, now: float) -> None:
        """Commit an order, and send it if it can be sent.

        Raises:
            LocalError: it may not be given, or a key is missing.
        """
        drafted = draft(request, self.book, self._security, self._around, now)
        counter = self._counters.draw(drafted.originator, self._trusted_utc(now))
        order = commit_order(drafted, counter, self._security.keys)
        self._around.remember(order.device, now)
        self._audit(
            request.actor,
            "activate",
            order,
            now,
            originator=format_eui64(order.originator),
            counter=counter,
            manufacturer_image_hash=order.manufacturer_image_hash.hex(),
            in_catalogue=bool(order.sha256),
            at=None if order.execution_utc is None else utc_text(order.execution_utc),
        )
        self._save(order)
        self._watches[order.number] = _Watch()
        self._look(order, now)

    def cancel(self, request: CancelOrder, now: float) -> None:
        """Have an order cancelled; what may have left is cancelled by the device only.

        Raises:
            LocalError: there is no such order, it has ended, or a key is missing.
        """
        before = self.book.order(request.number)
        if before is None:
            raise LocalError(f"there is no order {request.number}")
        if has_ended(before):
            raise LocalError(f"order {before.number} has ended: it is {before.state}")
        self._security.require_signer(before.originator)
        again = before.cancel_counter is not None
        utc = self._trusted_utc(now)
        counter = 0 if again else self._counters.draw(before.originator, utc)
        reason = f"{one_line(request.actor)} cancels; the device has not taken it back yet"
        order, _ = withdraw_order(
            before, counter, self._security.keys, self._around.clock.utc(now), reason
        )
        self._audit(request.actor, "cancel", order, now, counter=order.cancel_counter)
        self._save(order)
        watch = self._watches[order.number]
        watch.unanswered, watch.again_at = 0, -inf
        self._look(order, now)

    # --- time --------------------------------------------------------------------------------

    @property
    def next_due(self) -> float:
        """When ``wake`` is due next, monotonic seconds."""
        return self._deadlines.next_due

    def wake(self, now: float) -> None:
        """Look after every order of which something is due."""
        while (number := self._deadlines.pop_due(now)) is not None:
            order = self.book.order(number)
            assert order is not None  # noqa: S101 - orders are never forgotten
            self._look(order, now)

    def look_at_all(self, now: float) -> None:
        """Look after every open order: the radio is back, or the clock was set."""
        for number, watch in list(self._watches.items()):
            order = self.book.order(number)
            assert order is not None  # noqa: S101 - orders are never forgotten
            self._reset(watch)
            self._look(order, now)
        for device in self._unsure:
            self._read_version(device, now)

    def within_reach(self, device: Eui64, now: float) -> None:
        """A device was seen on the network: what waits for it is tried now."""
        order = self.book.open_order(device)
        if order is not None:
            self._reset(self._watches[order.number])
            self._look(order, now)

    def clock_set(self, now: float) -> None:
        """The wall clock was read: times may be nearer or farther than they were."""
        for number in self._watches:
            order = self.book.order(number)
            if order is not None and order.execution_utc is not None:
                self._look(order, now)

    def _look(self, order: OrderRecord, now: float) -> None:
        """Do for an order what it wants now, and set when to look again."""
        order = self._mind_time(order, now)
        watch = self._watches.get(order.number)
        if watch is None:
            self._deadlines.set(order.number, inf)
            return
        if not watch.on_its_way and not watch.settling and now >= watch.again_at:
            self._carry_out(self._plan(order, watch, now), order, watch, now)
        if order.number in self._watches:
            again = inf if watch.on_its_way or watch.settling else watch.again_at
            self._deadlines.set(order.number, min(again, self._next_moment(order, now)))

    def _plan(self, order: OrderRecord, watch: _Watch, now: float) -> _Plan:
        patience = self._security.patience
        if order.state is OrderState.COMMITTED and order.cancel_counter is None:
            return _Plan.SEND
        awaited = order.state is OrderState.SENT or order.cancel_counter is not None
        if awaited and watch.unanswered < patience.repeats:
            return _Plan.SEND
        if order.execution_utc is None:
            return _Plan.SETTLE
        overdue = order.execution_utc + patience.alert_within
        if order.state is OrderState.DUE and self._has_come(overdue, now):
            return _Plan.SETTLE
        return _Plan.WAIT

    def _carry_out(self, plan: _Plan, order: OrderRecord, watch: _Watch, now: float) -> None:
        obstacle = "" if plan is _Plan.WAIT else self._post.obstacle(order.device)
        if plan is _Plan.WAIT or obstacle:
            watch.again_at = inf  # a moment, the radio or the device wakes it
            if obstacle:
                self._explain(order, obstacle)
        elif plan is _Plan.SEND:
            self._send(order, watch, now)
        else:
            watch.settling = True
            self._explain(order, "not answered; the device is asked what it runs")
            self._read_version(order.device, now)

    def _send(self, order: OrderRecord, watch: _Watch, now: float) -> None:
        _, action = step_order(order, Step.RETRY, order.since_utc)
        revoking = action is Action.REVOKE
        octets = order.cancel_command if revoking else order.command
        watch.on_its_way = True
        self._save(replace(order, attempts=order.attempts + 1))
        self._post.send(
            order.device,
            octets,
            lambda trouble, when: self._arrived(order.number, revoking, trouble, when),
            now,
        )

    def _arrived(self, number: int, revoking: bool, trouble: str, now: float) -> None:
        """A command arrived at the device, or did not."""
        order, watch = self.book.order(number), self._watches.get(number)
        if order is None or watch is None:
            return
        watch.on_its_way = False
        patience = self._security.patience
        if trouble:
            watch.failures += 1
            watch.again_at = now + patience.pause(patience.deliver_again, watch.failures)
            order = self._explain(order, f"not delivered: {one_line(trouble)}; is tried again")
        else:
            watch.failures = 0
            if revoking is (order.cancel_counter is not None):
                watch.unanswered += 1
                watch.again_at = now + patience.pause(patience.answer_within, watch.unanswered)
            if not revoking:
                order = self._step(order, Step.SEND, now, "delivered; not answered yet")
        self._look(order, now)

    # --- moments of the trusted clock --------------------------------------------------------

    def _mind_time(self, order: OrderRecord, now: float) -> OrderRecord:
        """Take the steps that time alone takes."""
        at = order.execution_utc
        if has_ended(order) or self._around.clock.doubt(now):
            return order
        if at is not None and order.state is not OrderState.DUE and self._has_come(at, now):
            reached = order.state is not OrderState.COMMITTED
            reason = "its alert is awaited" if reached else f"its time came first: {order.reason}"
            order = self._step(order, Step.TIME, now, reason)
        if not has_ended(order) and self._has_come(self._last_moment(order), now):
            order = self._step(order, Step.LAPSE, now, f"no word in time: {order.reason}")
        return order

    def _last_moment(self, order: OrderRecord) -> float:
        begun = order.created_utc if order.execution_utc is None else order.execution_utc
        return begun + self._security.patience.give_up_after

    def _next_moment(self, order: OrderRecord, now: float) -> float:
        """When, by monotonic time, the trusted clock will have something to say of an order."""
        clock = self._around.clock
        if clock.doubt(now):
            return clock.sane_at(now)
        moments = [self._last_moment(order)]
        if order.execution_utc is not None:
            alert_within = self._security.patience.alert_within
            moments += [order.execution_utc, order.execution_utc + alert_within]
        coming = [moment for moment in moments if not self._has_come(moment, now)]
        return now + min(coming) - clock.utc(now) if coming else inf

    def _has_come(self, utc: float, now: float) -> bool:
        clock = self._around.clock
        return not clock.doubt(now) and clock.utc(now) + EPSILON >= utc

    def _trusted_utc(self, now: float) -> float:
        clock = self._around.clock
        return 0.0 if clock.doubt(now) else clock.utc(now)

    # --- what devices say --------------------------------------------------------------------

    def answered(self, message: Message, octets: bytes, now: float) -> None:
        """Take a believed answer or alert.

        Raises:
            PeerError: it is of no order we gave, or contradicts itself.
        """
        ruling = self.book.take(message, octets, self._around.clock.utc(now))
        self._obey(ruling, octets, outcomes.verified(message), now)
        if _may_have_run(ruling.order):
            self._unsure[ruling.order.device] = ruling.order.number
            self._read_version(ruling.order.device, now)

    def _obey(self, ruling: Ruling, octets: bytes, verification: str, now: float) -> None:
        """Store what a device's word did, and tell whoever is to be told."""
        before, order, action = ruling[:3]
        changed = order.state is not before.state
        if action not in {None, Action.REPORT} and (
            changed or self._limit.allows(order.device, now)
        ):
            assert action is not None  # noqa: S101 - not in the set above
            self._audit("device", action.name.lower(), order, now, said=ruling.said)
        if changed:
            self._changed(before, order, now)
            self._tell(order, action, verification, now)
            self._look(order, now)
        elif action is Action.CONTRADICTION:
            utc = self._around.clock.utc(now)
            self._around.report(
                outcomes.contradiction(order, utc, ruling.said, octets, verification)
            )

    def version_read(self, reading: Reading, now: float) -> None:
        """Take the end of a reading for what it is worth to the device's order."""
        self._settle_cancelled(reading, now)
        order = self.book.open_order(reading.device)
        if order is None:
            return
        watch = self._watches[order.number]
        was_settling, watch.settling = watch.settling, False
        if self._proves(reading, order):
            reason = f"{reading.reason}; its own answer was lost"
            proven = replace(order, firmware_version=reading.version, evidence=reading.message)
            self._settle(proven, Step.ACTIVATE, reason, reading, now)
        elif not was_settling:
            return
        elif reading.version is None:
            watch.again_at = now + self._security.patience.longest_pause
            order = self._explain(order, f"not answered, nor what it runs: {reading.reason}")
            self._look(order, now)
        else:
            told = replace(order, firmware_version=reading.version, evidence=reading.message)
            self._settle(
                told, Step.LAPSE, f"not answered; the device {reading.reason}", reading, now
            )

    def _proves(self, reading: Reading, order: OrderRecord) -> bool:
        """Whether a version shows that the ordered image was activated."""
        image = self._around.image(order.sha256)
        sent_now = order.state is OrderState.SENT and order.execution_utc is None
        return (
            image is not None
            and reading.version == image.file_version
            and (sent_now or order.state is OrderState.DUE)
        )

    def _settle_cancelled(self, reading: Reading, now: float) -> None:
        """See whether a cancelled order had been carried out before its cancellation came."""
        order = self.book.order(self._unsure.pop(reading.device, 0))
        if order is None or reading.version is None:
            return
        told = replace(order, firmware_version=reading.version)
        image = self._around.image(order.sha256)
        if image is None or reading.version != image.file_version:
            self._save(told)
            return
        told = replace(told, evidence=reading.message)
        self._audit("device", "contradiction", order, now, said=reading.reason)
        self._settle(told, Step.ACTIVATE, f"{reading.reason} all the same", reading, now)

    def _settle(
        self, order: OrderRecord, step: Step, reason: str, reading: Reading, now: float
    ) -> None:
        after, action = step_order(order, step, self._around.clock.utc(now), reason)
        self._changed(order, after, now)
        self._tell(after, action, reading.verification, now)

    # --- rows --------------------------------------------------------------------------------

    def _step(self, order: OrderRecord, step: Step, now: float, reason: str) -> OrderRecord:
        """Take a step that is not a device's word."""
        after, action = step_order(order, step, self._around.clock.utc(now), reason)
        if after.state is not order.state:
            self._changed(order, after, now)
            self._tell(after, action, "", now)
        return after

    def _changed(self, before: OrderRecord, order: OrderRecord, now: float) -> None:
        self._save(order)
        if has_ended(order):
            self._watches.pop(order.number, None)
            self._deadlines.set(order.number, inf)
        self._around.event(
            "order",
            order.device,
            now,
            number=order.number,
            state=order.state,
            before=before.state,
            reason=order.reason,
        )

    def _tell(
        self, order: OrderRecord, action: Action | None, verification: str, now: float
    ) -> None:
        if action in TELLING:
            utc = self._around.clock.utc(now)
            self._around.report(outcomes.order_outcome(order, utc, verification))

    def _explain(self, order: OrderRecord, reason: str) -> OrderRecord:
        """Change why an order waits without changing its state."""
        if order.reason == reason:
            return order
        explained = replace(order, reason=reason)
        self._save(explained)
        return explained

    def _save(self, order: OrderRecord) -> None:
        self.book.put(order)
        self._around.persist(order)

    def _audit(
        self, actor: str, action: str, order: OrderRecord, now: float, **detail: object
    ) -> None:
        subject = format_eui64(order.device)
        self._around.audit(one_line(actor), action, subject, now, order=order.number, **detail)

    @staticmethod
    def _reset(watch: _Watch) -> None:
        """Forget failures to deliver: the way to the device may be another now."""
        watch.failures = 0
        if not watch.on_its_way:
            watch.again_at = -inf


def _may_have_run(order: OrderRecord) -> bool:
    """Whether a cancelled order may have been carried out before, and nobody has looked yet."""
    if order.state is not OrderState.CANCELLED or order.firmware_version is not None:
        return False
    sent = order.attempts > 0
    return sent and (order.execution_utc is None or order.execution_utc <= order.since_utc)
