"""Who lives in an emulated neighbourhood: the mix of devices, their places and their firmware.

Pure: the same seed and numbers give the same neighbourhood. Knows kinds of device and what an
operator would want of each; knows nothing of how a run is stepped.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.devices.kinds import FIRST_EUI64, HARDWARE_VERSION, MANUFACTURER, DeviceKind
from emulators.platform.profiles import NXP, SILICON_LABS, ZBOSS, TimerProfile
from emulators.platform.spec import AnswersFor, ChipSpec, ClientOptions, DeviceSpec
from images import ImageSpec, build
from images.elements import Tag
from images.errors import ImageError
from images.eui64 import Eui64
from images.model import parse
from ota_engine.errors import LocalError
from ota_engine.records import Activation, VersionPolicy

FACTORY_VERSION = 0x0001_0000
PREVIOUS_VERSION = 0x0001_0001  # what a second server on the network still offers
NEW_VERSION = 0x0002_0000
DEVICES_PER_CHANNEL = 250
ROUTERS_PER_CHANNEL = 8
IMAGE_OVERHEAD = 56 + 6 + 22  # octets of header, element head and integrity code
LARGEST_IMAGE = 1 << 26
SMALLEST_IMAGE = IMAGE_OVERHEAD + 1


class MixRow(NamedTuple):
    """A row of the mix: one kind of device, and when it may run what it holds."""

    kind: DeviceKind
    activation: Activation
    battery: bool = False
    sleepy: bool = False


#: Ten neighbours; the mix repeats.
MIX = (
    MixRow(kinds.PPMID, Activation.IMMEDIATE),
    MixRow(kinds.COMMUNICATIONS_HUB, Activation.AT),
    MixRow(kinds.IHD, Activation.IMMEDIATE),
    MixRow(kinds.HCALCS, Activation.EXTERNAL),
    MixRow(kinds.PPMID, Activation.DELAYED, battery=True, sleepy=True),
    MixRow(kinds.IHD, Activation.WAIT),
    MixRow(kinds.PPMID, Activation.DELAYED),
    MixRow(kinds.HCALCS, Activation.EXTERNAL),
    MixRow(kinds.IHD, Activation.IMMEDIATE, sleepy=True),
    MixRow(kinds.PPMID, Activation.IMMEDIATE),
)

TIMERS: tuple[TimerProfile, ...] = (SILICON_LABS, ZBOSS, NXP)

SECOND_CHIP = 0x0100  # is added to the image type of a device's own chip
SECOND_ENDPOINT = 2

#: Clients with a history, for harsh runs: one device in fifty has one of these.
ODDITIES = (
    ClientOptions(self_test_fails=True),
    ClientOptions(forces_invalid_image=True),
    ClientOptions(period_missing=True),
    ClientOptions(malformed_default_every=50),
    ClientOptions(sends_node_address=True),
    ClientOptions(page_mode=True, page_hole_every=9),
)


@dataclass(frozen=True, slots=True)
class SimulatedFirmware:
    """What is to be delivered, per image type, and what a second server would deliver instead.

    ``uniform`` is set when one given file decides what every device is.
    """

    new: dict[int, bytes]
    previous: dict[int, bytes]
    uniform: bool = False

    @property
    def size(self) -> int:
        """Octets of the largest file."""
        return max(len(data) for data in self.new.values())

    @property
    def bears_integrity(self) -> bool:
        """Whether every file carries an image integrity code, by which damage is found."""
        return all(
            parse(data).element(Tag.IMAGE_INTEGRITY_CODE) is not None
            for data in (*self.new.values(), *self.previous.values())
        )


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """One device of the neighbourhood, its place, and what the operator wants of it."""

    spec: DeviceSpec
    placement: Placement
    activation: Activation
    policy: VersionPolicy
    on_mains_at: float | None  # when its owner plugs it in, seconds; None: it always is


def sample_firmware(size: int, seed: int, *, chips: bool = False) -> SimulatedFirmware:
    """Make firmware for every kind of device, ``size`` octets each, integrity code included.

    Args:
        size: of each file, octets.
        seed: of their content.
        chips: second chips get their own.

    Raises:
        LocalError: no such file can be.
    """
    if not SMALLEST_IMAGE <= size <= LARGEST_IMAGE:
        raise LocalError(f"an image of {size} bytes: give {SMALLEST_IMAGE} to {LARGEST_IMAGE}")
    types = _image_types(chips=chips)
    return SimulatedFirmware(
        {kind: _sample(size, seed, kind, NEW_VERSION) for kind in types},
        {kind: _sample(size, seed, kind, PREVIOUS_VERSION) for kind in types},
    )


def _image_types(*, chips: bool) -> list[int]:
    kinds_of_the_mix = {row.kind for row in MIX}
    types = {kind.image_type for kind in kinds_of_the_mix}
    if chips:
        types |= {k.image_type + SECOND_CHIP for k in kinds_of_the_mix if not k.commanded}
    return sorted(types)


def _sample(size: int, seed: int, image_type: int, version: int) -> bytes:
    payload = Random(f"firmware {seed} {image_type} {version}").randbytes(size - IMAGE_OVERHEAD)
    return build(payload, _image_spec(image_type, version))


def _image_spec(image_type: int, version: int) -> ImageSpec:
    return ImageSpec(
        manufacturer_code=MANUFACTURER,
        image_type=image_type,
        file_version=version,
        header_string="zota sample firmware",
        integrity=True,
    )


def given_firmware(data: bytes, *, chips: bool = False) -> SimulatedFirmware:
    """Take a file as it is: an OTA file decides what every device is; other octets are wrapped.

    Args:
        data: the file.
        chips: second chips get their own, which only what is wrapped can give them.

    Raises:
        LocalError: it is made for one device only, it is empty, or it is one OTA file and second
            chips are asked for.
    """
    try:
        image = parse(data)
    except ImageError:
        types = _image_types(chips=chips)
        try:
            new = {kind: build(data, _image_spec(kind, NEW_VERSION)) for kind in types}
            old = {kind: build(data, _image_spec(kind, PREVIOUS_VERSION)) for kind in types}
        except ImageError as error:
            raise LocalError(f"not a firmware: {error}") from error
        return SimulatedFirmware(new, old)
    if image.truncated:
        raise LocalError("the image is shorter than its header says: get the whole file")
    if image.header.upgrade_file_destination is not None:
        raise LocalError("the image is made for one device only: give one for a fleet")
    if chips:
        raise LocalError(
            "an OTA file is for one chip of a device: give firmware, or no second chips"
        )
    return SimulatedFirmware({image.header.image_type: bytes(image.ota)}, {}, uniform=True)


def populate(
    count: int,
    firmware: SimulatedFirmware,
    *,
    seed: int,
    first: int = 0,
    channels: int = 1,
    hours: float = 24.0,
    oddities: bool = False,
    chips: float = 0.0,
) -> list[SimulatedDevice]:
    """Settle ``count`` devices on ``channels`` channels.

    Args:
        count: devices.
        firmware: what they will be given.
        seed: of everything drawn here.
        first: the number of the first device; devices of one run have distinct numbers.
        channels: radio channels; neighbours take turns.
        hours: virtual time of the run, within which batteries find their mains.
        oddities: some clients have defects.
        chips: the share of devices with a second chip, among those that can have one; 0 to 1.
    """
    wants_integrity = firmware.bears_integrity  # a device knows what its maker's files are like
    settled = (
        _settle(first + index, index % channels, firmware, seed, hours, oddities)
        for index in range(count)
    )
    return [_equip(_demand(member, wants_integrity), chips) for member in settled]


def _demand(member: SimulatedDevice, wants_integrity: bool) -> SimulatedDevice:
    options = replace(member.spec.options, wants_integrity=wants_integrity)
    return replace(member, spec=replace(member.spec, options=options))


def _equip(member: SimulatedDevice, chips: float) -> SimulatedDevice:
    """Give a device a second chip, or not: at the same endpoint or another, of any version."""
    spec = member.spec
    rng = Random(f"chips {spec.seed} {spec.eui64:016X}")
    if rng.random() >= chips or kinds.kind_of(spec).commanded:
        return member
    second = ChipSpec(
        spec.image_type + SECOND_CHIP,
        rng.choice((FACTORY_VERSION, FACTORY_VERSION - 1)),
        hardware_version=spec.hardware_version,
        endpoint=rng.choice((None, SECOND_ENDPOINT)),
        timers=rng.choice((None, *TIMERS)),
    )
    habit = rng.choice(tuple(AnswersFor))
    turns = rng.random() < 0.5
    return replace(
        member, spec=replace(spec, chips=(second,), answers_for=habit, takes_turns=turns)
    )


def _settle(
    number: int, channel: int, firmware: SimulatedFirmware, seed: int, hours: float, oddities: bool
) -> SimulatedDevice:
    rng = Random(f"member {seed} {number}")
    row = MIX[number % len(MIX)]
    image_type = next(iter(firmware.new)) if firmware.uniform else row.kind.image_type
    options = ClientOptions(timeout_policy=0 if row.kind.commanded else 1)
    if rng.random() < 0.2:
        options = replace(options, page_mode=True)
    if oddities and rng.random() < 0.02:
        options = replace(rng.choice(ODDITIES), timeout_policy=options.timeout_policy)
    spec = DeviceSpec(
        eui64=Eui64(FIRST_EUI64 + number),
        kind=row.kind,
        network_address=1 + number % 0xFFF0,
        manufacturer_code=MANUFACTURER,
        image_type=image_type,
        file_version=FACTORY_VERSION,
        hardware_version=HARDWARE_VERSION,
        sleepy=row.sleepy,
        battery=row.battery,
        bank_size=max(4 << 20, firmware.size),
        timers=rng.choice(TIMERS),
        options=options,
        seed=seed,
    )
    policy = VersionPolicy.UPGRADE
    if firmware.uniform:
        spec, policy = _suit(spec, firmware.new[image_type])
    plug_in = rng.uniform(0.0, hours * 900.0) if row.battery else None
    return SimulatedDevice(spec, _place(rng, channel), row.activation, policy, plug_in)


def _suit(spec: DeviceSpec, data: bytes) -> tuple[DeviceSpec, VersionPolicy]:
    """Make a device to which a given file is an upgrade, or a downgrade from version 1 to 0."""
    header = parse(data).header
    suited = replace(
        spec,
        manufacturer_code=header.manufacturer_code,
        file_version=header.file_version - 1 if header.file_version else 1,
        hardware_version=header.minimum_hardware_version,
        stack_version=header.zigbee_stack_version,
    )
    return suited, VersionPolicy.UPGRADE if header.file_version else VersionPolicy.DOWNGRADE


def _place(rng: Random, channel: int) -> Placement:
    relays = rng.choices((0, 1, 2), weights=(5, 3, 2))[0]
    return Placement(
        channel=channel,
        relays=relays,
        router=rng.randint(1, ROUTERS_PER_CHANNEL) if relays else 0,
        link_quality=rng.randint(60, 255),
        poll=rng.choice((2.0, 5.0, 7.0)),
        fast_poll=rng.choice((0.25, 0.5)),
    )
