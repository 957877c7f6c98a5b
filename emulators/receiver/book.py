"""What the emulated receiver remembers: one record per id, in a JSON-lines file; knows no HTTP."""

import hashlib
from enum import Enum
from pathlib import Path

from emulators.receiver.letter import LINE_START, ReceivedOutcome, kept_letter
from ota_engine.telling.line_book import LineBook, Stamp


class BookedOutcome(Enum):
    """What a letter was to the book."""

    KEPT = "kept"  # new, and on disk
    KNOWN = "known"  # it came before, and changed nothing
    CONFLICT = "conflict"  # its id came before, with something else to say


class RecordBook(LineBook):
    """The records of a receiver, on disk before they are acknowledged. Close it when done.

    Raises:
        StoreError: the file is in use, or is not one of records.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, LINE_START, _read)

    def take(self, letter: ReceivedOutcome) -> BookedOutcome:
        """Keep a letter, unless there is one of its id.

        Raises:
            StoreError: it cannot be written, and is not kept.
        """
        stamp = _stamp(letter)
        same = self.same(stamp)
        if same is not None:
            return BookedOutcome.KNOWN if same else BookedOutcome.CONFLICT
        self.keep(stamp, letter.line)
        return BookedOutcome.KEPT


def _read(line: bytes) -> Stamp | None:
    letter = kept_letter(line)
    return None if letter is None else _stamp(letter)


def _stamp(letter: ReceivedOutcome) -> Stamp:
    return Stamp(letter.id, hashlib.sha256(letter.substance.encode("ascii")).hexdigest())
