"""By what a gateway is known to its head end: its name and its token, in a file for its owner alone.

What is in it is never printed.
"""

import json
from pathlib import Path
from typing import Final, NamedTuple

from images.files import OTHERS, read_bounded, write_secret
from ota_engine.errors import LocalError
from ota_engine.gateway.wire import SECRET

PAPERS_NAME: Final = "head-end.json"  # in the state folder
MOST: Final = 1 << 16


class GatewayPapers(NamedTuple):
    """By what it is known.

    Attributes:
        gateway: its name.
        token: that it shows.
    """

    gateway: str
    token: str

    def __repr__(self) -> str:
        """Without what nobody is to see."""
        return f"GatewayPapers({self.gateway!r})"


class AdmissionCode(NamedTuple):
    """What an operator was given for a gateway that is to register: ``NAME:CODE``.

    Attributes:
        gateway: its name.
        code: to be used once.
    """

    gateway: str
    code: str

    def __repr__(self) -> str:
        """Without what nobody is to see."""
        return f"AdmissionCode({self.gateway!r})"

    @classmethod
    def read(cls, text: str) -> "AdmissionCode":
        """Read what ``zota gateway admit`` gave.

        Raises:
            LocalError: it is something else.
        """
        gateway, _, code = text.strip().partition(":")
        try:
            SECRET.read(code, "code")
        except LocalError:
            gateway = ""
        if not gateway:
            raise LocalError(
                "the code is none: give all of what zota gateway admit gave, NAME:CODE"
            )
        return cls(gateway, code)


def read_papers(state: Path) -> GatewayPapers | None:
    """Read a gateway's papers; None where it has not registered.

    Raises:
        LocalError: they are none, or others can read them.
        OSError: they cannot be read.
    """
    path = state / PAPERS_NAME
    if not path.exists():
        return None
    if path.stat().st_mode & OTHERS:
        raise LocalError(f"{path}: others can read it: chmod 600 it, and have it admitted anew")
    try:
        told = json.loads(read_bounded(path, MOST))
        return GatewayPapers(str(told["gateway"]), str(told["token"]))
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(f"{path}: holds no papers: remove it, and register anew") from error


def write_papers(state: Path, papers: GatewayPapers) -> None:
    """Keep a gateway's papers in the place of those before.

    Raises:
        OSError: they cannot be written.
    """
    path = state / PAPERS_NAME
    path.unlink(missing_ok=True)
    write_secret(path, json.dumps(papers._asdict()).encode())
