"""Emulated devices made to measure: some to which given OTA files are an upgrade.

Pure. Knows catalogued OTA files, rosters and which makers build meters; knows nothing of how devices
are run.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.air.station import Placement
from emulators.devices.kinds import IHD, KINDS, LIGHT, DeviceKind
from emulators.home.roster import MAX_DEVICES, TRIGGER_AFTER, RosterEntry
from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.events import HOME_AUTOMATION, SMART_ENERGY
from ota_engine.records import ImageRecord

#: Manufacturer codes of those who build for smart metering, whose devices speak Smart Energy.
METERING_MAKERS = frozenset(
    {
        0x1028,  # Itron
        0x1031,  # Secure Meters
        0x1057,  # Elster
        0x105B,  # Energate
        0x1063,  # Landis+Gyr
        0x1066,  # Comverge
        0x106C,  # EDMI
        0x1084,  # Secure Electrans
        0x1090,  # Green Energy Options
        0x1091,  # Silver Spring Networks
        0x10A2,  # Sensus
        0x10B0,  # Kamstrup
        0x10C7,  # Trilliant
        0x10DB,  # GE Energy
        0x10E0,  # Chameleon Technology
        0x10E6,  # Bglobal Metering
        0x118F,  # Aclara
        0x121D,  # SmartDCC
        0x123E,  # Flonidan
        0x1264,  # MeterSit
    }
)
_PLAIN = {SMART_ENERGY: IHD, HOME_AUTOMATION: LIGHT}  # the kind with nothing beyond the client


def suggested_profile(image: ImageRecord) -> int:
    """The profile that devices of a file's maker speak: Smart Energy for those of meters."""
    return SMART_ENERGY if image.manufacturer_code in METERING_MAKERS else HOME_AUTOMATION


def tailored_roster(
    images: Sequence[ImageRecord], count: int, profile: int | None = None
) -> tuple[RosterEntry, ...]:
    """Furnish a home with devices that will want these files.

    Each runs the version before that of its file, on the lowest hardware the file is for. A file
    of an image type of a kind of its profile gets a device of that kind, any other one that is a
    plain client of cluster 0x0019: an IHD, or a light.

    Args:
        images: the files.
        count: devices for each of them.
        profile: Smart Energy's or Home Automation's, which all devices speak; None: each the one
            its file's maker suggests.

    Raises:
        LocalError: a file has version 0, to which nothing can be upgraded, or is for one device
            and several are asked for, or they are too many.
    """
    if count * len(images) > MAX_DEVICES:
        raise LocalError(f"{count * len(images)} devices: at most {MAX_DEVICES} fit")
    wanted = [image for image in images for _ in range(count)]
    return tuple(
        _entry(image, count, number, profile or suggested_profile(image))
        for number, image in enumerate(wanted)
    )


def _kind(image_type: int, profile: int) -> DeviceKind:
    """The kind that takes such images, of those that speak a profile."""
    fitting = (
        kind for kind in KINDS.values() if (kind.image_type, kind.profile) == (image_type, profile)
    )
    return next(fitting, _PLAIN[profile])


def _entry(image: ImageRecord, count: int, number: int, profile: int) -> RosterEntry:
    if not image.file_version:
        raise LocalError(f"{image.name}: file version 0: no device can be upgraded to it")
    only = image.upgrade_file_destination
    if only is not None and count > 1:
        raise LocalError(f"{image.name}: is for {format_eui64(only)} alone: ask for one device")
    kind = _kind(image.image_type, profile)
    name = f"{kind.label} {number + 1}"
    usual = kind.specimen(number)
    spec = replace(
        usual,
        eui64=usual.eui64 if only is None else Eui64(only),
        manufacturer_code=image.manufacturer_code,
        image_type=image.image_type,
        file_version=image.file_version - 1,
        stack_version=image.zigbee_stack_version,
        bank_size=max(usual.bank_size, len(image.data)),
    )
    if image.minimum_hardware_version is not None:
        spec = replace(spec, hardware_version=image.minimum_hardware_version)
    trigger = TRIGGER_AFTER if kind.commanded else None
    return RosterEntry(name, spec, Placement(), trigger_after=trigger)
