"""Reads lists of records from CSV, JSON and JSON lines as they come; knows no column and keeps no line.

One line is one record. What cannot be read is a bad line with its number and what to do, and the lines
after it are read all the same; only a JSON array ends where it is broken. Texts are UTF-8: another
encoding is named, and how to save the file in this one.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from images.errors import ImageError
from images.strict_json import read_json
from ota_engine.cells import read_cells
from ota_engine.errors import LocalError
from ota_engine.wording import counted

LONGEST: Final = 64 * 1024  # octets of one record
_BOM: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_CURE: Final = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class ListedRecord(NamedTuple):
    """One record: its cells by their columns.

    Attributes:
        line: number of the line where it begins, from 1.
        cells: texts by column.
    """

    line: int
    cells: Mapping[str, str]


class ListedHead(NamedTuple):
    """The columns of a list of CSV, before any record."""

    names: tuple[str, ...]


class BadLine(NamedTuple):
    """A line that says nothing, and what to do about it."""

    line: int
    text: str


Listed: TypeAlias = ListedHead | ListedRecord | BadLine


class OctetSource(Protocol):
    """What a list is read from: a file that is open, or whoever reads one."""

    def read(self, most: int, /) -> bytes:
        """Read on; nothing at the end."""

    def readline(self, most: int, /) -> bytes:
        """Read on to the end of a line, or so many octets of it."""


def read_listing(file: OctetSource) -> Iterator[Listed]:
    """Read a file from its beginning to its end, once; what is read is the whole of it.

    Args:
        file: open for reading octets, at its beginning; need not be seekable.

    Raises:
        LocalError: it is of another encoding or has no head: nothing in it can be read.
    """
    source = _Source(file)
    begin = source.peek()
    if begin.startswith(_WIDE) or b"\0" in begin:
        raise LocalError(f"the file is UTF-16, or no text: {_CURE}")
    if begin.startswith(_BOM):
        source.skip(len(_BOM))
    first = source.peek().lstrip()[:1]
    if first == b"[":
        yield from _array(source)
    elif first == b"{":
        for number, line in _lines(source):
            record = line if isinstance(line, BadLine) else _from_json(number, line)
            if record is not None:
                yield record
    else:
        yield from _csv(source)


class _Source:
    """A file whose beginning can be looked at before it is read."""

    def __init__(self, file: OctetSource) -> None:
        self._file = file
        self._begin = file.read(4096)

    def peek(self) -> bytes:
        return self._begin

    def skip(self, octets: int) -> None:
        self._begin = self._begin[octets:]

    def read(self, most: int) -> bytes:
        if not self._begin:
            return self._file.read(most)
        part, self._begin = self._begin[:most], self._begin[most:]
        return part

    def readline(self, most: int) -> bytes:
        if not self._begin:
            return self._file.readline(most)
        end = self._begin.find(b"\n") + 1
        if 0 < end <= most or len(self._begin) >= most:
            return self.read(min(end or most, most))
        begin, self._begin = self._begin, b""
        return begin + self._file.readline(most - len(begin))


def _lines(file: _Source) -> Iterator[tuple[int, str | BadLine]]:
    """Read lines; one that is too long is read past, never kept."""
    number = 0
    while raw := file.readline(LONGEST + 1):
        number += 1
        if len(raw) > LONGEST and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LONGEST)
            yield number, BadLine(number, f"longer than {LONGEST >> 10} KiB: shorten it")
            continue
        try:
            yield number, raw.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            yield (
                number,
                BadLine(
                    number,
                    f"not UTF-8 (octet {raw[error.start]:#04x} at {error.start + 1}), probably"
                    f" Latin-1 or Windows-1252: {_CURE}",
                ),
            )


def _csv(file: _Source) -> Iterator[Listed]:
    lines = _lines(file)
    head = _head(next(lines, (1, "")))
    yield ListedHead(tuple(head))
    for number, line in lines:
        if isinstance(line, BadLine):
            yield line
        elif line.strip():
            yield _from_csv(number, line, head)


def _head(first: tuple[int, str | BadLine]) -> list[str]:
    _, line = first
    if isinstance(line, BadLine):
        raise LocalError(f"line 1: {line.text}")
    cells = [cell.strip().lower() for cell in read_cells(line)]
    if len(cells) == 1 and re.search(r"[;\t]", line):
        raise LocalError("line 1: cells are separated by semicolons or tabs: save it with commas")
    if not any(cells):
        raise LocalError("line 1: there is no head: name the columns in the first line")
    return cells


def _from_csv(number: int, line: str, head: list[str]) -> ListedRecord | BadLine:
    try:
        cells = read_cells(line)
    except LocalError as error:
        return BadLine(number, str(error))
    if len(cells) != len(head):
        return BadLine(
            number,
            f"{counted(len(cells), 'cell')} under {counted(len(head), 'column')}: make it as many",
        )
    if "\0" in line:
        return BadLine(number, "has a NUL: take it out")
    return ListedRecord(number, dict(zip(head, cells, strict=True)))


def _from_json(number: int, text: str) -> ListedRecord | BadLine | None:
    if not text.strip():
        return None
    try:
        return _of_values(number, read_json(text, "it"))
    except ImageError as error:
        return BadLine(number, f"{error}: write one object a line")


def _of_values(number: int, values: Any) -> ListedRecord | BadLine:
    if not isinstance(values, dict):
        return BadLine(number, 'is no object: write {"column": value, ...}')
    cells = {}
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            return BadLine(number, f"{name[:40]!a} is no text and no whole number: write one")
        text = str(value)
        if not text.isascii() and not _is_writable(text):
            return BadLine(number, f"{name[:40]!a} is half a character: write it in full")
        cells[name.strip().lower()] = text
    return ListedRecord(number, cells)


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Window:
    """The part of a file that is looked at, and the number of its first line."""

    def __init__(self, file: _Source) -> None:
        self._file = file
        self._decoder = _decoder()
        self.text = ""
        self.at = 0
        self.line = 1

    def more(self) -> bool:
        """Read on; False at the end of the file."""
        octets = self._file.read(LONGEST)
        try:
            read = self._decoder.decode(octets, final=not octets)
        except UnicodeDecodeError:
            raise LocalError(f"line {self.line} or after: not UTF-8: {_CURE}") from None
        self.text = self.text[self.at :] + read
        self.at = 0
        return bool(octets)

    def pass_to(self, end: int) -> None:
        """Be behind what was read."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def next_mark(self) -> str:
        """Skip spaces, and say which character follows; empty at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.pass_to(match.end() if match else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""


def _decoder() -> Any:
    return codecs.getincrementaldecoder("utf-8")()


def _array(file: _Source) -> Iterator[ListedRecord | BadLine]:
    window = _Window(file)
    if window.next_mark() != "[":
        raise LocalError("line 1: no array begins here: write [ {...}, {...} ]")
    window.pass_to(window.at + 1)
    if window.next_mark() == "]":
        return
    while True:
        text = _element(window)
        if text is None:
            yield BadLine(window.line, "no object ends here: what follows cannot be read; mend it")
            return
        number = window.line
        window.pass_to(window.at + len(text))
        record = _from_json(number, text)
        if record is not None:
            yield record
        mark = window.next_mark()
        if mark not in (",", "]"):
            yield BadLine(window.line, "neither , nor ] follows: what follows cannot be read")
            return
        window.pass_to(window.at + 1)
        if mark == "]":
            return
        window.next_mark()


def _element(window: _Window) -> str | None:
    """Find the text of the next element; None where there is none that could be."""
    decoder = json.JSONDecoder()
    while True:
        try:
            _, end = decoder.raw_decode(window.text, window.at)
        except (ValueError, RecursionError):
            end = len(window.text)
            if end - window.at > LONGEST or not window.more():
                return None
            continue
        if end == len(window.text) and window.more():
            continue  # a number may go on
        return window.text[window.at : end]
