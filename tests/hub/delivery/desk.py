"""An engine on the table, with an in-memory store behind it and hand-written clients before it.

Nothing here is a double: the engine, the store and the codec are the shipped ones, and a client is
no more than the frames a test has it say.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from images.eui64 import Eui64
from ota_engine.events import (
    BASIC_CLUSTER,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    ClockObserved,
    Effect,
    Joined,
    LinkEvent,
    LinkUp,
    Notify,
    Packet,
    Persist,
    Send,
)
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.engine import Engine, EngineRequest
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    AuditRecord,
    EventRecord,
    ImageRecord,
    Record,
    SessionState,
    VersionPolicy,
)
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.general import AttributeRecord
from ota_engine.zcl.status import Status
from tests.store.samples import deeds

UTC = Utc(1_800_000_000.0)
MANUFACTURER, IMAGE_TYPE = 0x121D, 0x0084
OLD, NEW = 0x0100, 0x0200
DEVICE = Eui64(0x00DB_1234_5678_90A0)
OWN = Eui64(0x00DB_0000_0000_0001)
MAX_PAYLOAD = 82  # octets


def image(
    size: int = 1000,
    *,
    version: int = NEW,
    image_type: int = IMAGE_TYPE,
    manufacturer: int = MANUFACTURER,
    hardware: tuple[int, int] | None = None,
    destination: Eui64 | None = None,
    seed: int = 1,
) -> ImageRecord:
    """A catalogue row; to the delivery an image is octets under an identity."""
    data = Random(f"{seed} {manufacturer} {image_type} {version}").randbytes(size)
    low, high = hardware or (None, None)
    return ImageRecord(
        sha256=hashlib.sha256(data).hexdigest(),
        name="test",
        manufacturer_code=manufacturer,
        image_type=image_type,
        file_version=version,
        zigbee_stack_version=2,
        header_string="test",
        minimum_hardware_version=low,
        maximum_hardware_version=high,
        upgrade_file_destination=destination,
        manufacturer_image_hash="",
        added_utc=UTC,
        data=data,
    )


def wish(
    of: ImageRecord,
    device: Eui64 = DEVICE,
    *,
    policy: VersionPolicy = VersionPolicy.UPGRADE,
    activation: Activation = Activation.IMMEDIATE,
    delay: int = 0,
    at: Utc | None = None,
) -> AssignmentRecord:
    return AssignmentRecord(device, of.sha256, policy, activation, delay, at, UTC)


class Desk:
    """One engine, its time, its store, and everything it has had sent."""

    def __init__(self, config: DeliveryConfig | None = None, *, up: bool = True) -> None:
        self.config = config or DeliveryConfig()
        self._store: Store | None = None
        self._unsaved: list[Record] = []
        self.engine = Engine(self.config)
        self.now = Monotonic(0.0)
        self.utc_offset = UTC
        self.sent: list[tuple[float, Send]] = []
        self.nudges = 0
        if up:
            self.bring_up()

    @property
    def store(self) -> Store:
        """The store, with every row up to now; made when a test first asks for it."""
        if self._store is None:
            self._store = Store.in_memory()
        self._store.apply(self._unsaved)
        self._unsaved = []
        return self._store

    def bring_up(self) -> None:
        self.tell_time()
        self.give(LinkUp("test", OWN, MAX_PAYLOAD, False, self.now))

    def tell_time(self) -> None:
        self.give(ClockObserved(Utc(self.now + self.utc_offset), self.now))

    def restart(self, *, after: float = 0.0) -> None:
        """A new engine takes over from what the store remembers."""
        self.now += after
        self.engine = Engine(self.config, self.store.load())
        self.bring_up()

    def give(self, event: LinkEvent | ClockObserved | EngineRequest) -> list[Send]:
        """Have the engine take an event now; returns the frames it has sent for it."""
        return self._carry_out(self.engine.handle(event, self.now))

    def wait(self, seconds: float) -> list[Send]:
        """Let time pass, every deadline in its turn; returns the frames sent meanwhile."""
        end = self.now + seconds
        frames: list[Send] = []
        while self.engine.next_wake <= end:
            self.now = max(self.now, self.engine.next_wake)
            frames += self._carry_out(self.engine.wake(self.now))
        self.now = end
        return frames

    def _carry_out(self, effects: Iterable[Effect]) -> list[Send]:
        frames: list[Send] = []
        for effect in effects:
            if isinstance(effect, Persist):
                assert not frames, "a row behind a frame would be committed too late"
                self._unsaved += effect.records
            elif isinstance(effect, Notify):
                self.nudges += 1
            else:
                frames.append(effect)
        self.sent += [(self.now, frame) for frame in frames]
        return frames

    # --- what a test asks about -------------------------------------------------------------

    def add(self, *images: ImageRecord) -> None:
        for one in images:
            self.give(AddImage(one, "test"))

    def assign(self, of: ImageRecord, device: Eui64 = DEVICE, **wanted: Any) -> None:
        """Put an image in the catalogue and assign it to a device."""
        self.add(of)
        self.give(Assign(wish(of, device, **wanted), "test"))

    def status(self, device: Eui64 = DEVICE, of: ImageRecord | None = None) -> SessionStatus:
        (found,) = (
            status
            for status in self.engine.status()
            if status.device == device and (of is None or status.sha256 == of.sha256)
        )
        return found

    def state(self, device: Eui64 = DEVICE) -> SessionState:
        return self.status(device).state

    def outcomes(self) -> list[tuple[str, str, str]]:
        return [(one.kind, one.verdict, one.reason) for one in self.store.outcomes()]

    def events(self, kind: str | None = None) -> tuple[EventRecord, ...]:
        return self.store.events(kind=kind)

    def audits(self) -> list[AuditRecord]:
        return deeds(self.store)

    def to(self, device: Eui64 = DEVICE) -> list[Send]:
        return [frame for _, frame in self.sent if frame.destination == device]


class Client:
    """What one device says, frame by frame; every method returns the engine's decoded answers."""

    def __init__(
        self,
        desk: Desk,
        eui64: Eui64 = DEVICE,
        *,
        of: ImageRecord | None = None,
        endpoint: int = 1,
        profile: int = SMART_ENERGY,
        block: int = 50,
        sleepy: bool = False,
        channel: int = 0,
        relays: int = 0,
    ) -> None:
        self.desk = desk
        self.eui64 = eui64
        self.image = of or image()
        self.endpoint = endpoint
        self.profile = profile
        self.maximum = block
        self.address = 0x1000 + (eui64 & 0xFFF)
        self.sequence = 0
        self.joining = Joined(eui64, self.address, sleepy, channel, relays, Monotonic(0.0))

    # --- frames -----------------------------------------------------------------------------

    def frame(self, payload: bytes, cluster: int = OTA_UPGRADE_CLUSTER) -> Packet:
        return Packet(
            self.eui64,
            self.address,
            self.endpoint,
            OTA_SERVER_ENDPOINT,
            self.profile,
            cluster,
            0,
            payload,
            200,
            self.desk.now,
        )

    def raw(self, payload: bytes, cluster: int = OTA_UPGRADE_CLUSTER) -> list[Send]:
        return self.desk.give(self.frame(payload, cluster))

    def say(self, command: ota.OtaCommand) -> list[object]:
        self.sequence = (self.sequence + 1) & 0xFF
        payload = cluster_frame(
            ota.command_of(command),
            self.sequence,
            ota.encode(command),
            from_server=False,
            disable_default_response=False,
        )
        answers = self.raw(payload)
        for answer in answers:
            header = parse_header(answer.payload)
            if header.cluster_specific:
                assert header.sequence == self.sequence
                assert header.from_server
                assert header.disable_default_response
        return [decoded(answer) for answer in answers]

    def say_general(
        self, command: general.GeneralCommand, cluster: int = OTA_UPGRADE_CLUSTER
    ) -> list[object]:
        self.sequence = (self.sequence + 1) & 0xFF
        payload = general_frame(
            general.command_of(command),
            self.sequence,
            general.encode(command),
            from_server=cluster == BASIC_CLUSTER,
        )
        return [decoded(answer) for answer in self.raw(payload, cluster)]

    # --- the dialogue -----------------------------------------------------------------------

    def join(self) -> list[object]:
        return [decoded(frame) for frame in self.desk.give(self.joining)]

    def query(self, version: int = OLD, hardware: int | None = None) -> object:
        """Query; returns the response, without what else the engine may say with it."""
        key = (self.image.manufacturer_code, self.image.image_type)
        control = 0 if hardware is None else 1
        return self.say(ota.QueryNextImageRequest(control, *key, version, hardware))[0]

    def ask(self, offset: int, size: int | None = None, **options: object) -> object | None:
        """Ask for a block; None when there was no answer."""
        asked = ota.ImageBlockRequest(
            0, *self.key, offset, self.maximum if size is None else size
        )._replace(**options)  # type: ignore[arg-type] # by name
        answers = self.say(asked)
        assert len(answers) <= 1
        return answers[0] if answers else None

    @property
    def key(self) -> tuple[int, int, int]:
        return (self.image.manufacturer_code, self.image.image_type, self.image.file_version)

    def block(self, offset: int, size: int | None = None) -> bytes:
        """Ask for a block that will come; its octets are those of the image."""
        answer = self.ask(offset, size)
        assert isinstance(answer, ota.ImageBlockResponse), answer
        assert answer.status == Status.SUCCESS, answer
        assert answer[1:5] == (*self.key, offset)
        assert answer.data is not None
        assert answer.data == self.image.data[offset : offset + len(answer.data)]
        return answer.data

    def download(self, start: int = 0, until: int | None = None) -> None:
        """Ask for block after block, one every 20 ms."""
        end = len(self.image.data) if until is None else until
        offset = start
        while offset < end:
            self.desk.wait(0.02)
            offset += len(self.block(offset))

    def end(self, status: int = Status.SUCCESS, version: int | None = None) -> object:
        key = (self.image.manufacturer_code, self.image.image_type)
        named = self.image.file_version if version is None else version
        (answer,) = self.say(ota.UpgradeEndRequest(status, *key, named))
        return answer

    def finish(self) -> object:
        """Everything from the query to the Upgrade End Request, whose answer is returned."""
        assert isinstance(offer := self.query(), ota.QueryNextImageResponse)
        assert offer.status == Status.SUCCESS
        self.download()
        return self.end()

    def report(self, version: int, status: int = 0, *, asked: bool = True) -> None:
        """Say what it runs and of what, in answer to a question or of its own accord."""
        code, kind = self.image.manufacturer_code, self.image.image_type
        records = (
            AttributeRecord(ota.Attribute.CURRENT_FILE_VERSION, 0, general.UINT32, version),
            AttributeRecord(ota.Attribute.IMAGE_UPGRADE_STATUS, 0, general.ENUM8, status),
            AttributeRecord(ota.Attribute.MANUFACTURER_ID, 0, general.UINT16, code),
            AttributeRecord(ota.Attribute.IMAGE_TYPE_ID, 0, general.UINT16, kind),
        )
        command = general.ReadAttributesResponse if asked else general.ReportAttributes
        self.say_general(command(records))

    def hint(self, version: int, status: int = 0, *, asked: bool = True) -> list[object]:
        """Say a version, but not of what."""
        records = (
            AttributeRecord(ota.Attribute.CURRENT_FILE_VERSION, 0, general.UINT32, version),
            AttributeRecord(ota.Attribute.IMAGE_UPGRADE_STATUS, 0, general.ENUM8, status),
        )
        command = general.ReadAttributesResponse if asked else general.ReportAttributes
        return self.say_general(command(records))

    def report_power(self, source: int) -> None:
        record = AttributeRecord(0x0007, 0, general.ENUM8, source)
        self.say_general(general.ReportAttributes((record,)), BASIC_CLUSTER)

    def refuse(self, command: int, status: int) -> list[object]:
        """Refuse the last command of this kind that it was sent."""
        headers = [parse_header(frame.payload) for frame in self.desk.to(self.eui64)]
        ours = [one.sequence for one in headers if one.cluster_specific and one.command == command]
        self.sequence = (ours[-1] - 1) & 0xFF if ours else self.sequence
        return self.say_general(general.DefaultResponse(command, status))


def decoded(frame: Send) -> object:
    header = parse_header(frame.payload)
    payload = frame.payload[header.length :]
    if header.cluster_specific:
        return ota.decode(header.command, payload)
    return general.decode(header.command, payload)


def offered(of: ImageRecord) -> ota.QueryNextImageResponse:
    return ota.QueryNextImageResponse(
        Status.SUCCESS, of.manufacturer_code, of.image_type, of.file_version, len(of.data)
    )


def ready(
    config: DeliveryConfig | None = None, of: ImageRecord | None = None, **wanted: Any
) -> tuple[Desk, Client]:
    """A desk with one device on the network that has one image assigned."""
    desk = Desk(config)
    client = Client(desk, of=of)
    client.join()
    desk.assign(client.image, client.eui64, **wanted)
    return desk, client


def told(seconds: int, of: ImageRecord, current: int = 0) -> ota.UpgradeEndResponse:
    key = (of.manufacturer_code, of.image_type, of.file_version)
    return ota.UpgradeEndResponse(*key, current, seconds)


NOBODY = ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)
ABORT = general.DefaultResponse(ota.Command.UPGRADE_END_REQUEST, Status.ABORT)
ACKNOWLEDGED = general.DefaultResponse(ota.Command.UPGRADE_END_REQUEST, Status.SUCCESS)
WAIT_FOR_EVER = 0xFFFFFFFF


def variant(of: ImageRecord, **changes: object) -> ImageRecord:
    return replace(of, **changes)  # type: ignore[arg-type] # by name
