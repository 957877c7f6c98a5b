"""Reads an index of images in any of the three forms into one: a file, its digest and its terms.

Foreign forms list an image once per range of versions or model. The lines of one file are put
together only where every model has every range: to say more than the index did would offer the image
to devices it is not for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from images.catalogue.indexes import FOLDER_FORMAT, FOLDER_KEY
from images.catalogue.places import place_parts, places
from images.catalogue.records import read_values
from images.catalogue.terms import MAX_NOTES, U32, Range, Terms
from images.errors import ImageError
from images.manifest import MAX_ENTRIES, ManifestEntry, manifest_entries
from images.strict_json import read_json


class Listing(NamedTuple):
    """One file of an index.

    Attributes:
        name: what the index calls it; a stranger's text.
        places: where it may lie below the index's folder, best guess first.
        identity: manufacturer code, image type and file version as stated; None for what the index
            leaves to a file beside it.
        size: bytes as stated, or None.
        algorithm: of the digest; empty where the index states none, and leaves it to a file beside it.
        digest: of the file; empty without one.
        terms: for whom it is.
        problem: why it cannot be taken in; empty where it can.
    """

    name: str
    places: tuple[tuple[str, ...], ...]
    identity: tuple[int | None, int | None, int | None]
    size: int | None
    algorithm: str
    digest: bytes
    terms: Terms
    problem: str = ""


def read_listings(text: bytes) -> tuple[Listing, ...]:
    """Read an index of zigpy, of zigbee2mqtt, or our own.

    Raises:
        ImageError: it is none of them; the text says which line is wrong.
    """
    content = read_json(text, "the index")
    if isinstance(content, dict) and FOLDER_KEY in content:
        return _own(content)
    lines: dict[tuple[str, bytes | str], list[ManifestEntry]] = {}
    for entry in manifest_entries(content):
        lines.setdefault((entry.algorithm, entry.digest or entry.place), []).append(entry)
    return tuple(_foreign(entries) for entries in lines.values())


def _own(content: Mapping[str, Any]) -> tuple[Listing, ...]:
    images = content.get("images")
    if content[FOLDER_KEY] != FOLDER_FORMAT or not isinstance(images, list):
        raise ImageError(f"no index of format {FOLDER_FORMAT}: damaged, or by a newer zota")
    if len(images) > MAX_ENTRIES:
        raise ImageError(f"the index has more than {MAX_ENTRIES} images")
    return tuple(_own_listing(number, image) for number, image in enumerate(images, 1))


def _own_listing(number: int, image: Any) -> Listing:
    if not isinstance(image, dict) or not isinstance(image.get("file"), str):
        raise ImageError(f"image {number} of the index names no file")
    try:
        entry = read_values(image)
        parts = place_parts(image["file"])
    except ImageError as error:
        raise ImageError(f"image {number} of the index: {error.reason}") from None
    digest = bytes.fromhex(entry.sha256)
    terms = entry.terms
    return Listing(parts[-1], (parts,), entry.identity, entry.size, "sha256", digest, terms)


def _foreign(entries: Sequence[ManifestEntry]) -> Listing:
    first = entries[0]
    identity = first.identity
    problem, terms = "", Terms()
    found: tuple[tuple[str, ...], ...] = ()
    try:
        found = places(first.place)
        if any(one.identity != identity or one.size != first.size for one in entries):
            raise ImageError("the index lists the same file under two identities")
        if first.digest is None and not first.local:
            raise ImageError("the index gives no checksum: add the file itself")
        terms = _terms(entries)
    except ImageError as error:
        problem = error.reason
    return Listing(
        first.name,
        found,
        identity,
        first.size,
        first.algorithm,
        first.digest or b"",
        terms,
        problem,
    )


def _terms(entries: Sequence[ManifestEntry]) -> Terms:
    """One set of terms for several lines of one file."""
    first = entries[0]
    if not _same_for_all(entries):
        raise ImageError("the index gives one file on different terms to different devices")
    ranges = sorted({found for entry in entries if (found := _base(entry)) is not None})
    return Terms(
        force=first.force,
        bases=tuple(ranges) or None,
        hardware=_hardware(first),
        models=_once(model for entry in entries for model in entry.models),
        makers=_once(first.makers),
        notes=_shown(first.notes),
    )


def _same_for_all(entries: Sequence[ManifestEntry]) -> bool:
    """Whether each group of models the lines name is given each range they name."""
    said = {(_base(entry), entry.models) for entry in entries}
    ranges, models = {base for base, _ in said}, {names for _, names in said}
    limited_and_not = (None in ranges and len(ranges) > 1) or (() in models and len(models) > 1)
    others = {_others(entry) for entry in entries}
    return len(said) == len(ranges) * len(models) and not limited_and_not and len(others) == 1


def _others(entry: ManifestEntry) -> tuple[object, ...]:
    return entry.makers, entry.minimum_hardware, entry.maximum_hardware, entry.force


def _base(entry: ManifestEntry) -> Range | None:
    low, high = entry.minimum_version, entry.maximum_version
    if low is None and high is None:
        return None
    # An upgrade is to something newer, whatever upper limit the index states; a forced one need not.
    version = None if entry.force else entry.file_version
    below = U32 if version is None else version - 1
    found = Range(low or 0, below if high is None else min(high, below))
    if found.low > found.high:
        raise ImageError("the index offers it to newer versions only: a downgrade is not taken in")
    return found


def _hardware(entry: ManifestEntry) -> Range | None:
    low, high = entry.minimum_hardware, entry.maximum_hardware
    if low is None and high is None:
        return None
    return Range(low or 0, 0xFFFF if high is None else high)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _shown(notes: str) -> str:
    lines = notes[:MAX_NOTES].splitlines()
    return "\n".join("".join(filter(str.isprintable, line)) for line in lines)
