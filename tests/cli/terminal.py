"""A terminal to look at commands on: so many columns and lines, and what stands on them."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_PIECE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b.|[\r\n\x08\x07]|[^\x1b\r\n\x08\x07]+")


class Capture(NamedTuple):
    """What a command left on a terminal.

    Attributes:
        code: its exit code.
        lines: what stands there in the end, and what was scrolled out at the top.
        moments: the same whenever a picture was about to be drawn over.
        overlong: what the terminal itself had to go on with in the next line, up to that point.
    """

    code: int
    lines: list[str]
    moments: list[list[str]]
    overlong: list[str]


class Terminal:
    """Understands as much of a terminal's language as commands speak, and keeps what scrolls out."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.lines = lines
        self.rows: list[list[str]] = [[]]
        self.row = 0
        self.column = 0
        self.moments: list[list[str]] = []
        self.overlong: list[str] = []
        self._drawn = False

    def feed(self, text: str) -> None:
        """Take what a command writes."""
        for piece in _PIECE.finditer(text):
            if piece[2] is not None:
                self._control(piece[1], piece[2])
            elif piece[0] == "\n":
                self._drawn = True
                self._down()
            elif piece[0] == "\r":
                self.column = 0
            elif piece[0] == "\x08":
                self.column = max(0, self.column - 1)
            elif piece[0][0] not in "\x1b\x07":
                for character in piece[0]:
                    self._put(character)

    def text(self) -> list[str]:
        """Every line, also those above the screen."""
        return ["".join(row).rstrip() for row in self.rows]

    def _put(self, character: str) -> None:
        if self.column >= self.columns:
            self.overlong.append("".join(self.rows[self.row]))
            self.column = 0
            self._down()
        row = self.rows[self.row]
        row.extend(" " * (self.column + 1 - len(row)))
        row[self.column] = character
        self.column += 1

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def _control(self, parameters: str, what: str) -> None:
        count = int(parameters) if parameters.isdecimal() else 1
        if what == "A" and self._drawn:  # about to draw over what stands there
            self.moments.append(self.text())
            self._drawn = False
        if what == "A":  # no command moves above the screen
            top = max(0, len(self.rows) - self.lines)
            self.row = max(top, self.row - count)
        elif what == "B":
            self.row = min(len(self.rows) - 1, self.row + count)
        elif what == "K":
            row = self.rows[self.row]
            self.rows[self.row] = [] if parameters == "2" else row[: self.column]
        elif what == "J":
            del self.rows[self.row + 1 :]
            self.rows[self.row] = self.rows[self.row][: self.column]


def zota_on(columns: int, lines: int, *words: str | Path | int) -> Capture:
    """Run ``zota`` on a terminal of this size, in a process of its own, to its end."""
    return run_on(columns, lines, [sys.executable, "-m", "ota_engine", *map(str, words)])


def run_on(
    columns: int,
    lines: int,
    argv: Sequence[str],
    folder: Path | None = None,
    path: str = "",
) -> Capture:
    """Run a program on a terminal of this size, to its end.

    Args:
        columns: of the terminal.
        lines: of the terminal.
        argv: the program and its arguments.
        folder: to run it in, None for the present one.
        path: folders where it looks for programs first.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    unset = ("COLUMNS", "LINES", "NO_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    if path:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    terminal = Terminal(columns, lines)
    shown = bytearray()
    with (
        os.fdopen(ours, "rb", buffering=0) as screen,
        subprocess.Popen(
            argv,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm-256color"},
        ) as process,
    ):
        os.close(theirs)
        with contextlib.suppress(OSError):  # a pseudo-terminal ends with an error
            while chunk := screen.read(65_536):
                shown += chunk
        code = process.wait()
    terminal.feed(shown.decode())
    return Capture(code, terminal.text(), terminal.moments, terminal.overlong)
