"""Takes over the images of an index: reads files below its folder, fetches nothing, trusts nothing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from images import ImageError, OtaHeader, parse
from images.catalogue import CatalogueEntry, Listing, read_listings, within
from images.catalogue.places import place_parts
from images.files import MAX_FILE_BYTES
from ota_engine.catalogue.desk import Bearer, Judge, add, lint_by_shape
from ota_engine.catalogue.disk import read_beneath
from ota_engine.catalogue.export import FOLDER_INDEX, ZIGBEE2MQTT_INDEX, ZIGPY_INDEX
from ota_engine.catalogue.folder import Writing
from ota_engine.catalogue.intake import label, printable, read_once
from ota_engine.errors import LocalError

INDEX_NAMES: Final = (FOLDER_INDEX, ZIGPY_INDEX, ZIGBEE2MQTT_INDEX, "index.json")
_HASHES: Final = {
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
    "sha3-256": hashlib.sha3_256,
}


class TakenOver(NamedTuple):
    """What became of one file of an index.

    Attributes:
        name: what the index calls it, made a label.
        entry: as it is listed now, or None where it was refused.
        known: it was listed before.
        reason: why it was refused; empty otherwise.
        unreadable: it was refused because it could not be read.
        note: what the index leaves open or states wrongly, though this is the file it means.
    """

    name: str
    entry: CatalogueEntry | None
    known: bool = False
    reason: str = ""
    unreadable: bool = False
    note: str = ""


def find_index(path: Path) -> Path:
    """The index a user means by a file or a folder.

    Raises:
        LocalError: the folder has none.
    """
    if not path.is_dir():
        return path
    found = next((path / name for name in INDEX_NAMES if (path / name).is_file()), None)
    if found is None:
        raise LocalError(f"{path}: no index here: name one, or a folder with {INDEX_NAMES[0]}")
    return found


def take_over(
    writing: Writing,
    index: Path,
    files: Path,
    bearer: Bearer,
    judge: Judge = lint_by_shape,
) -> Iterator[TakenOver]:
    """List every file of an index as a draft, whatever the index says of its standing.

    Each file stands for itself: one that is refused leaves the others alone.

    Args:
        writing: where to.
        index: of zigpy, of zigbee2mqtt, or our own.
        files: the folder the files lie in or below.
        bearer: who takes them over.
        judge: by which rules.

    Raises:
        ImageError: the index is none; nothing was taken over.
        OSError: the index cannot be read, or the catalogue cannot be written.
    """
    try:
        listings = read_listings(read_once(index))
    except ImageError as error:
        raise ImageError(f"{index}: {error.reason}") from None
    for listing in listings:
        yield _take(writing, listing, index, files, bearer, judge)


def _take(
    writing: Writing, listing: Listing, index: Path, files: Path, bearer: Bearer, judge: Judge
) -> TakenOver:
    shown = label(listing.name)
    try:
        data = _read(listing, files)
        header = parse(data).header
        note = _check(listing, data, header)
        source, terms = printable(index.name), within(listing.terms, header)
        added = add(writing, data, shown, source, terms, bearer, judge)
    except (ImageError, LocalError) as error:
        return TakenOver(shown, None, reason=str(error))
    return TakenOver(shown, added.entry, added.known, note=note)


def _read(listing: Listing, files: Path) -> bytes:
    if listing.problem:
        raise ImageError(listing.problem)
    for parts in (*listing.places, place_parts(label(listing.name))):
        try:
            return read_beneath(files, parts, MAX_FILE_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ImageError(error.strerror or "cannot be read") from None
    raise ImageError("not beside the index, and nothing is ever fetched: get the file, or --files")


def _check(listing: Listing, data: bytes, header: OtaHeader) -> str:
    """Refuse a file that is not the one the index means: the digest decides, where there is one.

    The size may be that of the file or, as zigbee2mqtt writes it, of the OTA file in it.

    Returns:
        What to tell of a file that is the one meant; empty where there is nothing.
    """
    found = (header.manufacturer_code, header.image_type, header.file_version)
    if any(
        said not in (None, number) for said, number in zip(listing.identity, found, strict=True)
    ):
        raise ImageError(
            f"its header says {_identity(found)}, the index {_identity(listing.identity)}"
        )
    right_size = listing.size in (None, len(data), header.total_image_size)
    if not listing.algorithm:
        if not right_size:
            raise ImageError(
                f"{len(data)} bytes, the index states {listing.size}: not the file meant"
            )
        return f"the index states no digest, taken as it lies here: sha256 {_sha256(data)}"
    if _HASHES[listing.algorithm](data).digest() != listing.digest:
        raise ImageError(
            f"its {listing.algorithm} is not the one of the index ({len(data)} bytes here, "
            f"{'no size' if listing.size is None else listing.size} there): not the file meant"
        )
    return "" if right_size else f"the index states {listing.size} bytes, but its digest is right"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _identity(numbers: tuple[int | None, int | None, int | None]) -> str:
    digits = zip(numbers, (4, 4, 8), strict=True)
    return "-".join("?" * most if one is None else f"{one:0{most}X}" for one, most in digits)
