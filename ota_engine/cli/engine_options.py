"""The options of commands that run an engine with keys: how each is written and what it means."""

from pathlib import Path
from typing import Annotated, Final

import typer

from ota_engine.cli.image_options import eui64
from ota_engine.cli.push_options import duration, moment
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

LATER: Final = "+"  # before a length of time: so long from now


def later(text: str | float) -> Utc:
    """Read ``2026-07-01T02:00`` (local time), or ``+90s`` from now, as UTC seconds since 1970."""
    if isinstance(text, str) and text.strip().startswith(LATER):
        return this_machine() + duration(text.strip().removeprefix(LATER))
    return moment(text)


Keys = Annotated[
    Path,
    typer.Option("--keys", metavar="DIR", help="Folder of keys, as zota pki init makes one."),
]
MaybeKeys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="DIR",
        help="Folder of keys: tell of transfers by alerts (CCS08) that the radio's key signs.",
    ),
]
OutcomesTo = Annotated[
    str | None,
    typer.Option("--outcomes-to", metavar="URL", help="Post every outcome there, with its proof."),
]
Originator = Annotated[
    int | None,
    typer.Option(
        parser=eui64,
        metavar="EUI64",
        help="In whose name; by default the first supplier whose signing key is at hand.",
    ),
]
OneDevice = Annotated[
    int, typer.Option("--device", parser=eui64, metavar="EUI64", help="The device.")
]
