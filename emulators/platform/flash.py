"""Two-bank flash that can lose power at any write; knows sectors and files, nothing of ZCL.

One bank runs, the other is spare. Every program, erase and metadata write has an index, and
``power_fails_at`` names the one that is torn: half a sector programmed, or a metadata copy whose
checksum no longer holds (the older of the two copies then speaks). Contents are interned in a
``SectorPool``, so a thousand devices that hold one image hold one copy of its octets.
"""

import hashlib
from enum import Enum
from typing import Final, NamedTuple

from ota_engine.errors import LocalError

SECTOR: Final = 4096  # octets, the erase unit and the step at which progress is persisted
MAX_TRIAL_BOOTS = 3  # a new image gets this many unconfirmed boots before the old one returns
DIGESTS_KEPT = 1024  # of different files; more are computed again
EMPTY_DIGEST = hashlib.sha256(b"").digest()


class PowerLossError(Exception):
    """Power went in the middle of a write; only what flash holds survives."""


class SectorPool:
    """The octets of all devices' sectors, each distinct sector held once.

    ``limit`` bounds the sectors remembered (128 MiB of them); beyond it the pool starts afresh,
    devices keep what they refer to, and only sharing is lost.
    """

    __slots__ = ("_digests", "_limit", "_sectors")

    def __init__(self, limit: int = 32768) -> None:
        self._sectors: dict[bytes, bytes] = {}
        self._digests: dict[tuple[bytes, ...], bytes] = {}
        self._limit = limit

    def __len__(self) -> int:
        return len(self._sectors)

    def intern(self, content: bytes) -> bytes:
        """Return the one shared object with this content."""
        if len(self._sectors) >= self._limit:
            self._sectors.clear()
        return self._sectors.setdefault(content, content)

    def digest(self, sectors: tuple[bytes, ...]) -> bytes:
        """SHA-256 over consecutive sectors, computed once per distinct content."""
        known = self._digests.get(sectors)
        if known is None:
            if len(self._digests) >= DIGESTS_KEPT:
                self._digests.clear()
            known = hashlib.sha256(b"".join(sectors)).digest()
            self._digests[sectors] = known
        return known


class Spare(Enum):
    """What the metadata says of the spare bank."""

    EMPTY = "empty"
    DOWNLOADING = "downloading"  # ``Metadata.download`` says how far
    PARTIAL = "partial"  # verified files are held, more are needed (REQUIRE_MORE_IMAGE)
    VERIFIED = "verified"  # complete and verified, waits for activation
    PENDING = "pending"  # to be booted next time
    TRIAL = "trial"  # booted, not yet confirmed by its self-test


class FileIdentity(NamedTuple):
    """The three fields by which the cluster names a file."""

    manufacturer_code: int
    image_type: int
    file_version: int


class StoredFile(NamedTuple):
    """A verified file: where it starts in its bank (sectors), how long it is, what it hashes to."""

    identity: FileIdentity
    size: int
    sector: int
    digest: bytes


class Download(NamedTuple):
    """A file on its way in; ``offset`` octets of it are safely programmed."""

    identity: FileIdentity
    size: int
    sector: int
    offset: int


class Metadata(NamedTuple):
    """The record a boot decides by; two copies lie in flash, the newest intact one counts."""

    sequence: int
    bank: int
    running: tuple[StoredFile, ...]
    spare: Spare
    held: tuple[StoredFile, ...]
    download: Download | None
    trial_boots: int


class Boot(NamedTuple):
    """What a boot decided."""

    files: tuple[StoredFile, ...]
    trial: bool
    rolled_back: bool


class Contents(NamedTuple):
    """All that lies in a flash: the sectors of both banks, and the two metadata copies."""

    banks: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    copies: tuple[Metadata | None, Metadata | None]


class Flash:
    """Two banks of ``bank_size`` octets, their metadata, and the sector being filled."""

    __slots__ = ("_banks", "_copies", "_fails_at", "_open", "_pool", "bank_size", "writes")

    def __init__(self, pool: SectorPool, bank_size: int, factory: FileIdentity) -> None:
        running = (StoredFile(factory, 0, 0, EMPTY_DIGEST),)
        self._pool = pool
        self._banks: tuple[list[bytes], list[bytes]] = ([], [])
        self._copies: list[Metadata | None] = [
            Metadata(0, 0, running, Spare.EMPTY, (), None, 0),
            None,
        ]
        self._open: bytearray | None = None
        self._fails_at = -1
        self.bank_size = bank_size
        self.writes = 0

    # --- power ------------------------------------------------------------------------------------

    def power_fails_at(self, index: int) -> None:
        """Tear the write with this index (counted from 0 over the life of the flash)."""
        self._fails_at = index

    def lose_power(self) -> None:
        """Forget what was never programmed: the sector being filled in RAM."""
        self._open = None

    def contents(self) -> Contents:
        """Read all of it, as a power cut would leave it."""
        first, second = self._banks
        return Contents((tuple(first), tuple(second)), (self._copies[0], self._copies[1]))

    def fill(self, contents: Contents) -> None:
        """Take what an earlier flash held.

        Raises:
            LocalError: its banks were larger than these.
        """
        if any(len(bank) * SECTOR > self.bank_size + SECTOR for bank in contents.banks):
            raise LocalError("a device held more in its flash than it now can: remove its memory")
        for bank, sectors in zip(self._banks, contents.banks, strict=True):
            bank[:] = [self._pool.intern(sector) for sector in sectors]
        self._copies[:] = contents.copies

    def damage(self, sector: int) -> None:
        """Let a programmed sector of the spare bank rot: it reads as erased from now on."""
        self._spare()[sector] = b"\xff" * SECTOR

    def _power_holds(self) -> bool:
        index = self.writes
        self.writes = index + 1
        return index != self._fails_at

    # --- metadata ---------------------------------------------------------------------------------

    @property
    def metadata(self) -> Metadata:
        """The newest intact copy."""
        first, second = self._copies
        if first is None or (second is not None and second.sequence > first.sequence):
            assert second is not None, "both metadata copies torn"  # noqa: S101 - invariant
            return second
        return first

    def _write(self, record: Metadata) -> None:
        current = self.metadata
        older = 1 if self._copies[0] is current else 0
        if not self._power_holds():
            self._copies[older] = None
            raise PowerLossError("power lost while writing metadata")
        self._copies[older] = record._replace(sequence=current.sequence + 1)

    # --- sectors ----------------------------------------------------------------------------------

    def _spare(self) -> list[bytes]:
        return self._banks[1 - self.metadata.bank]

    def _erase(self, bank: list[bytes], first: int) -> None:
        """Erase a bank from its end down to sector ``first``; each sector is one write."""
        while len(bank) > first:
            if not self._power_holds():
                bank[-1] = b"\x00" * SECTOR
                raise PowerLossError("power lost while erasing")
            bank.pop()

    def _program(self, content: bytes) -> None:
        bank = self._spare()
        if not self._power_holds():
            bank.append(content[: len(content) // 2])
            raise PowerLossError("power lost while programming")
        bank.append(self._pool.intern(content))

    def _sectors(self, bank: int, file: StoredFile | Download) -> tuple[bytes, ...]:
        last = file.sector + (file.size + SECTOR - 1) // SECTOR
        return tuple(self._banks[bank][file.sector : last])

    # --- download ---------------------------------------------------------------------------------

    def room(self, *, after_held: bool) -> int:
        """How many octets a new file may have, beside the verified ones if they are kept."""
        held = self.metadata.held if after_held else ()
        return self.bank_size - _end(held) * SECTOR

    def begin(self, identity: FileIdentity, size: int, *, after_held: bool = False) -> None:
        """Make room for a new file; ``after_held`` keeps the verified ones of a multi-file upgrade.

        Raises:
            LocalError: it is larger than ``room`` says; nothing is changed.
            PowerLossError: power went; the next boot finds a consistent, emptier spare bank.
        """
        meta = self.metadata
        keep = meta.held if after_held else ()
        sector = _end(keep)
        if size > self.room(after_held=after_held):
            raise LocalError(f"{size} octets do not fit: ask Flash.room before Flash.begin")
        spare = Spare.PARTIAL if keep else Spare.EMPTY
        self._write(meta._replace(spare=spare, held=keep, download=None, trial_boots=0))
        self._erase(self._spare(), sector)
        self._write(
            self.metadata._replace(
                spare=Spare.DOWNLOADING, download=Download(identity, size, sector, 0)
            )
        )
        self._open = bytearray()

    def resume(self) -> Download | None:
        """Take up a persisted download: drop what lies beyond its offset, return where it is."""
        download = self.metadata.download
        if download is not None:
            programmed = (download.offset + SECTOR - 1) // SECTOR
            self._erase(self._spare(), download.sector + programmed)
            self._open = bytearray()
        return download

    def append(self, data: bytes) -> None:
        """Add the next octets of the download; a full sector is programmed and made durable."""
        sector = self._open
        if sector is None:
            sector = self._open = bytearray()
        sector += data
        if len(sector) >= SECTOR:
            self._spill(sector)

    def _spill(self, sector: bytearray) -> None:
        while len(sector) >= SECTOR:
            content = bytes(sector[:SECTOR])
            del sector[:SECTOR]
            self._commit(content)

    def _commit(self, content: bytes) -> None:
        self._program(content)
        meta = self.metadata
        assert meta.download is not None  # noqa: S101 - only called between begin and finish
        offset = meta.download.offset + len(content)
        self._write(meta._replace(download=meta.download._replace(offset=offset)))

    def finish(self) -> None:
        """Program the short last sector; the whole file is then durable."""
        if self._open:
            self._commit(bytes(self._open))
        self._open = None

    def downloaded(self) -> tuple[bytes, ...]:
        """The sectors of the file just downloaded, for verification."""
        meta = self.metadata
        if meta.download is None:
            return ()
        return self._sectors(1 - meta.bank, meta.download)

    def downloaded_digest(self) -> bytes:
        """SHA-256 of the file just downloaded."""
        return self._pool.digest(self.downloaded())

    def discard(self) -> None:
        """Give up whatever the spare bank holds."""
        self._open = None
        self._write(
            self.metadata._replace(spare=Spare.EMPTY, held=(), download=None, trial_boots=0)
        )

    def mark_verified(self, *, complete: bool) -> None:
        """Record that the downloaded file passed verification; ``complete`` if none is missing."""
        meta = self.metadata
        download = meta.download
        assert download is not None  # noqa: S101 - verification follows a download
        digest = self.downloaded_digest()
        file = StoredFile(download.identity, download.size, download.sector, digest)
        spare = Spare.VERIFIED if complete else Spare.PARTIAL
        self._write(meta._replace(spare=spare, held=(*meta.held, file), download=None))

    # --- activation -------------------------------------------------------------------------------

    def request_swap(self) -> None:
        """Ask the next boot to try the verified files."""
        meta = self.metadata
        if meta.spare is Spare.VERIFIED:
            self._write(meta._replace(spare=Spare.PENDING))

    def boot(self) -> Boot:
        """Decide what runs: a pending image only if its octets still hash to what was verified."""
        meta = self.metadata
        if meta.spare not in (Spare.PENDING, Spare.TRIAL):
            return Boot(meta.running, trial=False, rolled_back=False)
        if meta.trial_boots < MAX_TRIAL_BOOTS and self._intact(1 - meta.bank, meta.held):
            self._write(meta._replace(spare=Spare.TRIAL, trial_boots=meta.trial_boots + 1))
            return Boot(meta.held, trial=True, rolled_back=False)
        self.discard()
        return Boot(meta.running, trial=False, rolled_back=True)

    def _intact(self, bank: int, files: tuple[StoredFile, ...]) -> bool:
        return bool(files) and all(
            self._pool.digest(self._sectors(bank, file)) == file.digest for file in files
        )

    def confirm(self) -> None:
        """The self-test passed: the tried bank runs from now on, the old one is spare."""
        meta = self.metadata
        if meta.spare is Spare.TRIAL:
            self._write(Metadata(0, 1 - meta.bank, meta.held, Spare.EMPTY, (), None, trial_boots=0))

    def running_content(self) -> bytes:
        """The octets of the files that run, one after another; empty for factory firmware."""
        meta = self.metadata
        return b"".join(
            sector for file in meta.running for sector in self._sectors(meta.bank, file)
        )

    def held_sectors(self) -> tuple[bytes, ...]:
        """The sectors of the last verified file in the spare bank."""
        meta = self.metadata
        return self._sectors(1 - meta.bank, meta.held[-1]) if meta.held else ()


def _end(files: tuple[StoredFile, ...]) -> int:
    """The first sector after the last of ``files``."""
    if not files:
        return 0
    return files[-1].sector + (files[-1].size + SECTOR - 1) // SECTOR
