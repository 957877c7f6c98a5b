"""``zota radio``: networks of real coordinators, from forming one to leaving it; decides nothing."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import trio
import typer

from hw.settings import parse_link
from images.eui64 import Eui64, format_eui64, parse_eui64
from images.files import read_bounded
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.files import write_whole
from ota_engine.errors import LocalError
from ota_engine.events import Joined
from ota_engine.shell.waiting import wait_for
from ota_engine.wording import counted

if TYPE_CHECKING:
    from hw.formation import KnownDevice
    from hw.radio import ZigpyRadio
    from hw.session import RadioFacts
    from hw.settings import RadioSettings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

T = TypeVar("T")
DEFAULT_CHANNEL = 15  # clear of Wi-Fi channels 1, 6 and 11
INTERVIEWS = 60.0  # seconds that interviews under way are given to end
LONGEST_PERMIT = 254  # seconds, Zigbee 2.4.3.3.7

LinkOption = Annotated[str, typer.Option("--link", metavar="URL", help="e.g. ezsp:///dev/ttyACM0")]
MaybeLink = Annotated[
    str | None,
    typer.Option(
        "--link", metavar="URL", help="e.g. ezsp:///dev/ttyACM0; without: as --state remembers."
    ),
]
State = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="Folder that remembers the network.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
STATE = Path("zota-state")
LINK_NAME = "link.txt"  # in the state folder
LINK_BYTES = 4096


@app.callback()
def radio() -> None:
    """Form a network, let devices join, see who is in it, leave it."""


@app.command("form")
def form_command(
    link: LinkOption,
    state: State = STATE,
    channel: Annotated[int, typer.Option(help="Channel to stay on, 11 to 26.")] = DEFAULT_CHANNEL,
    force: Annotated[bool, typer.Option("--force", help="Replace a network that exists.")] = False,
    as_json: Json = False,
) -> None:
    """Form a network on one channel. A network that exists is kept unless --force is given."""
    settings = radio_settings(link, state)
    from hw.formation import form

    facts = trio.run(partial(form, settings, channel, force=force))
    _remember(settings, state)
    _show(facts, as_json=as_json)


@app.command("info")
def info_command(link: MaybeLink = None, state: State = STATE, as_json: Json = False) -> None:
    """Say what the radio is, and what network it has."""

    async def look(radio: "ZigpyRadio") -> "RadioFacts":
        return radio.facts

    _show(_with_radio(link, state, look), as_json=as_json)


@app.command("permit")
def permit_command(
    link: MaybeLink = None,
    state: State = STATE,
    seconds: Annotated[int, typer.Option(min=1, max=LONGEST_PERMIT, help="How long.")] = 60,
    as_json: Json = False,
) -> None:
    """Let devices join, and name those that do. Ctrl-C ends it early."""

    async def watch(radio: "ZigpyRadio") -> tuple[list[Joined], bool]:
        return await _permit(radio, seconds, quiet=as_json)

    joined, stopped = _with_radio(link, state, watch)
    if as_json:
        rows = [{"device": format_eui64(j.device), "address": j.network_address} for j in joined]
        typer.echo(json.dumps({"joined": rows}, indent=2))
    else:
        typer.echo(f"{counted(len({j.device for j in joined}), 'device')} joined")
    if stopped:
        raise typer.Exit(Exit.INTERRUPTED)


@app.command("devices")
def devices_command(link: MaybeLink = None, state: State = STATE, as_json: Json = False) -> None:
    """List the devices of the network as the state folder remembers them; the radio can be away."""
    settings = radio_settings(_known(link, state), state)
    from hw.formation import known_devices

    found = trio.run(known_devices, settings)
    if as_json:
        rows = [asdict(device) | {"eui64": format_eui64(device.eui64)} for device in found]
        typer.echo(json.dumps({"devices": rows}, indent=2))
        return
    for device in found:
        typer.echo(_line(device))
    if not found:
        typer.echo("no devices yet; run: zota radio permit")


@app.command("leave")
def leave_command(
    link: MaybeLink = None,
    state: State = STATE,
    device: Annotated[
        str | None, typer.Option(metavar="EUI64", help="Send this device away instead.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Yes, forget the whole network.")] = False,
) -> None:
    """Forget the network for good, or send one device away."""
    settings = radio_settings(_known(link, state), state)
    from hw.formation import dismiss, leave

    if device is not None:
        trio.run(dismiss, settings, _eui64(device))
        typer.echo(f"{device}: told to leave")
        return
    if not force:
        raise LocalError("every device would have to join again; give --force if that is meant")
    trio.run(leave, settings)
    typer.echo(f"{settings.url}: has no network any more")


def radio_settings(link: str, state: Path | None) -> "RadioSettings":
    """Read a link URL that has to be a radio's.

    Raises:
        LocalError: it is not, or radios are not installed.
    """
    if link.startswith(("han:", "sim:")):
        raise LocalError(f"{link}: an emulated home has no radio; name one, or a virtual dongle")
    settings = parse_link(link, state)
    require(settings.library.extra, link)
    return settings


def _known(link: str | None, state: Path) -> str:
    """The link that is named, else the one the state folder remembers.

    Raises:
        LocalError: there is none, or what is remembered is no link.
    """
    if link is not None:
        return link
    path = state / LINK_NAME
    try:
        remembered = read_bounded(path, LINK_BYTES).decode().strip()
        parse_link(remembered)
    except FileNotFoundError:
        raise LocalError(
            f"which radio? {state} remembers none yet: give --link URL "
            "(zota doctor lists the ports there are), or another --state"
        ) from None
    except (UnicodeDecodeError, LocalError):
        raise LocalError(f"{path}: is no link; give --link URL") from None
    return remembered


def _remember(settings: "RadioSettings", state: Path) -> None:
    """Note the link of a radio that was used with a state folder."""
    if state.is_dir():
        write_whole(state / LINK_NAME, f"{settings.url}\n".encode(), force=True)


def _with_radio(link: str | None, state: Path, work: "Callable[[ZigpyRadio], Awaitable[T]]") -> T:
    """Open a radio, do something with it, and close it."""
    settings = radio_settings(_known(link, state), state)
    from hw.radio import ZigpyRadio

    async def run() -> T:
        async with ZigpyRadio(settings) as radio:
            _remember(settings, state)
            return await work(radio)

    return trio.run(run)


async def _permit(radio: "ZigpyRadio", seconds: int, *, quiet: bool) -> tuple[list[Joined], bool]:
    """Watch who joins; also whether somebody ended that before its time."""
    joined: list[Joined] = []
    await radio.permit(seconds)
    if not quiet:
        typer.echo(f"devices may join for {seconds} s")

    async def watch() -> None:
        async for batch in radio.events:
            for event in batch:
                if isinstance(event, Joined):
                    joined.append(event)
                    if not quiet:
                        typer.echo(f"{format_eui64(event.device)} is 0x{event.network_address:04X}")

    ending = await wait_for(watch, seconds)
    if ending.interrupted:
        await radio.permit(0)
    with trio.move_on_after(INTERVIEWS):
        await radio.session.settle()
    return joined, ending.interrupted


def _show(facts: "RadioFacts", *, as_json: bool) -> None:
    own, extended = format_eui64(facts.eui64), format_eui64(facts.extended_pan_id)
    if as_json:
        shown = asdict(facts) | {"eui64": own, "extended_pan_id": extended}
        typer.echo(json.dumps(shown, indent=2))
        return
    board = " ".join(word for word in (facts.manufacturer, facts.model) if word)
    protocol = "" if facts.protocol is None else f", EZSP {facts.protocol}"
    typer.echo(f"coordinator {own}  {board or 'unnamed board'}")
    typer.echo(f"firmware    {facts.firmware or 'of unknown version'}{protocol}")
    typer.echo(f"network     PAN {facts.pan_id:04X} ({extended}), channel {facts.channel}")
    typer.echo(f"payload     {facts.max_payload} octets per frame")


def _line(device: "KnownDevice") -> str:
    name = " ".join(word for word in (device.manufacturer, device.model) if word)
    takes = {True: "takes images", False: "takes no images", None: "not interviewed yet"}
    words = [format_eui64(device.eui64), f"0x{device.network_address:04X}", name or "(no name)"]
    words.append(takes[device.ota_client])
    if device.sleepy:
        words.append("sleepy")
    if device.last_seen_utc is not None:
        seen = datetime.fromtimestamp(device.last_seen_utc, UTC)
        words.append(f"last seen {seen:%Y-%m-%d %H:%M:%S} UTC")
    return "  ".join(words)


def _eui64(text: str) -> Eui64:
    try:
        return parse_eui64(text)
    except ValueError as error:
        raise LocalError(str(error)) from error
