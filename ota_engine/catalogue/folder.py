"""A catalogue's folder: octets by their SHA-256, a record beside each; decides nothing.

::

    zota-catalogue.json     which format this is
    images/<sha256>         an OTA file as it is served
    entries/<sha256>.json   what is known of it

A record is written after its octets and deleted before them, so whatever is listed is whole, whenever
a process is killed. Octets without a record were never added; the next writer sweeps them away.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from images import ImageError
from images.catalogue import CatalogueEntry, read_record, write_record
from images.catalogue.records import MAX_RECORD_BYTES
from images.files import MAX_FILE_BYTES, PART_SUFFIX
from images.strict_json import read_json
from ota_engine.catalogue.disk import (
    LOCK_NAME,
    delete_durably,
    locked,
    read_beneath,
    write_durably,
)
from ota_engine.errors import LocalError, StoreError

MARK: Final = "zota-catalogue.json"
FORMAT: Final = 1
IMAGES: Final = "images"
ENTRIES: Final = "entries"
RECORD_SUFFIX: Final = ".json"
_OURS: Final = frozenset((MARK, LOCK_NAME, IMAGES, ENTRIES))
_MOST_MARK: Final = 4096  # bytes


class Defect(NamedTuple):
    """What is wrong in a catalogue's folder.

    Attributes:
        where: the file, relative to the folder.
        problem: what is wrong, and what to do.
    """

    where: str
    problem: str


class Catalogue:
    """A catalogue that is there; reading needs no lock, writing happens inside ``writing``.

    Raises:
        LocalError: there is none in this folder.
        StoreError: it is damaged, or of a newer zota.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            mark = read_json(read_beneath(path, (MARK,), _MOST_MARK), MARK)
        except (FileNotFoundError, NotADirectoryError):
            raise LocalError(
                f"{path}: no catalogue here: 'zota catalogue add' makes one, --catalogue names one"
            ) from None
        except ImageError as error:
            raise StoreError(f"{path}: {error}: restore the file") from None
        if not isinstance(mark, dict) or mark.get("format") != FORMAT:
            raise StoreError(f"{path}: a catalogue of another format: use the zota that made it")

    @classmethod
    def made(cls, path: Path) -> "Catalogue":
        """Open a catalogue, made first where a new or empty folder is.

        Raises:
            LocalError: the folder holds something else.
            StoreError: as for opening.
        """
        path.mkdir(parents=True, exist_ok=True)
        if (path / MARK).exists():
            return cls(path)
        foreign = {entry.name for entry in path.iterdir()} - _OURS
        if any(not name.startswith(f".{MARK}.") for name in foreign):
            raise LocalError(f"{path}: holds other files: name a new or empty folder")
        with locked(path):
            (path / IMAGES).mkdir(exist_ok=True)
            (path / ENTRIES).mkdir(exist_ok=True)
            if not (path / MARK).exists():
                write_durably(path / MARK, json.dumps({"format": FORMAT}).encode() + b"\n")
        return cls(path)

    def entries(self) -> list[CatalogueEntry]:
        """Everything that is listed, by identity.

        Raises:
            StoreError: a record is damaged.
        """
        names = (file.name for file in (self.path / ENTRIES).iterdir())
        records = (self._record(name) for name in names if _is_record(name))
        return sorted(
            (entry for entry in records if entry is not None),
            key=lambda entry: (entry.identity, entry.sha256),
        )

    def octets(self, entry: CatalogueEntry) -> bytes:
        """The image of an entry, proven to be it.

        Raises:
            StoreError: it is gone, or its octets changed.
        """
        where = self.path / IMAGES / entry.sha256
        try:
            data = read_beneath(self.path, (IMAGES, entry.sha256), MAX_FILE_BYTES)
        except OSError as error:
            raise StoreError(f"{where}: {error.strerror}: add the image again") from None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise StoreError(f"{where}: the octets changed on disk: add the image again")
        return data

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        """Be the only writer, and begin with a swept folder.

        Raises:
            StoreError: another process keeps writing.
        """
        with locked(self.path):
            self._sweep()
            yield Writing(self)

    def check(self) -> Iterator[Defect]:
        """Look at every file without changing one."""
        for file in sorted((self.path / ENTRIES).iterdir()):
            if not _is_record(file.name):
                continue
            try:
                entry = self._record(file.name)
                if entry is not None:
                    self.octets(entry)
            except StoreError as error:
                yield Defect(f"{ENTRIES}/{file.name}", str(error))

    def _record(self, name: str) -> CatalogueEntry | None:
        try:
            entry = read_record(read_beneath(self.path, (ENTRIES, name), MAX_RECORD_BYTES))
        except FileNotFoundError:
            return None  # removed since the folder was listed
        except (ImageError, OSError) as error:
            told = error.reason if isinstance(error, ImageError) else error.strerror
            raise StoreError(
                f"{self.path / ENTRIES / name}: {told}: restore or delete it"
            ) from None
        if entry.sha256 + RECORD_SUFFIX != name:
            raise StoreError(
                f"{self.path / ENTRIES / name}: the record of another image: delete it"
            )
        return entry

    def _sweep(self) -> None:
        """Delete what a killed writer left: parts of files, octets that were never listed."""
        for folder in (self.path, self.path / ENTRIES):
            for part in folder.glob(f".*{PART_SUFFIX}"):
                part.unlink(missing_ok=True)
        for file in (self.path / IMAGES).iterdir():
            if not (self.path / ENTRIES / (file.name + RECORD_SUFFIX)).exists():
                file.unlink(missing_ok=True)


class Writing:
    """What the one writer may do.

    Attributes:
        catalogue: where it writes.
        listed: every entry by its SHA-256, as it is on disk.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.listed = {entry.sha256: entry for entry in catalogue.entries()}
        self._images = catalogue.path / IMAGES
        self._entries = catalogue.path / ENTRIES

    def add(self, entry: CatalogueEntry, octets: bytes) -> None:
        """List an image: first its octets, then its record.

        Raises:
            OSError: the disk is full or not ours; nothing is listed.
        """
        self.restore(entry, octets)
        self.replace(entry)

    def restore(self, entry: CatalogueEntry, octets: bytes) -> None:
        """Write the octets of an image, whose SHA-256 they have."""
        write_durably(self._images / entry.sha256, octets)

    def replace(self, entry: CatalogueEntry) -> None:
        """Write the record of an image whose octets are there."""
        write_durably(self._entries / (entry.sha256 + RECORD_SUFFIX), write_record(entry))
        self.listed[entry.sha256] = entry

    def remove(self, entry: CatalogueEntry) -> None:
        """Forget an image: first its record, then its octets."""
        delete_durably(self._entries / (entry.sha256 + RECORD_SUFFIX))
        delete_durably(self._images / entry.sha256)
        self.listed.pop(entry.sha256, None)


def _is_record(name: str) -> bool:
    return name.endswith(RECORD_SUFFIX) and not name.startswith(".")
