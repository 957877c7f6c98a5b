"""``zota gbcs``: reads options, files and keys, asks the gbcs room, prints; decides nothing."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from images.files import read_bounded
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.envelope import MAX_MESSAGE_BYTES, Message, parse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.verification import CheckResult

MAX_FILE_BYTES: Final = 1 << 20
MAX_TEXT_BYTES: Final = 4 * MAX_MESSAGE_BYTES  # hexadecimal with blanks between the octets
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]|\s)*")

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Source = Annotated[
    str, typer.Argument(metavar="FILE|HEX|-", help="A message: file, hex digits, or - for stdin.")
]
KeyFolder = Annotated[
    Path | None,
    typer.Option("--keystore", metavar="DIR", help="Folder of certificates, keys and secrets."),
]


@app.callback()
def gbcs() -> None:
    """Read GBCS messages, and check who made them."""


@app.command()
def decode(source: Source, keystore: KeyFolder = None, as_json: AsJson = False) -> None:
    """Show what a GBCS message says, and whether its signature and MAC are valid.

    Exit code 2 when one of them is not, or the payload is malformed, or it is no GBCS message.
    """
    from ota_engine.cli.gbcs_facts import print_text
    from ota_engine.cli.key_folder import read_key_folder
    from ota_engine.gbcs.facts import MALFORMED, facts_of

    octets, name = _read(source)
    keys = Keystore() if keystore is None else read_key_folder(keystore)
    message = _parsed(octets, name)
    found = check(message, keys)
    facts = facts_of(message, found, keys)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        print_text(facts, len(octets))
    if CheckResult.INVALID in found or facts["payload"]["type"] == MALFORMED:
        raise typer.Exit(Exit.ERRORS)


def _parsed(octets: bytes, name: str) -> Message:
    try:
        return parse(octets)
    except PeerError as error:
        raise PeerError(f"{name}: {error}") from None


def _read(source: str) -> tuple[bytes, str]:
    """Take octets from where they are: a file if there is one of this name, else the text."""
    if source == "-":
        return _octets(
            sys.stdin.buffer.read(MAX_TEXT_BYTES + 1), "standard input"
        ), "standard input"
    path = Path(source)
    digits = _HEX.fullmatch(source.encode(errors="replace")) is not None
    if not source or (digits and not _exists(path)):
        return _octets(source.encode(), "the argument"), "the argument"
    return _octets(read_bounded(path, MAX_FILE_BYTES), source), source


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # hex digits too many for a file name
        return False


def _octets(data: bytes, name: str) -> bytes:
    """Read hexadecimal digits; anything else is the message itself."""
    if len(data) > MAX_TEXT_BYTES:
        raise LocalError(f"{name}: more than {MAX_TEXT_BYTES} octets: no GBCS message is so long")
    if not _HEX.fullmatch(data):
        return data
    digits = b"".join(data.split())
    if len(digits) % 2:
        raise LocalError(f"{name}: an odd number of hex digits: one is missing or too many")
    return bytes.fromhex(digits.decode())
