"""Lines of CSV as cells: one line is one record, and no cell is ever a formula; knows no file.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@``. Read, such a cell is a text like
any other; written, it gets an apostrophe in front, which spreadsheets take for *this is a text*, and which
is taken off again when the line is read.
"""

import csv
import io
from collections.abc import Iterable
from typing import Final

from ota_engine.errors import LocalError

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_MARK: Final = "'"


def escaped(cell: str) -> str:
    """Write a cell so that no spreadsheet runs it."""
    return _MARK + cell if cell.lstrip(_MARK).startswith(_FORMULA) else cell


def unescaped(cell: str) -> str:
    """Read back what ``escaped`` wrote."""
    if cell.startswith(_MARK) and cell.lstrip(_MARK).startswith(_FORMULA):
        return cell[1:]
    return cell


def read_cells(line: str) -> list[str]:
    """Read one line, without its end.

    Raises:
        LocalError: a quote is not closed on it, or something follows a closing one.
    """
    try:
        found = list(csv.reader([line], strict=True))
    except csv.Error:
        raise LocalError(
            "a quote is not closed, or stands within a cell: write a quote in a cell twice, and no"
            " line breaks in cells"
        ) from None
    return [unescaped(cell) for cell in found[0]] if found else []


def write_cells(cells: Iterable[object]) -> str:
    """Write one line, without its end; line breaks within cells become spaces."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="")
    writer.writerow([escaped(" ".join(str(cell).splitlines())) for cell in cells])
    return out.getvalue()
