"""What the emulated receiver remembers: one record per id, in a JSON-lines file; knows no HTTP."""

import hashlib
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from emulators.receiver.letter import LINE_START, ReceivedOutcome, kept_letter
from ota_engine.telling.line_file import LineFile


class BookedOutcome(Enum):
    """What a letter was to the book."""

    KEPT = "kept"  # new, and on disk
    KNOWN = "known"  # it came before, and changed nothing
    CONFLICT = "conflict"  # its id came before, with something else to say


class RecordBook:
    """The records of a receiver, on disk before they are acknowledged. Close it when done.

    Raises:
        StoreError: the file is in use, or is not one of records.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LineFile(path, LINE_START, tail=None)
        kept = (letter for line in self._file.found if (letter := kept_letter(line)) is not None)
        self._substance = {letter.id: _digest(letter) for letter in kept}

    def __len__(self) -> int:
        return len(self._substance)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def take(self, letter: ReceivedOutcome) -> BookedOutcome:
        """Keep a letter, unless there is one of its id.

        Raises:
            StoreError: it cannot be written, and is not kept.
        """
        known = self._substance.get(letter.id)
        if known is not None:
            return BookedOutcome.KNOWN if known == _digest(letter) else BookedOutcome.CONFLICT
        self._file.append([letter.line])
        self._substance[letter.id] = _digest(letter)
        return BookedOutcome.KEPT


def _digest(letter: ReceivedOutcome) -> bytes:
    return hashlib.sha256(letter.substance.encode("ascii")).digest()
