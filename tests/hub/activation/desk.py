"""An engine with keys on the table, a store behind it, and devices that say what a test has them say.

Engine, store, tunnels and codec are the shipped ones; a device is its end of the tunnel and its
keys. Frames arrive at once unless the device is deaf or mute.
"""

import hashlib
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from emulators.devices import kinds
from emulators.gbcs.tunnel import GET_EVERY, DeviceTunnel
from emulators.node import NodeAction, Transmit
from emulators.platform.endpoint import Endpoint
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.events import (
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    ClockObserved,
    Effect,
    Joined,
    LinkDown,
    LinkEvent,
    LinkUp,
    Notify,
    Packet,
    Persist,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
    Payload,
    VersionRead,
    activation_of,
    read_payload,
)
from ota_engine.gbcs.protection import protect
from ota_engine.hub.activation.requests import ActivateImage, AskVersion, CancelOrder
from ota_engine.hub.activation.security import OrderPatience, Security
from ota_engine.hub.delivery.commands import AddImage
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import (
    AuditRecord,
    ImageRecord,
    OrderRecord,
    OrderState,
    OutcomeRecord,
    Snapshot,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.commands import QueryNextImageRequest
from ota_engine.zcl.hot import encode_query_next_image_request
from tests.gbcs.parties import (
    BROKER,
    CHF,
    HASH,
    HCALCS,
    NOW,
    SUPPLIER,
    VERSION,
    everyone,
)
from tests.store.samples import deeds

UTC = Utc(NOW.timestamp())  # when the desk's clock stands at 0
DEVICE = Eui64(HCALCS)
OLD_VERSION = 0x0100_0000
DONE, BAD = ActivationOutcome(0, VERSION), ActivationOutcome(2, OLD_VERSION)
DAY = 86_400.0


def security(
    patience: OrderPatience | None = None, *, hub: bool = True, keys: Keystore | None = None
) -> Security:
    """Speak for the supplier and the broker, and for the hub unless told not to."""
    return Security(
        everyone() if keys is None else keys,
        Eui64(CHF) if hub else None,
        Eui64(SUPPLIER),
        Eui64(BROKER),
        patience or OrderPatience(),
    )


def image(version: int = VERSION, digest: bytes = HASH, **changes: object) -> ImageRecord:
    """The image that the hash is of."""
    data = version.to_bytes(4)
    fields: dict[str, object] = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "name": "test",
        "manufacturer_code": 0x121D,
        "image_type": 0x84,
        "file_version": version,
        "zigbee_stack_version": 2,
        "header_string": "test",
        "minimum_hardware_version": None,
        "maximum_hardware_version": None,
        "upgrade_file_destination": None,
        "manufacturer_image_hash": digest.hex(),
        "added_utc": UTC,
        "data": data,
    }
    return ImageRecord(**{**fields, **changes})  # type: ignore[arg-type] # by name


class Desk:
    """One engine, its time, its store and its devices."""

    def __init__(
        self,
        *,
        up: bool = True,
        patience: OrderPatience | None = None,
        keys: Keystore | None = None,
    ) -> None:
        self.now = Monotonic(0.0)
        self.utc_offset = UTC
        self.store = Store.in_memory()
        self.patience = patience
        self.keys = keys
        self.clients: dict[Eui64, Client] = {}
        self.nudges = 0
        self.batches: list[tuple[object, ...]] = []
        self._queue: deque[Send] = deque()
        self.engine = Engine(security=security(patience, keys=keys))
        if up:
            self.bring_up()

    def bring_up(self) -> None:
        self.tell_time()
        self.give(LinkUp("test", Eui64(CHF), 82, False, self.now))

    def go_down(self) -> None:
        self.give(LinkDown("test", "unplugged", self.now))

    def tell_time(self, step: float = 0.0) -> None:
        self.utc_offset += step
        self.give(ClockObserved(Utc(self.now + self.utc_offset), self.now))

    def restart(self, *, after: float = 0.0, snapshot: Snapshot | None = None) -> None:
        """A new engine takes over from what the store remembers, or from an old copy of it."""
        self.now += after
        self._queue.clear()
        self.engine = Engine(
            snapshot=snapshot or self.store.load(),
            security=security(self.patience, keys=self.keys),
        )
        self.bring_up()

    # --- the loop -----------------------------------------------------------------------------

    def give(self, event: LinkEvent | ClockObserved | EngineRequest) -> None:
        self._carry_out(self.engine.handle(event, self.now))
        self.settle()

    def settle(self) -> None:
        """Let every frame on the air arrive."""
        while self._queue:
            frame = self._queue.popleft()
            client = self.clients.get(frame.destination)
            if client is None or client.deaf:
                failure = SendFailed(frame, SendStatus.DELIVERY_FAILED, self.now)
                self._carry_out(self.engine.handle(failure, self.now))
            else:
                client.hear(frame)

    def wait(self, seconds: float) -> None:
        """Let time pass, every deadline of engine and devices in its turn."""
        end = self.now + seconds
        while (due := self._next_due()) <= end:
            self.now = Monotonic(max(self.now, due))
            if self.engine.next_wake <= self.now:
                self._carry_out(self.engine.wake(self.now))
            for client in self.clients.values():
                client.wake()
            self.settle()
        self.now = end

    def _next_due(self) -> float:
        return min([self.engine.next_wake, *(c.tunnel.wake_at for c in self.clients.values())])

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for place, effect in enumerate(effects):
            if isinstance(effect, Persist):
                assert place == 0, "a row behind a frame would be committed too late"
                self.batches.append(effect.records)
                self.store.apply(effect.records)
            elif isinstance(effect, Notify):
                self.nudges += 1
            else:
                self._queue.append(effect)

    def receive(self, packet: Packet) -> None:
        self._carry_out(self.engine.handle(packet, self.now))

    # --- what people ask, and what is to be seen ------------------------------------------------

    def activate(
        self, at: float | None = None, device: Eui64 = DEVICE, digest: bytes = HASH
    ) -> OrderRecord:
        """Order a device, ``at`` so many seconds from now or now."""
        utc = None if at is None else Utc(self.now + self.utc_offset + at)
        self.give(ActivateImage(device, digest, utc, "ann"))
        return self.engine.orders()[-1]

    def cancel(self, number: int = 1) -> None:
        self.give(CancelOrder(number, "bob"))

    def read_version(self, device: Eui64 = DEVICE) -> None:
        self.give(AskVersion(device, "ann"))

    def add(self, record: ImageRecord) -> None:
        self.give(AddImage(record, "ann"))

    def order(self, number: int = 1) -> OrderRecord:
        found = self.engine.order(number)
        assert found is not None
        assert found in self.store.load().orders, "what is shown must be what is stored"
        return found

    def state(self, number: int = 1) -> OrderState:
        return self.order(number).state

    def outcomes(self, kind: str | None = None) -> list[OutcomeRecord]:
        return [one for one in self.store.outcomes() if kind in (None, one.kind)]

    def audits(self, action: str | None = None) -> list[AuditRecord]:
        return [row for row in deeds(self.store) if action in (None, row.action)]


class Client:
    """One device: its end of the tunnel, its keys, and what it was sent."""

    def __init__(
        self,
        desk: Desk,
        eui64: int = HCALCS,
        *,
        sleepy: bool = False,
        get_every: float = GET_EVERY,
    ) -> None:
        self.desk = desk
        self.eui64 = Eui64(eui64)
        self.deaf = False  # nothing reaches it
        self.mute = False  # nothing it says arrives
        self.inbox: list[Message] = []
        self.octets: list[bytes] = []
        self.counter = 5000
        spec = DeviceSpec(
            self.eui64, kinds.HCALCS, 0x1001, 0x121D, 0x84, OLD_VERSION, sleepy=sleepy
        )
        self._spec = spec
        self.tunnel = DeviceTunnel(spec, Endpoint(spec), get_every=get_every)
        desk.clients[self.eui64] = self

    def join(self) -> None:
        """Start, and announce itself."""
        self.tunnel.power_off()
        self.tunnel.power_on(self.desk.now)
        spec = self._spec
        now = self.desk.now
        self.desk.give(Joined(self.eui64, spec.network_address, spec.sleepy, 0, 0, now))

    def query(self) -> None:
        """Ask for an image, which tells whose firmware it runs."""
        spec = self._spec
        asked = QueryNextImageRequest(0, spec.manufacturer_code, spec.image_type, OLD_VERSION)
        self.desk.receive(
            Packet(
                self.eui64,
                spec.network_address,
                1,
                OTA_SERVER_ENDPOINT,
                SMART_ENERGY,
                OTA_UPGRADE_CLUSTER,
                0,
                encode_query_next_image_request(1, asked),
                200,
                self.desk.now,
            )
        )
        self.desk.settle()

    # --- frames -------------------------------------------------------------------------------

    def hear(self, frame: Send) -> None:
        actions, messages = self.tunnel.receive(frame, self.desk.now)
        self.inbox += [parse(octets) for octets in messages]
        self.octets += messages
        self._carry_out(actions)

    def wake(self) -> None:
        if self.tunnel.wake_at <= self.desk.now:
            self._carry_out(self.tunnel.wake(self.desk.now))

    def _carry_out(self, actions: Iterable[NodeAction]) -> None:
        for action in actions:
            if isinstance(action, Transmit) and not self.mute:
                self.desk.receive(
                    Packet(
                        self.eui64,
                        self._spec.network_address,
                        action.source_endpoint,
                        action.destination_endpoint,
                        action.profile,
                        action.cluster,
                        0,
                        action.payload,
                        200,
                        self.desk.now,
                    )
                )

    # --- messages -----------------------------------------------------------------------------

    def say(self, octets: bytes) -> None:
        """Send a message, whatever it is."""
        self._carry_out(self.tunnel.send(octets, self.desk.now))
        self.desk.settle()

    def commands(self, code: MessageCode = MessageCode.ACTIVATE_FIRMWARE) -> list[Message]:
        return [message for message in self.inbox if message.message_code == code]

    def respond_at(self, moment: datetime, payload: Payload) -> bytes:
        """Answer the last CS06 by a clock of its own."""
        answer = compose.response(self.commands()[-1], payload, compose.device_time(moment))
        return serialise(protect(answer, everyone()))

    def respond(self, command: Message, payload: Payload) -> bytes:
        clock = compose.device_time(self.moment())
        timed = None if isinstance(payload, VersionRead) else clock
        return serialise(protect(compose.response(command, payload, timed), everyone()))

    def answer(self, payload: ActivationOutcome | CommandAccepted = DONE, which: int = -1) -> bytes:
        """Answer a CS06, the last one by default."""
        octets = self.respond(self.commands()[which], payload)
        self.say(octets)
        return octets

    def accept(self, which: int = -1) -> bytes:
        return self.answer(CommandAccepted(), which)

    def alert(self, outcome: ActivationOutcome = DONE, which: int = -1) -> bytes:
        """Tell by 0x00CA what came of a future dated CS06."""
        command = self.commands()[which]
        at = activation_of(command).execution_time
        assert at is not None
        code = (
            AlertCode.FUTURE_DATED_COMMAND_ACTIONED
            if outcome.code == 0
            else AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED
        )
        said = FutureDatedOutcome(code, at, command.counter, outcome)
        octets = self.tell(MessageCode.FIRMWARE_ACTIVATION_ALERT, said, command.originator)
        self.say(octets)
        return octets

    def tell(self, code: MessageCode, payload: Payload, recipient: int = SUPPLIER) -> bytes:
        """Write an alert of its own."""
        self.counter += 1
        message = compose.alert(
            code, payload, originator=self.eui64, recipient=recipient, counter=self.counter
        )
        return serialise(protect(message, everyone()))

    def report_version(self, version: int = VERSION, code: int = 0) -> bytes:
        """Answer the last CS08."""
        asked = self.commands(MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION)[-1]
        octets = self.respond(asked, VersionRead(version, code))
        self.say(octets)
        return octets

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.desk.now + self.desk.utc_offset, NOW.tzinfo)


def ready(
    *,
    sleepy: bool = False,
    patience: OrderPatience | None = None,
    get_every: float = GET_EVERY,
    keys: Keystore | None = None,
) -> tuple[Desk, Client]:
    """A desk with one device on the network, and the image that orders are about."""
    desk = Desk(patience=patience, keys=keys)
    desk.add(image())
    client = Client(desk, sleepy=sleepy, get_every=get_every)
    client.join()
    client.query()
    return desk, client


def payload_of(message: Message) -> Payload:
    return read_payload(message)
