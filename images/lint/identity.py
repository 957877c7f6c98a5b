"""Rules about what a file says it is (15-23): codes, versions, names, hardware, destination."""

import re
from collections.abc import Iterator
from typing import Final

from images.build import recommended_name
from images.elements import Tag
from images.eui64 import format_eui64
from images.header import FIXED_BYTES, HEADER_STRING_BYTES, ZIGBEE_PRO
from images.lint.context import Context
from images.lint.findings import Hit, Severity, by_profile

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

# Field offsets (ZCL OTA, OTA header format)
MANUFACTURER_AT, TYPE_AT, FILE_VERSION_AT, STACK_AT, STRING_AT = 10, 12, 14, 18, 20
CREDENTIALS_TYPE: Final = 0xFFC0
PICTURE_TYPE: Final = 0xFFC3
FIRST_RESERVED_TYPE: Final = 0xFFC4
LAST_STACK: Final = 0x0003
LAST_CREDENTIAL: Final = 3
OPEN_HARDWARE: Final = 0xFF00  # a range from 0 to here or above shuts out nothing
NAME: Final = re.compile(r"([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{8})(?![0-9a-f])", re.IGNORECASE)
EUI64_ALL_ONES: Final = (1 << 64) - 1


def manufacturer(ctx: Context) -> Iterator[Hit]:
    """Rule 15."""
    code, expect = ctx.header.manufacturer_code, ctx.expect
    place, actual = ctx.at(MANUFACTURER_AT), f"{code:#06x}"
    if code == 0xFFFF:
        yield Hit(
            E, "manufacturer code 0xFFFF is the wildcard", place, "an assigned code", actual,
            "write your company's code",
        )  # fmt: skip
    elif expect.manufacturer_code is not None and code != expect.manufacturer_code:
        yield Hit(
            E, "the file belongs to another manufacturer", place,
            f"{expect.manufacturer_code:#06x}", actual, "take the right file",
        )  # fmt: skip
    elif code == 0 or (expect.manufacturer_codes and code not in expect.manufacturer_codes):
        yield Hit(
            W, "the manufacturer code is not an assigned one", place, "an assigned code", actual,
            "write your company's code",
        )  # fmt: skip


def image_type(ctx: Context) -> Iterator[Hit]:
    """Rule 16."""
    kind = ctx.header.image_type
    place, actual = ctx.at(TYPE_AT), f"{kind:#06x}"
    if kind >= FIRST_RESERVED_TYPE:
        what = "the wildcard" if kind == 0xFFFF else "reserved"
        yield Hit(
            E, f"image type {kind:#06x} is {what}", place, "0x0000-0xffc3", actual,
            "write the type of your device",
        )  # fmt: skip
    elif kind == CREDENTIALS_TYPE and ctx.header.upgrade_file_destination is None:
        yield Hit(
            W, "a security credential file without a destination", place,
            "field control bit 1 and an EUI-64", "no destination", "name the device it is for",
        )  # fmt: skip
    elif kind == PICTURE_TYPE and ctx.image.element(Tag.PICTURE_DATA) is None:
        yield Hit(
            W, "a picture file without picture data", place, "an element 0x0004", "none",
            "put the picture into element 0x0004",
        )  # fmt: skip


def file_version(ctx: Context) -> Iterator[Hit]:
    """Rule 17."""
    version, previous = ctx.header.file_version, ctx.expect.previous_version
    place, actual = ctx.at(FILE_VERSION_AT), f"{version:#010x}"
    if version == 0xFFFFFFFF:
        yield Hit(
            E, "file version 0xFFFFFFFF means any version", place, "0..0xfffffffe", actual,
            "write the version of this release",
        )  # fmt: skip
        return
    if version == 0:
        yield Hit(
            W, "file version 0: no device will take it for an upgrade", place, "above 0", actual,
            "write the version of this release",
        )  # fmt: skip
    if previous is not None and version <= previous:
        yield Hit(
            W, "not newer than the release before", place, f"above {previous:#010x}", actual,
            "raise the version: clients compare it as one number",
        )  # fmt: skip
    if ctx.expect.bcd_version and not actual[2:].isdecimal():
        yield Hit(
            W, "the version is not binary coded decimal", place, "digits 0-9 only", actual,
            "write each digit of the version in its own four bits",
        )  # fmt: skip
    application, build, stack, stack_build = version.to_bytes(4)
    yield Hit(
        I,
        f"reads as application {application:02x} build {build:02x}, "
        f"stack {stack:02x} build {stack_build:02x}",
        place,
    )


def stack_version(ctx: Context) -> Iterator[Hit]:
    """Rule 18."""
    version = ctx.header.zigbee_stack_version
    if version != ZIGBEE_PRO:
        known = version <= LAST_STACK
        yield Hit(
            W if known else E,
            "not a Zigbee PRO file" if known else "undefined stack version",
            ctx.at(STACK_AT),
            f"{ZIGBEE_PRO:#06x} (Zigbee PRO)",
            f"{version:#06x}",
            "write 0x0002",
        )


def header_string(ctx: Context) -> Iterator[Hit]:
    """Rule 19."""
    stored, place = ctx.header.header_string, ctx.at(STRING_AT)
    text, _, rest = stored.partition(b"\x00")
    garbage = rest.strip(b"\x00")
    expected, cure = "printable ASCII, padded with NULs", "rewrite the header string"
    actual = repr(ctx.header.header_text)
    if not all(0x20 <= octet < 0x7F for octet in text):
        yield Hit(W, "the header string is not printable ASCII", place, expected, actual, cure)
    if garbage:
        at = place + stored.index(b"\x00")
        yield Hit(W, "garbage after the header string's NUL", at, expected, actual, cure)
    elif not text:
        yield Hit(I, "the header string is empty", place)
    elif not text.strip(b" "):
        yield Hit(I, "the header string is all spaces", place)
    elif text.endswith(b" ") and len(text) == HEADER_STRING_BYTES:
        yield Hit(I, "the header string is padded with spaces", place)
    elif len(text) == HEADER_STRING_BYTES:
        yield Hit(I, "the header string fills all 32 bytes and has no terminator", place)


def file_name(ctx: Context) -> Iterator[Hit]:
    """Rule 20; the missing pattern is information, for the standard only recommends it."""
    if ctx.name is None:
        return
    found = NAME.match(ctx.name)
    expected = recommended_name(ctx.header)
    if found is None:
        yield Hit(
            I, "the file name does not say what the file is", None, expected, ctx.name,
            "rename it as the standard recommends: MMMM-TTTT-VVVVVVVV[-text].zigbee",
        )  # fmt: skip
        return
    header = ctx.header
    named = tuple(int(group, 16) for group in found.groups())
    if named != (header.manufacturer_code, header.image_type, header.file_version):
        yield Hit(
            E, "the file name contradicts the header", ctx.at(MANUFACTURER_AT), expected, ctx.name,
            "rename the file, or find out which of the two is right",
        )  # fmt: skip


def hardware_range(ctx: Context) -> Iterator[Hit]:
    """Rule 21."""
    low, high = ctx.header.minimum_hardware_version, ctx.header.maximum_hardware_version
    if low is None or high is None:
        yield Hit(
            by_profile(gb=E), "no hardware range", ctx.at(8), "field control bit 2 and two versions",
            f"field control {ctx.header.field_control:#06x}", "state which hardware it is for",
        )  # fmt: skip
        return
    place, actual = ctx.at(ctx.header.fields_length - 4), f"{low:#06x}..{high:#06x}"
    if low > high:
        yield Hit(
            E, "the hardware range is empty", place, "minimum below maximum", actual,
            "swap the two versions",
        )  # fmt: skip
    elif low == 0 and high >= OPEN_HARDWARE:
        yield Hit(
            W, "the hardware range shuts out nothing", place, "the versions tested", actual,
            "narrow it to the hardware this firmware runs on",
        )  # fmt: skip
    device = ctx.expect.device_hardware
    if device is not None and not low <= device <= high:
        yield Hit(
            W, "the device's hardware is outside the range", place, f"a range with {device:#06x}",
            actual, "take the file for this hardware",
        )  # fmt: skip
    yield Hit(
        I, f"for hardware {low >> 8}.{low & 0xFF} to {high >> 8}.{high & 0xFF}", place,
    )  # fmt: skip


def destination(ctx: Context) -> Iterator[Hit]:
    """Rule 22."""
    eui64 = ctx.header.upgrade_file_destination
    if eui64 is None:
        return
    after_credential = ctx.header.security_credential_version is not None
    place, actual = ctx.at(FIXED_BYTES + after_credential), format_eui64(eui64)
    if eui64 in (0, EUI64_ALL_ONES):
        yield Hit(
            E, "the destination names no device", place, "the EUI-64 of one device", actual,
            "name the device, or leave the field out",
        )  # fmt: skip
    elif ctx.header.image_type < CREDENTIALS_TYPE:
        yield Hit(
            by_profile(zcl=W, se=W, gb=I), "firmware for one device only", place,
            "no destination in a file for many devices", actual,
            "leave the destination out unless one device is meant",
        )  # fmt: skip


def credential_version(ctx: Context) -> Iterator[Hit]:
    """Rule 23."""
    version = ctx.header.security_credential_version
    if version is None:
        yield Hit(
            by_profile(se=W), "no security credential version", ctx.at(8), "field control bit 0",
            f"field control {ctx.header.field_control:#06x}", "state the version the image needs",
        )  # fmt: skip
    elif version > LAST_CREDENTIAL:
        yield Hit(
            E, "undefined security credential version", ctx.at(FIXED_BYTES), "0..3", str(version),
            "write 0 (SE 1.0), 1 (SE 1.1), 2 (SE 2.0) or 3 (SE 1.2)",
        )  # fmt: skip
