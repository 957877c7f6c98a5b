"""What a disk holds after the power went: every write of SQLite below a folder, lost or torn as disks do.

The default VFS of the SQLite that Python runs on is watched through its own tables of functions, so
what is watched is what is shipped. What was written before a file's last sync is on the disk. Of what
came after it any part may be: whole writes, single sectors of one, a name that was made or removed.
"""

import _sqlite3
import ctypes
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

SECTOR: Final = 512  # octets that a disk writes whole or not at all
OK: Final = 0  # SQLITE_OK
CREATES: Final = 0x4  # SQLITE_OPEN_CREATE
LOGS: Final = 0x800 | 0x80000  # SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL
METHODS: Final = (
    19  # pointers after the version in the longest table of methods of a file, version 3
)
WRITE, TRUNCATE, SYNC = 2, 3, 4  # their places among them

_Pointer = ctypes.c_void_p
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, _Pointer, ctypes.c_int, _Pointer)
_DELETE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int)
_WRITE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int, ctypes.c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int)


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs`` as far as we look."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("size_of_file", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("following", _Pointer),
        ("name", ctypes.c_char_p),
        ("data", _Pointer),
        ("open", _Pointer),
        ("delete", _Pointer),
    )


class _Methods(ctypes.Structure):
    """``sqlite3_io_methods``."""

    _fields_ = (("version", ctypes.c_int), ("pointers", _Pointer * METHODS))


class _File(ctypes.Structure):
    """``sqlite3_file``."""

    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done to a file, in the order of a recording.

    ``what`` is made, removed, written, cut, synced, or of the folder: listed, when its names are on the disk.
    """

    what: str
    name: str
    offset: int = 0
    octets: bytes = b""


@dataclass(slots=True)
class Disk:
    """A recording: what files held before, deeds, and what whoever uses the database noted between them.

    ``beside`` is what some other files of the folder held at each deed, whose disk has power.
    """

    before: dict[str, bytes] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    marks: list[tuple[int, Any]] = field(default_factory=list)
    beside: list[dict[str, bytes]] = field(default_factory=list)

    def mark(self, what: Any) -> None:
        """Note what must outlast a power cut from now on."""
        self.marks.append((len(self.deeds), what))

    def marked(self, point: int) -> Any:
        """The last thing that was noted before a deed; None where there is none."""
        return next((what for place, what in reversed(self.marks) if place <= point), None)

    def after_power_cut(self, point: int, chance: Random) -> dict[str, bytes]:
        """What files hold when the power goes before a deed.

        Args:
            point: number of that deed.
            chance: what decides about all that was not synced.
        """
        files = {name: _Inode(None, octets) for name, octets in self.before.items()}
        for deed in self.deeds[:point]:
            before = files.get(deed.name)
            if deed.what == "listed":
                files = {name: inode for name, inode in files.items() if not inode.removed}
                for inode in files.values():
                    inode.named = True
            elif deed.what == "made":
                if before is None or before.removed:
                    files[deed.name] = _Inode(before)
            elif before is not None:
                before.take(deed)
        found = {name: inode.content(chance) for name, inode in files.items()}
        return {name: content for name, content in found.items() if content is not None}


class _Inode:
    """One file as a disk has it: octets that are safe, and deeds that may be."""

    def __init__(self, before: "_Inode | None", octets: bytes | None = None) -> None:
        self.removed = False
        self.named = octets is not None  # on the disk
        self._before = before
        self._safe = bytearray(octets or b"")
        self._waiting: list[Deed] = []

    def take(self, deed: Deed) -> None:
        match deed.what:
            case "removed":
                self.removed = True
            case "synced":
                for waiting in self._waiting:
                    _apply(self._safe, waiting)
                self._waiting.clear()
            case _:
                self._waiting.append(deed)

    def content(self, chance: Random) -> bytes | None:
        """What a disk gives after a power cut; None where there is no such name."""
        if self.removed and chance.random() < 0.5:
            return None
        if not self.named and chance.random() < 0.5:
            return None if self._before is None else self._before.content(chance)
        octets = bytearray(self._safe)
        share = chance.choice((0.0, 0.5, 0.9, 1.0))
        for deed in self._waiting:
            if chance.random() < share:
                _apply(octets, deed)
            elif chance.random() < 0.5:
                _tear(octets, deed, chance)
        return bytes(octets)


def _apply(octets: bytearray, deed: Deed) -> None:
    if deed.what == "cut":
        del octets[deed.offset :]
        return
    if len(octets) < deed.offset:
        octets.extend(bytes(deed.offset - len(octets)))
    octets[deed.offset : deed.offset + len(deed.octets)] = deed.octets


def _tear(octets: bytearray, deed: Deed, chance: Random) -> None:
    """Let some sectors of one write get through."""
    if deed.what != "written":
        return
    first = SECTOR - deed.offset % SECTOR
    cuts = [0, *range(first, len(deed.octets), SECTOR), len(deed.octets)]
    for start, end in pairwise(cuts):
        if chance.random() < 0.5:
            _apply(octets, Deed("written", "", deed.offset + start, deed.octets[start:end]))


@contextmanager
def recorded(folder: Path, beside: Iterable[str] = ()) -> Iterator[Disk]:
    """Record all that SQLite does to files below a folder; those opened within are to be closed within.

    Args:
        folder: there it is.
        beside: names of other files in it, of which every state is kept.
    """
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    shipped = vfs.open, vfs.delete
    there = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    watch = _Watch(folder, beside, Disk(there), *shipped)
    vfs.open, vfs.delete = watch.openers
    try:
        yield watch.disk
    finally:
        vfs.open, vfs.delete = shipped


class _Watch:
    """Stands before the functions of the VFS; keeps alive all that SQLite has a pointer to."""

    def __init__(
        self, folder: Path, beside: Iterable[str], disk: Disk, opens: int, deletes: int
    ) -> None:
        self.disk = disk
        self._beside = [folder / name for name in beside]
        self._folder = str(folder.resolve())
        self._alive: list[Any] = []
        self.openers = (
            self._pointer(self._opening(_OPEN(opens))),
            self._pointer(self._deleting(_DELETE(deletes))),
        )

    def _pointer(self, function: Any) -> int:
        self._alive.append(function)
        address = ctypes.cast(function, _Pointer).value
        assert address is not None
        return address

    def _note(self, what: str, name: str, **more: Any) -> None:
        self.disk.deeds.append(Deed(what, name, **more))
        if self._beside:
            there = (path for path in self._beside if path.exists())
            self.disk.beside.append({path.name: path.read_bytes() for path in there})

    def _own(self, path: int | None) -> str | None:
        text = ctypes.string_at(path).decode() if path else ""
        return Path(text).name if text.startswith(self._folder) else None

    def _opening(self, shipped: Any) -> Any:
        def opening(vfs: int, path: int | None, file: int, flags: int, given: int | None) -> int:
            answer: int = shipped(vfs, path, file, flags, given)
            name = self._own(path)
            if answer == OK and name is not None:
                if flags & CREATES:
                    self._note("made", name)
                opened = ctypes.cast(file, ctypes.POINTER(_File)).contents
                self._watch(opened, name, flags)
            return answer

        return _OPEN(opening)

    def _deleting(self, shipped: Any) -> Any:
        def deleting(vfs: int, path: int | None, sync_folder: int) -> int:
            answer: int = shipped(vfs, path, sync_folder)
            name = self._own(path)
            if answer == OK and name is not None:
                self._note("removed", name)
                if sync_folder:
                    self._note("listed", name)
            return answer

        return _DELETE(deleting)

    def _watch(self, file: _File, name: str, flags: int) -> None:
        """Give one open file a table of methods of its own."""
        lists = bool(flags & CREATES and flags & LOGS)
        shipped = file.methods.contents
        table = _Methods(shipped.version, shipped.pointers)
        writes = _WRITE(shipped.pointers[WRITE])
        cuts = _TRUNCATE(shipped.pointers[TRUNCATE])
        syncs = _SYNC(shipped.pointers[SYNC])

        def write(file: int, octets: int, amount: int, offset: int) -> int:
            content = ctypes.string_at(octets, amount)
            answer: int = writes(file, octets, amount, offset)
            if answer == OK:
                self._note("written", name, offset=offset, octets=content)
            return answer

        def cut(file: int, size: int) -> int:
            answer: int = cuts(file, size)
            if answer == OK:
                self._note("cut", name, offset=size)
            return answer

        def sync(file: int, how: int) -> int:
            nonlocal lists
            answer: int = syncs(file, how)
            if answer == OK:
                self._note("synced", name)
                if (
                    lists
                ):  # os_unix.c: the first sync of a log that may be new syncs its folder, too
                    self._note("listed", name)
                lists = False
            return answer

        table.pointers[WRITE] = self._pointer(_WRITE(write))
        table.pointers[TRUNCATE] = self._pointer(_TRUNCATE(cut))
        table.pointers[SYNC] = self._pointer(_SYNC(sync))
        self._alive.append(table)
        file.methods = ctypes.pointer(table)
