"""Makes a catalogue's entry of a file's octets and what its bearer says; keeps and decides nothing."""

import hashlib
from dataclasses import replace
from typing import NamedTuple

from images.catalogue.entry import CatalogueEntry, Origin
from images.catalogue.terms import Range, Terms
from images.errors import ImageError
from images.header import OtaHeader
from images.model import parse


class Draft(NamedTuple):
    """An entry and its octets, as they would be served."""

    entry: CatalogueEntry
    octets: bytes


def draft(data: bytes, terms: Terms, source: str, name: str) -> Draft:
    """Make an entry.

    Args:
        data: the file as it was found; wrapper and trailing octets are taken off.
        terms: for whom it is.
        source: where it was found, printable.
        name: what its bearer calls it, printable.

    Raises:
        ImageError: it is not a complete OTA file, or the terms contradict its header.
    """
    image = parse(data)
    header = image.header
    if image.truncated:
        raise ImageError(
            f"{len(image.ota)} of the {header.total_image_size} bytes its header declares are "
            "there: get the whole file",
            len(data),
        )
    octets = bytes(image.ota)
    digest = image.manufacturer_image_hash
    hardware = _hardware(header, terms.hardware)
    if hardware == _hardware(header, None):
        terms = replace(terms, hardware=None)  # it says what the header says
    found = hashlib.sha256(data).hexdigest()
    return Draft(
        CatalogueEntry(
            sha256=hashlib.sha256(octets).hexdigest(),
            size=len(octets),
            manufacturer_code=header.manufacturer_code,
            image_type=header.image_type,
            file_version=header.file_version,
            header_string=_shown(header.header_text),
            destination=header.upgrade_file_destination,
            hardware=hardware,
            manufacturer_image_hash="" if digest is None else digest.hex(),
            terms=terms,
            origin=Origin(source, name, found, image.container or ""),
        ),
        octets,
    )


def within(terms: Terms, header: OtaHeader) -> Terms:
    """What an index says of a file, as far as the file's own header allows.

    A device has to meet both, so hardware is narrowed to what they have in common, and an upgrade
    leads to a newer version whatever upper limit the index states, unless it is forced.

    Raises:
        ImageError: nothing is left.
    """
    return replace(terms, bases=_older(terms, header), hardware=_common(terms.hardware, header))


def _older(terms: Terms, header: OtaHeader) -> tuple[Range, ...] | None:
    if terms.bases is None or terms.force:
        return terms.bases
    newest = header.file_version - 1
    kept = tuple(base._replace(high=min(base.high, newest)) for base in terms.bases)
    kept = tuple(base for base in kept if base.low <= base.high)
    if terms.bases and not kept:
        raise ImageError("the index offers it to newer versions only: a downgrade is not taken in")
    return kept


def _common(said: Range | None, header: OtaHeader) -> Range | None:
    low, high = header.minimum_hardware_version, header.maximum_hardware_version
    if said is None or low is None or high is None:
        return said
    found = Range(max(said.low, low), min(said.high, high))
    if found.low > found.high:
        raise ImageError(
            f"the index is for hardware {said.low:#06x}..{said.high:#06x}, the header for "
            f"{low:#06x}..{high:#06x}: they have none in common"
        )
    return found


def _shown(text: str) -> str:
    return "".join(char for char in text if char.isprintable()).strip()


def _hardware(header: OtaHeader, narrowed: Range | None) -> Range | None:
    low, high = header.minimum_hardware_version, header.maximum_hardware_version
    if low is None or high is None:
        return narrowed
    if low > high:
        raise ImageError(f"the header's hardware versions {low:#06x}..{high:#06x} are no range")
    if narrowed is None:
        return Range(low, high)
    if narrowed.low < low or narrowed.high > high:
        raise ImageError(
            f"hardware versions {narrowed.low:#06x}..{narrowed.high:#06x} exceed the header's "
            f"{low:#06x}..{high:#06x}: an index may narrow them, never widen"
        )
    return narrowed
