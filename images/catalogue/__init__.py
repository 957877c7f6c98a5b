"""The catalogue of released images as values: entries, clashes, upgrade paths, indexes.

Knows neither files nor clocks nor networks: octets come in as bytes, times and names as arguments.
"""

from images.catalogue.entry import CatalogueEntry, Origin, UpgradeStep
from images.catalogue.indexes import Released, write_folder_index, write_zigbee2mqtt, write_zigpy
from images.catalogue.intake import Draft, draft, within
from images.catalogue.listings import Listing, read_listings
from images.catalogue.paths import clashes, fits, rivalries, route, suits
from images.catalogue.records import read_record, write_record
from images.catalogue.status import ImageStatus, StatusDecision
from images.catalogue.terms import Range, Terms

__all__ = [
    "CatalogueEntry",
    "Draft",
    "ImageStatus",
    "Listing",
    "Origin",
    "Range",
    "Released",
    "StatusDecision",
    "Terms",
    "UpgradeStep",
    "clashes",
    "draft",
    "fits",
    "read_listings",
    "read_record",
    "rivalries",
    "route",
    "suits",
    "within",
    "write_folder_index",
    "write_record",
    "write_zigbee2mqtt",
    "write_zigpy",
]
