"""Rules about the structure of the file (1-14): each looks at one thing and says what it found."""

from collections.abc import Iterator
from typing import Final

from images.containers import IKEA_HEAD, IKEA_MAGIC, Trailing, unwrap
from images.elements import FIRST_MANUFACTURER_TAG, LAST_STANDARD_TAG, SubElement, Tag, walk
from images.header import HEADER_VERSION, MAGIC, OPTIONAL_FIELDS
from images.rules.context import Context, RawFile
from images.rules.findings import Hit, Severity, by_profile

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

FIRST_SPECIAL_TYPE: Final = 0xFFC0  # security credentials, configuration, log, picture
PICTURE_TYPE: Final = 0xFFC3
KNOWN_TRAILERS: Final = {
    "crc32": "a CRC-32 of everything before it",
    "fill-ff": "0xFF fill",
    "fill-00": "zero fill",
}

# Field offsets (ZCL OTA, OTA header format)
VERSION_AT, LENGTH_AT, CONTROL_AT, TOTAL_SIZE_AT = 4, 6, 8, 52
IKEA_SIZE_AT: Final = 20


def magic(file: RawFile) -> Iterator[Hit]:
    """Rule 1."""
    if file.error is None or _is_short_header(file) or _is_container(file):
        return
    yield Hit(
        E,
        file.error.reason,
        file.error.offset,
        expected=MAGIC.hex(" ").upper(),
        actual=bytes(file.data[:4]).hex(" ").upper() or "nothing",
        cure="give the OTA file itself; `zota image build` makes one from a firmware binary",
    )


def header_fits(file: RawFile) -> Iterator[Hit]:
    """Rule 2, for a file that ends before its header does."""
    if file.error is not None and _is_short_header(file) and not _is_container(file):
        yield Hit(
            E,
            file.error.reason,
            file.error.offset,
            expected="a complete header of 56 to 69 bytes",
            actual=f"{len(file.data)} bytes",
            cure="fetch the file again: it was cut off",
        )


def container_holds_header(file: RawFile) -> Iterator[Hit]:
    """Rule 12, for a container without an OTA file in it."""
    if file.error is not None and _is_container(file):
        yield Hit(
            E,
            file.error.reason,
            file.error.offset,
            expected=MAGIC.hex(" ").upper(),
            cure="fetch the file again, or ask the vendor for the bare OTA file",
        )


def _is_container(file: RawFile) -> bool:
    return file.data[:4] == IKEA_MAGIC


def _is_short_header(file: RawFile) -> bool:
    error = file.error
    return error is not None and len(file.data) > 0 and error.offset == len(file.data)


def declared_header_fits(ctx: Context) -> Iterator[Hit]:
    """Rule 2, for a header that declares more than the file holds."""
    declared, held = ctx.header.header_length, len(ctx.image.ota)
    if declared > held:
        yield Hit(
            E,
            "the file ends before the header it declares",
            ctx.at(LENGTH_AT),
            expected=f"header_length of at most {held}",
            actual=str(declared),
            cure="fetch the file again, or correct header_length",
        )


def header_version(ctx: Context) -> Iterator[Hit]:
    """Rule 3."""
    version = ctx.header.header_version
    if version != HEADER_VERSION:
        same_major = version >> 8 == HEADER_VERSION >> 8
        yield Hit(
            W if same_major else E,
            "unknown minor header version" if same_major else "unknown header version",
            ctx.at(VERSION_AT),
            expected=f"{HEADER_VERSION:#06x}",
            actual=f"{version:#06x}",
            cure="write header version 0x0100",
        )


def header_length(ctx: Context) -> Iterator[Hit]:
    """Rule 4."""
    declared, fields = ctx.header.header_length, ctx.header.fields_length
    if declared < fields:
        yield Hit(
            E,
            "header_length is shorter than the fields the field control announces",
            ctx.at(LENGTH_AT),
            expected=str(fields),
            actual=str(declared),
            cure="correct header_length or the field control",
        )
    elif declared > fields:
        yield Hit(
            W,
            "the header is longer than its known fields: an unknown extension",
            ctx.at(LENGTH_AT),
            expected=str(fields),
            actual=str(declared),
            cure="check that your devices skip to header_length",
        )


def reserved_bits(ctx: Context) -> Iterator[Hit]:
    """Rule 5."""
    reserved = ctx.header.field_control & ~OPTIONAL_FIELDS
    if reserved:
        yield Hit(
            E,
            "reserved field control bits are set",
            ctx.at(CONTROL_AT),
            expected="bits 3-15 clear",
            actual=f"{ctx.header.field_control:#06x}",
            cure="clear them: a client may expect fields that are not there",
        )


def total_size(ctx: Context) -> Iterator[Hit]:
    """Rule 6."""
    image, declared = ctx.image, ctx.header.total_image_size
    if declared < ctx.header.body_offset:
        yield Hit(
            E,
            "total_image_size is smaller than the header",
            ctx.at(TOTAL_SIZE_AT),
            expected=f"at least {ctx.header.body_offset}",
            actual=str(declared),
            cure="write the size of the whole OTA file",
        )
    elif image.truncated:
        missing = declared - len(image.ota)
        yield Hit(
            E,
            f"truncated: {missing} bytes are missing at the end",
            ctx.at(len(image.ota)),
            expected=f"{declared} bytes",
            actual=f"{len(image.ota)} bytes",
            cure="fetch the file again; no device can complete this download",
        )
    yield from _trailing(ctx)


def _trailing(ctx: Context) -> Iterator[Hit]:
    found = ctx.image.trailing
    if found is None:
        return
    if found.kind == ctx.image.container:
        between = unwrap(ctx.image.file).end - found.offset
        severity, what = I, f"the {found.kind} container's own trailer"
        if between:
            severity, what = W, f"{between} more of the container's inner file, and its trailer"
    elif found.kind in KNOWN_TRAILERS:
        severity, what = I, KNOWN_TRAILERS[found.kind]
    else:
        start = bytes(ctx.image.file[found.offset : found.offset + 8]).hex(" ").upper()
        severity = W if _complete(ctx, found) else E
        what = f"unknown trailing bytes, beginning {start}"
    yield Hit(
        severity,
        f"{found.length} bytes follow the OTA file: {what}",
        found.offset,
        expected="nothing after total_image_size",
        actual=f"{found.length} bytes ({found.kind})",
        cure="cut them off; they are never sent to a device",
    )


def _complete(ctx: Context, found: Trailing) -> bool:
    """Whether nothing a device needs can lie behind the declared size.

    The elements end exactly there, and what follows is not more of them: then the bytes are only in
    the way. Otherwise the size may be the lie, and every device would get a part of the file.
    """
    image = ctx.image
    if image.layout not in ("zcl", "telink") or not image.elements or len(image.residue):
        return False
    _, stop = walk(image.file, found.offset, len(image.file))
    return stop != len(image.file)


def element_walk(ctx: Context) -> Iterator[Hit]:
    """Rule 7."""
    image = ctx.image
    if image.layout in ("zcl", "telink"):
        yield from _broken_walk(ctx)
    elif image.layout == "hue":
        yield Hit(
            by_profile(zcl=I, se=E),
            "the body is Hue's own format, without elements",
            ctx.at(ctx.header.body_offset),
            expected="tag, length, data",
            cure="serve it to Hue devices only",
        )
    else:
        yield Hit(
            by_profile(zcl=E, se=E),
            "the body holds no elements: bare firmware after the header",
            ctx.at(ctx.header.body_offset),
            expected="tag, length, data",
            actual=bytes(image.body[:6]).hex(" ").upper() or "nothing",
            cure="wrap the firmware in element 0x0000, or judge a GB file with --profile gb",
        )


def _broken_walk(ctx: Context) -> Iterator[Hit]:
    image, end = ctx.image, ctx.header.total_image_size
    last = image.elements[-1] if image.elements else None
    if last is not None and last.offset + last.length > max(end, ctx.header.body_offset):
        yield Hit(
            E,
            f"element {last.tag:#06x} runs {last.offset + last.length - end} bytes past the end",
            ctx.at(last.offset - 6),
            expected=f"a length of at most {max(end - last.offset, 0)}",
            actual=str(last.length),
            cure="correct the element's length or total_image_size",
        )
    elif len(image.residue) and not image.truncated:
        yield Hit(
            E,
            f"{len(image.residue)} bytes after the last element belong to no element",
            ctx.at(len(image.ota) - len(image.residue)),
            expected="elements that end exactly at total_image_size",
            actual=bytes(image.residue[:8]).hex(" ").upper(),
            cure="give them a tag and a length, or leave them out",
        )


def empty_elements(ctx: Context) -> Iterator[Hit]:
    """Rule 8."""
    for element in ctx.image.elements:
        if not element.length:
            upgrade = element.tag == Tag.UPGRADE_IMAGE
            yield Hit(
                E if upgrade else W,
                "the upgrade image is empty" if upgrade else f"element {element.tag:#06x} is empty",
                ctx.at(element.offset - 6),
                expected="a length above 0",
                actual="0",
                cure="put the firmware in" if upgrade else "leave the element out",
            )


def has_upgrade_image(ctx: Context) -> Iterator[Hit]:
    """Rule 9."""
    image, kind = ctx.image, ctx.header.image_type
    if image.layout not in ("zcl", "telink") or ctx.expect.null_image:
        return
    wanted = Tag.PICTURE_DATA if kind == PICTURE_TYPE else Tag.UPGRADE_IMAGE
    other_file = FIRST_SPECIAL_TYPE <= kind < PICTURE_TYPE
    if other_file or image.element(wanted) or image.element(Tag.UPGRADE_IMAGE):
        return
    own = any(element.tag >= FIRST_MANUFACTURER_TAG for element in image.elements)
    yield Hit(
        W if own else E,
        f"no element {wanted:#06x}" + (": only the vendor's own client finds this" if own else ""),
        ctx.at(ctx.header.body_offset),
        expected=f"one element {wanted:#06x}",
        actual=_tags(image.elements) or "no elements",
        cure="add it, or say --null-image for a certification test",
    )


def single_upgrade_image(ctx: Context) -> Iterator[Hit]:
    """Rule 10."""
    found = [element for element in ctx.image.elements if element.tag == Tag.UPGRADE_IMAGE]
    if len(found) > 1:
        own = any(element.tag > LAST_STANDARD_TAG for element in ctx.image.elements)
        yield Hit(
            I if own else W,
            f"{len(found)} upgrade images in one file"
            + (", beside elements that only the vendor's own client knows" if own else ""),
            ctx.at(found[1].offset - 6),
            expected="one element 0x0000",
            actual=str(len(found)),
            cure="check which one your devices take; most take the first",
        )


def tag_ranges(ctx: Context) -> Iterator[Hit]:
    """Rule 11."""
    elements = ctx.image.elements
    for element in elements:
        if LAST_STANDARD_TAG < element.tag < FIRST_MANUFACTURER_TAG:
            yield Hit(
                W,
                f"element {element.tag:#06x} has a reserved tag",
                ctx.at(element.offset - 6),
                expected="0x0000-0x0006 or 0xF000-0xFFFF",
                actual=f"{element.tag:#06x}",
                cure="use a manufacturer tag, 0xF000-0xFFFF",
            )
    own = [element for element in elements if element.tag >= FIRST_MANUFACTURER_TAG]
    if own:
        yield Hit(I, f"{len(own)} manufacturer elements: {_tags(own)}", ctx.at(own[0].offset - 6))


def container(ctx: Context) -> Iterator[Hit]:
    """Rule 12."""
    if ctx.image.container is not None:
        yield Hit(
            I,
            f"wrapped in a vendor container: {ctx.image.container}",
            0,
            expected="a bare OTA file",
            actual=f"the OTA file lies at bytes {ctx.image.offset}-{ctx.at(len(ctx.image.ota))}",
            cure="nothing for zota, which unwraps it; other servers may need the bare file",
        )
    if ctx.image.container == "ikea":
        _, offset, size = IKEA_HEAD.unpack_from(ctx.image.file)
        if offset + size > len(ctx.image.file):
            yield Hit(
                E,
                "the container ends before the OTA file it declares",
                IKEA_SIZE_AT,
                expected=f"at most {len(ctx.image.file) - offset}",
                actual=str(size),
                cure="fetch the file again: it was cut off",
            )


def telink(ctx: Context) -> Iterator[Hit]:
    """Rule 13."""
    if ctx.image.layout == "telink":
        first = next(element for element in ctx.image.elements if element.info is not None)
        yield Hit(
            by_profile(zcl=I, se=W, gb=W),
            "Telink element: two bytes between length and data are not counted",
            ctx.at(first.offset - 2),
            expected="data directly after the length",
            actual=bytes(first.info or b"").hex(" ").upper(),
            cure="serve it to Telink devices only; generic tools misread it",
        )


def nested_magic(ctx: Context) -> Iterator[Hit]:
    """Rule 14."""
    found = _occurrences(ctx.octets, ctx.image.offset + len(MAGIC), ctx.end)
    if found:
        yield Hit(
            I,
            f"the OTA magic occurs {len(found)} more time{'s' if len(found) > 1 else ''}"
            " in the payload",
            found[-1],
            cure="harmless if it is the firmware's own OTA client; check for a file in a file",
        )


def _occurrences(octets: bytes, start: int, end: int) -> list[int]:
    """Where the magic is between two offsets; from behind, which Python searches faster."""
    found = []
    place = octets.rfind(MAGIC, start, end)
    while place >= 0:
        found.append(place)
        place = octets.rfind(MAGIC, start, place)
    return found


def _tags(elements: "tuple[SubElement, ...] | list[SubElement]") -> str:
    tags = list(dict.fromkeys(f"{element.tag:#06x}" for element in elements))
    return ", ".join(tags[:8]) + (f" and {len(tags) - 8} more" if len(tags) > 8 else "")
