"""OTA files and catalogues to try things on."""

from pathlib import Path

from images import ImageSpec, build
from images.catalogue import Range, Terms
from ota_engine.catalogue.desk import Added, Bearer, add
from ota_engine.catalogue.folder import Catalogue
from ota_engine.times import Utc

CODE, TYPE, VERSION = 0x121D, 0x0084, 0x01020304
NOW = Utc(1.7e9)
ANNE = Bearer("anne", NOW)
NAME = "121D-0084-01020304"


def ota(
    payload: bytes = bytes(range(256)),
    *,
    version: int = VERSION,
    image_type: int = TYPE,
    hardware: tuple[int, int] | None = None,
    destination: int | None = None,
) -> bytes:
    """A sound file."""
    spec = ImageSpec(
        manufacturer_code=CODE,
        image_type=image_type,
        file_version=version,
        header_string="ppmid",
        minimum_hardware_version=hardware[0] if hardware else None,
        maximum_hardware_version=hardware[1] if hardware else None,
        upgrade_file_destination=destination,
        integrity=True,
    )
    return build(payload, spec)


def put(
    catalogue: Catalogue,
    data: bytes,
    terms: Terms | None = None,
    bearer: Bearer = ANNE,
    name: str = "ppmid.ota",
) -> Added:
    """Add a file."""
    with catalogue.writing() as writing:
        return add(writing, data, name, "bench", terms or Terms(), bearer)


def empty(folder: Path) -> Catalogue:
    """A new catalogue."""
    return Catalogue.made(folder / "catalogue")


def bases(*ranges: tuple[int, int]) -> Terms:
    """Terms that say nothing but upgrade paths."""
    return Terms(bases=tuple(Range(*one) for one in ranges))
