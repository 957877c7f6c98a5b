"""Which image fits which device, which two cannot be told apart, and the way to the newest."""

from collections import deque
from collections.abc import Iterable, Sequence

from images.catalogue.entry import CatalogueEntry
from images.catalogue.status import ImageStatus
from images.catalogue.terms import Range


def clashes(entry: CatalogueEntry, others: Iterable[CatalogueEntry]) -> list[CatalogueEntry]:
    """Entries that a device cannot tell from this one: the same identity, other octets.

    A block request carries manufacturer code, image type and file version and nothing else, so two
    such files served to one device end as a mix of both. Two files that no one device may get, by
    destination, hardware, model or manufacturer name, are no clash.
    """
    return [
        other
        for other in others
        if other.identity == entry.identity
        and other.sha256 != entry.sha256
        and not _for_different_devices(entry, other)
    ]


def rivalries(entries: Iterable[CatalogueEntry]) -> dict[str, list[CatalogueEntry]]:
    """What every entry clashes with, by its SHA-256; entries without a clash are left out."""
    alike: dict[tuple[int, int, int], list[CatalogueEntry]] = {}
    for entry in entries:
        alike.setdefault(entry.identity, []).append(entry)
    found = {one.sha256: clashes(one, group) for group in alike.values() for one in group}
    return {sha256: rivals for sha256, rivals in found.items() if rivals}


def _for_different_devices(one: CatalogueEntry, other: CatalogueEntry) -> bool:
    return (
        (None not in (one.destination, other.destination) and one.destination != other.destination)
        or _apart(one.hardware, other.hardware)
        or _disjoint(one.terms.models, other.terms.models)
        or _disjoint(one.terms.makers, other.terms.makers)
    )


def _apart(one: Range | None, other: Range | None) -> bool:
    """Whether two ranges have no number in common; None is every number."""
    if one is None or other is None:
        return False
    return one.high < other.low or other.high < one.low


def _disjoint(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two lists have no name in common; an empty one is every name."""
    return bool(one) and bool(other) and set(one).isdisjoint(other)


def fits(entry: CatalogueEntry, running: int, hardware: int | None = None) -> bool:
    """Whether an image may be applied to a device.

    Args:
        entry: the image; its status is not looked at.
        running: the file version the device runs.
        hardware: its hardware version, or None where it is unknown: then an image for certain
            hardware does not fit.
    """
    offered = running != entry.file_version if entry.terms.force else running < entry.file_version
    if not offered or not suits(entry, hardware):
        return False
    bases = entry.terms.bases
    return bases is None or any(running in base for base in bases)


def suits(entry: CatalogueEntry, hardware: int | None) -> bool:
    """Whether an image may run on some hardware; None is hardware nobody knows."""
    return entry.hardware is None or (hardware is not None and hardware in entry.hardware)


def route(
    entries: Iterable[CatalogueEntry], running: int, hardware: int | None = None
) -> list[CatalogueEntry] | None:
    """The fewest approved images that lead to the newest version that can be reached.

    Args:
        entries: images of one manufacturer code and image type.
        running: the file version the device runs.
        hardware: its hardware version, or None.

    Returns:
        The images in the order to apply them; empty when none is newer; None when there is a newer
        approved image for this hardware, and no way leads to the newest one.
    """
    usable = sorted(
        (entry for entry in entries if entry.status is ImageStatus.APPROVED),
        key=lambda entry: (-entry.file_version, entry.sha256),
    )
    wanted = [
        entry
        for entry in usable
        if entry.file_version > running and suits(entry, hardware) and entry.terms.bases != ()
    ]
    if not wanted:
        return []
    return _shortest(wanted, running, hardware, wanted[0].file_version)


def _shortest(
    usable: Sequence[CatalogueEntry], running: int, hardware: int | None, wanted: int
) -> list[CatalogueEntry] | None:
    came_by: dict[int, tuple[int, CatalogueEntry]] = {}
    waiting = deque((running,))
    while waiting:
        version = waiting.popleft()
        if version == wanted:
            return _steps(came_by, running, wanted)
        for entry in usable:
            if entry.file_version not in came_by and fits(entry, version, hardware):
                came_by[entry.file_version] = (version, entry)
                waiting.append(entry.file_version)
    return None


def _steps(
    came_by: dict[int, tuple[int, CatalogueEntry]], running: int, wanted: int
) -> list[CatalogueEntry]:
    steps = []
    version = wanted
    while version != running:
        version, entry = came_by[version]
        steps.append(entry)
    return steps[::-1]
