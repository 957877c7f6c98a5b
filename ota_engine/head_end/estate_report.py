"""What runs in an estate, for people: versions by variant, homes, configuration sets; decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ota_engine.fleet.inventory.rows import ConfigurationSet, Home
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.releases.versions import VariantVersions, versions_in
from ota_engine.head_end.deciding import asked
from ota_engine.head_end.desk import FleetDesk


@dataclass(frozen=True, slots=True)
class EstateReport:
    """What runs in an estate.

    Attributes:
        homes: by status of their installation.
        variants: each with its versions.
        sets: configuration sets: id, contents, homes; most homes first.
    """

    homes: Mapping[str, int]
    variants: tuple[VariantVersions, ...]
    sets: tuple[tuple[str, str, int], ...]

    def as_values(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        return {
            "homes": dict(self.homes),
            "variants": [
                one._asdict()
                | {
                    "variant": one.variant.variant,
                    "kind": one.variant.kind,
                    "too_many": one.too_many,
                }
                for one in self.variants
            ],
            "sets": [
                {"set": name, "contents": contents, "homes": homes}
                for name, contents, homes in self.sets
            ],
        }


def estate_report(desk: FleetDesk) -> EstateReport:
    """Count what runs where, by a few statements over the whole estate."""
    store = desk.store
    variants = asked(desk, versions_in)
    with store.reading():
        status = store.count(Counts(Home, ("status",)))
        sets = store.count(Counts(Home, ("configuration",)))
        named = {row.configuration: row.contents for row in store.walk(Select(ConfigurationSet))}
    counted = [(str(one), named.get(one, ""), homes) for (one,), homes in sets.items()]
    return EstateReport(
        {str(one): homes for (one,), homes in status.items()},
        variants,
        tuple(sorted(counted, key=lambda one: (-one[2], one[1], one[0]))),
    )
