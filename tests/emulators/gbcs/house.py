"""A real device with real flash behind the air, and a hub that carries messages for a test."""

from datetime import datetime
from random import Random

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.devices.kinds import DeviceKind
from emulators.node import Note
from emulators.platform.flash import FileIdentity, Flash
from emulators.platform.profiles import LAB
from emulators.platform.spec import ClientOptions, DeviceSpec, SecurityOptions
from images import ImageSpec, build, parse
from images.eui64 import Eui64
from ota_engine.events import OTA_UPGRADE_CLUSTER, Send
from ota_engine.gbcs.envelope import Message
from ota_engine.gbcs.envelope import parse as parse_message
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import Payload, read_payload
from ota_engine.gbcs.protection import authenticate
from ota_engine.hub.tunnel import Route
from ota_engine.times import Monotonic
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.ota import UpgradeEndResponse, command_of, encode
from tests.emulators.gbcs.units import START
from tests.gbcs.parties import HCALCS, NOW, SUPPLIER, everyone, files
from tests.hub.tunnel.home import ROOM, Hub

MANUFACTURER, IMAGE_TYPE = 0x121D, 0x0086
OLD_VERSION, NEW_VERSION = 0x0100_0000, 0x0101_0000
RESTART = LAB.restart_time


def image(
    supplier: int | None = SUPPLIER,
    *,
    version: int = NEW_VERSION,
    seed: int = 1,
    image_type: int = IMAGE_TYPE,
) -> bytes:
    """A GB image signed by a supplier, or bare as a PPMID's."""
    key = None if supplier is None else files()[f"{supplier:016x}-ds.key"]
    return build(
        Random(seed).randbytes(9000),
        ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=image_type,
            file_version=version,
            minimum_hardware_version=0x0100,
            maximum_hardware_version=0x01FF,
            layout="gb",
            sign_key=key,
        ),
    )


def hash_of(content: bytes) -> bytes:
    digest = parse(content).manufacturer_image_hash
    assert digest is not None
    return digest


def spec(
    kind: DeviceKind = kinds.HCALCS,
    own: int = HCALCS,
    *,
    sleepy: bool = False,
    security: SecurityOptions | None = None,
    self_test_fails: bool = False,
) -> DeviceSpec:
    return DeviceSpec(
        Eui64(own),
        kind,
        0x1001,
        MANUFACTURER,
        IMAGE_TYPE,
        OLD_VERSION,
        hardware_version=0x0100,
        sleepy=sleepy,
        security=security or SecurityOptions(),
        options=ClientOptions(self_test_fails=self_test_fails),
    )


def give(device: EmulatedDevice, content: bytes) -> None:
    """Put a downloaded file into the device's flash, as if it had just arrived and verified."""
    give_file(device.flash, content)


def give_file(flash: Flash, content: bytes) -> None:
    """Put a downloaded file into the flash of a chip."""
    header = parse(content).header
    identity = FileIdentity(header.manufacturer_code, header.image_type, header.file_version)
    flash.begin(identity, len(content))
    flash.append(content)
    flash.finish()
    flash.mark_verified(complete=True)


class House:
    """One device, its hub, and the journal, in virtual time."""

    def __init__(
        self,
        of: DeviceSpec | None = None,
        content: bytes | None = None,
        *,
        clock: datetime | None = START,
        keys: Keystore | None = None,
        seed: int = 1,
    ) -> None:
        self.notes: list[Note] = []
        self.network = Network(Random(seed), on_note=lambda _, note, __: self.notes.append(note))
        self.hub = Hub()
        self.port = self.network.attach(self.hub)
        self.device = DeviceAssembly(everyone() if keys is None else keys).build(of or spec())
        self.network.add(self.device)
        if content is not None:
            give(self.device, content)
        if clock is not None and self.device.security is not None:
            self.device.security.clock.set(clock.timestamp(), 0.0)
        self.network.power_on(self.device.eui64, Monotonic(0.0))

    @property
    def now(self) -> float:
        return self.network.agenda.now

    def run(self, seconds: float) -> None:
        self.network.run(self.now + seconds)

    def say(self, octets: bytes) -> None:
        """The hub sends a message to the device."""
        what = self.device.spec
        route = Route(what.endpoint, what.profile, what.sleepy, ROOM)
        self.hub.tunnels.send(self.device.eui64, route, octets, 1, Monotonic(self.now))
        self.network.submit(self.port, self.hub.collect(), Monotonic(self.now))

    def end_upgrade(self, image_type: int = IMAGE_TYPE) -> None:
        """The OTA server lets the held image run now."""
        what = self.device.spec
        response = UpgradeEndResponse(what.manufacturer_code, image_type, NEW_VERSION, 0, 0)
        frame = cluster_frame(command_of(response), 1, encode(response), from_server=True)
        send = Send(
            what.eui64,
            10,
            what.endpoint,
            what.profile,
            OTA_UPGRADE_CLUSTER,
            frame,
            True,
            False,
            0,
            0,
        )
        self.network.submit(self.port, [send], Monotonic(self.now))

    def cut_power(self, seconds: float = 0.0) -> None:
        eui64 = self.device.eui64
        self.network.perform(eui64, self.device.crash(self.now), Monotonic(self.now))
        self.network.power_off(eui64)
        self.network.run(self.now + seconds)
        self.network.power_on(eui64, Monotonic(self.now))

    def heard(self) -> list[tuple[Message, Payload]]:
        """What the hub got, each message verified as the head end would."""
        messages = [parse_message(octets) for octets in self.hub.received]
        for message in messages:
            authenticate(message, everyone(), now=NOW)
        return [(message, read_payload(message)) for message in messages]

    def told(self) -> list[Payload]:
        return [said for _, said in self.heard()]

    def noted(self, kind: str) -> list[Note]:
        return [note for note in self.notes if note.kind == kind]

    @property
    def boots(self) -> int:
        """How often it started into a new image."""
        return sum(bool(note.detail.get("new")) for note in self.noted("booted"))
