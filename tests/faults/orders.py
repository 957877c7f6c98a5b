"""A home with keys whose engine dies, is away, or comes back from an old copy; and who insists."""

from collections.abc import Callable
from datetime import UTC as UTC_ZONE
from datetime import datetime

from emulators.platform.spec import SecurityOptions
from images.eui64 import Eui64
from ota_engine.events import ClockObserved
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.protection import authenticate
from ota_engine.hub.activation.requests import ActivateImage, CancelOrder
from ota_engine.records import Snapshot
from ota_engine.store.store import Store
from ota_engine.times import Monotonic
from tests.faults.home import UTC
from tests.faults.signed_home import ACTOR, SignedHome, signed_device
from tests.gbcs.parties import SUPPLIER, everyone


class MortalHome(SignedHome):
    """One HCALCS that holds its image, and a person who asks until it is done."""

    def __init__(
        self,
        *,
        sleepy: bool = False,
        options: SecurityOptions | None = None,
        kill_before: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__(signed_device(sleepy=sleepy, security=options), kill_before=kill_before)
        self.deliver()
        self.delivered = self.shell.effects
        self.begun = self.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass; the wall clock is read every half minute, as shells do."""
        until = self.now + seconds
        while self.now < until:
            super().pass_time(min(until - self.now, 30.0))
            self.ask_or_die(ClockObserved(UTC + self.now, Monotonic(self.now)))

    def ask_or_die(self, event: ClockObserved | ActivateImage | CancelOrder) -> None:
        self.network.submit(
            self.port, self.shell.handle(event, Monotonic(self.now)), Monotonic(self.now)
        )

    def insist(self, asked: ActivateImage | CancelOrder, done: Callable[[], bool]) -> None:
        while not done():
            self.ask_or_die(asked)

    def activate(self, at: float | None = None, digest: bytes | None = None) -> None:
        """Order it now, or so many seconds from now."""
        wanted = digest or bytes.fromhex(self.image.manufacturer_image_hash)
        utc = None if at is None else UTC + self.now + at
        order = ActivateImage(self.device.eui64, wanted, utc, ACTOR)
        self.insist(order, lambda: bool(self.shell.engine.orders()))

    def cancel(self) -> None:
        cancel = CancelOrder(1, ACTOR)
        self.insist(cancel, lambda: self.order_record.cancel_counter is not None)

    def stop_engine(self, seconds: float) -> None:
        """Kill the engine, let the device live on without it, and start another."""
        self.network.detach(self.port)
        self.network.run(self.now + seconds)
        self.port = self.network.attach(self.shell)
        self.network.submit(self.port, self.shell.restart(Monotonic(self.now)), Monotonic(self.now))

    def restore(self, copy: Snapshot) -> None:
        """Put an old copy of the store in place of the one there is, and start an engine on it."""
        self.shell.store = Store.in_memory()
        for rows in (copy.images, copy.devices, copy.assignments, copy.sessions, copy.counters):
            self.shell.store.apply(rows)
        self.network.submit(self.port, self.shell.restart(Monotonic(self.now)), Monotonic(self.now))

    @property
    def replays(self) -> int:
        return sum("replay" in reason for reason in self.refusals)

    def check(self, state: str, verdict: str, *, runs: int) -> None:
        """The order ended so, was told once with its proof, and the device agrees."""
        store, order = self.shell.store, self.order_record
        assert store.verify_audit() is None
        assert order.state == state, order
        assert self.device.version == runs
        assert self.boots == (state == "activated")
        (outcome,) = self.outcomes("order")
        assert outcome.verdict == verdict
        moment = datetime.fromtimestamp(UTC, UTC_ZONE)
        authenticate(parse(outcome.message), everyone(), now=moment)
        used = {record.originator: record.last for record in store.load().counters}
        assert (order.cancel_counter or order.counter or 0) <= used[Eui64(SUPPLIER)]
        assert len({one.key for one in store.outcomes()}) == len(store.outcomes())
        assert len(self.outcomes("alert")) == 1, "one CCS08 for one transfer"
