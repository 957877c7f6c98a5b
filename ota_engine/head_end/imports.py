"""Brings lists of an estate into its database: every bad line named, and all of a file or nothing.

A file is read once, as it comes, whatever its length. Its lines are staged, compared with each other and
with the estate, and then taken in one transaction, with a line in the audit trail that states the digest of
the file. A dry run does all of it but the last step.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import IO, Any, Final, NamedTuple, TypeVar

from ota_engine.errors import LocalError
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.fleet.inventory.arrivals import DeviceTold, HomeTold
from ota_engine.fleet.inventory.importing import (
    ImportKind,
    KnownNames,
    refuse_other_columns,
    rows_of,
)
from ota_engine.fleet.inventory.pseudonyms import fingerprint
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    PseudonymKey,
    Variant,
)
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.fleet.parties.rows import Party, PartyId
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.listings import BadLine, ListedHead, OctetSource, read_listing
from ota_engine.store.fleet.configurations import sample_configurations
from ota_engine.store.fleet.intake import FleetIntake
from ota_engine.times import Utc

AT_ONCE: Final = 1_000  # lines staged, or events handled, in one go
T = TypeVar("T")
_HOMES: Final = "homes"

#: What a kind of file lists that is taken as a set; the others are told to the fleet, line by line.
_SETS: Final[dict[ImportKind, type[Any]]] = {
    ImportKind.VARIANTS: Variant,
    ImportKind.HOMES: Home,
    ImportKind.DEVICES: InstalledDevice,
}


class ImportReport(NamedTuple):
    """What became of a file.

    Attributes:
        kind: what it lists.
        sha256: of its octets, hexadecimal.
        lines: that say something.
        bad: of these that cannot be taken.
        new: rows that the estate does not have yet; 0 where lines are told one by one.
        known: rows that it has, and that are as listed now.
        taken: the estate has it all; False for a dry run, and where bad lines forbade it.
    """

    kind: ImportKind
    sha256: str
    lines: int
    bad: int
    new: int
    known: int
    taken: bool


class EstateImport:
    """One file on its way in.

    Args:
        desk: of the estate.
        key: of its pseudonyms.
        kind: what the file lists.
        tell: is told every bad line as it is found.
    """

    def __init__(
        self, desk: FleetDesk, key: bytes, kind: ImportKind, tell: Callable[[BadLine], None]
    ) -> None:
        self._desk = desk
        self._kind = kind
        self._tell = tell
        self._driver = desk.store.driver
        self._known = _known_names(desk, key)
        self._lines = 0
        self._bad = 0
        self._utc = Utc(0.0)

    def run(
        self,
        file: IO[bytes],
        person: str,
        utc: Utc,
        *,
        dry_run: bool = False,
        take_others: bool = False,
    ) -> ImportReport:
        """Read the file and take what it lists.

        Args:
            file: open for reading octets, at its beginning; seekable where lines are told one by one.
            person: who imports it; named in the audit trail.
            utc: now.
            dry_run: only say what would become of it.
            take_others: a bad line does not keep the other lines from being taken.

        Raises:
            LocalError: nothing of it can be read, or the estate's homes are named by another key.
            StoreError: the database failed; nothing of it was taken.
        """
        self._utc = utc
        self._refuse_other_key()
        work = self._as_sets if self._kind in _SETS else self._as_events
        return work(_Import(file, person, dry_run, take_others))

    def _refuse_other_key(self) -> None:
        """Homes named by another key would be strangers to those that are there."""
        with self._desk.store.reading():
            held = self._desk.store.select(Select(PseudonymKey, (("purpose", _HOMES),)))
            if held and held[0].fingerprint != fingerprint(self._known.key):
                raise LocalError(
                    "the key of pseudonyms is not the one by which this estate names its homes:"
                    " restore it from a backup"
                )

    # --- taken as sets ---------------------------------------------------------------------------

    def _as_sets(self, order: "_Import") -> ImportReport:
        kind, source = _SETS[self._kind], _Digested(order.file)
        with self._desk.store.transaction():
            intake = FleetIntake(self._driver)
        try:
            for batch in _in_batches(self._read(source)):
                with self._desk.store.transaction():
                    intake.stage((line, row) for line, rows in batch for row in rows)
            with self._desk.store.transaction():
                for fault in intake.left_out(kind, self._utc):
                    self._say(BadLine(fault.line, fault.text))
            with self._desk.store.transaction():
                new, known = intake.counts(kind)
                taken = self._may_take(order)
                if taken:
                    self._take(intake)
                    self._note(order, source, new=new, known=known)
        finally:
            with self._desk.store.transaction():
                intake.close()
        return self._report(source, new, known, taken=taken)

    def _take(self, intake: FleetIntake) -> None:
        if self._kind is ImportKind.VARIANTS:
            intake.take_variants()
        elif self._kind is ImportKind.HOMES:
            self._handle(HomeTold(home, HomeStatus(status)) for home, status in intake.take_homes())
        else:
            self._handle(_told(device) for device in intake.unusual_devices())
            intake.take_devices()
            sample_configurations(self._driver, self._utc, touched=True)

    # --- told line by line -----------------------------------------------------------------------

    def _as_events(self, order: "_Import") -> ImportReport:
        """Look at all lines first, then tell them; the file is read twice, and must be the same."""
        source = _Digested(order.file)
        for batch in _in_batches(self._read(source)):
            with self._desk.store.reading():
                for line in self._unknown_homes(batch):
                    self._say(line)
        taken = self._may_take(order)
        if taken:
            order.file.seek(0)
            again = _Digested(order.file)
            quiet = EstateImport(self._desk, self._known.key, self._kind, lambda _: None)
            with self._desk.store.transaction():
                for batch in _in_batches(quiet._read(again)):
                    bad = {line.line for line in self._unknown_homes(batch)}
                    self._handle(
                        event for line, events in batch if line not in bad for event in events
                    )
                if again.sha256 != source.sha256:
                    raise LocalError("the file changed while it was read: import it again")
                self._note(order, source)
        return self._report(source, 0, 0, taken=taken)

    def _unknown_homes(self, batch: Iterable[tuple[int, tuple[Any, ...]]]) -> list[BadLine]:
        named = [(line, event.home) for line, events in batch for event in events]
        keys = {RowKey(Home, (home,)) for _, home in named}
        there = {row.home for _, row in self._desk.store.load(keys) if row is not None}
        text = "its home is not in the estate: import the home first"
        return [BadLine(line, text) for line, home in named if home not in there]

    # --- what both do ----------------------------------------------------------------------------

    def _read(self, source: "_Digested") -> Iterator[tuple[int, tuple[Any, ...]]]:
        listed: frozenset[str] = frozenset()
        for record in read_listing(source):
            if isinstance(record, ListedHead):
                _refuse_head(self._kind, record)
                listed = frozenset(record.names)
                continue
            self._lines += 1
            if isinstance(record, BadLine):
                self._say(record)
                continue
            try:
                if not record.cells.keys() <= listed:
                    refuse_other_columns(self._kind, record.cells)
                yield record.line, rows_of(self._kind, record.cells, self._known)
            except LocalError as error:
                self._say(BadLine(record.line, str(error)))

    def _handle(self, events: Iterable[FleetEvent]) -> None:
        for batch in _in_batches(events):
            self._desk.handle_within(batch, self._utc)

    def _say(self, line: BadLine) -> None:
        self._bad += 1
        self._tell(line)

    def _may_take(self, order: "_Import") -> bool:
        return not order.dry_run and (not self._bad or order.take_others)

    def _note(self, order: "_Import", source: "_Digested", **counts: int) -> None:
        detail = {"lines": self._lines, "left out": self._bad, **counts}
        note = AuditNote(order.person, f"imported {self._kind}", f"file:{source.sha256}", detail)
        self._desk.store.keep((), [note], self._utc)
        key = PseudonymKey(_HOMES, fingerprint(self._known.key), self._utc)
        if not self._desk.store.select(Select(PseudonymKey, (("purpose", _HOMES),))):
            self._desk.store.insert([key])

    def _report(self, source: "_Digested", new: int, known: int, *, taken: bool) -> ImportReport:
        return ImportReport(self._kind, source.sha256, self._lines, self._bad, new, known, taken)


class _Import(NamedTuple):
    file: IO[bytes]
    person: str
    dry_run: bool
    take_others: bool


class _Digested:
    """A file, and the digest of all that was read of it."""

    def __init__(self, file: OctetSource) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, most: int) -> bytes:
        octets = self._file.read(most)
        self._digest.update(octets)
        return octets

    def readline(self, most: int) -> bytes:
        octets = self._file.readline(most)
        self._digest.update(octets)
        return octets


def _refuse_head(kind: ImportKind, head: ListedHead) -> None:
    try:
        refuse_other_columns(kind, head.names)
    except LocalError as error:
        raise LocalError(f"line 1: {error}") from None


def _in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    them = iter(items)
    while batch := list(islice(them, AT_ONCE)):
        yield batch


def _known_names(desk: FleetDesk, key: bytes) -> KnownNames:
    with desk.store.reading():
        parties = {row.party: row.party for row in desk.store.select(Select(Party))}
        parties |= {row.id: row.party for row in desk.store.select(Select(PartyId))}
        variants = {row.variant: row for row in desk.store.select(Select(Variant))}
    return KnownNames(key, parties, variants)


def _told(device: InstalledDevice) -> DeviceTold:
    return DeviceTold(
        device.device,
        device.home,
        device.kind,
        device.variant,
        device.status,
        device.version,
        Utc(device.version_since_utc),
        device.gbcs_version,
        device.gpf,
        Utc(device.installed_utc),
    )
