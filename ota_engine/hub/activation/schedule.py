"""When something is to be done for an order, and what; knows the clock, does nothing itself."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ota_engine.hub.activation.order import takes_back
from ota_engine.hub.activation.security import OrderPatience
from ota_engine.hub.kernel.clock import WallClock
from ota_engine.records import OrderRecord, OrderState
from ota_engine.times import LONG_AGO, NEVER, Monotonic, Utc

EPSILON: Final = 1e-6  # seconds: sums of floating point times
SOONEST: Final = 1e-3  # seconds to a moment that has not come, whatever rounding makes of it


class OrderMove(Enum):
    """What an open order wants next."""

    SEND = "its command, or its cancellation, again"
    SETTLE = "the device's version"
    WAIT = "nothing before its time"


@dataclass(slots=True)
class Watch:
    """What only this run knows of an open order.

    Attributes:
        on_its_way: the token of a message of which nothing was heard yet, 0 without one.
        failures: deliveries in a row that failed.
        unanswered: deliveries in a row that were not answered.
        settling: the device is being asked what it runs.
        again_at: monotonic; before that nothing is sent.
        waits: what it wants next comes by itself: a moment, the radio, the device.
    """

    on_its_way: int = 0
    failures: int = 0
    unanswered: int = 0
    settling: bool = False
    again_at: Monotonic = LONG_AGO
    waits: bool = False

    @property
    def idle(self) -> bool:
        """Whether nothing is under way whose end must be awaited."""
        return not (self.on_its_way or self.settling)

    def stand_by(self, *, waits: bool) -> None:
        """Say whether what it wants next comes by itself."""
        self.waits = waits

    def sent(self, token: int) -> None:
        """A message is under way."""
        self.on_its_way = token

    def arrived(self) -> None:
        """What was under way arrived, or did not."""
        self.on_its_way = 0

    def settle(self) -> None:
        """The device is asked what it runs."""
        self.settling = True

    def settled(self) -> bool:
        """The device has said what it runs, or will not; returns whether that was awaited."""
        awaited, self.settling = self.settling, False
        return awaited

    def rest(self, now: Monotonic, patience: OrderPatience) -> None:
        """Nothing came of anything: the next try is far off."""
        self.again_at = now + patience.longest_pause

    def failed(self, now: Monotonic, patience: OrderPatience) -> None:
        """A delivery failed: the next is tried after a pause."""
        self.failures += 1
        self.again_at = now + patience.pause(patience.deliver_again, self.failures)

    def delivered(self, now: Monotonic, patience: OrderPatience) -> None:
        """A message arrived: its answer has some time."""
        self.failures = 0
        self.unanswered += 1
        self.again_at = now + patience.pause(patience.answer_within, self.unanswered)

    def revoked(self) -> None:
        """From now on it is the cancellation that is sent and answered, and nothing is settled."""
        self.settling = False
        self.failures = self.unanswered = 0
        self.again_at = LONG_AGO

    def hurry(self) -> None:
        """Try at once what could not be delivered; what waits for an answer goes on waiting."""
        if self.failures:
            self.failures, self.again_at = 0, LONG_AGO


class Schedule:
    """The moments of orders on the trusted clock; while it is in doubt, none has come."""

    def __init__(self, patience: OrderPatience, clock: WallClock) -> None:
        self._patience = patience
        self._clock = clock

    def plan(self, order: OrderRecord, watch: Watch, now: Monotonic) -> OrderMove:
        """Say what an order wants when nothing is under way for it."""
        revoking = order.cancel_counter is not None
        if order.state is OrderState.COMMITTED and not revoking:
            return OrderMove.SEND
        awaited = revoking or order.state is OrderState.SENT
        if awaited and watch.unanswered < self._patience.repeats:
            return OrderMove.SEND
        if order.passed:
            return OrderMove.WAIT
        if order.execution_utc is None:
            return OrderMove.SETTLE
        overdue = order.execution_utc + self._patience.alert_within
        if order.state is OrderState.DUE and self._has_come(overdue, now):
            return OrderMove.SETTLE
        return OrderMove.WAIT

    def is_due(self, order: OrderRecord, now: Monotonic) -> bool:
        """Whether the execution time of an order has come that is not due yet."""
        at = order.execution_utc
        return at is not None and order.state is not OrderState.DUE and self._has_come(at, now)

    def is_over(self, order: OrderRecord, now: Monotonic) -> bool:
        """Whether an order has waited for as long as any may."""
        return self._has_come(self._end(order), now)

    def next_moment(self, order: OrderRecord, now: Monotonic) -> Monotonic:
        """When, by monotonic time, the trusted clock will have something to say of an order."""
        if self._clock.doubt(now):
            return self._clock.sane_at(now)
        moments = [self._end(order)]
        if order.execution_utc is not None:
            at = order.execution_utc
            moments += [at, at + self._patience.alert_within]
        coming = [moment for moment in moments if not self._has_come(moment, now)]
        if not coming:
            return NEVER
        return now + max(min(coming) - self._clock.utc(now), SOONEST)

    def _end(self, order: OrderRecord) -> Utc:
        at = None if takes_back(order) else order.execution_utc
        begun = order.created_utc if at is None else at
        return begun + self._patience.give_up_after

    def _has_come(self, utc: Utc, now: Monotonic) -> bool:
        return not self._clock.doubt(now) and self._clock.utc(now) + EPSILON >= utc
