"""Samples which versions stand together in homes, as the Deployed Products List is sampled: now and then."""

from ota_engine.fleet.inventory.rows import ConfigurationSet
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Select
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.configurations import sample_configurations
from ota_engine.times import Utc


def sample_estate(store: FleetStore, person: str, utc: Utc) -> list[ConfigurationSet]:
    """Look at all homes anew: what devices said since the last sample counts from now on.

    A campaign that is approved keeps the strata that it was drawn by.

    Args:
        store: of the estate.
        person: who wants it; named in the audit trail.
        utc: now.

    Returns:
        all sets that any home has, the most prevalent first.

    Raises:
        StoreError: the database failed; nothing was changed.
    """
    with store.transaction():
        sample_configurations(store.driver, utc)
        found = [row for row in store.select(Select(ConfigurationSet)) if row.homes]
        note = AuditNote(person, "sampled", "configuration sets", {"sets": len(found)})
        store.keep((), [note], utc)
    return sorted(found, key=lambda row: (-row.homes, row.configuration))
