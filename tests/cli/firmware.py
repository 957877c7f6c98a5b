"""Image files for devices of the default roster."""

from pathlib import Path
from random import Random

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind, kind_of
from emulators.home.roster import default_roster
from images import ImageSpec, build

SPECS = {kind_of(entry.spec): entry.spec for entry in default_roster()}
OLD_VERSION = SPECS[kinds.PPMID].file_version
NEW_VERSION = OLD_VERSION + 0x10000


def image_file(
    folder: Path,
    kind: DeviceKind = kinds.PPMID,
    *,
    octets: int = 800,
    version: int = NEW_VERSION,
    name: str | None = None,
    hardware: tuple[int, int] | None = None,
) -> Path:
    """Write the same image file every time it is asked for."""
    spec = ImageSpec(
        manufacturer_code=SPECS[kind].manufacturer_code,
        image_type=SPECS[kind].image_type,
        file_version=version,
        minimum_hardware_version=hardware[0] if hardware else None,
        maximum_hardware_version=hardware[1] if hardware else None,
        integrity=True,
    )
    path = folder / (name or f"{kind.word.replace(' ', '-')}-{version:08x}.ota")
    path.write_bytes(build(Random(octets).randbytes(octets), spec))
    return path
