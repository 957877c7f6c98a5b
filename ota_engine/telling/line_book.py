"""What was received, each thing once, in a file of lines; knows keys and stamps, not what lines say.

Whoever tells may tell the same twice: what comes under a known key is known by its stamp, or is
something else.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from ota_engine.telling.line_file import LineFile


class Stamp(NamedTuple):
    """What tells a thing from others.

    Attributes:
        key: by which it may come once.
        stamp: SHA-256 of what must be the same when it comes again, hexadecimal.
    """

    key: str
    stamp: str


class LineBook:
    """A book, on disk before anything in it is acknowledged. Close it when done.

    Args:
        path: of the file; made when there is none.
        start: how every line begins.
        read: gives the stamp of a line that stood there, None of what is none of ours.
        what: stands in the lines, for messages.

    Raises:
        StoreError: the file is in use, or holds something else.
        OSError: it cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        start: bytes,
        read: Callable[[bytes], Stamp | None],
        *,
        what: str = "outcomes",
    ) -> None:
        self.path = path
        self._file = LineFile(path, start, tail=None, what=what)
        self._stamps = dict(found for line in self._file.found if (found := read(line)) is not None)
        self._file.found = []  # the whole file: not to be held for ever

    def __len__(self) -> int:
        return len(self._stamps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def same(self, thing: Stamp) -> bool | None:
        """Whether what came under its key is the same; None where nothing did."""
        known = self._stamps.get(thing.key)
        return None if known is None else known == thing.stamp

    def keep(self, thing: Stamp, line: bytes) -> None:
        """Write what is new.

        Args:
            thing: by what it is known from here on.
            line: with its end.

        Raises:
            StoreError: it cannot be written, and is not kept.
        """
        self._file.append([line])
        self._stamps[thing.key] = thing.stamp
