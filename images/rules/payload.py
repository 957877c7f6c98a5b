"""Rules about the firmware itself and its way to the device (32-37); knows no header field."""

from collections.abc import Iterator
from math import ceil
from typing import Final

from images.airtime import TYPICAL_BLOCK_BYTES, delivery_seconds
from images.elements import FIRST_MANUFACTURER_TAG, Tag
from images.payloads import PayloadFacts
from images.payloads.entropy import bits_per_byte, fill_byte, surely_within
from images.rules.context import Context, JudgedFirmware
from images.rules.findings import Hit, Profile, Severity
from images.smart_energy import SUITES

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables

LOW_ENTROPY: Final = 1.0  # bits per byte
HIGH_ENTROPY: Final = 7.9
ENTROPY_BYTES: Final = 4096  # shorter payloads say little by their histogram
AES_BLOCK_BYTES: Final = 16
BLOCK_SIZES: Final = (32, 40, 48, 50, 56, 63)  # what clients ask for and servers give
USUAL_BLOCK_SIZES: Final = (48, 50)  # what most clients and servers settle on
TINY_TAIL: Final = 3  # bytes
GUARDS: Final = frozenset((Tag.IMAGE_INTEGRITY_CODE, *(one.signature_tag for one in SUITES)))
FIRST_OF_AN_SDK: Final = 1  # version of a firmware project nobody gave one
HOPS: Final = (1, 2, 3)


def any_check(ctx: Context) -> Iterator[Hit]:
    """Rule 32."""
    image = ctx.image
    tags = {element.tag for element in image.elements}
    guarded = not GUARDS.isdisjoint(tags)
    # A GB image is activated by its hash; Hue's own format is Hue's to check.
    beyond_us = image.truncated or image.layout in ("gb", "hue")
    if guarded or beyond_us or not ctx.firmware:
        return
    if any(piece.found is not None and piece.found.checked for piece in ctx.firmware):
        return
    own = image.layout == "zcl" and any(tag >= FIRST_MANUFACTURER_TAG for tag in tags)
    bare = next((p.found for p in ctx.firmware if p.found and p.found.checked is False), None)
    if bare is not None and not bare.defects and not own:
        severity, what = W, f"and this {bare.format} payload lacks the checksum it could carry"
    else:
        severity, what = I, "no checksum known here"
        what += ": a manufacturer element may hold one" if own else ": the firmware may hold one"
    yield Hit(
        severity,
        f"neither signature nor integrity code, {what}",
        ctx.at(ctx.header.body_offset),
        expected="element 0x0003, or a payload that checks itself",
        actual="nothing a device could compare with",
        cure="build with --integrity, unless the bootloader checks the firmware by itself",
    )


def structure(ctx: Context) -> Iterator[Hit]:
    """Rule 33, structure and checksums."""
    for piece in ctx.firmware:
        if piece.found is None or piece.clipped:
            continue
        for defect in piece.found.defects:
            yield Hit(
                E if defect.grave else W,
                f"{piece.found.format}: {defect.message}",
                ctx.at(piece.offset + defect.offset),
                expected=defect.expected,
                actual=defect.actual,
                cure="build the firmware file again, and wrap it again",
            )
        excess = len(piece.data) % piece.found.multiple
        if excess and piece.found.format == "EBL":
            yield Hit(
                W,
                f"EBL: the length is no multiple of {piece.found.multiple}",
                ctx.at(piece.offset),
                expected=f"a multiple of {piece.found.multiple} bytes",
                actual=f"{len(piece.data)} bytes, {excess} too many",
                cure="pad the EBL file with 0xFF, as its own tool does",
            )


def facts(ctx: Context) -> Iterator[Hit]:
    """Rule 33, what the payload is and which version it states."""
    for piece in ctx.firmware:
        found = piece.found
        if found is None:
            continue
        number, version = found.number, ctx.header.file_version
        if number is not None and number != version:
            yield Hit(
                W if _one_scheme(number, version) else I,
                f"the {found.format} payload states another version than the header",
                ctx.at(piece.offset),
                expected=f"{version:#010x}",
                actual=f"{number:#010x}",
                cure="make both the same, or make sure the difference is meant",
            )
        yield Hit(I, _describe(found), ctx.at(piece.offset))


def _one_scheme(number: int, version: int) -> bool:
    """Whether payload and header count versions the same way, so that a difference is a slip.

    Many bootloaders count for themselves, and an SDK's project begins with 0 or 1.
    """
    return number > FIRST_OF_AN_SDK and number >> 24 == version >> 24


def _describe(found: PayloadFacts) -> str:
    words = [f"the payload is {found.format}"]
    if found.checked:
        words.append("its checksums are right")
    if found.signed is not None:
        words.append("signed" if found.signed else "not signed")
    if found.encrypted is not None:
        words.append("encrypted" if found.encrypted else "not encrypted")
    if found.version is not None:
        words.append(f"version {found.version}")
    if found.fill:
        words.append(f"{found.fill} bytes of fill after its end")
    return ", ".join(words)


def entropy(ctx: Context) -> Iterator[Hit]:
    """Rule 34."""
    for piece in ctx.firmware:
        if surely_within(piece.data, LOW_ENTROPY, HIGH_ENTROPY):
            continue
        place, size = ctx.at(piece.offset), len(piece.data)
        bits = bits_per_byte(piece.data)
        fill = fill_byte(piece.data) if bits < LOW_ENTROPY else None
        if fill is not None or (size >= ENTROPY_BYTES and bits < LOW_ENTROPY):
            yield Hit(
                W,
                f"the payload is nothing but {fill:#04x}"
                if fill is not None
                else "the payload is nearly empty",
                place,
                expected="firmware",
                actual=f"{bits:.2f} bits per byte",
                cure="check that the right file was wrapped",
            )
        elif bits > HIGH_ENTROPY and size >= ENTROPY_BYTES:
            yield Hit(I, f"encrypted or compressed: {bits:.2f} bits per byte", place)


def alignment(ctx: Context) -> Iterator[Hit]:
    """Rule 35, lengths the flash or the cipher needs."""
    for piece in ctx.firmware:
        multiple, why = _multiple(ctx, piece)
        excess = len(piece.data) % multiple
        if excess and not piece.clipped:
            yield Hit(
                W,
                f"the payload's length is no multiple of {multiple}, as {why} needs",
                ctx.at(piece.offset),
                expected=f"a multiple of {multiple} bytes",
                actual=f"{len(piece.data)} bytes, {excess} too many",
                cure="pad the firmware before wrapping it",
            )


def _multiple(ctx: Context, piece: JudgedFirmware) -> tuple[int, str]:
    if ctx.image.layout == "telink":
        return AES_BLOCK_BYTES, "Telink's AES"
    if piece.found is not None and piece.found.format == "GBL":
        return piece.found.multiple, "the flash"
    return 1, ""


def block_boundaries(ctx: Context) -> Iterator[Hit]:
    """Rule 35, a hint on the last block for each usual size."""
    size = ctx.header.total_image_size
    tails = ", ".join([f"{size % block or block} of {block}" for block in BLOCK_SIZES])
    yield Hit(I, f"bytes in the last block: {tails}", ctx.at(52))


def slot(ctx: Context) -> Iterator[Hit]:
    """Rule 36, the room on the device."""
    room, size = ctx.expect.slot_size, ctx.header.total_image_size
    if room is not None and size > room:
        yield Hit(
            E,
            "larger than the device's slot",
            ctx.at(52),
            expected=f"at most {room} bytes",
            actual=f"{size} bytes",
            cure="make the firmware smaller: the device will refuse it or overwrite itself",
        )


def delivery_time(ctx: Context) -> Iterator[Hit]:
    """Rule 36, blocks and minutes."""
    size, block = ctx.header.total_image_size, ctx.expect.block_size or TYPICAL_BLOCK_BYTES
    secured = ctx.profile is not Profile.ZCL  # Smart Energy encrypts OTA with link keys
    one_hop = delivery_seconds(size, 1, block, aps_security=secured) / 60
    minutes = ", ".join([f"{one_hop * hops:.1f}" for hops in HOPS])
    yield Hit(
        I,
        f"{ceil(size / block)} blocks of {block} bytes: {minutes} minutes of airtime over "
        f"{HOPS[0]}, {HOPS[1]}, {HOPS[2]} hops",
        ctx.at(52),
    )


def tiny_tail(ctx: Context) -> Iterator[Hit]:
    """Rule 37."""
    size, given = ctx.header.total_image_size, ctx.expect.block_size
    blocks = USUAL_BLOCK_SIZES if given is None else (given,)
    tiny = [block for block in blocks if 1 <= size % block <= TINY_TAIL and size > block]
    if tiny:
        yield Hit(
            I if given is None else W,
            f"the last block of {tiny[0]} holds only {size % tiny[0]} bytes",
            ctx.at(52),
            expected=f"at least {TINY_TAIL + 1} bytes in the last block",
            actual=f"{size} bytes = {size // tiny[0]} blocks and {size % tiny[0]} bytes",
            cure="pad the payload by a few bytes: some clients lose so small a tail",
        )
