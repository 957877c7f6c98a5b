"""Tells the fleet which images the catalogue has, and which of them may be served."""

from dataclasses import replace

from images.catalogue import CatalogueEntry, ImageStatus
from ota_engine.catalogue.folder import Catalogue
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.releases.rows import CataloguedImage
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
