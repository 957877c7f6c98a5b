"""Puts a fleet's state into one file while others use it, and makes a state folder of that again.

Knows files and the database's own way of copying, no rows. Images are copied after the database, so
that every image that a row names is there. A restored state is the state of then, made fit for now by
``restoring``: what was told to somebody since is told again, with the same octets under the same names.
"""

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from images.errors import ImageError
from images.files import OWNER_ONLY, flush_folder
from images.strict_json import read_json
from ota_engine.errors import LocalError, StoreError
from ota_engine.head_end.image_shelf import IMAGES_NAME
from ota_engine.head_end.pseudonym_key import NAME as ESTATE_KEY_NAME
from ota_engine.head_end.restoring import make_fit
from ota_engine.head_end.trial_clock import NAME as CLOCK_NAME
from ota_engine.head_end.trial_clock import clock_of
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.copying import copy_database, move_fleet
from ota_engine.store.fleet.keyring import KEY_NAME
from ota_engine.store.fleet.opening import place_in
from ota_engine.store.location import PostgresPlace, SqlitePlace, write_place
from ota_engine.times import Utc

FORMAT: Final = 1
MANIFEST: Final = "zota-backup.json"
MOST_MANIFEST_OCTETS: Final = 64 << 20
KEYS: Final = (ESTATE_KEY_NAME, KEY_NAME)
OTHERS: Final = (CLOCK_NAME,)  # of the state folder, where they are there
_CHUNK: Final = 1 << 20
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BackupFile(NamedTuple):
    """One file of a back-up.

    Attributes:
        name: below the state folder.
        size: octets.
        sha256: hexadecimal.
    """

    name: str
    size: int
    sha256: str


class BackupMade(NamedTuple):
    """What a back-up holds.

    Attributes:
        utc: of when it is.
        files: in it.
        keys: whether the state's own keys are among them.
    """

    utc: Utc
    files: tuple[BackupFile, ...]
    keys: bool

    @property
    def size(self) -> int:
        """Octets of all files."""
        return sum(file.size for file in self.files)


def back_up(
    state: Path,
    database: str,
    target: Path,
    utc: Utc,
    *,
    keys: bool,
) -> BackupMade:
    """Write a back-up, entirely or not at all, beside whoever uses the state.

    Args:
        state: the state folder.
        database: name of the database, in the back-up a file in any case.
        target: the file to write; there is none yet.
        utc: now.
        keys: put the state's keys in, too; who has those can sign as the fleet.

    Raises:
        StoreError: the database cannot be read.
        OSError: a file cannot be read or written; nothing is left behind.
    """
    with tempfile.TemporaryDirectory(prefix=".zota-backup-", dir=target.parent) as scratch:
        copy = Path(scratch) / database
        copy_database(place_in(state, database), copy)
        sources = {database: copy}
        if keys:
            sources |= {name: state / name for name in KEYS if (state / name).exists()}
        sources |= {name: state / name for name in OTHERS if (state / name).exists()}
        sources |= {f"{IMAGES_NAME}/{path.name}": path for path in _images(state / IMAGES_NAME)}
        files = tuple(_described(name, path) for name, path in sources.items())
        made = BackupMade(utc, files, keys)
        whole = Path(scratch) / "whole"
        with _private(whole) as out, tarfile.open(fileobj=out, mode="w") as archive:
            _add(archive, MANIFEST, io.BytesIO(_manifest(made)), len(_manifest(made)))
            for file in files:
                with sources[file.name].open("rb") as stream:
                    _add(archive, file.name, stream, file.size)
        os.link(whole, target)  # never in the place of another
    flush_folder(target.parent)
    return made


def restore(
    source: Path, state: Path, database: str, place: PostgresPlace | None = None
) -> BackupMade:
    """Make a state folder of a back-up, entirely or not at all, and make it fit for now.

    Args:
        source: the back-up.
        state: the folder; there is nothing in it.
        database: name of the database in it.
        place: on a server, where the database is to be instead; there is none yet.

    Raises:
        LocalError: the state folder has something in it.
        StoreError: the file is no back-up, or not as it was written.
        OSError: a file cannot be read or written.
    """
    if state.exists() and (not state.is_dir() or any(state.iterdir())):
        raise LocalError(f"{state}: is not empty, and nothing is overwritten: name a new folder")
    state = state.resolve()
    state.parent.mkdir(parents=True, exist_ok=True)
    partial = state.with_name(f".{state.name}.{os.getpid()}.part")
    try:
        partial.mkdir(mode=0o700)
        with source.open("rb") as stream, _mapped(source):
            made = _unpack(stream, partial)
        store = FleetStore.open(partial / database)
        try:
            make_fit(store, made.utc, clock_of(partial)())
        finally:
            store.close()
        if place is not None:
            move_fleet(SqlitePlace(partial / database), place)
            for path in partial.glob(f"{database}*"):
                path.unlink()
            write_place(partial, place)
        partial.replace(state)  # takes the place of an empty folder too
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    flush_folder(state.parent)
    return made


def _unpack(stream: IO[bytes], folder: Path) -> BackupMade:
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        members = iter(archive)
        first = next(members, None)
        if first is None or first.name != MANIFEST or first.size > MOST_MANIFEST_OCTETS:
            raise ValueError("it does not begin with what is in it")
        made = _read_manifest(_content(archive, first).read())
        expected = {file.name: file for file in made.files}
        for member in members:
            file = expected.pop(member.name, None)
            if file is None or not member.isreg() or member.size != file.size:
                raise ValueError(f"{member.name[:80]!a} should not be in it")
            _write(_content(archive, member), folder / file.name, file)
    if expected:
        raise ValueError(f"{min(expected)} is missing")
    return made


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name[:80]!a} is no file")
    return content


def _write(content: IO[bytes], path: Path, file: BackupFile) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    with _private(path) as out:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise ValueError(f"{file.name} is not as it was written")


def _read_manifest(text: bytes) -> BackupMade:
    found: Any = read_json(text, "its list", MOST_MANIFEST_OCTETS)
    if found["format"] != FORMAT:
        raise ValueError(f"it is of format {found['format']!a}: use the zota that wrote it")
    files = tuple(BackupFile(str(n), int(s), str(h)) for n, s, h in found["files"])
    for file in files:
        folder, _, name = file.name.rpartition("/")
        inside = not folder or (folder == IMAGES_NAME and _SHA256.fullmatch(name))
        if not inside or not name or name.startswith("."):
            raise ValueError(f"{file.name[:80]!a} should not be in it")
    return BackupMade(Utc(float(found["utc"])), files, bool(found["keys"]))


def _manifest(made: BackupMade) -> bytes:
    told = {"format": FORMAT, "utc": made.utc, "keys": made.keys, "files": made.files}
    return json.dumps(told, indent=1).encode("ascii")


def _images(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if _SHA256.fullmatch(path.name))


def _described(name: str, path: Path) -> BackupFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return BackupFile(name, stream.tell(), digest.hexdigest())


def _add(archive: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, OWNER_ONLY
    archive.addfile(info, stream)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that only its owner may read; it is on disk at the end."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(handle, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _mapped(source: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, ImageError, ValueError, LookupError, TypeError, EOFError) as error:
        raise StoreError(
            f"{source}: this is no back-up of a state, or not all of one ({error}): give a whole one"
        ) from error
