"""Sub-elements of an OTA file: knows tag, length and data, not what any data means."""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

HEAD: Final = struct.Struct("<HI")  # tag, length of the data in bytes (ZCL OTA, sub-element format)
HEAD_BYTES: Final = HEAD.size
TELINK_INFO_BYTES: Final = 2  # stand between head and data of a Telink element, outside `length`
MAX_ELEMENTS: Final = 4096  # the richest vendor file known holds 173; more is not an element walk


class Tag(IntEnum):
    """Tag identifiers the standard gives a meaning (ZCL OTA, sub-element tags)."""

    UPGRADE_IMAGE = 0x0000
    ECDSA_SIGNATURE_1 = 0x0001
    ECDSA_CERTIFICATE_1 = 0x0002
    IMAGE_INTEGRITY_CODE = 0x0003
    PICTURE_DATA = 0x0004
    ECDSA_SIGNATURE_2 = 0x0005
    ECDSA_CERTIFICATE_2 = 0x0006


LAST_STANDARD_TAG: Final = 0x0006
FIRST_MANUFACTURER_TAG: Final = 0xF000


class SubElement(NamedTuple):
    """One tagged piece of an OTA file.

    Attributes:
        tag: tag identifier, 0..0xFFFF.
        length: length in bytes as the file declares it.
        offset: offset of the data, in bytes from the start of the OTA header.
        data: the data itself; shorter than ``length`` when the file ends or lies.
        info: the two uncounted bytes before the data of a Telink element, else None.
    """

    tag: int
    length: int
    offset: int
    data: memoryview
    info: memoryview | None = None

    @property
    def clipped(self) -> bool:
        """Whether the data is shorter than declared."""
        return len(self.data) < self.length

    def parts(self) -> tuple[bytes | memoryview, ...]:
        """Give the element's bytes as they lie in the file, without joining them."""
        head = HEAD.pack(self.tag, self.length)
        return (head, self.data) if self.info is None else (head, self.info, self.data)


def walk(
    ota: memoryview, start: int, end: int, telink_tag: int | None = None
) -> tuple[list[SubElement], int]:
    """Follow elements from ``start`` while each fits before ``end``.

    Args:
        ota: the OTA file from its header on; may stop short of ``end``.
        start: offset of the first element.
        end: where the last element should end, as the header declares it.
        telink_tag: the tag whose elements carry two uncounted bytes, or None.

    Returns:
        The elements, and the offset of the first byte they do not account for. The walk is exact
        when that offset equals ``end``.
    """
    elements: list[SubElement] = []
    position = start
    last_head = min(end, len(ota)) - HEAD_BYTES
    while position <= last_head and len(elements) < MAX_ELEMENTS:
        tag, length = HEAD.unpack_from(ota, position)
        data = position + HEAD_BYTES + (TELINK_INFO_BYTES if tag == telink_tag else 0)
        if data + length > end:
            break
        if tag == length == 0 and elements and elements[-1][:2] == (0, 0):
            # A run of zeros reads as empty upgrade images for ever; it is fill, not elements.
            return elements[:-1], position - HEAD_BYTES
        info = ota[position + HEAD_BYTES : data] if tag == telink_tag else None
        elements.append(SubElement(tag, length, data, ota[data : data + length], info))
        position = data + length
    return elements, position


def overrunning(ota: memoryview, position: int) -> SubElement | None:
    """Read the element at ``position`` whatever its length claims; its data is clipped."""
    if position + HEAD_BYTES > len(ota):
        return None
    tag, length = HEAD.unpack_from(ota, position)
    data = position + HEAD_BYTES
    return SubElement(tag, length, data, ota[data : data + length])
