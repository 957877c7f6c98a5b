"""The firmware of an emulated release: real octets, so that a hub with a real engine can take them; pure."""

import hashlib
from functools import lru_cache
from random import Random
from typing import Final

from emulators.estate.paperwork import IMAGE_TYPE, MANUFACTURER_CODE
from images import ImageSpec, build

OCTETS: Final = 48 * 1024  # of firmware


@lru_cache(maxsize=16)
def release_image(version: int) -> bytes:
    """Build the image of a version, always the same."""
    spec = ImageSpec(
        manufacturer_code=MANUFACTURER_CODE,
        image_type=IMAGE_TYPE,
        file_version=version,
        header_string="zota rehearsal",
        integrity=True,
    )
    return build(Random(f"rehearsal {version}").randbytes(OCTETS), spec)


def release_digest(version: int) -> str:
    """The SHA-256 of the image of a version, hexadecimal."""
    return hashlib.sha256(release_image(version)).hexdigest()
