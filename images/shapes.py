"""Tells the shapes of an OTA body apart; knows bytes only, never file names or catalogues.

The order of the questions matters and is the whole rule:

1. an exact walk of tagged elements is ``zcl``, whatever the tags;
2. a Hue body is told by its manufacturer and its first bytes (``hue``);
3. a walk that is exact once 0xF000 has two uncounted bytes is ``telink``;
4. a body that ends in a GB trailer is ``gb``;
5. elements that stop fitting half-way are a damaged or clipped ``zcl``;
6. a body without elements behind a hardware range is an unsigned GB payload (``gb``);
7. anything else is firmware straight after the header (``raw``).
"""

from typing import Final, Literal, NamedTuple

from images.elements import (
    FIRST_MANUFACTURER_TAG,
    LAST_STANDARD_TAG,
    SubElement,
    overrunning,
    walk,
)
from images.header import HARDWARE_VERSIONS_PRESENT, OtaHeader

Layout = Literal["zcl", "hue", "telink", "gb", "raw"]

HUE_MANUFACTURER: Final = 0x100B
HUE_BODY_START: Final[bytes] = b"\x2a\x00\x01"
TELINK_TAG: Final = 0xF000
CREDIBLE_LENGTH: Final = 1 << 24  # bytes; four times the largest device flash seen

# GB Upgrade Image = Manufacturer Image | force replace (1) | 0x40 | r (32) | s (32)  (GBCS 11.2)
GB_SIGNATURE_BYTES: Final = 64
GB_TRAILER_BYTES: Final = 66


class Shape(NamedTuple):
    """What the body is: its layout, its elements, and where they stop."""

    layout: Layout
    elements: tuple[SubElement, ...]
    residue: int  # offset of the first body byte no element accounts for


def has_gb_trailer(body: memoryview) -> bool:
    """Whether a body ends in force-replace octet, 0x40 and 64 signature bytes."""
    return len(body) > GB_TRAILER_BYTES and body[-65] == GB_SIGNATURE_BYTES and body[-66] <= 1


def recognise(ota: memoryview, header: OtaHeader) -> Shape:
    """Name the shape of what follows the header.

    Args:
        ota: header to declared end; shorter when the file is truncated.
        header: the header already read from ``ota``.
    """
    start = header.body_offset
    end = max(header.total_image_size, start)
    if header.manufacturer_code == HUE_MANUFACTURER and ota[start : start + 3] == HUE_BODY_START:
        return Shape("hue", (), start)
    elements, stop = walk(ota, start, end)
    if stop == end:
        return Shape("zcl", tuple(elements), stop)
    telink, telink_stop = walk(ota, start, end, TELINK_TAG)
    if telink_stop == end:
        return Shape("telink", tuple(telink), end)
    return _inexact(ota, header, end, elements, stop)


def _inexact(
    ota: memoryview, header: OtaHeader, end: int, elements: list[SubElement], stop: int
) -> Shape:
    start = header.body_offset
    body = ota[start:]
    if has_gb_trailer(body) and len(ota) == end:
        tagged = tuple(elements) if stop == end - GB_TRAILER_BYTES else ()
        return Shape("gb", tagged, stop if tagged else start)
    ranged = bool(header.field_control & HARDWARE_VERSIONS_PRESENT)
    last = overrunning(ota, stop)
    if last is not None and last.offset + last.length > end and _credible_overrun(last, ranged):
        return Shape("zcl", (*elements, last), len(ota))
    if elements and _credible_part(elements, start, stop, end):
        return Shape("zcl", tuple(elements), stop)
    return Shape("gb" if ranged else "raw", (), start)


def _credible_overrun(element: SubElement, ranged: bool) -> bool:
    """Whether an element that overruns is one with a wrong length, rather than raw firmware."""
    if not element.length or element.tag > LAST_STANDARD_TAG:
        return False
    return not ranged or element.length < CREDIBLE_LENGTH


def _credible_part(elements: list[SubElement], start: int, stop: int, end: int) -> bool:
    """Whether elements that stop half-way are elements at all: known tags, most of the body."""
    first = elements[0]
    known = first.tag <= LAST_STANDARD_TAG or first.tag >= FIRST_MANUFACTURER_TAG
    return known and first.length > 0 and 2 * (stop - start) >= end - start
