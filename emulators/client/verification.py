"""What a device finds when it checks a downloaded file; knows octets and keys, no protocol.

Findings are a pure function of the octets (and the certificate), so devices share one
``ImageVerifier``: a thousand that hold the same sectors pay for one inspection.
"""

from typing import NamedTuple

from emulators.platform.flash import FileIdentity
from emulators.platform.spec import DeviceSpec
from images.digests import recognise_integrity
from images.elements import Tag
from images.errors import ImageError
from images.header import MAGIC
from images.model import OtaImage, parse
from images.signing import verify_image

_BLANK = (b"\x00", b"\xff")  # erased flash, and a region that was never linked


class ImageFacts(NamedTuple):
    """What the octets say of themselves. ``flaw`` is None for a sound file.

    ``manufacturer_image_hash`` is what a CS06 must name; None for a file of another layout.
    """

    flaw: str | None
    identity: FileIdentity | None = None
    stack_version: int = 0xFFFF
    minimum_hardware_version: int | None = None
    maximum_hardware_version: int | None = None
    destination: int | None = None
    blank: bool = False  # nothing a processor could run: fails its self-test
    bears_integrity: bool = False  # it has an image integrity code, right or wrong
    manufacturer_image_hash: bytes | None = None


class ImageVerifier:
    """Inspects images, each distinct content once; remembers the last ``limit`` findings."""

    __slots__ = ("_known", "_limit", "inspections")

    def __init__(self, limit: int = 256) -> None:
        self._known: dict[tuple[tuple[bytes, ...], bytes | None], ImageFacts] = {}
        self._limit = limit
        self.inspections = 0

    def inspect(self, sectors: tuple[bytes, ...], certificate: bytes | None) -> ImageFacts:
        """Say what the file in these sectors is, and what is wrong with it."""
        key = (sectors, certificate)
        facts = self._known.get(key)
        if facts is None:
            if len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            facts = self._known[key] = _inspect(b"".join(sectors), certificate)
            self.inspections += 1
        return facts


def refusal(facts: ImageFacts, spec: DeviceSpec, wanted: FileIdentity) -> str | None:
    """Why this device will not run the file it downloaded as ``wanted``; None if it will."""
    if facts.flaw is not None:
        return facts.flaw
    if spec.options.wants_integrity and not facts.bears_integrity:
        return "the file has no image integrity code"
    if facts.identity != wanted:
        return "the header names another file than was offered"
    if facts.destination is not None and facts.destination != spec.eui64:
        return "the file is made for another device"
    low, high = facts.minimum_hardware_version, facts.maximum_hardware_version
    own = spec.hardware_version
    if low is None or high is None or own is None or low <= own <= high:
        return None
    return f"hardware version 0x{own:04X} is outside 0x{low:04X} to 0x{high:04X}"


def bare_refusal(sectors: tuple[bytes, ...]) -> str | None:
    """Why a device that takes bare elements will not run what it downloaded; None if it will."""
    if sectors and sectors[0].startswith(MAGIC):
        return "it begins with the header of a file, where the firmware's first octets belong"
    return None


def _inspect(content: bytes, certificate: bytes | None) -> ImageFacts:
    try:
        image = parse(content)
    except ImageError as error:
        return ImageFacts(str(error))
    flaw = _flaw(image, certificate)
    header = image.header
    body = bytes(image.body)
    return ImageFacts(
        flaw,
        FileIdentity(header.manufacturer_code, header.image_type, header.file_version),
        header.zigbee_stack_version,
        header.minimum_hardware_version,
        header.maximum_hardware_version,
        header.upgrade_file_destination,
        _is_blank(image, body),
        image.element(Tag.IMAGE_INTEGRITY_CODE) is not None,
        image.manufacturer_image_hash,
    )


def _is_blank(image: OtaImage, body: bytes) -> bool:
    element = image.element(Tag.UPGRADE_IMAGE)
    firmware = body if element is None else bytes(element.data)
    return any(not firmware.strip(octet) for octet in _BLANK)


def _flaw(image: OtaImage, certificate: bytes | None) -> str | None:
    if image.header.extension:
        return "the header is longer than its fields"
    if image.truncated or image.trailing is not None or image.container is not None:
        return "the file is not as long as its header says"
    if any(element.clipped for element in image.elements):
        return "an element runs past the end of the file"
    integrity = image.element(Tag.IMAGE_INTEGRITY_CODE)
    if integrity is not None and recognise_integrity(image, integrity) is None:
        return "the image integrity code does not match"
    if certificate is not None:
        try:
            verify_image(image, certificate)
        except ImageError as error:
            return str(error)
    return None
