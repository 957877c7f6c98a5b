"""Lays rows out so that they fit a terminal: what matters least gives way, and nothing is cut.

Knows text and widths; what the rows are about is their caller's to know. Where there is no terminal
nothing gives way and nothing is folded, so that what is piped can be searched line by line.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Final, NamedTuple, TextIO

from rich.console import Console
from rich.text import Text

GAP: Final = "  "
INDENT: Final = "    "  # of what goes on below its row
RULE: Final = "─"
NARROWEST: Final = 20  # columns: in fewer, words are broken
HUGE: Final = 1_000_000  # columns of what is piped: no line is as wide


class Room(NamedTuple):
    """How much there is to write on; None where it is no terminal, and there is no limit."""

    columns: int | None
    lines: int | None

    @classmethod
    def of(cls, stream: TextIO) -> "Room":
        """The room of the terminal behind a stream."""
        if not stream.isatty():
            return cls(None, None)
        columns = os.environ.get("COLUMNS", "")
        try:
            size = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError):
            size = os.terminal_size((80, 24))
        return cls(int(columns) if columns.isdecimal() else size.columns or 80, size.lines or 24)


class Column(NamedTuple):
    """One column.

    Attributes:
        heading: stands above it.
        right: numbers stand to the right.
        gives_way: 0 for one that is always shown; of the others the highest goes first.
        tails: its names may be shortened to ends that are as many as they are.
    """

    heading: str
    right: bool = False
    gives_way: int = 0
    tails: bool = False


class TableRow(NamedTuple):
    """One row: a cell for each column, and what is said about it, which may go below."""

    cells: tuple[str | Text, ...]
    note: str = ""


class Laid(NamedTuple):
    """Rows laid out: the heading's lines, and the lines of each row."""

    heading: list[Text]
    rows: list[list[Text]]

    def lines(self) -> list[Text]:
        """All lines, from the top."""
        return [*self.heading, *(line for row in self.rows for line in row)]


def lay_out(
    columns: Sequence[Column], rows: Sequence[TableRow], width: int | None, note: str = "why"
) -> Laid:
    """Lay rows out in so many terminal columns.

    Columns without any cell are left out. Notes stand beside their rows where all of them fit, else
    below; then columns give way, and at last names are shortened to their unique tails.

    Args:
        columns: what is shown.
        rows: as many cells each as there are columns.
        width: columns of the terminal, None for no limit.
        note: the heading of the notes where they stand beside.
    """
    cells = [[_text(cell) for cell in row.cells] for row in rows]
    shown = [at for at in range(len(columns)) if any(row[at].plain for row in cells)]
    widths = [
        _widest(columns[at].heading, [row[at] for row in cells]) for at in range(len(columns))
    ]
    notes = max((len(row.note) for row in rows), default=0)

    def taken() -> int:
        return sum(widths[at] for at in shown) + len(GAP) * (len(shown) - 1)

    if width is not None and taken() > width:
        shown = _giving_way(columns, shown, widths, width)
    if width is not None and taken() > width:
        _shorten(columns, shown, cells, widths)
    beside = width is None or taken() + len(GAP) + max(notes, len(note)) <= width
    heading = [_line([Text(columns[at].heading) for at in shown], columns, shown, widths)]
    if beside and notes:
        heading[0].append(GAP + note)
    heading[0].rstrip()
    heading.append(Text(RULE * max(taken(), heading[0].cell_len), style="dim"))
    laid = []
    for row, texts in zip(rows, cells, strict=True):
        line = _line([texts[at] for at in shown], columns, shown, widths)
        if beside and row.note:
            line.append(GAP + row.note)
        below = [] if beside else folded(row.note, width, INDENT)
        line.rstrip()
        laid.append([line, *map(Text, below)])
    return Laid(heading, laid)


def folded(text: str, width: int | None, indent: str = "") -> list[str]:
    """Fold text at its words; only a word that is longer than a line goes over its end.

    Args:
        text: in one line.
        width: columns of the terminal, None for no limit.
        indent: before each line.
    """
    if not text:
        return []
    if width is None:
        return [indent + text]
    room = max(width - len(indent), NARROWEST)
    lines = wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return [indent + line for line in lines]


def beside(label: str, text: str, width: int | None) -> list[str]:
    """Fold text at its words beside a label, which stands before its first line.

    Args:
        label: with whatever space follows it.
        text: in one line.
        width: columns of the terminal, None for no limit.
    """
    first, *rest = folded(text, width, " " * len(label)) or [label]
    return [label + first[len(label) :], *rest]


def command_lines(label: str, command: str, width: int | None) -> list[str]:
    """Write a command that can be pasted: in one line, or in several that the shell puts together.

    Args:
        label: what it is for.
        command: as ``shlex.join`` writes it.
        width: columns of the terminal, None for no limit.
    """
    line = f"{label}: {command}"
    if width is None or len(line) <= width:
        return [line]
    lines = [f"{label}:", INDENT]
    for word in map(shlex.quote, shlex.split(command)):
        if lines[-1] != INDENT and len(lines[-1]) + len(word) + len("  \\") > width:
            lines[-1] += " \\"
            lines.append(INDENT + INDENT)
        lines[-1] += word if lines[-1].isspace() else f" {word}"
    return lines


def unique_tails(names: Sequence[str]) -> list[str]:
    """Shorten names to their last parts, as few as keep different names apart.

    >>> unique_tails(["00-DB-01", "00-DB-02"])
    ['-01', '-02']
    """
    parts = max((name.count("-") for name in names), default=0)
    different = len(set(names))
    for kept in range(1, parts + 1):
        tails = ["-" + "-".join(name.split("-")[-kept:]) for name in names]
        if len(set(tails)) == different:
            return tails
    return list(names)


def show(lines: Iterable[Text | str], stream: TextIO | None = None) -> None:
    """Print lines as they are, in colour where there is a terminal."""
    out = stream or sys.stdout
    console = Console(file=out, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = HUGE
    for line in lines:
        console.print(_text(line), soft_wrap=True)


def show_table(columns: Sequence[Column], rows: Sequence[TableRow], note: str = "why") -> None:
    """Print rows laid out in the room that there is.

    Args:
        columns: what is shown.
        rows: as many cells each as there are columns.
        note: the heading of the notes where they stand beside.
    """
    show(lay_out(columns, rows, Room.of(sys.stdout).columns, note).lines())


def say_command(label: str, command: str, stream: TextIO | None = None) -> None:
    """Print a command with what it is for, so that it can be pasted."""
    out = stream or sys.stdout
    show(command_lines(label, command, Room.of(out).columns), out)


def _giving_way(
    columns: Sequence[Column], shown: list[int], widths: list[int], width: int
) -> list[int]:
    """Leave out columns, those that matter least first, until the others fit."""
    left = list(shown)
    for at in sorted(shown, key=lambda at: -columns[at].gives_way):
        taken = sum(widths[one] for one in left) + len(GAP) * (len(left) - 1)
        if taken <= width or not columns[at].gives_way:
            break
        left.remove(at)
    return left


def _shorten(
    columns: Sequence[Column], shown: list[int], cells: list[list[Text]], widths: list[int]
) -> None:
    """Put the tails of names in place of the names."""
    for at in shown:
        if columns[at].tails:
            tails = unique_tails([row[at].plain for row in cells])
            for row, tail in zip(cells, tails, strict=True):
                row[at] = Text(tail, style=row[at].style)
            widths[at] = _widest(columns[at].heading, [row[at] for row in cells])


def _line(
    cells: Sequence[Text], columns: Sequence[Column], shown: Sequence[int], widths: Sequence[int]
) -> Text:
    line = Text(no_wrap=True, overflow="ignore")
    for number, (at, cell) in enumerate(zip(shown, cells, strict=True)):
        padding = " " * (widths[at] - cell.cell_len)
        line.append(GAP if number else "")
        if columns[at].right:
            line.append(padding).append_text(cell)
        else:
            line.append_text(cell).append(padding)
    return line


def _text(cell: str | Text) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(cell)


def _widest(heading: str, cells: Iterable[Text]) -> int:
    return max(len(heading), *(cell.cell_len for cell in cells), 0)
