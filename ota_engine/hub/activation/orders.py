"""Orders to activate: given, sent, repeated, timed and settled; each step stored before it shows.

Brings what people ask, what the tunnels report and what devices say to the orders they concern.
What may follow what is the table's to say (``life``), when is ``schedule``'s, what a message says
``answers``'. A lost answer is settled here: a device that says it runs the ordered version has
activated it, any other word leaves the order to expire (ADR 0032). Activation is the second of the
two stages of GBCS v1, section 11; the first, which brings the image, is the delivery's.
"""

from collections.abc import Iterable
from dataclasses import replace

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.envelope import Message
from ota_engine.hub.activation.book import OrderBook
from ota_engine.hub.activation.counters import Counters
from ota_engine.hub.activation.giving import draft
from ota_engine.hub.activation.ledger import Ledger
from ota_engine.hub.activation.life import OrderAction, OrderStep
from ota_engine.hub.activation.moments import trusted_utc
from ota_engine.hub.activation.order import (
    commit_order,
    has_ended,
    step_order,
    takes_back,
    withdraw_order,
)
from ota_engine.hub.activation.outcomes import passed_outcome, verified
from ota_engine.hub.activation.passing import draft_passed
from ota_engine.hub.activation.post import Post
from ota_engine.hub.activation.readings import Reading, Readings
from ota_engine.hub.activation.requests import ActivateImage, CancelOrder, PassCommand
from ota_engine.hub.activation.schedule import OrderMove, Schedule, Watch
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import NEVER, Monotonic
from ota_engine.wording import one_line, utc_text

DELIVERED = "delivered; not answered yet"


class Orders:
    """Every order, from the request to the device's word."""

    def __init__(
        self,
        security: Security,
        orders: Iterable[OrderRecord],
        counters: Counters,
        post: Post,
        kernel: Kernel,
        readings: Readings,
    ) -> None:
        """``readings`` asks devices what they run; what comes of it goes to ``version_read``."""
        self._ledger = Ledger(orders, kernel)
        self._security = security
        self._counters = counters
        self._post = post
        self._kernel = kernel
        self._readings = readings
        self._schedule = Schedule(security.patience, kernel.clock)
        self._deadlines = kernel.deadlines
        known = self.book.orders()
        self._watches = {order.number: Watch() for order in known if not has_ended(order)}
        #: Cancelled orders whose command may have been carried out before, by device.
        self._unsure = {order.device: order.number for order in known if _may_have_run(order)}

    @property
    def book(self) -> OrderBook:
        """All orders."""
        return self._ledger.book

    # --- what people ask ---------------------------------------------------------------------

    def activate(self, request: ActivateImage, now: Monotonic) -> None:
        """Commit an order, and send it if it can be sent.

        Raises:
            LocalError: it may not be given, or a key is missing.
        """
        drafted = draft(request, self.book, self._security, self._kernel, now)
        counter = self._counters.draw(drafted.originator, trusted_utc(self._kernel.clock, now))
        order = commit_order(drafted, counter, self._security.keys)
        self._kernel.devices.remember_at(order.device, now)
        self._ledger.audit(
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
        self._ledger.save(order)
        self._watches[order.number] = Watch()
        self._look(order, now)

    def pass_on(self, request: PassCommand, now: Monotonic) -> None:
        """Take a command that its user has signed, and send it if it can be sent.

        Raises:
            LocalError: it may not be passed on.
        """
        order = draft_passed(request, self.book, self._security, self._kernel, now)
        if order is None:
            return  # it was taken before
        self._kernel.devices.remember_at(order.device, now)
        if self._security.keys.signer(order.originator) is not None:  # in a lab: we order, too
            self._counters.saw(order.originator, order.counter or 0)
        self._ledger.audit(
            request.actor,
            "pass on",
            order,
            now,
            originator=format_eui64(order.originator),
            counter=order.counter,
            manufacturer_image_hash=order.manufacturer_image_hash.hex(),
            cancels=takes_back(order),
            at=None if order.execution_utc is None else utc_text(order.execution_utc),
        )
        self._ledger.save(order)
        self._watches[order.number] = Watch()
        self._look(order, now)

    def cancel(self, request: CancelOrder, now: Monotonic) -> None:
        """Have an order cancelled; what may have left is cancelled by the device only.

        Raises:
            LocalError: there is no such order, it has ended, or a key is missing.
        """
        before = self.book.order(request.number)
        if before is None:
            raise LocalError(f"there is no order {request.number}")
        if has_ended(before):
            raise LocalError(f"order {before.number} has ended: it is {before.state}")
        if before.passed:
            raise LocalError(
                f"order {before.number} is one of {format_eui64(before.originator)}: only a command "
                "that it signs takes it back"
            )
        order = self._withdrawn(before, request.actor, now)
        self._ledger.audit(request.actor, "cancel", order, now, counter=order.cancel_counter)
        self._ledger.save(order)
        watch = self._watches[order.number]
        watch.revoked()
        self._post.withdraw(watch.on_its_way, now)
        self._look(order, now)

    def _withdrawn(self, order: OrderRecord, actor: str, now: Monotonic) -> OrderRecord:
        """Write the cancellation of an order, or take the one it has."""
        self._security.require_signer(order.originator)
        self._security.require_agreement(order.device)
        counter = order.cancel_counter
        if counter is None:
            utc = trusted_utc(self._kernel.clock, now)
            counter = self._counters.draw(order.originator, utc)
        reason = f"{one_line(actor)} cancels; the device has not taken it back yet"
        utc = self._kernel.clock.utc(now)
        return withdraw_order(order, counter, self._security.keys, utc, reason)[0]

    # --- time, radio and devices -------------------------------------------------------------

    def ring(self, number: int, now: Monotonic) -> None:
        """Look after an order of which something is due."""
        self._look(self._order(number), now)

    def link_up(self, now: Monotonic) -> None:
        """The radio is ready: what waits for it is tried, and old doubts are looked into."""
        for number, watch in list(self._watches.items()):
            watch.hurry()
            self._look(self._order(number), now)
        for device in self._unsure:
            self._readings.read(device, now)

    def within_reach(self, device: Eui64, now: Monotonic) -> None:
        """A device was seen on the network: what waits for it is tried now."""
        for order in self.book.open_orders(device):
            self._watches[order.number].hurry()
            self._look(order, now)

    def clock_set(self, now: Monotonic) -> None:
        """The wall clock was read: moments may be nearer or farther than they were."""
        for number in list(self._watches):
            self._look(self._order(number), now)

    def _look(self, order: OrderRecord, now: Monotonic) -> None:
        """Do for an order what it wants now, and set when to look again."""
        order = self._pass_time(order, now)
        if has_ended(order):
            self._put_away(order, now)
            return
        watch = self._watches.setdefault(order.number, Watch())  # a late word may reopen it
        if watch.idle and now >= watch.again_at:
            self._carry_out(self._schedule.plan(order, watch, now), order, watch, now)
        again_at = watch.again_at if watch.idle and not watch.waits else NEVER
        due = min(again_at, self._schedule.next_moment(order, now))
        self._deadlines.move(due, Alarm.ORDER, order.number)

    def _put_away(self, order: OrderRecord, now: Monotonic) -> None:
        """Nothing more is done for an order that has ended, and what still waits is taken back."""
        self._deadlines.move(NEVER, Alarm.ORDER, order.number)
        watch = self._watches.pop(order.number, None)
        if watch is not None:
            self._post.withdraw(watch.on_its_way, now)

    def _pass_time(self, order: OrderRecord, now: Monotonic) -> OrderRecord:
        """Take the steps that time alone takes."""
        if not has_ended(order) and self._schedule.is_due(order, now):
            reached = order.state is not OrderState.COMMITTED
            reason = "its alert is awaited" if reached else f"its time came first: {order.reason}"
            order = self._ledger.step(order, OrderStep.TIME, now, reason)
        if not has_ended(order) and self._schedule.is_over(order, now):
            reason = f"no word in time: {order.reason}"
            order = self._ledger.step(order, OrderStep.LAPSE, now, reason)
        if self._comes_too_late(order):
            reason = "a later command of its user came to the device before it"
            order = self._ledger.step(order, OrderStep.LAPSE, now, reason)
        return order

    def _comes_too_late(self, order: OrderRecord) -> bool:
        """Whether a user's command would be taken for a replay."""
        if not order.passed or order.state is not OrderState.COMMITTED:
            return False
        watch = self._watches.get(order.number)
        waits = watch is None or watch.idle
        return waits and self.book.is_overtaken(order)

    def _carry_out(self, plan: OrderMove, order: OrderRecord, watch: Watch, now: Monotonic) -> None:
        obstacle = "" if plan is OrderMove.WAIT else self._post.obstacle(order.device)
        watch.stand_by(waits=plan is OrderMove.WAIT or bool(obstacle))
        if watch.waits:
            if obstacle:
                self._ledger.explain(order, obstacle)
        elif plan is OrderMove.SEND:
            self._send(order, watch, now)
        else:
            watch.settle()
            self._ledger.explain(order, "not answered; the device is asked what it runs")
            self._readings.read(order.device, now)

    def _send(self, order: OrderRecord, watch: Watch, now: Monotonic) -> None:
        _, action = step_order(order, OrderStep.RETRY, order.since_utc)
        revoking = action is OrderAction.REVOKE
        self._ledger.save(replace(order, attempts=order.attempts + 1))
        token = self._post.send(
            order.device,
            order.cancel_command if revoking else order.command,
            lambda trouble, when: self._arrived(order.number, revoking, trouble, when),
            now,
        )
        watch.sent(token)

    def _arrived(self, number: int, revoking: bool, trouble: str, now: Monotonic) -> None:
        """A command arrived at the device, or did not."""
        order, watch = self._order(number), self._watches.get(number)
        if watch is None:
            return
        watch.arrived()
        current = revoking is (order.cancel_counter is not None)
        if trouble and current:
            watch.failed(now, self._security.patience)
            order = self._ledger.explain(order, f"not delivered yet: {one_line(trouble)}")
        elif current:
            watch.delivered(now, self._security.patience)
        if not trouble and not revoking:
            order = self._ledger.step(order, OrderStep.SEND, now, DELIVERED)
        if not trouble and current and (revoking or order.state is OrderState.SENT):
            order = self._ledger.explain(order, DELIVERED)
        self._look(order, now)

    # --- what devices say --------------------------------------------------------------------

    def answered(self, message: Message, octets: bytes, now: Monotonic) -> None:
        """Take a believed answer or alert.

        Raises:
            PeerError: it is of no order we gave, or contradicts itself.
        """
        utc = self._kernel.clock.utc(now)
        ruling = self.book.take(message, octets, utc)
        self._ledger.obey(ruling, octets, verified(message), now)
        order = ruling.order
        if order.passed:
            self._kernel.output.report(passed_outcome(ruling, message, octets, utc))
        if order.state is not ruling.before.state:
            if order.passed and ruling.code is None:
                self._put_in_place(order, now)
            self._look(order, now)
            if _may_have_run(order):
                self._unsure[order.device] = order.number
                self._readings.read(order.device, now)

    def _put_in_place(self, order: OrderRecord, now: Monotonic) -> None:
        """A device notes one command for later: the newest, or none after a cancellation."""
        for other in self.book.open_orders(order.device):
            older = other.passed and other.number < order.number
            if not older or other.execution_utc is None or other.originator != order.originator:
                continue
            reason = f"counter {order.counter} of its user took its place"
            self._look(self._ledger.step(other, OrderStep.CANCEL, now, reason), now)

    def version_read(self, reading: Reading, now: Monotonic) -> None:
        """Take the end of a reading for what it is worth to the device's orders."""
        self._look_into_doubt(reading, now)
        for order in self.book.open_orders(reading.device):
            if not order.passed:  # its user's questions are the user's to ask
                self._weigh(reading, order, now)

    def _weigh(self, reading: Reading, order: OrderRecord, now: Monotonic) -> None:
        watch = self._watches[order.number]
        settling = watch.settled()
        told = replace(order, firmware_version=reading.version, evidence=reading.message)
        if self._runs_it(reading, order) and (settling or _may_run(order)):
            reason = f"{reading.reason}; its own answer was lost"
            order = self._ledger.step(told, OrderStep.ACTIVATE, now, reason, reading.verification)
        elif settling and reading.version is None:
            watch.rest(now, self._security.patience)
            reason = f"not answered, nor what it runs: {reading.reason}"
            order = self._ledger.explain(order, reason)
        elif settling:
            reason = f"not answered; the device {reading.reason}"
            order = self._ledger.step(told, OrderStep.LAPSE, now, reason, reading.verification)
        self._look(order, now)

    def _runs_it(self, reading: Reading, order: OrderRecord) -> bool:
        image = self._kernel.images.get(order.sha256)
        return image is not None and reading.version == self._kernel.images.reported(image)

    def _look_into_doubt(self, reading: Reading, now: Monotonic) -> None:
        """See whether a cancelled order had been carried out before its cancellation came."""
        number = self._unsure.pop(reading.device, None)
        if number is None or reading.version is None:
            return
        order = replace(self._order(number), firmware_version=reading.version)
        if not self._runs_it(reading, order):
            self._ledger.save(order)
            return
        proven = replace(order, evidence=reading.message)
        self._ledger.audit("device", "version contradicts", order, now, said=reading.reason)
        reason = f"{reading.reason} all the same"
        self._ledger.step(proven, OrderStep.ACTIVATE, now, reason, reading.verification)

    def _order(self, number: int) -> OrderRecord:
        order = self.book.order(number)
        assert order is not None  # noqa: S101 - orders are never forgotten
        return order


def _may_run(order: OrderRecord) -> bool:
    """Whether the device has an open order and may have carried it out by now."""
    at_once = order.state is OrderState.SENT and order.execution_utc is None
    return at_once or order.state is OrderState.DUE


def _may_have_run(order: OrderRecord) -> bool:
    """Whether a cancelled order may have been carried out before, and nobody has looked yet."""
    if order.passed:
        return False
    if order.state is not OrderState.CANCELLED or order.firmware_version is not None:
        return False
    at = order.execution_utc
    return order.attempts > 0 and (at is None or at <= order.since_utc)
