"""What a supplier comes to answer for: models, versions, images, paths and whom to turn to (SECMP0056)."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.rows import Party
from ota_engine.fleet.releases.repository import paths_text
from ota_engine.fleet.releases.rows import (
    CplEntry,
    FirmwareRelease,
    ReleaseStatus,
    UpgradePath,
)


class GainedDevices(NamedTuple):
    """How many homes of those gained have devices of a variant that run a version."""

    variant: str
    version: int | None
    homes: int


class GainedModel(NamedTuple):
    """One model that a supplier came to answer for.

    Attributes:
        variant: with manufacturer, model and hardware.
        versions: that its devices run, with the homes gained; None where nobody said.
        images: SHA-256 of each version's image, for those that are released.
        paths: to each version that is released, as the repository writes them.
        contact: of the party that makes it; its name where it left none.
    """

    variant: Variant
    versions: tuple[tuple[int | None, int], ...]
    images: Mapping[int, str]
    paths: Mapping[int, str]
    contact: str


def gained_models(work: Work, found: Iterable[GainedDevices]) -> tuple[GainedModel, ...]:
    """Say of every model gained what its new supplier must know."""
    by_variant: dict[str, list[tuple[int | None, int]]] = {}
    for one in found:
        by_variant.setdefault(one.variant, []).append((one.version, one.homes))
    variants = {row.variant: row for row in work.select(Variant)}
    return tuple(
        _model(work, variants[name], versions)
        for name, versions in sorted(by_variant.items())
        if name in variants
    )


def _model(work: Work, variant: Variant, versions: list[tuple[int | None, int]]) -> GainedModel:
    releases = [
        row
        for row in work.select(FirmwareRelease, variant=variant.variant, order=("version",))
        if row.status is not ReleaseStatus.DRAFT
    ]
    entries = {row.version: row for row in work.select(CplEntry, variant=variant.variant)}
    paths = work.select(UpgradePath, variant=variant.variant)
    maker = work.get(Party, variant.maker) if variant.maker else None
    return GainedModel(
        variant,
        tuple(sorted(versions, key=lambda one: (one[0] is None, one[0] or 0))),
        {row.version: row.sha256 for row in releases},
        {
            row.version: paths_text(entry.paths, [p for p in paths if p.cpl == entry.cpl])
            for row in releases
            if (entry := entries.get(row.version)) is not None
        },
        "" if maker is None else maker.contact or maker.name,
    )
