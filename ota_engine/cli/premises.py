"""``zota premises``: reads options, has a change announced, shows who knows of it; decides nothing."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from images.eui64 import Eui64
from ota_engine.cli import columns, engine_options, push_options
from ota_engine.cli.engines import EngineChoice, run_engine
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson, number
from ota_engine.cli.links import resolve
from ota_engine.cli.premises_report import change_facts, change_line, change_lines, reply_text
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.hub.premises.changes import PremisesStatus
from ota_engine.hub.premises.requests import AnnounceChange, CancelChange, PremisesRequest
from ota_engine.records import PremisesReplyRecord, PremisesSubject
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import counted
from ota_engine.zcl.device_management import (
    CONTACTOR_UNCHANGED,
    FOR_SUPPLIER,
    FOR_TENANCY,
    control_of,
    words_of_control,
)

if TYPE_CHECKING:
    from ota_engine.shell.premises import PremisesTold
    from ota_engine.shell.service import Setup

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

ACTOR: Final = "zota premises"
PATIENCE: Final = 300.0  # seconds


def _subject(text: str) -> PremisesSubject:
    try:
        return PremisesSubject(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!a} is no change: say tenancy or supplier") from None


At = Annotated[
    Utc | None,
    typer.Option(
        parser=engine_options.later,
        metavar="TIME",
        help="From when, not at once: 2026-07-01T02:00, or +90s from now.",
    ),
]
Clears = Annotated[
    str | None,
    typer.Option(
        "--clears",
        metavar="WORDS",
        help="What devices are to do, joined by commas: "
        + ", ".join(words_of_control(0x7FFF))
        + ".",
    ),
]
Event = Annotated[
    int | None,
    typer.Option(
        "--event",
        parser=number,
        metavar="N",
        help="Issuer event id, higher than the last; by default by the clock.",
    ),
]
Provider = Annotated[
    int, typer.Option("--provider", parser=number, metavar="N", help="Number of the supplier now.")
]
Proposed = Annotated[
    int, typer.Option("--proposed", parser=number, metavar="N", help="Number of the next one.")
]
Name = Annotated[str, typer.Option("--name", help="Name of the next one, 16 octets at most.")]
Contact = Annotated[
    str, typer.Option("--contact", help="How the next one is reached, 19 octets at most.")
]
Tariff = Annotated[
    int,
    typer.Option("--tariff", min=0, max=2, help="0 delivered, 1 received, 2 both."),
]
Stay = Annotated[bool, typer.Option("--stay", help="Go on until the change has taken effect, too.")]
Timeout = Annotated[
    float,
    typer.Option(
        parser=push_options.duration,
        metavar="TIME",
        show_default="5m",
        help="Stop waiting after so long (90s, 15m, 2h).",
    ),
]
Subject = Annotated[
    PremisesSubject,
    typer.Argument(help="What does not change.", metavar="tenancy|supplier", parser=_subject),
]
Kept = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="The state folder of an engine.")
]


@app.callback()
def premises() -> None:
    """Tell the devices of a home that its occupier or its supplier changes (cluster 0x0708)."""


@app.command()
def tenancy(
    link: push_options.LinkUrl,
    state: push_options.State,
    at: At = None,
    clears: Clears = None,
    event: Event = None,
    provider: Provider = 0,
    tariff: Tariff = 0,
    device: push_options.Devices = None,
    stay: Stay = False,
    timeout: Timeout = PATIENCE,
    as_json: AsJson = False,
) -> None:
    """Announce that somebody else lives here, and wait until every device knows.

    By default they clear the consumer's data and earlier profile data, and leave the supply as it is.
    Exit code 0: every device asked, acknowledged or has no part in it; 2: one has not, in time; 3: the
    link or the state folder cannot be opened; 130: stopped by Ctrl-C. The hub goes on telling it
    whenever it runs with this --state folder.
    """
    wanted = AnnounceChange(
        PremisesSubject.TENANCY,
        _control(clears, FOR_TENANCY),
        ACTOR,
        _at(at),
        event,
        provider,
        tariff,
    )
    _tell(link, state, wanted, device, timeout, stay=stay, as_json=as_json)


@app.command()
def supplier(
    link: push_options.LinkUrl,
    state: push_options.State,
    at: At = None,
    clears: Clears = None,
    event: Event = None,
    provider: Provider = 0,
    proposed: Proposed = 0,
    name: Name = "",
    contact: Contact = "",
    tariff: Tariff = 0,
    device: push_options.Devices = None,
    stay: Stay = False,
    timeout: Timeout = PATIENCE,
    as_json: AsJson = False,
) -> None:
    """Announce that another supplier serves this home, and wait until every device knows.

    By default they clear the supplier's data, the tariff and the standing charge, and leave the supply
    as it is. Exit codes as of zota premises tenancy.
    """
    wanted = AnnounceChange(
        PremisesSubject.SUPPLIER,
        _control(clears, FOR_SUPPLIER),
        ACTOR,
        _at(at),
        event,
        provider,
        tariff,
        proposed,
        name.encode(),
        contact.encode(),
    )
    _tell(link, state, wanted, device, timeout, stay=stay, as_json=as_json)


@app.command()
def cancel(
    subject: Subject,
    link: push_options.LinkUrl,
    state: push_options.State,
    device: push_options.Devices = None,
    timeout: Timeout = PATIENCE,
    as_json: AsJson = False,
) -> None:
    """Take a change back that has not taken effect, and wait until every device knows.

    Exit codes as of zota premises tenancy.
    """
    _tell(link, state, CancelChange(subject, ACTOR), device, timeout, stay=False, as_json=as_json)


@app.command()
def show(state: Kept, as_json: AsJson = False) -> None:
    """Show what was announced last, and which devices know of it; needs no radio."""
    found = _read(state)
    if as_json:
        typer.echo(json.dumps([change_facts(status) for status in found], indent=2))
        return
    if not found:
        typer.echo(f"{state}: no change of tenancy or supplier was announced yet")
    room = columns.Room.of(sys.stdout)
    for status in found:
        columns.show(change_lines(status, room.columns))


def _control(clears: str | None, usual: int) -> int:
    """What devices are to do; the supply stays as it is unless something is said of it."""
    if clears is None:
        return usual
    words = tuple(word.strip() for word in clears.split(",") if word.strip())
    control = control_of(words)
    return control if control & CONTACTOR_UNCHANGED else control | CONTACTOR_UNCHANGED


def _at(at: Utc | None) -> Utc | None:
    if at is not None and at <= this_machine():
        raise LocalError("--at has passed: give a later time, or leave it out for at once")
    return at


def _tell(
    link: str,
    state: Path,
    wanted: PremisesRequest,
    devices: list[int] | None,
    timeout: float,
    *,
    stay: bool,
    as_json: bool,
) -> None:
    """Have it told, and say how that went."""
    named = [Eui64(device) for device in devices or ()]

    def watch(reply: PremisesReplyRecord) -> None:
        if not as_json:
            put(f"{Eui64(reply.device):016x} {reply_text(reply)}", sys.stderr)

    async def work(setup: "Setup") -> "PremisesTold":
        from ota_engine.shell.premises import tell

        return await tell(setup, wanted, named, watch, timeout, stay=stay)

    told = run_engine(EngineChoice(resolve(link), state), work)
    if as_json:
        typer.echo(json.dumps(change_facts(told.status, told.silent), indent=2))
    else:
        put(change_line(told.status.change))
        put(
            f"{counted(len(told.status.replies), 'device')} let us know; zota premises show lists them"
        )
    if told.silent:
        names = ", ".join(f"{device:016x}" for device in told.silent[:8])
        remark(f"{names}: said nothing in time; it is told when it comes back while a hub runs")
    if told.ending.interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.ERRORS if told.silent or told.ending.timed_out else Exit.OK)


def _read(state: Path) -> list[PremisesStatus]:
    from ota_engine.hub.premises.changes import PremisesChanges
    from ota_engine.store.location import place_of
    from ota_engine.store.store import Store

    with Store.inspect(place_of(state)) as store:
        changes, replies = store.premises()
    return list(PremisesChanges(changes, replies, lambda _: None).status())
