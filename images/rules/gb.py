"""Rules for releases, above all of the Great Britain rollout (38, 39).

What a user expects of a release is compared under every profile: a check that was asked for must
not stay silent because the file is of another kind. The rest is silent outside the profile ``gb``.
"""

from collections.abc import Iterator

from images.header import HEADER_STRING_BYTES
from images.rules.context import Context
from images.rules.findings import Hit, Severity, by_profile
from images.rules.identity import FILE_VERSION_AT, STRING_AT, TYPE_AT

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - as in the rule tables


def payload_mode(ctx: Context) -> Iterator[Hit]:
    """Rule 38, what kind of payload this is."""
    image = ctx.image
    tagged = "tagged elements" if image.elements else "bare"
    if image.signature is not None:
        text = f"Manufacturer Image ({tagged}) with signature trailer, for SRV 11.1 and 11.3"
    else:
        text = f"Manufacturer Image ({tagged}) without signature trailer, for SRV 11.4"
    yield Hit(by_profile(gb=I), text, ctx.at(ctx.header.body_offset))


def release_version(ctx: Context) -> Iterator[Hit]:
    """Rule 38, the version the release names."""
    expected = ctx.expect.release_version
    if expected is not None and expected != ctx.header.file_version:
        yield Hit(
            E,
            "the release names another firmware version than the header",
            ctx.at(FILE_VERSION_AT),
            expected=f"{expected:08X}",
            actual=f"{ctx.header.file_version:08X}",
            cure="correct the service request, or build the file again",
        )


def image_hash(ctx: Context) -> Iterator[Hit]:
    """Rule 38, the Manufacturer Image Hash."""
    expected, actual = ctx.expect.manufacturer_image_hash, ctx.image.manufacturer_image_hash
    if expected is not None and expected != actual:
        yield Hit(
            E,
            "the Manufacturer Image has another hash than the one published",
            ctx.at(ctx.header.body_offset),
            expected=expected.hex(),
            actual=actual.hex() if actual is not None else "no Manufacturer Image",
            cure="take the file that was published: devices will refuse to activate this one",
        )


def han_limit(ctx: Context) -> Iterator[Hit]:
    """Rule 38, the size."""
    limit, size = ctx.expect.max_bytes, ctx.header.total_image_size
    if limit is not None and size > limit:
        yield Hit(
            W,
            "larger than the limit given",
            ctx.at(52),
            expected=f"at most {limit} bytes",
            actual=f"{size} bytes",
            cure="check what the Communications Hub can hold",
        )


def device_class(ctx: Context) -> Iterator[Hit]:
    """Rule 38, the image type registered for the device class."""
    expected = ctx.expect.image_type
    if expected is not None and expected != ctx.header.image_type:
        yield Hit(
            E,
            "not the image type registered for this device class",
            ctx.at(TYPE_AT),
            expected=f"{expected:#06x}",
            actual=f"{ctx.header.image_type:#06x}",
            cure="take the file for this device class",
        )


def ascii_header_string(ctx: Context) -> Iterator[Hit]:
    """Rule 39."""
    stored = ctx.header.header_string
    if not stored.isascii():
        first = next(at for at in range(HEADER_STRING_BYTES) if stored[at] > 0x7F)
        yield Hit(
            by_profile(gb=E),
            "the header string is not ASCII",
            ctx.at(STRING_AT + first),
            expected="ASCII",
            actual=f"{stored[first]:#04x}",
            cure="rewrite the header string: XML and CSV tools break on it",
        )
