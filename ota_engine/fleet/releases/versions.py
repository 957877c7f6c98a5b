"""Which versions of each variant an estate runs: N, N-1 and older, as the version policy counts them.

N is the newest release that may be delivered, N-1 the one before it (firmware management, 3.5); where no
release is known, the newest and the next version that devices run.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from ota_engine.fleet.inventory.rows import (
    InstalledDevice,
    InventoryStatus,
    Variant,
    is_ordered,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus

_DELIVERED = frozenset({ReleaseStatus.APPROVED, ReleaseStatus.RETIRED})


class VersionBand(StrEnum):
    """How old a version is, as the version policy counts it."""

    AHEAD = "ahead"
    NEWEST = "n"
    PREVIOUS = "n-1"
    OLDER = "older"
    UNKNOWN = "unknown"


class VariantVersions(NamedTuple):
    """What the devices of one variant run.

    Attributes:
        variant: of the devices.
        ordered: firmware is ordered for it; False for what is only listed (SMETS1 hubs, displays).
        newest: the version that is N; None where nothing is known.
        previous: the version that is N-1; None where there is none.
        ahead: devices that run a later version than N.
        at_newest: devices that run N.
        at_previous: devices that run N-1.
        older: devices that run anything else.
        unknown: devices of which nobody said what they run.
        counts: devices by version, the latest first.
    """

    variant: Variant
    ordered: bool
    newest: int | None
    previous: int | None
    ahead: int
    at_newest: int
    at_previous: int
    older: int
    unknown: int
    counts: tuple[tuple[int, int], ...]

    @property
    def devices(self) -> int:
        """How many devices there are."""
        return sum(count for _, count in self.counts) + self.unknown

    @property
    def too_many(self) -> bool:
        """Whether more than two versions are about, which is for a while only."""
        return len(self.counts) > 2

    def versions(self, band: VersionBand) -> tuple[int | None, ...]:
        """Which versions that devices run are so old; None is that nobody said."""
        if band is VersionBand.UNKNOWN:
            return (None,)
        return tuple(version for version, _ in self.counts if self._band(version) is band)

    def _band(self, version: int) -> VersionBand:
        if version == self.newest:
            return VersionBand.NEWEST
        if version == self.previous:
            return VersionBand.PREVIOUS
        later = self.newest is not None and version > self.newest
        return VersionBand.AHEAD if later else VersionBand.OLDER


def versions_in(work: Work) -> tuple[VariantVersions, ...]:
    """Count the versions of an estate, variant by variant; one statement over all devices."""
    counts = work.counts(
        InstalledDevice, ("variant", "version"), status=InventoryStatus.COMMISSIONED
    )
    by_variant: dict[str, dict[int | None, int]] = {}
    for (variant, version), count in counts.items():
        by_variant.setdefault(str(variant), {})[version] = count
    releases = work.select(FirmwareRelease)
    return tuple(
        version_report(
            variant,
            by_variant.get(variant.variant, {}),
            [release for release in releases if release.variant == variant.variant],
        )
        for variant in work.select(Variant)
    )


def version_report(
    variant: Variant, counts: Mapping[int | None, int], releases: Iterable[FirmwareRelease]
) -> VariantVersions:
    """Sort the devices of a variant by how old their versions are."""
    run = {version: count for version, count in counts.items() if version is not None}
    newest, previous = _policy(run, releases)
    ahead = sum(count for version, count in run.items() if newest and version > newest)
    at_newest = run.get(newest, 0) if newest is not None else 0
    at_previous = run.get(previous, 0) if previous is not None else 0
    return VariantVersions(
        variant,
        is_ordered(variant),
        newest,
        previous,
        ahead,
        at_newest,
        at_previous,
        sum(run.values()) - ahead - at_newest - at_previous,
        counts.get(None, 0),
        tuple(sorted(run.items(), reverse=True)),
    )


def _policy(
    run: Mapping[int, int], releases: Iterable[FirmwareRelease]
) -> tuple[int | None, int | None]:
    delivered = sorted({one.version for one in releases if one.status in _DELIVERED}, reverse=True)
    approved = [one.version for one in releases if one.status is ReleaseStatus.APPROVED]
    versions = delivered if approved else sorted(run, reverse=True)
    newest = max(approved, default=versions[0] if versions else None)
    if newest is None:
        return None, None
    before = [version for version in {*versions, *run} if version < newest]
    known = [version for version in before if version in delivered]
    return newest, max(known or before, default=None)
