"""Emulated devices made to measure: some to which given OTA files are an upgrade.

Pure. Knows catalogued OTA files and rosters; knows nothing of how devices are run.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.air.station import Placement
from emulators.home.roster import (
    FIRST_ADDRESS,
    FIRST_EUI64,
    HARDWARE_VERSION,
    IMAGE_TYPES,
    MAX_DEVICES,
    NAMES,
    TRIGGER_AFTER,
    RosterEntry,
)
from emulators.platform.spec import ClientOptions, DeviceKind, DeviceSpec
from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.records import ImageRecord

BANK = 4 << 20  # octets, where the file needs no more
_KINDS = {image_type: kind for kind, image_type in IMAGE_TYPES.items()}


def tailored_roster(images: Sequence[ImageRecord], count: int) -> tuple[RosterEntry, ...]:
    """Furnish a home with devices that will want these files.

    Each runs the version before that of its file, on the lowest hardware the file is for. A file of
    an image type of the built-in home gets a device of that kind, any other an IHD, which is a
    plain client of cluster 0x0019.

    Args:
        images: the files.
        count: devices for each of them.

    Raises:
        LocalError: a file has version 0, to which nothing can be upgraded, or is for one device
            and several are asked for, or they are too many.
    """
    if count * len(images) > MAX_DEVICES:
        raise LocalError(f"{count * len(images)} devices: at most {MAX_DEVICES} fit")
    wanted = [image for image in images for _ in range(count)]
    return tuple(_entry(image, count, number) for number, image in enumerate(wanted))


def _entry(image: ImageRecord, count: int, number: int) -> RosterEntry:
    if not image.file_version:
        raise LocalError(f"{image.name}: file version 0: no device can be upgraded to it")
    only = image.upgrade_file_destination
    if only is not None and count > 1:
        raise LocalError(f"{image.name}: is for {format_eui64(only)} alone: ask for one device")
    kind = _KINDS.get(image.image_type, DeviceKind.IHD)
    name = f"{NAMES[kind]} {number + 1}"
    spec = DeviceSpec(
        eui64=Eui64(FIRST_EUI64 + number if only is None else only),
        kind=kind,
        network_address=FIRST_ADDRESS + number,
        manufacturer_code=image.manufacturer_code,
        image_type=image.image_type,
        file_version=image.file_version - 1,
        hardware_version=HARDWARE_VERSION,
        model=f"emulated {NAMES[kind]}",
        stack_version=image.zigbee_stack_version,
        bank_size=max(BANK, len(image.data)),
        options=ClientOptions(timeout_policy=1),
        seed=number,
    )
    if image.minimum_hardware_version is not None:
        spec = replace(spec, hardware_version=image.minimum_hardware_version)
    trigger = TRIGGER_AFTER if kind is DeviceKind.HCALCS else None
    return RosterEntry(name, spec, Placement(), trigger_after=trigger)
