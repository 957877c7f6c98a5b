"""What a user has received: each document once, in a JSON-lines file; knows no HTTP and no XML.

Whoever sends documents makes each once and may bring it twice: the same octets are the same document.
A second signature under the same words, or other words under the same name, is somebody's mistake, and
is told as one.
"""

import json
from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.telling.line_book import LineBook, Stamp

LINE_START: Final = b'{"'
MOST_REMEMBERED: Final = 1000  # documents of before that are kept whole in memory


class BookedDocument(StrEnum):
    """What a document was to the book."""

    KEPT = "kept"  # new, and on disk
    KNOWN = "known"  # it came before, octet for octet
    SIGNED_AGAIN = "signed again"  # its words came before, under another signature
    CONFLICT = "conflict"  # its name came before, with other words


class BookEntry(NamedTuple):
    """A document by what tells it from others.

    Attributes:
        octets: SHA-256 of it as it came, hexadecimal.
        words: SHA-256 of what is signed in it, hexadecimal.
        name: by which it may come once, empty for what has none.
        utc: when it came.
        text: the whole document.
    """

    octets: str
    words: str
    name: str
    utc: float
    text: str


class DocumentBook(LineBook):
    """The documents of a user, on disk before they are acknowledged. Close it when done.

    Raises:
        StoreError: the file is in use, or is not one of documents.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._names: dict[str, str] = {}
        latest: deque[BookEntry] = deque(maxlen=MOST_REMEMBERED)

        def read(line: bytes) -> Stamp | None:
            entry = _read(line)
            if entry is None:
                return None
            latest.append(entry)
            return self._note(entry)

        super().__init__(path, LINE_START, read, what="documents")
        #: The last that stood there when it was opened, oldest first.
        self.found: tuple[BookEntry, ...] = tuple(latest)

    def take(self, entry: BookEntry) -> BookedDocument:
        """Keep a document, unless it is there.

        Raises:
            StoreError: it cannot be written, and is not kept.
        """
        stamp = Stamp(entry.words, entry.octets)
        same = self.same(stamp)
        if same is not None:
            return BookedDocument.KNOWN if same else BookedDocument.SIGNED_AGAIN
        if self._names.get(entry.name, entry.words) != entry.words:
            return BookedDocument.CONFLICT
        self.keep(stamp, canonical_json(entry._asdict()).encode("ascii") + b"\n")
        self._note(entry)
        return BookedDocument.KEPT

    def _note(self, entry: BookEntry) -> Stamp:
        """Remember its name; gives what it is known by."""
        if entry.name:
            self._names[entry.name] = entry.words
        return Stamp(entry.words, entry.octets)


def _read(line: bytes) -> BookEntry | None:
    try:
        found: Any = json.loads(line)
        return BookEntry(*(found[name] for name in BookEntry._fields))
    except (ValueError, KeyError, TypeError):
        return None
