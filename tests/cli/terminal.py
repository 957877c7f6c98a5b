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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.cli.zota import zota_here

STANDARD: Final = 0, 1, 2  # the descriptors of input, output and errors
UNSET: Final = "COLUMNS", "LINES", "NO_COLOR"  # would say otherwise than the terminal
TERM: Final = "xterm-256color"
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
    """Run ``zota`` on a terminal of this size, in this process, to its end."""
    ours, theirs = _terminal(columns, lines)
    with ThreadPoolExecutor(1) as reader, os.fdopen(ours, "rb", buffering=0) as screen:
        reading = reader.submit(_shown, screen)
        try:
            with _standing_on(theirs):
                code = zota_here(*words)
        finally:
            os.close(theirs)
            shown = reading.result()
    return _capture(columns, lines, code, shown)


@contextlib.contextmanager
def _standing_on(terminal: int) -> Iterator[None]:
    """Let this process read and write there and nowhere else, as if it had been started there."""
    kept = [os.dup(descriptor) for descriptor in STANDARD]
    with contextlib.ExitStack() as streams, pytest.MonkeyPatch.context() as patch:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = streams.enter_context(os.fdopen(os.dup(terminal), mode, encoding="utf-8"))
            patch.setattr(sys, name, stream)
        for name in UNSET:
            patch.delenv(name, raising=False)
        patch.setenv("TERM", TERM)
        try:
            for descriptor in STANDARD:
                os.dup2(terminal, descriptor)
            yield
        finally:
            for descriptor, before in zip(STANDARD, kept, strict=True):
                os.dup2(before, descriptor)
                os.close(before)


def _terminal(columns: int, lines: int) -> tuple[int, int]:
    """Open one of this size: our end, and that of whoever runs on it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    return ours, theirs


def _shown(screen: FileIO) -> bytes:
    """Read what is written on a terminal until nobody has it open any longer."""
    shown = bytearray()
    with contextlib.suppress(OSError):  # a pseudo-terminal ends with an error
        while chunk := screen.read(65_536):
            shown += chunk
    return bytes(shown)


def _capture(columns: int, lines: int, code: int, shown: bytes) -> Capture:
    terminal = Terminal(columns, lines)
    terminal.feed(shown.decode())
    return Capture(code, terminal.text(), terminal.moments, terminal.overlong)


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
    ours, theirs = _terminal(columns, lines)
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    if path:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    with (
        os.fdopen(ours, "rb", buffering=0) as screen,
        subprocess.Popen(
            argv,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": TERM},
        ) as process,
    ):
        os.close(theirs)
        shown = _shown(screen)
        code = process.wait()
    return _capture(columns, lines, code, shown)
