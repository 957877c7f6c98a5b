"""Who takes part in ``zota demo`` and with which images and keys; runs nothing.

The PKI is made for one demonstration and forgotten. Knows nothing of screens or files.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import FIRST_ADDRESS, FIRST_EUI64, MANUFACTURER, DeviceKind, kind_of
from emulators.node import COORDINATOR
from emulators.platform.profiles import NXP, SILICON_LABS, ZBOSS, TimerProfile
from emulators.platform.spec import ClientOptions, DeviceSpec
from emulators.simulation.faults import FaultPlan
from emulators.simulation.population import SimulatedDevice, SimulatedFirmware
from emulators.simulation.simulation import EPOCH, SimulationSettings
from images import ImageError, ImageSpec, OtaHeader, build, parse
from images.eui64 import Eui64
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import PkiDevice, PkiFile, make_pki
from ota_engine.hub.activation.parties import choose_parties
from ota_engine.records import Activation, VersionPolicy

SAMPLE_OCTETS = 96 * 1024  # a realistic size for a display or load switch
SEED = 2026
OLD_VERSION, NEW_VERSION = 0x0100_0000, 0x0101_0000
HARDWARE = (0x0100, 0x01FF)  # the range our own images are built for
MAGIC = bytes.fromhex("1ef1ee0b")  # the file identifier, little-endian
PLUGGED_IN_AT = 60.0  # seconds: the battery PPMID is put on the mains
SLOWEST = 1500.0  # octets a second the four share on a bad day; sets when the hub activates
TYPICAL = 2500.0  # octets a second the four share
PATIENCE = 900.0  # seconds on top: polls, verification, operators


@dataclass(frozen=True, slots=True)
class Part:
    """What sets one kind of device apart in the demonstration.

    ``layout`` is that of the image built for it: ``gb`` is bare as PPMID distribution has it,
    ``gb-signed`` carries the supplier's signature, ``zcl`` an integrity code.
    """

    kind: DeviceKind
    timers: TimerProfile
    layout: str
    activation: Activation
    relays: int = 0


PARTS = (
    Part(kinds.PPMID, SILICON_LABS, "gb", Activation.IMMEDIATE),
    Part(kinds.IHD, ZBOSS, "zcl", Activation.WAIT, 1),
    Part(kinds.HCALCS, NXP, "gb-signed", Activation.EXTERNAL),
    Part(kinds.COMMUNICATIONS_HUB, SILICON_LABS, "gb-signed", Activation.AT),
)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What to run, and what to call the devices.

    ``kind`` says what was given: ``ota`` or ``firmware``. ``sha256`` and ``size`` are of what was
    given, not of what is built from it. ``certificates`` are those of everybody with keys, so that
    what they signed can be checked afterwards.
    """

    settings: SimulationSettings
    names: dict[Eui64, str]
    kind: str
    sha256: str
    size: int
    certificates: tuple[PkiFile, ...] = ()

    @property
    def expected_seconds(self) -> tuple[float, float]:
        """Virtual time until all have downloaded, and from then until the last has restarted."""
        busy = PLUGGED_IN_AT + len(PARTS) * self.settings.firmware.size / TYPICAL
        return busy, self.settings.hours * 1800.0 - busy  # the hub is the last, half way through


def sample_firmware() -> bytes:
    """Make the firmware that is delivered when none is given: always the same octets."""
    return Random(SEED).randbytes(SAMPLE_OCTETS)


def stage(data: bytes, name: str) -> Demonstration:
    """Choose devices and images for a demonstration.

    An OTA file is delivered as it is to one device of each kind that it fits; the supplier of the
    demonstration did not sign it, so its HCALCS has no keys and runs it on a local trigger. Bare
    firmware is built into an image for each kind: signed by the supplier for HCALCS, which then
    obeys CS06, and for the Communications Hub, bare for the PPMID, with an integrity code for the
    IHD.

    Args:
        data: an OTA file or bare firmware.
        name: what the user calls it.

    Raises:
        ImageError: the data is empty, or an OTA file that is not whole.
    """
    if not data:
        raise ImageError(f"{name}: is empty: give a firmware binary or an OTA file", 0)
    header, ota = _as_ota_file(data, name)
    if header is not None:
        members = [_member(part, number, header) for number, part in enumerate(PARTS)]
        firmware = SimulatedFirmware({header.image_type: ota}, {}, uniform=True)
        kept = [m.spec for m in members if not kind_of(m.spec).commanded]
        pki = _make_pki({spec.kind.word: spec.eui64 for spec in kept})
    else:
        pki = _make_pki(
            {part.kind.label: FIRST_EUI64 + number for number, part in enumerate(PARTS)}
        )
        members, firmware = _build_for_all(data, pki)
    keys = Keystore.read({file.name: file.octets for file in pki})
    hours = 2 * (PATIENCE + len(PARTS) * firmware.size / SLOWEST) / 3600
    return Demonstration(
        SimulationSettings(
            tuple(members),
            firmware,
            FaultPlan("none", SEED),
            SEED,
            hours,
            keys=keys,
            security=choose_parties(keys, COORDINATOR),
        ),
        {member.spec.eui64: part.kind.label for member, part in zip(members, PARTS, strict=True)},
        "firmware" if header is None else "ota",
        hashlib.sha256(data).hexdigest(),
        len(data),
        tuple(file for file in pki if not file.secret),
    )


def _make_pki(devices: Mapping[str, int]) -> list[PkiFile]:
    """Make keys for the parties, the Communications Hub Function and these devices, by name."""
    return make_pki(
        datetime.fromtimestamp(EPOCH, UTC),
        lambda: ec.generate_private_key(ec.SECP256R1()),
        devices=(
            PkiDevice("chf", COORDINATOR),
            *(PkiDevice(name, eui64) for name, eui64 in devices.items()),
        ),
    )


def _as_ota_file(data: bytes, name: str) -> tuple[OtaHeader | None, bytes]:
    """The header and octets of an OTA file, in a container or not; None for bare firmware."""
    try:
        image = parse(data)
    except ImageError as error:
        if data[:4] == MAGIC:
            raise ImageError(f"{name}: {error.reason}", error.offset) from error
        return None, b""
    if image.truncated:
        raise ImageError(
            f"{name}: is cut off: {len(data)} of {image.header.total_image_size} bytes are there; "
            "fetch the file again",
            len(data),
        )
    return image.header, bytes(image.ota)


def _build_for_all(
    payload: bytes, pki: Sequence[PkiFile]
) -> tuple[list[SimulatedDevice], SimulatedFirmware]:
    files = {file.name: file.octets for file in pki}
    keys = Keystore.read(files)
    supplier = choose_parties(keys, None).supplier
    key = files[f"{supplier:016x}-{KeyUse.SIGNING.value}.key"]
    images = {part.kind.image_type: build(payload, _spec(part, key)) for part in PARTS}
    certificate = files[f"{supplier:016x}-{KeyUse.SIGNING.value}.pem"]
    members = [
        _member(part, number, parse(images[part.kind.image_type]).header, certificate)
        for number, part in enumerate(PARTS)
    ]
    return members, SimulatedFirmware(images, {})


def _spec(part: Part, key: bytes) -> ImageSpec:
    return ImageSpec(
        manufacturer_code=MANUFACTURER,
        image_type=part.kind.image_type,
        file_version=NEW_VERSION,
        layout="zcl" if part.layout == "zcl" else "gb",
        header_string=f"zota demo {part.kind.label}",
        minimum_hardware_version=HARDWARE[0],
        maximum_hardware_version=HARDWARE[1],
        integrity=part.layout == "zcl",
        sign_key=key if part.layout == "gb-signed" else None,
    )


def _member(
    part: Part, number: int, header: OtaHeader, certificate: bytes | None = None
) -> SimulatedDevice:
    """Make a device to which the image is an upgrade, or a downgrade from version 1 to 0."""
    battery = part.kind is kinds.PPMID
    running = OLD_VERSION if header.file_version == NEW_VERSION else header.file_version - 1
    destination = header.upgrade_file_destination
    spec = DeviceSpec(
        eui64=Eui64(destination if destination and number == 0 else FIRST_EUI64 + number),
        kind=part.kind,
        network_address=FIRST_ADDRESS + number,
        manufacturer_code=header.manufacturer_code,
        image_type=header.image_type,
        file_version=running if header.file_version else 1,
        hardware_version=header.minimum_hardware_version,
        stack_version=header.zigbee_stack_version,
        battery=battery,
        bank_size=max(4 << 20, header.total_image_size),
        timers=replace(part.timers, start_up_delay=min(part.timers.start_up_delay, 30.0)),
        options=ClientOptions(timeout_policy=1),
        certificate=certificate if part.layout == "gb-signed" else None,
        seed=SEED,
    )
    return SimulatedDevice(
        spec,
        Placement(relays=part.relays, router=part.relays),
        part.activation,
        VersionPolicy.UPGRADE if header.file_version else VersionPolicy.DOWNGRADE,
        PLUGGED_IN_AT if battery else None,
    )
