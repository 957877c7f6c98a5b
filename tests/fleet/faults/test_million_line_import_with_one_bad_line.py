"""A million-line import with one bad line: it is named, and nothing or all others are taken.

The default tier takes ten thousand lines of it. Memory is that of a batch, whatever the length.
"""

import io
import tracemalloc
from typing import BinaryIO

import pytest

from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.head_end.imports import EstateImport
from ota_engine.head_end.listings import BadLine
from tests.fleet.imports.lists import KEY, ImportingEstate

MOST_OCTETS = 4 << 20  # the rows of nine thousand lines would take three times that


class Lines(io.RawIOBase):
    """A file whose lines are made when they are read."""

    def __init__(self, count: int, bad: int) -> None:
        self._count, self._bad = count, bad
        self._at = 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        assert (offset, whence) == (0, 0)
        self._at, self._rest = 0, b""
        return 0

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type] # a buffer, as io says
        while len(self._rest) < len(view) and self._at <= self._count:
            self._rest += self._line()
        part = self._rest[: len(view)]
        self._rest = self._rest[len(view) :]
        view[: len(part)] = part
        return len(part)

    def _line(self) -> bytes:
        number = self._at
        self._at += 1
        if number == 0:
            return b"home,region,gateway,electricity,mpan\n"
        region = "" if number + 1 == self._bad else "North"
        return f"ref-{number},{region},gw,supplier-1,{10**12 + number}\n".encode()


def homes(estate: ImportingEstate) -> int:
    with estate.store.reading():
        return sum(estate.store.count(Counts(Home, ("region",))).values())


def _peak(work: EstateImport, file: BinaryIO, estate: ImportingEstate) -> int:
    tracemalloc.start()
    try:
        report = work.run(file, "olive", estate.utc)
        assert (report.bad, report.taken) == (1, False)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("repeats", [10_000, pytest.param(1_000_000, marks=pytest.mark.whole)])
def test_one_bad_line_in_a_million_is_named_and_nothing_or_all_others_taken(repeats: int) -> None:
    count, estate, bad = repeats, ImportingEstate(), list[BadLine]()
    file = io.BufferedReader(Lines(count, bad=count // 2))
    work = EstateImport(estate.desk, KEY, ImportKind.HOMES, bad.append)
    report = work.run(file, "olive", estate.utc)
    assert (report.lines, report.bad, report.taken) == (count, 1, False)
    assert bad == [BadLine(count // 2, "region is empty: fill it in")]
    assert homes(estate) == 0
    file.seek(0)
    again = EstateImport(estate.desk, KEY, ImportKind.HOMES, bad.append)
    assert again.run(file, "olive", estate.utc, take_others=True).new == count - 1
    assert homes(estate) == count - 1


def test_an_import_keeps_no_lines_in_memory() -> None:
    estate, bad = ImportingEstate(), list[BadLine]()
    work = EstateImport(estate.desk, KEY, ImportKind.HOMES, bad.append)
    file = io.BufferedReader(Lines(9_000, bad=1_500))
    assert _peak(work, file, estate) < MOST_OCTETS
