"""One device and a hand-written server's words: each test says the frames it is about."""

from collections.abc import Sequence
from random import Random

from emulators.client.table import ClientState
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import DeviceKind
from emulators.node import Announce, NodeAction, Note, Transmit
from emulators.platform.profiles import LAB, TimerProfile
from emulators.platform.spec import ClientOptions, DeviceSpec
from images import ImageSpec, build
from images.eui64 import Eui64
from ota_engine.events import BASIC_CLUSTER, BROADCAST_ALL, OTA_UPGRADE_CLUSTER, SMART_ENERGY, Send
from ota_engine.times import Monotonic
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.general import AttributeRecord

MANUFACTURER = 0x121D
IMAGE_TYPE = 0x0084
OLD, NEW = 0x0100, 0x0200
DEVICE = Eui64(0x00DB_1234_5678_90A0)


def spec(
    kind: DeviceKind = kinds.IHD,
    *,
    timers: TimerProfile = LAB,
    battery: bool = False,
    hardware_version: int | None = 0x0102,
    bank_size: int = 1 << 20,
    image_type: int = IMAGE_TYPE,
    certificate: bytes | None = None,
    eui64: Eui64 = DEVICE,
    seed: int = 7,
    **options: object,
) -> DeviceSpec:
    return DeviceSpec(
        eui64,
        kind,
        0x1234,
        MANUFACTURER,
        image_type,
        OLD,
        hardware_version=hardware_version,
        battery=battery,
        bank_size=bank_size,
        certificate=certificate,
        timers=timers,
        options=ClientOptions(**options),  # type: ignore[arg-type] # names checked at run time
        seed=seed,
    )


def image(
    octets: int = 10_000,
    *,
    version: int = NEW,
    image_type: int = IMAGE_TYPE,
    seed: int = 1,
    hardware: tuple[int, int] | None = None,
) -> bytes:
    """An image whose integrity code the device will check."""
    low, high = hardware or (None, None)
    return build(
        Random(seed).randbytes(octets),
        ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=image_type,
            file_version=version,
            minimum_hardware_version=low,
            maximum_hardware_version=high,
            integrity=True,
        ),
    )


class Dialogue:
    """A device on the table: time passes when a test says so, nothing is answered unasked."""

    def __init__(self, of: DeviceSpec | None = None, fleet: DeviceAssembly | None = None) -> None:
        self.device: EmulatedDevice = (fleet or DeviceAssembly()).build(of or spec())
        self.now = Monotonic(0.0)
        self.notes: list[Note] = []
        self.announced = 0
        self.frames: list[Transmit] = []

    # --- what the device does ---------------------------------------------------------------------

    def take(self, actions: Sequence[NodeAction]) -> list[Transmit]:
        sent = [action for action in actions if isinstance(action, Transmit)]
        self.notes += [action for action in actions if isinstance(action, Note)]
        self.announced += sum(isinstance(action, Announce) for action in actions)
        self.frames = sent
        return sent

    def power_on(self) -> list[Transmit]:
        return self.take(self.device.power_on(self.now))

    def crash(self) -> None:
        self.take(self.device.crash(self.now))

    def alarm(self) -> list[Transmit]:
        """Go to the device's own next alarm."""
        self.now = Monotonic(max(self.now, self.device.wake_at))
        return self.take(self.device.wake(self.now))

    def sent(self) -> list[ota.OtaCommand | general.GeneralCommand]:
        """What the device said last, decoded."""
        return [decoded(frame) for frame in self.frames]

    def only(self) -> ota.OtaCommand | general.GeneralCommand:
        (command,) = self.sent()
        return command

    @property
    def state(self) -> ClientState:
        return self.device.client.state

    # --- what the server says ---------------------------------------------------------------------

    def say(
        self, command: ota.OtaCommand, *, sequence: int = 1, disable_default: bool = True
    ) -> list[Transmit]:
        frame = cluster_frame(
            ota.command_of(command),
            sequence,
            ota.encode(command),
            from_server=True,
            disable_default_response=disable_default,
        )
        return self.hear(frame)

    def default(self, command: int, status: int) -> list[Transmit]:
        payload = general.encode(general.DefaultResponse(command, status))
        return self.hear(general_frame(general.DEFAULT_RESPONSE, 1, payload, from_server=True))

    def broadcast(self, command: ota.OtaCommand) -> list[Transmit]:
        frame = cluster_frame(ota.command_of(command), 1, ota.encode(command), from_server=True)
        return self.hear(frame, destination=BROADCAST_ALL, endpoint=0xFF)

    def hear(
        self,
        frame: bytes,
        *,
        destination: Eui64 | None = None,
        endpoint: int = 1,
        cluster: int = OTA_UPGRADE_CLUSTER,
        profile: int = SMART_ENERGY,
    ) -> list[Transmit]:
        to = self.device.eui64 if destination is None else destination
        send = Send(to, 10, endpoint, profile, cluster, frame, True, False, 0, 0)
        return self.take(self.device.receive(send, self.now))

    def read(self, *attributes: int, cluster: int = OTA_UPGRADE_CLUSTER) -> list[AttributeRecord]:
        payload = general.encode(general.ReadAttributes(attributes))
        from_server = cluster != BASIC_CLUSTER
        frame = general_frame(general.READ_ATTRIBUTES, 9, payload, from_server=from_server)
        self.hear(frame, cluster=cluster)
        answer = self.only()
        assert isinstance(answer, general.ReadAttributesResponse)
        return list(answer.records)

    # --- shortcuts through the happy path ---------------------------------------------------------

    def query(self) -> None:
        """Power on and go to the first query."""
        self.power_on()
        self.alarm()

    def offer(self, content: bytes, *, version: int = NEW, image_type: int = IMAGE_TYPE) -> None:
        """Query, and be offered this file."""
        self.query()
        self.say(ota.QueryNextImageResponse(0, MANUFACTURER, image_type, version, len(content)))

    def block(
        self, content: bytes, offset: int, length: int = 63, *, version: int = NEW
    ) -> list[Transmit]:
        data = content[offset : offset + length]
        return self.say(ota.ImageBlockResponse(0, MANUFACTURER, IMAGE_TYPE, version, offset, data))

    def feed(self, content: bytes, *, until: int | None = None) -> None:
        """Answer block requests until the file is there, or until an offset was asked for."""
        while self.frames:
            asked = self.sent()[-1]
            if not isinstance(asked, ota.ImageBlockRequest):
                return
            if until is not None and asked.file_offset >= until:
                return
            start = asked.file_offset
            data = content[start : start + asked.maximum_data_size]
            self.say(
                ota.ImageBlockResponse(
                    0,
                    asked.manufacturer_code,
                    asked.image_type,
                    asked.file_version,
                    start,
                    data,
                )
            )

    def download(self, content: bytes) -> None:
        """Everything up to the Upgrade End Request."""
        self.offer(content)
        self.feed(content)
        self.alarm()

    def end(self, current: int = 0, upgrade: int = 0, *, version: int = NEW) -> list[Transmit]:
        return self.say(ota.UpgradeEndResponse(MANUFACTURER, IMAGE_TYPE, version, current, upgrade))


def decoded(frame: Transmit) -> ota.OtaCommand | general.GeneralCommand:
    header = parse_header(frame.payload)
    payload = frame.payload[header.length :]
    if header.cluster_specific:
        return ota.decode(header.command, payload)
    return general.decode(header.command, payload)
