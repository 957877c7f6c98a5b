"""Rules about what a file says it is (15-23): codes, versions, names, hardware, destination."""

from collections.abc import Iterator
from typing import Final

from images.elements import Tag
from images.eui64 import format_eui64
from images.header import FIXED_BYTES, HEADER_STRING_BYTES, ZIGBEE_PRO
from images.names import named_identity, recommended_name
from images.rules.context import Context
from images.rules.findings import Hit, Severity, by_profile

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

# Field offsets (ZCL OTA, OTA header format)
MANUFACTURER_AT, TYPE_AT, FILE_VERSION_AT, STACK_AT, STRING_AT = 10, 12, 14, 18, 20
CREDENTIALS_TYPE: Final = 0xFFC0
PICTURE_TYPE: Final = 0xFFC3
FIRST_RESERVED_TYPE: Final = 0xFFC4
LAST_STACK: Final = 0x0003
LAST_CREDENTIAL: Final = 3
OPEN_HARDWARE: Final = 0xFF00  # a range from 0 to here or above shuts out nothing
EUI64_ALL_ONES: Final = (1 << 64) - 1
PRINTABLE: Final = bytes(range(0x20, 0x7F))
WILDCARD: Final = 0xFFFF  # manufacturer code or image type in commands: any
# No device reads the header string; the inventories of Smart Energy and GB do.
HARMLESS: Final = by_profile(zcl=I, se=W, gb=W)


def manufacturer(ctx: Context) -> Iterator[Hit]:
    """Rule 15."""
    code, expect = ctx.header.manufacturer_code, ctx.expect
    place, actual = ctx.at(MANUFACTURER_AT), f"{code:#06x}"
    if expect.manufacturer_code is not None and code != expect.manufacturer_code:
        yield Hit(
            E,
            "the file belongs to another manufacturer",
            place,
            expected=f"{expect.manufacturer_code:#06x}",
            actual=actual,
            cure="take the right file",
        )
    elif ctx.vendor is not None and ctx.vendor.codes and code not in ctx.vendor.codes:
        yield Hit(
            E,
            "the file belongs to another vendor than the profile",
            place,
            expected=" or ".join(f"{known:#06x}" for known in sorted(ctx.vendor.codes)),
            actual=actual,
            cure="take the right file, or another profile",
        )
    elif code == WILDCARD:
        meant = expect.manufacturer_code == WILDCARD
        yield Hit(
            I if meant else by_profile(zcl=W, se=E, gb=E),
            "manufacturer code 0xFFFF names no maker: it is the wildcard, and what an SDK begins with",
            place,
            expected="an assigned code",
            actual=actual,
            cure="write your company's code: devices of other makers that kept it take this file too",
        )
    elif code == 0 or (expect.manufacturer_codes and code not in expect.manufacturer_codes):
        yield Hit(
            W,
            "the manufacturer code is not an assigned one",
            place,
            expected="an assigned code",
            actual=actual,
            cure="write your company's code",
        )


def image_type(ctx: Context) -> Iterator[Hit]:
    """Rule 16."""
    kind = ctx.header.image_type
    place, actual = ctx.at(TYPE_AT), f"{kind:#06x}"
    if kind == WILDCARD:
        yield Hit(
            I if ctx.expect.image_type == WILDCARD else by_profile(zcl=W, se=E, gb=E),
            "image type 0xFFFF names no product: it is the wildcard, and what an SDK begins with",
            place,
            expected="0x0000-0xffc3",
            actual=actual,
            cure="write the type of your device: other products of this maker take this file too",
        )
    elif kind >= FIRST_RESERVED_TYPE:
        yield Hit(
            E,
            f"image type {kind:#06x} is reserved",
            place,
            expected="0x0000-0xffc3",
            actual=actual,
            cure="write the type of your device",
        )
    elif kind == CREDENTIALS_TYPE and ctx.header.upgrade_file_destination is None:
        yield Hit(
            W,
            "a security credential file without a destination",
            place,
            expected="field control bit 1 and an EUI-64",
            actual="no destination",
            cure="name the device it is for",
        )
    elif kind == PICTURE_TYPE and ctx.image.element(Tag.PICTURE_DATA) is None:
        yield Hit(
            W,
            "a picture file without picture data",
            place,
            expected="an element 0x0004",
            actual="none",
            cure="put the picture into element 0x0004",
        )


def file_version(ctx: Context) -> Iterator[Hit]:
    """Rule 17."""
    version, previous = ctx.header.file_version, ctx.expect.previous_version
    place, actual = ctx.at(FILE_VERSION_AT), f"{version:#010x}"
    if version == 0xFFFFFFFF:
        yield Hit(
            E,
            "file version 0xFFFFFFFF means any version",
            place,
            expected="0..0xfffffffe",
            actual=actual,
            cure="write the version of this release",
        )
        return
    if version == 0:
        yield Hit(
            W,
            "file version 0: no device will take it for an upgrade",
            place,
            expected="above 0",
            actual=actual,
            cure="write the version of this release",
        )
    if previous is not None and version <= previous:
        yield Hit(
            W,
            "not newer than the release before",
            place,
            expected=f"above {previous:#010x}",
            actual=actual,
            cure="raise the version: clients compare it as one number",
        )
    if ctx.expect.bcd_version and not actual[2:].isdecimal():
        yield Hit(
            W,
            "the version is not binary coded decimal",
            place,
            expected="digits 0-9 only",
            actual=actual,
            cure="write each digit of the version in its own four bits",
        )
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
            expected=f"{ZIGBEE_PRO:#06x} (Zigbee PRO)",
            actual=f"{version:#06x}",
            cure="write 0x0002",
        )


def header_string(ctx: Context) -> Iterator[Hit]:
    """Rule 19."""
    stored, place = ctx.header.header_string, ctx.at(STRING_AT)
    text, _, rest = stored.partition(b"\x00")
    garbage = rest.strip(b"\x00")
    expected, cure = "printable ASCII, padded with NULs", "rewrite the header string"
    actual = repr(ctx.header.header_text)
    if text.translate(None, PRINTABLE):
        yield Hit(
            HARMLESS,
            "the header string is not printable ASCII",
            place,
            expected=expected,
            actual=actual,
            cure=cure,
        )
    if garbage:
        at = place + stored.index(b"\x00")
        yield Hit(
            HARMLESS,
            "garbage after the header string's NUL",
            at,
            expected=expected,
            actual=actual,
            cure=cure,
        )
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
    named = named_identity(ctx.name)
    expected = recommended_name(ctx.header)
    if named is None:
        yield Hit(
            I,
            "the file name does not say what the file is",
            None,
            expected=expected,
            actual=ctx.name,
            cure="rename it as the standard recommends: MMMM-TTTT-VVVVVVVV[-text].zigbee",
        )
        return
    header = ctx.header
    if named != (header.manufacturer_code, header.image_type, header.file_version):
        yield Hit(
            W,
            "the file name contradicts the header",
            ctx.at(MANUFACTURER_AT),
            expected=expected,
            actual=ctx.name,
            cure="rename the file, or find out which of the two is right: devices read the header",
        )


def hardware_range(ctx: Context) -> Iterator[Hit]:
    """Rule 21."""
    low, high = ctx.header.minimum_hardware_version, ctx.header.maximum_hardware_version
    if low is None or high is None:
        yield Hit(
            by_profile(gb=E),
            "no hardware range",
            ctx.at(8),
            expected="field control bit 2 and two versions",
            actual=f"field control {ctx.header.field_control:#06x}",
            cure="state which hardware it is for",
        )
        return
    place, actual = ctx.at(ctx.header.fields_length - 4), f"{low:#06x}..{high:#06x}"
    if low > high:
        yield Hit(
            E,
            "the hardware range is empty",
            place,
            expected="minimum below maximum",
            actual=actual,
            cure="swap the two versions",
        )
    elif low == 0 and high >= OPEN_HARDWARE:
        yield Hit(
            by_profile(zcl=I, se=I, gb=W),
            "the hardware range shuts out nothing",
            place,
            expected="the versions tested",
            actual=actual,
            cure="narrow it to the hardware this firmware runs on",
        )
    device = ctx.expect.device_hardware
    if device is not None and not low <= device <= high:
        yield Hit(
            W,
            "the device's hardware is outside the range",
            place,
            expected=f"a range with {device:#06x}",
            actual=actual,
            cure="take the file for this hardware",
        )
    yield Hit(
        I,
        f"for hardware {low >> 8}.{low & 0xFF} to {high >> 8}.{high & 0xFF}",
        place,
    )


def destination(ctx: Context) -> Iterator[Hit]:
    """Rule 22."""
    eui64 = ctx.header.upgrade_file_destination
    if eui64 is None:
        return
    after_credential = ctx.header.security_credential_version is not None
    place, actual = ctx.at(FIXED_BYTES + after_credential), format_eui64(eui64)
    if eui64 in (0, EUI64_ALL_ONES):
        yield Hit(
            E,
            "the destination names no device",
            place,
            expected="the EUI-64 of one device",
            actual=actual,
            cure="name the device, or leave the field out",
        )
    elif ctx.header.image_type < CREDENTIALS_TYPE:
        yield Hit(
            by_profile(zcl=W, se=W, gb=I),
            "firmware for one device only",
            place,
            expected="no destination in a file for many devices",
            actual=actual,
            cure="leave the destination out unless one device is meant",
        )


def credential_version(ctx: Context) -> Iterator[Hit]:
    """Rule 23."""
    version = ctx.header.security_credential_version
    if version is None:
        yield Hit(
            by_profile(se=W),
            "no security credential version",
            ctx.at(8),
            expected="field control bit 0",
            actual=f"field control {ctx.header.field_control:#06x}",
            cure="state the version the image needs",
        )
    elif version > LAST_CREDENTIAL:
        yield Hit(
            E,
            "undefined security credential version",
            ctx.at(FIXED_BYTES),
            expected="0..3",
            actual=str(version),
            cure="write 0 (SE 1.0), 1 (SE 1.1), 2 (SE 2.0) or 3 (SE 1.2)",
        )
