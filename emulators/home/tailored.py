"""Emulated devices made to measure: some to which given OTA files are an upgrade.

Pure. Knows catalogued OTA files and rosters; knows nothing of how devices are run.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.air.station import Placement
from emulators.devices.kinds import IHD, KINDS
from emulators.home.roster import MAX_DEVICES, TRIGGER_AFTER, RosterEntry
from images.eui64 import Eui64, format_eui64
from ota_engine.errors import LocalError
from ota_engine.records import ImageRecord

_KINDS = {kind.image_type: kind for kind in KINDS.values()}


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
    kind = _KINDS.get(image.image_type, IHD)
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
