"""What changed between two OTA files of one product: header, elements, firmware; judges nothing."""

import hashlib
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final, NamedTuple

from images.elements import SubElement
from images.eui64 import format_eui64
from images.header import OtaHeader
from images.model import OtaImage

ABSENT: Final = "absent"
DIGEST_DIGITS: Final = 16  # of SHA-256, enough to tell two apart by eye
_HEX_DIGITS: Final = {
    "header_version": 4,
    "field_control": 4,
    "manufacturer_code": 4,
    "image_type": 4,
    "file_version": 8,
    "zigbee_stack_version": 4,
    "minimum_hardware_version": 4,
    "maximum_hardware_version": 4,
}


class Change(NamedTuple):
    """One difference.

    Attributes:
        part: ``file``, ``header``, ``element`` or ``firmware``.
        what: which field or piece.
        old: what the older file has.
        new: what the newer one has.
    """

    part: str
    what: str
    old: str
    new: str


def compare(old: OtaImage, new: OtaImage) -> tuple[Change, ...]:
    """Everything that differs, in the order of the file."""
    return (*_about_file(old, new), *_about_header(old.header, new.header), *_bodies(old, new))


def _about_file(old: OtaImage, new: OtaImage) -> Iterator[Change]:
    pairs = {
        "size": (str(len(old.file)), str(len(new.file))),
        "container": (old.container or ABSENT, new.container or ABSENT),
        "layout": (old.layout, new.layout),
        "trailing bytes": (_after(old), _after(new)),
    }
    for what, (before, after) in pairs.items():
        if before != after:
            yield Change("file", what, before, after)


def _after(image: OtaImage) -> str:
    trailing = image.trailing
    return ABSENT if trailing is None else _summary(image.file[trailing.offset :])


def _about_header(old: OtaHeader, new: OtaHeader) -> Iterator[Change]:
    for name, before, after in zip(OtaHeader._fields, old, new, strict=True):
        if before != after:
            yield Change(
                "header", name.replace("_", " "), _shown(name, before), _shown(name, after)
            )


def _shown(name: str, value: int | bytes | None) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, bytes):
        return repr(value.rstrip(b"\x00"))[1:]
    if name == "upgrade_file_destination":
        return format_eui64(value)
    digits = _HEX_DIGITS.get(name)
    return str(value) if digits is None else f"{value:#0{digits + 2}x}"


def _bodies(old: OtaImage, new: OtaImage) -> Iterator[Change]:
    if not old.elements and not new.elements:
        yield from _contents("firmware", "body", old.body, new.body)
        return
    for tag in dict.fromkeys(element.tag for element in (*old.elements, *new.elements)):
        before = [element for element in old.elements if element.tag == tag]
        after = [element for element in new.elements if element.tag == tag]
        for number, pair in enumerate(zip_longest(before, after), 1):
            which = f"{tag:#06x}" + (f" ({number})" if max(len(before), len(after)) > 1 else "")
            yield from _elements(which, *pair)
    if bytes(old.residue) != bytes(new.residue):
        yield from _contents("firmware", "bytes outside elements", old.residue, new.residue)


def _elements(which: str, old: SubElement | None, new: SubElement | None) -> Iterator[Change]:
    if old is None or new is None:
        lengths = (ABSENT if one is None else f"{one.length} bytes" for one in (old, new))
        yield Change("element", which, *lengths)
    else:
        yield from _contents("element", which, old.data, new.data)


def _contents(part: str, what: str, old: memoryview, new: memoryview) -> Iterator[Change]:
    if old != new:
        yield Change(part, what, _summary(old), _summary(new))


def _summary(data: memoryview) -> str:
    digest = hashlib.sha256(data).hexdigest()[:DIGEST_DIGITS]
    return f"{len(data)} bytes, SHA-256 {digest}"
