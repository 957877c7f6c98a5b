"""The options of ``zota catalogue``: how each is written and what it means; opens no catalogue."""

import getpass
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from images.catalogue import ImageStatus, Range
from ota_engine.cli.image_options import number

DEFAULT_FOLDER: Final = Path("catalogue")
NONE: Final = "none"
ENVIRONMENT: Final = "ZOTA_CATALOGUE"


class Form(StrEnum):
    """What an export writes."""

    FOLDER = "folder"
    ZIGPY = "zigpy"
    ZIGBEE2MQTT = "zigbee2mqtt"


Folder = Annotated[
    Path,
    typer.Option("--catalogue", metavar="DIR", envvar=ENVIRONMENT, help="The catalogue's folder."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="OTA files.")]
Image = Annotated[
    str,
    typer.Argument(metavar="IMAGE", help="MMMM-TTTT-VVVVVVVV, or the beginning of a SHA-256."),
]
Images = Annotated[
    list[str],
    typer.Argument(
        metavar="IMAGE...", help="MMMM-TTTT-VVVVVVVV, or the beginning of a SHA-256; several."
    ),
]
Bases = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="V|LO..HI|none",
        help="Versions it may be applied to; repeatable. Left out: every lower one.",
    ),
]
HardwareMinimum = Annotated[
    int | None,
    typer.Option("--hw-min", parser=number, metavar="N", help="Narrow the header's hardware."),
]
HardwareMaximum = Annotated[
    int | None,
    typer.Option("--hw-max", parser=number, metavar="N", help="Narrow the header's hardware."),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME", help="Only for devices of this model; repeatable."),
]
Makers = Annotated[
    list[str] | None,
    typer.Option("--maker", metavar="NAME", help="Only for this manufacturer name; repeatable."),
]
Notes = Annotated[str, typer.Option(metavar="TEXT", help="What changed, for people.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who you are; else your login.")
]
Override = Annotated[
    str, typer.Option(metavar="REASON", help="Accept a file with errors; the reason is kept.")
]
AllowClash = Annotated[
    str,
    typer.Option(metavar="REASON", help="Accept a second file of an identity; the reason is kept."),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept.")]
StatusOnly = Annotated[ImageStatus | None, typer.Option("--status", help="Only these.")]
Running = Annotated[
    int | None,
    typer.Option(parser=number, metavar="V", help="Only what fits a device running this version."),
]
Whole = Annotated[bool, typer.Option("--all", help="Also those a terminal has no room for.")]
Target = Annotated[
    Path, typer.Argument(metavar="TARGET", help="A new folder; for one index a file, or - .")
]
FormChoice = Annotated[Form, typer.Option("--format", help="A folder of files, or one index.")]
BaseUrl = Annotated[
    str,
    typer.Option(metavar="URL", help="Where the files will be served; else beside the index."),
]
Drafts = Annotated[bool, typer.Option("--drafts", help="Drafts too, not only what is approved.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files of the same names.")]
Index = Annotated[
    Path, typer.Argument(metavar="INDEX", help="zigpy's, zigbee2mqtt's or ours; or its folder.")
]
FilesFolder = Annotated[
    Path | None, typer.Option("--files", metavar="DIR", help="Where the files lie; else beside it.")
]


def read_bases(texts: Sequence[str] | None) -> tuple[Range, ...] | None:
    """Read ``V``, ``LO..HI`` and ``none``; None where nothing was said."""
    if texts is None or not texts:
        return None
    if NONE in texts:
        if len(texts) > 1:
            raise typer.BadParameter("--from none says that there is no version: leave out others")
        return ()
    return tuple(sorted(map(_base, texts)))


def _base(text: str) -> Range:
    low, dots, high = text.partition("..")
    return Range(number(low), number(high if dots else low))


def read_hardware(low: int | None, high: int | None) -> Range | None:
    """Read a hardware range of two ends."""
    if (low is None) != (high is None):
        raise typer.BadParameter("a hardware range has two ends: give both --hw-min and --hw-max")
    return None if low is None or high is None else Range(low, high)


def read_who(name: str | None) -> str:
    """Who acts: as they say, or as the machine knows them."""
    if name is not None and not name.strip():
        raise typer.BadParameter("--by wants a name")
    if name is not None:
        return name.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have neither a name nor a variable
        return "unknown"
