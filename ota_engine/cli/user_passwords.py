"""Passwords of persons as commands take them: typed where nobody sees them, or in a file; never an argument."""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from images.files import read_bounded
from ota_engine.cli.files import warn_if_open
from ota_engine.errors import LocalError

MOST_OCTETS: Final = 8_192  # of a password's file; more is some other file

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="The password is its first line."),
]


def read_password(file: Path | None, *, is_new: bool) -> str:
    """Read a password from a file, or have it typed.

    Args:
        file: of which it is the first line; None for typing it.
        is_new: it is typed twice.

    Raises:
        LocalError: the file holds none, nobody can type one, or the second is not the first.
        OSError: the file cannot be read.
    """
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise LocalError("there is no terminal to type a password at: give --password-file FILE")
    password = getpass.getpass("password: ")
    if is_new and getpass.getpass("again: ") != password:
        raise LocalError("the two passwords are not the same: try again")
    return password


def _first_line(file: Path) -> str:
    try:
        text = read_bounded(file, MOST_OCTETS).decode()
    except UnicodeDecodeError:
        raise LocalError(f"{file}: not UTF-8: save it as UTF-8") from None
    line = text.splitlines()[0] if text else ""
    if not line:
        raise LocalError(f"{file}: its first line is empty: put the password there")
    warn_if_open(file, "password")
    return line
