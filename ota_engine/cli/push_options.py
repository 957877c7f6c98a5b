"""The options of ``zota push``: how each is written and what it means; opens nothing."""

import re
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from images.eui64 import Eui64
from ota_engine.cli.captures import CaptureOption
from ota_engine.cli.image_options import eui64, number
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import Override, Term, VersionPolicy
from ota_engine.times import Utc

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def duration(text: str | float) -> float:
    """Read ``90``, ``90s``, ``15m``, ``2h`` or ``1d`` as seconds."""
    if isinstance(text, float):  # typer sends defaults through the parser too
        return text
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no length of time: write 90s, 15m or 2h")
    return float(match[1]) * UNITS[match[2] or "s"]


def moment(text: str | float) -> Utc:
    """Read ``2026-07-01T02:00`` (local time), or with an offset, as UTC seconds since 1970."""
    if isinstance(text, float):
        return Utc(text)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: write 2026-07-01T02:00") from None
    return Utc(at.astimezone(UTC).timestamp())


def overrides(texts: list[str] | None) -> tuple[Override, ...]:
    """Read ``TERM=REASON`` of every ``--override``."""
    found = {}
    for text in texts or ():
        name, _, reason = text.partition("=")
        if name not in set(Term):
            raise typer.BadParameter(f"{name!r} is no term: write {', '.join(Term)} and =REASON")
        if not reason.strip():
            raise typer.BadParameter(f"why? write {name}=REASON: it is kept")
        found[name] = Override(Term(name), reason.strip())
    return tuple(found.values())


Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|NAME...", help="OTA files, or names in the catalogue; each device its own."
    ),
]
CatalogueFolder = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        metavar="DIR",
        envvar="ZOTA_CATALOGUE",
        help="A catalogue: NAMEs are looked up in it, and its terms hold. Without NAME: all that is "
        "approved. Else ./catalogue if there is one.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="TERM=REASON",
        help="A term of the catalogue that does not count: status, model, maker, base or hardware; "
        "the reason is kept. Repeatable.",
    ),
]
InOrder = Annotated[
    bool,
    typer.Option("--in-order", help="Several chips of one device: update them in FILE order."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what each device would get, and offer nothing.")
]
LinkUrl = Annotated[
    str,
    typer.Option(
        "--link",
        metavar="URL",
        help="The radio: ezsp:///dev/ttyACM0, ezsp+tcp://host:port, han://, sim://.",
    ),
]
State = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="What the engine remembers; made if absent.")
]
Devices = Annotated[
    list[int] | None,
    typer.Option("--device", parser=eui64, metavar="EUI64", help="A device; repeatable."),
]
Everybody = Annotated[
    bool, typer.Option("--all", help="Every device in the network that an image is for.")
]
Policy = Annotated[
    VersionPolicy,
    typer.Option(
        help="upgrade: only to a higher version; reinstall: also the same; downgrade: any."
    ),
]
ExpectVersion = Annotated[
    int | None,
    typer.Option(
        parser=number,
        metavar="N",
        help="The version devices report once they run FILE, where it is not the file's.",
    ),
]
BlockSize = Annotated[int | None, typer.Option(min=1, max=255, help="Octets in a block, at most.")]
Concurrency = Annotated[
    int, typer.Option(min=1, max=255, help="Downloads at once; the others wait their turn.")
]
At = Annotated[
    Utc | None,
    typer.Option(parser=moment, metavar="TIME", help="Run the image at this time, not at once."),
]
NoActivate = Annotated[
    bool, typer.Option("--no-activate", help="Let devices verify and hold the image, not run it.")
]
Timeout = Annotated[
    float,
    typer.Option(
        parser=duration,
        metavar="TIME",
        show_default="none",
        help="Stop waiting after so long (90s, 15m, 2h).",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A folder for the evidence: report.html, journal, outcomes."),
]
GoOn = Annotated[
    bool, typer.Option("--resume", help="Go on with the push that the state folder remembers.")
]
NO_TIMEOUT = inf
DEFAULT_CONCURRENCY = DeliveryConfig().concurrency


class PushOptions(NamedTuple):
    """What a person wants of a push, as it was written."""

    files: Files = None
    device: Devices = None
    everybody: Everybody = False
    catalogue: CatalogueFolder = None
    policy: Policy = VersionPolicy.UPGRADE
    override: Overrides = None
    in_order: InOrder = False
    dry_run: DryRun = False
    expect_version: ExpectVersion = None
    block_size: BlockSize = None
    concurrency: Concurrency = DEFAULT_CONCURRENCY
    at: At = None
    no_activate: NoActivate = False
    timeout: Timeout = NO_TIMEOUT
    capture: CaptureOption = None
    report: Report = None
    resume: GoOn = False

    @property
    def names(self) -> tuple[str, ...]:
        """Files, or names in the catalogue."""
        return tuple(self.files or ())

    @property
    def devices(self) -> tuple[Eui64, ...]:
        """Those that were named."""
        return tuple(Eui64(number) for number in self.device or ())

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Terms that do not count."""
        return overrides(self.override)
