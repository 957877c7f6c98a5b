"""The OTA header as a record and as bytes: knows its fields, not what follows it."""

import struct
from typing import Final, NamedTuple

from images.errors import ImageError

FILE_IDENTIFIER: Final = 0x0BEEF11E
MAGIC: Final = FILE_IDENTIFIER.to_bytes(4, "little")
HEADER_VERSION: Final = 0x0100
FIXED_BYTES: Final = 56  # the header without optional fields
HEADER_STRING_BYTES: Final = 32
ZIGBEE_PRO: Final = 0x0002  # stack version

# Field control bits (ZCL OTA, OTA header format)
SECURITY_CREDENTIAL_VERSION_PRESENT: Final = 0x0001
DEVICE_SPECIFIC_FILE: Final = 0x0002
HARDWARE_VERSIONS_PRESENT: Final = 0x0004
OPTIONAL_FIELDS: Final = 0x0007

# The struct twin of images.layout.HEADER; a Hypothesis test holds the two equal.
_FIXED: Final = struct.Struct("<IHHHHHIH32sI")
_OPTIONAL: Final = tuple(
    struct.Struct(
        "<"
        + ("B" if bits & SECURITY_CREDENTIAL_VERSION_PRESENT else "")
        + ("Q" if bits & DEVICE_SPECIFIC_FILE else "")
        + ("HH" if bits & HARDWARE_VERSIONS_PRESENT else "")
    )
    for bits in range(OPTIONAL_FIELDS + 1)
)


class OtaHeader(NamedTuple):
    """The header of an OTA file, every field as stored.

    Attributes:
        header_string: the 32 bytes as they are, padding included; see ``header_text``.
        total_image_size: bytes, as declared; header and elements included.
        upgrade_file_destination: an EUI-64 as an integer.
        extension: what lies between the known fields and ``header_length``; empty in every file
            seen so far, kept for headers of later versions.
    """

    header_version: int
    header_length: int
    field_control: int
    manufacturer_code: int
    image_type: int
    file_version: int
    zigbee_stack_version: int
    header_string: bytes
    total_image_size: int
    security_credential_version: int | None = None
    upgrade_file_destination: int | None = None
    minimum_hardware_version: int | None = None
    maximum_hardware_version: int | None = None
    extension: bytes = b""

    @property
    def header_text(self) -> str:
        r"""The header string for people: trailing NULs removed, bytes outside UTF-8 as ``\xNN``.

        Nothing else is dropped, so space padding and garbage after a NUL stay visible.
        """
        return self.header_string.rstrip(b"\x00").decode("utf-8", "backslashreplace")

    @property
    def fields_length(self) -> int:
        """Bytes taken by the known fields, as the field control implies them."""
        return fields_length(self.field_control)

    @property
    def body_offset(self) -> int:
        """Where the first byte after the header lies.

        ``header_length`` decides, so that later header versions are read too; one that is
        smaller than the fields it must hold is a lie and is not followed.
        """
        return max(self.header_length, self.fields_length)

    def serialise(self) -> bytes:
        """Give the header's bytes, extension included."""
        optional = tuple(value for value in self[9:13] if value is not None)
        packer = _OPTIONAL[self.field_control & OPTIONAL_FIELDS]
        return _FIXED.pack(FILE_IDENTIFIER, *self[:9]) + packer.pack(*optional) + self.extension


def fields_length(field_control: int) -> int:
    """Bytes of a header with these field control bits: 56 to 69."""
    return FIXED_BYTES + _OPTIONAL[field_control & OPTIONAL_FIELDS].size


def parse_header(ota: memoryview, base: int = 0) -> OtaHeader:
    """Read the header at the start of ``ota``.

    Args:
        ota: the file from its OTA header on.
        base: where ``ota`` starts in the file on disk; for the offset of an error.

    Raises:
        ImageError: no magic, or the file ends inside the header.
    """
    if ota[:4] != MAGIC:
        raise ImageError("no OTA header: the bytes 1E F1 EE 0B are not here", base)
    if len(ota) < FIXED_BYTES:
        raise ImageError(
            f"the file ends inside the OTA header: {len(ota)} of at least {FIXED_BYTES} bytes",
            base + len(ota),
        )
    fixed = _FIXED.unpack_from(ota)
    header_length, bits = fixed[2], fixed[3] & OPTIONAL_FIELDS
    end = FIXED_BYTES + _OPTIONAL[bits].size
    extension = b"" if header_length <= end else bytes(ota[end:header_length])
    if not bits:
        return OtaHeader._make((*fixed[1:], None, None, None, None, extension))
    if len(ota) < end:
        raise ImageError(
            f"the file ends inside the OTA header: {len(ota)} of {end} bytes", base + len(ota)
        )
    return OtaHeader._make((*fixed[1:], *_optional_fields(ota, bits), extension))


def _optional_fields(
    ota: memoryview, bits: int
) -> tuple[int | None, int | None, int | None, int | None]:
    values = iter(_OPTIONAL[bits].unpack_from(ota, FIXED_BYTES))
    credential = next(values) if bits & SECURITY_CREDENTIAL_VERSION_PRESENT else None
    destination = next(values) if bits & DEVICE_SPECIFIC_FILE else None
    if not bits & HARDWARE_VERSIONS_PRESENT:
        return credential, destination, None, None
    return credential, destination, next(values), next(values)
