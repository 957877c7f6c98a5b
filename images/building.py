"""Builds OTA files, the same bytes from the same arguments; knows no files and no clock."""

from dataclasses import dataclass
from typing import Final, Literal

from images.digests import INTEGRITY_CODE_BYTES, integrity_code
from images.ecdsa import SCALAR_BYTES
from images.elements import HEAD_BYTES, Tag
from images.errors import ImageError
from images.header import (
    DEVICE_SPECIFIC_FILE,
    HARDWARE_VERSIONS_PRESENT,
    HEADER_STRING_BYTES,
    HEADER_VERSION,
    SECURITY_CREDENTIAL_VERSION_PRESENT,
    ZIGBEE_PRO,
    fields_length,
)
from images.layout import GB_TRAILER, HEADER, SUB_ELEMENT_HEAD, compose
from images.signing import SigningFunction, sign_manufacturer_image

BuildLayout = Literal["zcl", "gb"]

PICTURE_IMAGE_TYPE: Final = 0xFFC3
ANY_HARDWARE: Final = (0x0000, 0xFFFF)
MAX_FILE_BYTES: Final = 0xFFFFFFFF  # total_image_size is a u32

# Field -> (highest value, why not higher)
_RANGES: Final = {
    "manufacturer_code": (0xFFFE, "0xFFFF is the wildcard of commands"),
    "image_type": (0xFFC3, "higher types are reserved, 0xFFFF is the wildcard"),
    "file_version": (0xFFFFFFFE, "0xFFFFFFFF means any version"),
    "zigbee_stack_version": (3, "3, Zigbee IP, is the last one defined"),
    "security_credential_version": (3, "3, SE 1.2, is the last one defined"),
    "upgrade_file_destination": ((1 << 64) - 2, "it must name one device"),
    "minimum_hardware_version": (0xFFFF, "it has 16 bits"),
    "maximum_hardware_version": (0xFFFF, "it has 16 bits"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """What to build around a payload; checked when made.

    Attributes:
        manufacturer_code: 0..0xFFFE.
        image_type: 0..0xFFC3.
        file_version: 0..0xFFFFFFFE.
        layout: ``zcl`` wraps the payload in an element, ``gb`` puts it bare after the header.
        header_string: at most 32 printable ASCII characters.
        zigbee_stack_version: 0..3; 2 is Zigbee PRO.
        security_credential_version: 0..3, or None to leave the field out.
        upgrade_file_destination: EUI-64 of the one device meant, or None.
        minimum_hardware_version: lowest version that may run the image; None with the next.
        maximum_hardware_version: highest one. A ``gb`` header always has the range: left out it
            becomes 0..0xFFFF, every hardware.
        elements: further (tag, data) after the payload; ``zcl`` only.
        integrity: append element 0x0003, convention A; ``zcl`` only.
        sign_key: PEM of the P-256 key that signs the Manufacturer Image, or what signs it
            elsewhere; ``gb`` only.
        force_replace: lets a Communications Hub overwrite an image it already holds for the
            device; stands in the trailer of a signed ``gb`` file only.

    Raises:
        ImageError: a value is out of range, or does not belong to the layout.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    layout: BuildLayout = "zcl"
    header_string: str = ""
    zigbee_stack_version: int = ZIGBEE_PRO
    security_credential_version: int | None = None
    upgrade_file_destination: int | None = None
    minimum_hardware_version: int | None = None
    maximum_hardware_version: int | None = None
    elements: tuple[tuple[int, bytes], ...] = ()
    integrity: bool = False
    sign_key: bytes | SigningFunction | None = None
    force_replace: bool = False

    def __post_init__(self) -> None:
        for name, (highest, why) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= highest:
                text = name.replace("_", " ")
                raise ImageError(f"{text} {value:#x} is outside 0..{highest:#x}: {why}")
        self._check_destination()
        self._check_hardware()
        self._check_header_string()
        self._check_layout()

    def _check_destination(self) -> None:
        if self.upgrade_file_destination == 0:
            raise ImageError("upgrade file destination 0 names no device")

    def _check_hardware(self) -> None:
        low, high = self.minimum_hardware_version, self.maximum_hardware_version
        if (low is None) != (high is None):
            raise ImageError("a hardware range has two ends: give both minimum and maximum")
        if low is not None and high is not None and low > high:
            raise ImageError(f"minimum hardware version {low:#06x} exceeds maximum {high:#06x}")

    def _check_header_string(self) -> None:
        text = self.header_string
        if text and not (text.isascii() and text.isprintable()):
            raise ImageError("the header string must be printable ASCII")
        if len(text) > HEADER_STRING_BYTES:
            raise ImageError(f"the header string has {len(text)} characters, 32 fit")

    def _check_layout(self) -> None:
        if self.layout == "gb" and (self.elements or self.integrity):
            raise ImageError("elements and integrity code belong to layout zcl, not gb")
        if self.layout == "zcl" and (self.sign_key is not None or self.force_replace):
            raise ImageError("signing key and force-replace belong to layout gb, not zcl")
        if self.force_replace and self.sign_key is None:
            raise ImageError("force-replace stands in the signature trailer: give a signing key")
        for tag, _ in self.elements:
            if not 0 <= tag <= 0xFFFF:
                raise ImageError(f"element tag {tag:#x} is outside 0..0xffff")

    @property
    def hardware_versions(self) -> tuple[int, int] | None:
        """The range the header will carry."""
        low, high = self.minimum_hardware_version, self.maximum_hardware_version
        if low is None or high is None:
            return ANY_HARDWARE if self.layout == "gb" else None
        return low, high


def build(payload: bytes, spec: ImageSpec) -> bytes:
    """Build an OTA file around a payload.

    Args:
        payload: the firmware; the Manufacturer Image of a ``gb`` file.
        spec: everything else.

    Returns:
        The whole file.

    Raises:
        ImageError: the payload is empty or too large, or the signing key is unusable.
    """
    if not payload:
        raise ImageError("the payload is empty: there is nothing to upgrade to")
    body = _gb_body(payload, spec) if spec.layout == "gb" else _zcl_body(payload, spec)
    code_bytes = HEAD_BYTES + INTEGRITY_CODE_BYTES if spec.integrity else 0
    covered = _header(spec, len(body) + code_bytes) + body
    if not spec.integrity:
        return covered
    return covered + _element(Tag.IMAGE_INTEGRITY_CODE, integrity_code(covered))


def _element(tag: int, data: bytes) -> bytes:
    return compose(SUB_ELEMENT_HEAD, {"tag": tag, "length": len(data)}) + data


def _zcl_body(payload: bytes, spec: ImageSpec) -> bytes:
    picture = spec.image_type == PICTURE_IMAGE_TYPE
    first = _element(Tag.PICTURE_DATA if picture else Tag.UPGRADE_IMAGE, payload)
    return first + b"".join(_element(tag, data) for tag, data in spec.elements)


def _gb_body(manufacturer_image: bytes, spec: ImageSpec) -> bytes:
    if spec.sign_key is None:
        return manufacturer_image
    return signed_body(manufacturer_image, spec.sign_key, force_replace=spec.force_replace)


def signed_body(
    manufacturer_image: bytes, key: bytes | SigningFunction, *, force_replace: bool
) -> bytes:
    """A Manufacturer Image with the trailer that signs it (GBCS 11.2).

    Raises:
        ImageError: the signing key is unusable.
    """
    signature = sign_manufacturer_image(manufacturer_image, key)
    trailer = {
        "force_replace": int(force_replace),
        "r": signature[:SCALAR_BYTES],
        "s": signature[SCALAR_BYTES:],
    }
    return manufacturer_image + compose(GB_TRAILER, trailer)


def _header(spec: ImageSpec, body_bytes: int) -> bytes:
    hardware = spec.hardware_versions
    field_control = _field_control(spec)
    length = fields_length(field_control)
    if length + body_bytes > MAX_FILE_BYTES:
        raise ImageError(f"the file would have {length + body_bytes} bytes; a u32 must count them")
    fields = {
        "header_version": HEADER_VERSION,
        "header_length": length,
        "field_control": field_control,
        "manufacturer_code": spec.manufacturer_code,
        "image_type": spec.image_type,
        "file_version": spec.file_version,
        "zigbee_stack_version": spec.zigbee_stack_version,
        "header_string": spec.header_string.encode("ascii").ljust(HEADER_STRING_BYTES, b"\x00"),
        "total_image_size": length + body_bytes,
        "security_credential_version": spec.security_credential_version,
        "upgrade_file_destination": spec.upgrade_file_destination,
        "minimum_hardware_version": hardware and hardware[0],
        "maximum_hardware_version": hardware and hardware[1],
    }
    return compose(HEADER, fields)


def _field_control(spec: ImageSpec) -> int:
    present = {
        SECURITY_CREDENTIAL_VERSION_PRESENT: spec.security_credential_version,
        DEVICE_SPECIFIC_FILE: spec.upgrade_file_destination,
        HARDWARE_VERSIONS_PRESENT: spec.hardware_versions,
    }
    return sum(bit for bit, value in present.items() if value is not None)
