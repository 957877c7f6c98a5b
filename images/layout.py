"""The OTA file format as construct declarations: the one truth the fast codecs are tested against."""

from collections.abc import Mapping
from typing import Any, Final

from construct import (
    Bytes,
    Const,
    ConstructError,
    If,
    Int8ul,
    Int16ul,
    Int32ul,
    Int64ul,
    Struct,
    this,
)

from images.errors import ImageError
from images.header import (
    DEVICE_SPECIFIC_FILE,
    FILE_IDENTIFIER,
    HARDWARE_VERSIONS_PRESENT,
    HEADER_STRING_BYTES,
    SECURITY_CREDENTIAL_VERSION_PRESENT,
)

# ZCL OTA, OTA header format. `header_length` may exceed what is declared here: read on from there.
HEADER: Final = Struct(
    "file_identifier" / Const(FILE_IDENTIFIER, Int32ul),
    "header_version" / Int16ul,
    "header_length" / Int16ul,  # bytes
    "field_control" / Int16ul,
    "manufacturer_code" / Int16ul,
    "image_type" / Int16ul,
    "file_version" / Int32ul,
    "zigbee_stack_version" / Int16ul,
    "header_string" / Bytes(HEADER_STRING_BYTES),
    "total_image_size" / Int32ul,  # bytes, header and elements included
    "security_credential_version"
    / If(this.field_control & SECURITY_CREDENTIAL_VERSION_PRESENT, Int8ul),
    "upgrade_file_destination" / If(this.field_control & DEVICE_SPECIFIC_FILE, Int64ul),
    "minimum_hardware_version" / If(this.field_control & HARDWARE_VERSIONS_PRESENT, Int16ul),
    "maximum_hardware_version" / If(this.field_control & HARDWARE_VERSIONS_PRESENT, Int16ul),
)

# ZCL OTA, sub-element format: the head before `length` bytes of data.
SUB_ELEMENT_HEAD: Final = Struct("tag" / Int16ul, "length" / Int32ul)

# GBCS 11.2: what follows the Manufacturer Image in a signed Upgrade Image.
GB_TRAILER: Final = Struct(
    "force_replace" / Int8ul,
    "signature_length" / Const(0x40, Int8ul),
    "r" / Bytes(32),  # big-endian
    "s" / Bytes(32),
)


def compose(declaration: Any, fields: Mapping[str, object]) -> bytes:
    """Turn fields into bytes by a declaration of this module.

    Raises:
        ImageError: a field does not fit.
    """
    try:
        return bytes(declaration.build(dict(fields)))
    except ConstructError as error:
        raise ImageError(str(error).splitlines()[-1]) from None


def dissect(declaration: Any, data: bytes) -> dict[str, Any]:
    """Read fields from the start of ``data`` by a declaration of this module.

    Raises:
        ImageError: the data is too short, or a constant differs.
    """
    try:
        fields: dict[str, Any] = declaration.parse(data)
    except ConstructError as error:
        raise ImageError(str(error).splitlines()[-1]) from None
    return {name: value for name, value in fields.items() if not name.startswith("_")}
