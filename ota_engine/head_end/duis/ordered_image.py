"""What a request's image says of itself (GBCS v1, section 11.2); decides nothing about it; pure."""

import hashlib
from typing import Final

from images.digests import manufacturer_image_hash
from images.errors import ImageError
from images.header import HEADER_VERSION, OtaHeader, parse_header
from images.shapes import GB_TRAILER_BYTES, has_gb_trailer
from ota_engine.fleet.orders.events import OrderedImage

NO_IMAGE: Final = "no OTA image"


def read_ordered_image(octets: bytes, *, ppmid: bool) -> OrderedImage:
    """Read the image of an 11.1 or 11.4; what is wrong with it is a fact like any other.

    The body is taken as GB systems write it, not walked as ZCL elements: in an 11.1 the manufacturer
    image, the force-replace octet, ``40`` and the supplier's signature; in an 11.4 the manufacturer
    image alone, which cannot say that it replaces another.

    Args:
        octets: of the file.
        ppmid: the request is 11.4.
    """
    sha256 = hashlib.sha256(octets).hexdigest()
    try:
        header = parse_header(memoryview(octets))
    except ImageError as error:
        return OrderedImage(sha256, "", len(octets), 0, 0, 0, trouble=f"{NO_IMAGE}: {error}")
    body = memoryview(octets)[header.body_offset :]
    signed = has_gb_trailer(body)
    image = body if ppmid else body[:-GB_TRAILER_BYTES]
    trouble = _trouble(header, len(octets), len(image))
    if not trouble and not ppmid and not signed:
        trouble = "the image does not end in a force-replace octet, 40 and a signature"
    return OrderedImage(
        sha256,
        "" if trouble else manufacturer_image_hash(image).hex(),
        len(octets),
        header.manufacturer_code,
        header.image_type,
        header.file_version,
        header.minimum_hardware_version,
        header.maximum_hardware_version,
        trouble,
        force_replace=signed and not ppmid and body[-GB_TRAILER_BYTES] == 1,
    )


def _trouble(header: OtaHeader, size: int, image: int) -> str:
    """Say, in one line, what in the header contradicts the file; empty for nothing."""
    if header.header_version != HEADER_VERSION:
        return f"the OTA header is of version {header.header_version:#06x}, not 0x0100"
    if header.header_length < header.fields_length:
        return f"the OTA header says it has {header.header_length} octets: its fields take more"
    if header.total_image_size != size:
        return f"the OTA header declares {header.total_image_size:,} octets, the file has {size:,}"
    return "" if image else "the OTA header is followed by no image"
