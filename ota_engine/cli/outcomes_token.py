"""The token a receiver of outcomes wants to see: from a file or the environment, never printed."""

import os
import re
from pathlib import Path
from typing import Annotated, Final

import typer

from ota_engine.errors import LocalError

ENVIRONMENT: Final = "ZOTA_OUTCOMES_TOKEN"
MAX_BYTES: Final = 8192  # of a token's file; more is some other file
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}")  # what a header can carry

OutcomesToken = Annotated[
    Path | None,
    typer.Option(
        "--outcomes-token-file",
        metavar="FILE",
        help=f"Prove to the receiver by the token in this file; by default {ENVIRONMENT}, if set.",
    ),
]


def outcomes_token(url: str | None, file: Path | None) -> str | None:
    """Read the token for a receiver, None if there is none.

    Args:
        url: of the receiver, None if no outcomes are posted.
        file: holds the token, None to look in the environment.

    Raises:
        LocalError: a file without a receiver, or it holds no token.
        OSError: it cannot be read.
    """
    if file is not None and url is None:
        raise LocalError("--outcomes-token-file goes with --outcomes-to: give the receiver's URL")
    if url is None:
        return None
    if file is not None:
        return read_token(file)
    text = os.environ.get(ENVIRONMENT)
    return None if not text else _checked(text, ENVIRONMENT)


def read_token(file: Path) -> str:
    """Read a token from a file of one line.

    Raises:
        LocalError: it holds none.
        OSError: it cannot be read.
    """
    with file.open("rb") as opened:
        return _checked(opened.read(MAX_BYTES + 1).decode("utf-8", "replace"), str(file))


def _checked(text: str, place: str) -> str:
    token = text.strip()
    if _TOKEN.fullmatch(token) is None:
        raise LocalError(f"{place}: holds no token: put one line of printable ASCII there")
    return token
