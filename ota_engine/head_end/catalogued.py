"""Tells the fleet which images the catalogue has, which may be served, and keeps the octets of these."""

from dataclasses import replace

from images.catalogue import CatalogueEntry, ImageStatus
from ota_engine.catalogue.folder import Catalogue
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.releases.rows import CataloguedImage
from ota_engine.head_end.image_shelf import ImageShelf
from ota_engine.store.fleet.book import FleetStore


def copy_catalogue(catalogue: Catalogue, store: FleetStore) -> int:
    """Have the fleet's copy be what the catalogue is; an image that is gone there is approved no longer.

    Returns:
        how many images the catalogue has.

    Raises:
        StoreError: the catalogue is damaged, or the database failed.
    """
    rows = {row.sha256: row for row in map(catalogued, catalogue.entries())}
    there = len(rows)
    with store.transaction():
        for known in store.select(Select(CataloguedImage)):
            rows.setdefault(known.sha256, _gone(known))
        store.insert(rows.values())
    return there


def shelve_images(catalogue: Catalogue, shelf: ImageShelf) -> int:
    """Keep the octets of approved images where gateways are given them from.

    Returns:
        how many there are.

    Raises:
        StoreError: the catalogue is damaged.
        OSError: they cannot be written.
    """
    approved = [one for one in catalogue.entries() if one.status is ImageStatus.APPROVED]
    for entry in approved:
        shelf.put(catalogue.octets(entry), entry.sha256)
        shelf.settle(entry.sha256, named=True)
    return len(approved)


def catalogued(entry: CatalogueEntry) -> CataloguedImage:
    """Make the row of one image."""
    return CataloguedImage(
        entry.sha256,
        entry.manufacturer_code,
        entry.image_type,
        entry.file_version,
        entry.status is ImageStatus.APPROVED,
        entry.manufacturer_image_hash,
    )


def _gone(row: CataloguedImage) -> CataloguedImage:
    return replace(row, approved=False)
