"""An engine on the table, a store behind it, and a device whose frames a test writes octet by octet."""

from collections.abc import Iterable

from images.eui64 import Eui64
from ota_engine.events import (
    DEVICE_MANAGEMENT_CLUSTER,
    SMART_ENERGY,
    ClockObserved,
    Effect,
    Joined,
    LinkDown,
    LinkUp,
    Packet,
    Persist,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.hub.engine import Engine
from ota_engine.hub.premises.requests import AnnounceChange, CancelChange
from ota_engine.records import (
    AuditRecord,
    OutcomeRecord,
    PremisesReply,
    PremisesSubject,
    Snapshot,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc

UTC = Utc(1_800_000_000.0)
ZIGBEE_UTC = int(UTC) - 946_684_800
HUB, DEVICE, OTHER = Eui64(0x00DB_0001), Eui64(0x00DB_0002), Eui64(0x00DB_0003)
TENANCY, SUPPLIER = PremisesSubject.TENANCY, PremisesSubject.SUPPLIER
GET_TENANCY, GET_SUPPLIER = 0x00, 0x01
CONSUMER = 1 << 9


class Desk:
    """One engine and what it put on the air."""

    def __init__(self) -> None:
        self.now = Monotonic(0.0)
        self.step = 0.0
        self.store = Store.in_memory()
        self.sent: list[Send] = []
        self.engine = Engine()
        self.bring_up()

    def bring_up(self) -> None:
        self.give(ClockObserved(Utc(UTC + self.now), self.now))
        self.give(LinkUp("test", HUB, 82, False, self.now))

    def go_down(self) -> None:
        self.give(LinkDown("test", "unplugged", self.now))

    def restart(self, snapshot: Snapshot | None = None) -> None:
        """A new engine takes over from what the store remembers."""
        self.sent.clear()
        self.engine = Engine(snapshot=snapshot or self.store.load())
        self.bring_up()

    def give(self, event: object) -> None:
        self._carry_out(self.engine.handle(event, self.now))  # type: ignore[arg-type]

    def wait(self, seconds: float) -> list[Send]:
        """Let time pass; returns what was sent."""
        before, end = len(self.sent), self.now + seconds
        while self.engine.next_wake <= end:
            self.now = Monotonic(max(self.now, self.engine.next_wake))
            self._carry_out(self.engine.wake(self.now))
        self.now = Monotonic(end)
        return self.sent[before:]

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Persist):
                self.store.apply(effect.records)
            elif isinstance(effect, Send) and effect.cluster == DEVICE_MANAGEMENT_CLUSTER:
                self.sent.append(effect)

    # --- a device --------------------------------------------------------------------------------

    def join(self, device: Eui64 = DEVICE) -> None:
        self.give(Joined(device, 0x1001, False, 0, 0, self.now))

    def say(self, frame: str | bytes, device: Eui64 = DEVICE) -> list[bytes]:
        """Let a device send a frame; returns what it is answered."""
        octets = bytes.fromhex(frame) if isinstance(frame, str) else frame
        before = len(self.sent)
        self.give(
            Packet(
                device,
                0x1001,
                5,
                10,
                SMART_ENERGY,
                DEVICE_MANAGEMENT_CLUSTER,
                1,
                octets,
                200,
                self.now,
            )
        )
        answers = self.sent[before:]
        assert all((one.destination, one.destination_endpoint) == (device, 5) for one in answers)
        return [one.payload for one in answers]

    def ask(self, command: int, sequence: int = 0x2A, device: Eui64 = DEVICE) -> bytes:
        """Let a device ask; returns the one answer."""
        (answer,) = self.say(bytes((0x01, sequence, command)), device)
        return answer

    def acknowledge(self, sent: Send, status: int = 0) -> None:
        """Let a device answer a publication."""
        self.say(bytes((0x10, sent.payload[1], 0x0B, sent.payload[2], status)), sent.destination)

    def lose(self, sent: Send) -> None:
        self.give(SendFailed(sent, SendStatus.DELIVERY_FAILED, self.now))

    # --- people ----------------------------------------------------------------------------------

    def announce(
        self, subject: PremisesSubject = TENANCY, after: float | None = None, **more: object
    ) -> None:
        due = None if after is None else Utc(UTC + self.now + after)
        self.give(AnnounceChange(subject, CONSUMER, "ann", due, **more))  # type: ignore[arg-type]

    def cancel(self, subject: PremisesSubject = TENANCY) -> None:
        self.give(CancelChange(subject, "ann"))

    def replies(self, subject: PremisesSubject = TENANCY) -> dict[Eui64, PremisesReply]:
        (status,) = [one for one in self.engine.premises_status() if one.change.subject is subject]
        return {one.device: one.reply for one in status.replies}

    def outcomes(self) -> list[OutcomeRecord]:
        return list(self.store.outcomes())

    def audited(self) -> list[tuple[str, str]]:
        rows: list[AuditRecord] = [row.record for row in self.store.audit_rows()]
        return [(row.actor, row.action) for row in rows if row.actor != "store"]
