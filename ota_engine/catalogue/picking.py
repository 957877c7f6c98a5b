"""Picks images to deliver: files as they lie there, entries of a catalogue by name, with their terms.

A file that a catalogue lists has the terms of its entry, whatever it is called and wherever it lies:
its octets are what is looked up.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from images.catalogue import CatalogueEntry
from ota_engine.catalogue.desk import find
from ota_engine.catalogue.folder import MARK, Catalogue
from ota_engine.catalogue.intake import image_record, take_in_named
from ota_engine.errors import LocalError
from ota_engine.hub.delivery.policy import forbidden
from ota_engine.records import ImageRecord, ImageTerms, Term
from ota_engine.times import Utc


class Picked(NamedTuple):
    """An image to deliver.

    Attributes:
        image: as it is served.
        terms: of its entry; None for a file that no catalogue lists.
        source: the file, or the catalogue's folder.
    """

    image: ImageRecord
    terms: ImageTerms | None
    source: Path


def open_catalogue(named: Path | None, usual: Path) -> Catalogue | None:
    """Open the catalogue a person named, or the one at the usual place if there is one.

    Raises:
        LocalError: there is none where it was said to be.
        StoreError: it is damaged.
    """
    if named is not None:
        return Catalogue(named)
    return Catalogue(usual) if (usual / MARK).is_file() else None


def pick(
    names: Sequence[str],
    catalogue: Catalogue | None,
    waived: Sequence[Term],
    utc: Utc,
    *,
    everything: bool = False,
) -> list[Picked]:
    """Take in what was named: a path that is there is a file, all else is a name in the catalogue.

    Args:
        names: of files or entries.
        catalogue: to look in, None for none.
        waived: terms that do not count.
        utc: now, seconds since 1970.
        everything: without a name, take every approved entry.

    Raises:
        ImageError: a file is no complete OTA file; the reason names it.
        LocalError: no entry, or several, have this name; or an image may not be served.
        OSError: a file cannot be read.
        StoreError: the catalogue is damaged.
    """
    entries = [] if catalogue is None else catalogue.entries()
    picked = [_pick(name, catalogue, entries, utc) for name in names]
    if not names and everything and catalogue is not None:
        released = [entry for entry in entries if not forbidden(terms_of(entry), ())]
        if not released:
            raise LocalError(
                f"{catalogue.path}: nothing is approved here: 'zota catalogue approve' does that"
            )
        picked = [_entry(entry, catalogue, utc) for entry in released]
    for one in picked:
        why = forbidden(one.terms, tuple(waived))
        if why:
            raise LocalError(
                f"{one.image.name}: {why}: see 'zota catalogue show {one.image.sha256[:12]}', or "
                "give --override status=REASON"
            )
    return list({one.image.sha256: one for one in picked}.values())


def terms_of(entry: CatalogueEntry) -> ImageTerms:
    """What goes with the image of an entry."""
    return ImageTerms(entry.sha256, entry.status, entry.terms)


def _pick(
    name: str, catalogue: Catalogue | None, entries: Sequence[CatalogueEntry], utc: Utc
) -> Picked:
    path = Path(name)
    if catalogue is not None and not path.exists() and _is_name(name):
        return _entry(find(entries, name), catalogue, utc)
    image = take_in_named(path, utc)
    listed = next((entry for entry in entries if entry.sha256 == image.sha256), None)
    return Picked(image, None if listed is None else terms_of(listed), path)


def _is_name(name: str) -> bool:
    return "/" not in name and not name.endswith((".ota", ".zigbee"))


def _entry(entry: CatalogueEntry, catalogue: Catalogue, utc: Utc) -> Picked:
    image = image_record(catalogue.octets(entry), entry.name, utc)
    return Picked(image, terms_of(entry), catalogue.path)
