"""Releases a catalogue: indexes for zigpy and zigbee2mqtt, or a folder with them and the files."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from images import ImageError
from images.catalogue import (
    CatalogueEntry,
    ImageStatus,
    Released,
    read_listings,
    rivalries,
    write_folder_index,
    write_zigbee2mqtt,
    write_zigpy,
)
from images.catalogue.indexes import IndexForm, unsayable
from images.files import MAX_FILE_BYTES
from images.names import recommended_name
from images.strict_json import MAX_BYTES
from ota_engine.catalogue.disk import delete_durably, read_beneath, write_durably
from ota_engine.catalogue.folder import MARK, Catalogue
from ota_engine.errors import LocalError

FORMS: Final[tuple[IndexForm, ...]] = ("zigpy", "zigbee2mqtt")
ZIGPY_INDEX: Final = "zigpy.json"
ZIGBEE2MQTT_INDEX: Final = "zigbee2mqtt.json"
FOLDER_INDEX: Final = "catalogue.json"


class LeftOut(NamedTuple):
    """An image that an index does not list, and why."""

    entry: CatalogueEntry
    form: IndexForm
    reason: str


class Export(NamedTuple):
    """What was released.

    Attributes:
        images: every image written or listed.
        left_out: what a foreign index cannot list.
        clashing: those that share their identity with another one of them.
        hints: what an index of it needs before it works where it is put.
    """

    images: tuple[Released, ...]
    left_out: tuple[LeftOut, ...]
    clashing: tuple[CatalogueEntry, ...]
    hints: tuple[str, ...] = ()

    def sayable(self, form: IndexForm) -> list[Released]:
        """The images an index of this form lists."""
        return [one for one in self.images if not unsayable(one.entry, form)]


def chosen(entries: Iterable[CatalogueEntry], *, drafts: bool) -> list[CatalogueEntry]:
    """The entries that may be released: approved ones, and drafts where they are asked for."""
    wanted = {ImageStatus.APPROVED, ImageStatus.DRAFT} if drafts else {ImageStatus.APPROVED}
    return [entry for entry in entries if entry.status in wanted]


def release_index(
    catalogue: Catalogue, entries: Iterable[CatalogueEntry], form: IndexForm, base_url: str
) -> tuple[bytes, Export]:
    """Write one index of files that lie elsewhere.

    Args:
        catalogue: where the octets are.
        entries: what to list.
        form: for whom.
        base_url: in front of the names of files.

    Raises:
        LocalError: the URL is none.
        StoreError: the octets of an image are gone or changed.
    """
    base = _base(base_url)
    release = _release(_released(catalogue, entries, None), (form,))
    write = write_zigpy if form == "zigpy" else write_zigbee2mqtt
    return write(release.sayable(form), base), release


def release_folder(
    catalogue: Catalogue,
    entries: Iterable[CatalogueEntry],
    target: Path,
    base_url: str,
    *,
    force: bool,
) -> Export:
    """Write a folder with the files and three indexes of them; the indexes come last.

    Args:
        catalogue: where the octets are.
        entries: what to release.
        target: a new or empty folder.
        base_url: where the folder will be served; empty for files beside their index.
        force: write into a folder that holds files; those of the same names are replaced, and those
            of an earlier release that are in this one no more are deleted.

    Raises:
        LocalError: the folder holds files and ``force`` is not set.
        OSError: it cannot be written.
        StoreError: the octets of an image are gone or changed.
    """
    base = _base(base_url)
    target.mkdir(parents=True, exist_ok=True)
    if (target / MARK).exists():
        raise LocalError(f"{target}: this is a catalogue: name another folder")
    if not force and any(target.iterdir()):
        raise LocalError(f"{target}: not an empty folder: name another, or give --force")
    release = _release(_released(catalogue, entries, target), FORMS)
    _prune(target, {one.name for one in release.images})
    write_durably(target / FOLDER_INDEX, write_folder_index(release.images))
    write_durably(
        target / ZIGBEE2MQTT_INDEX, write_zigbee2mqtt(release.sayable("zigbee2mqtt"), base)
    )
    write_durably(target / ZIGPY_INDEX, write_zigpy(release.sayable("zigpy"), _web_only(base)))
    return release._replace(hints=_hints(target, base, release))


def _hints(target: Path, base: str, release: Export) -> tuple[str, ...]:
    """What is missing: zigbee2mqtt finds the update by its index, then not the file.

    It takes a ``url`` that is no web address for a path from its own data folder, not from the index.
    zigpy looks beside the index.
    """
    if base or not release.sayable("zigbee2mqtt"):
        return ()
    text = (
        f"{ZIGBEE2MQTT_INDEX}: zigbee2mqtt finds these updates, and then looks for their files in its "
        "own data folder: put them there, or export with --base-url: a web address, or this folder's "
        f"path below zigbee2mqtt's, like {target.name or 'ota'}"
    )
    return (text,)


def _prune(target: Path, kept: set[str]) -> None:
    """Delete the files of an earlier release that are released no more, as long as they are ours.

    A folder is served, and searched, as a whole: a withdrawn image must not stay in it.
    """
    try:
        earlier = read_listings(read_beneath(target, (FOLDER_INDEX,), MAX_BYTES))
    except (OSError, ImageError):
        return  # there is no index of ours
    for listing in earlier:
        if listing.places == ((listing.name,),) and listing.name not in kept:
            octets = b""
            with suppress(OSError):  # gone, or replaced by something that is no file
                octets = read_beneath(target, listing.places[0], MAX_FILE_BYTES)
            if hashlib.sha256(octets).digest() == listing.digest:
                delete_durably(target / listing.name)


def _released(
    catalogue: Catalogue, entries: Iterable[CatalogueEntry], target: Path | None
) -> Iterator[Released]:
    """Name and hash every image, one in memory at a time; write it where there is a folder."""
    taken: set[str] = set()
    for entry in entries:
        name = recommended_name(entry, entry.header_string)
        if name in taken:
            name = recommended_name(entry, entry.sha256[:12])
        taken.add(name)
        octets = catalogue.octets(entry)
        if target is not None:
            write_durably(target / name, octets)
        sha512, sha3_256 = hashlib.sha512(octets), hashlib.sha3_256(octets)
        yield Released(entry, name, sha512.hexdigest(), sha3_256.hexdigest())


def _release(released: Iterable[Released], forms: Iterable[IndexForm]) -> Export:
    images = tuple(released)
    entries = [one.entry for one in images]
    left_out = (
        LeftOut(entry, form, reason)
        for form in forms
        for entry in entries
        if (reason := unsayable(entry, form))
    )
    clashing = rivalries(entries)
    return Export(images, tuple(left_out), tuple(one for one in entries if one.sha256 in clashing))


def _base(url: str) -> str:
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise LocalError(f"--base-url {url!a}: write it in printable ASCII, without spaces")
    return f"{url.rstrip('/')}/" if url else ""


def _web_only(base: str) -> str:
    """Zigpy fetches from the web only; beside its index it finds files by itself."""
    return base if base.startswith(("http://", "https://")) else ""
