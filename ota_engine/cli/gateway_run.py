"""``zota gateway run``: puts a gateway together of its options and runs it; decides nothing."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from images.files import read_bounded
from ota_engine.cli.engines import EngineChoice, open_setup
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import project_version, require
from ota_engine.cli.files import warn_if_open
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.links import LinkChoice, resolve
from ota_engine.cli.remarks import put
from ota_engine.errors import LocalError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.times import Utc

if TYPE_CHECKING:
    from ota_engine.gateway.core import ImageFinder
    from ota_engine.shell.gateway_papers import AdmissionCode
    from ota_engine.shell.gateway_program import OpenedHub
    from ota_engine.telling.serving import Place

EXTRA: Final = "receiver"  # that brings what speaks HTTP
MOST_CODE: Final = 4096  # octets of a file with one

HeadEnd = Annotated[
    str, typer.Option("--head-end", metavar="URL", help="The server (zota serve) it works for.")
]
GatewayState = Annotated[
    Path,
    typer.Option("--state", metavar="DIR", help="What it remembers; one for each gateway."),
]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Trust a head end certified by this (PEM) alone."),
]
PrivateWay = Annotated[
    bool,
    typer.Option("--private-way", help="Plain HTTP although others might be on the way."),
]
TestClock = Annotated[
    bool,
    typer.Option("--test-clock", help="For trials: live by the calendar of the head end."),
]


class RunChoice(NamedTuple):
    """The gateway that was asked for."""

    head_end: str
    link: LinkChoice
    state: Path
    code: "AdmissionCode | None"
    keys: Path | None
    home: str
    http: "Place | None"
    ca: Path | None
    private_way: bool
    test_clock: bool


def run_command(
    head_end: HeadEnd,
    link: Annotated[
        str, typer.Option("--link", metavar="URL", help="The hub's radio, or an emulated home.")
    ],
    state: GatewayState,
    code: Annotated[
        str, typer.Option("--code", metavar="NAME:CODE", help="Register by what admit has shown.")
    ] = "",
    code_file: Annotated[
        Path | None,
        typer.Option("--code-file", metavar="FILE", help="The same, in a file: nobody sees it."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="DIR", help="Keys of a hub that speaks GBCS."),
    ] = None,
    home: Annotated[
        str,
        typer.Option("--home", metavar="HOME", help="Its home, if it is given more than one."),
    ] = "",
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="HOST:PORT", help="Serve /healthz and /metrics there."),
    ] = None,
    ca: Ca = None,
    private_way: PrivateWay = False,
    test_clock: TestClock = False,
) -> None:
    """Be a gateway: the hub of one home, which takes its work from a head end; until stopped.

    Registers by the code of zota gateway admit, once, and goes on from its state folder from then on.
    Works on with what it has while the head end is away. Logs are JSON lines on standard error.
    Ctrl-C or SIGTERM ends it; nothing is lost by that, nor by a crash.
    """
    require(EXTRA, "gateway run")
    import trio

    from ota_engine.telling.serving import Place

    choice = RunChoice(
        head_end,
        real_time(link),
        state,
        read_code(code, code_file),
        keys,
        home,
        None if http is None else Place.read(http),
        ca,
        private_way,
        test_clock,
    )
    state.mkdir(parents=True, exist_ok=True)
    found = None if keys is None else read_key_folder(keys)
    ended_by = trio.run(_run_until_a_signal, choice, found)
    put(f"stopped; the same command goes on from {state}")
    if ended_by == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def real_time(url: str) -> LinkChoice:
    """Read a link that a gateway can run on.

    Raises:
        LocalError: it is none, or time there is its own.
    """
    link = resolve(url)
    if link.virtual or link.speed != 1.0:
        raise LocalError(f"{url}: a head end is served in its time: write han:// without a speed")
    return link


def read_code(code: str, file: Path | None) -> "AdmissionCode | None":
    """Read the code of a gateway from whichever option has it.

    Raises:
        LocalError: it is none, or both have one.
        OSError: the file cannot be read.
    """
    from ota_engine.shell.gateway_papers import AdmissionCode

    if code and file is not None:
        raise LocalError("give one of --code and --code-file")
    if file is None:
        return AdmissionCode.read(code) if code else None
    warn_if_open(file, "code")
    return AdmissionCode.read(read_bounded(file, MOST_CODE).decode("utf-8", "replace"))


async def _run_until_a_signal(choice: RunChoice, keys: Keystore | None) -> int:
    import trio

    from ota_engine.cli.gateways import image_finder
    from ota_engine.cli.json_log import json_log
    from ota_engine.shell.gateway_health import GatewayHealth
    from ota_engine.shell.gateway_program import GatewayProgram, GatewaySettings
    from ota_engine.shell.head_end_door import HeadEndDoor
    from ota_engine.telling.serving import serving

    log = json_log()
    async with AsyncExitStack() as stack:
        door = HeadEndDoor(choice.head_end, ca=choice.ca, private=choice.private_way)
        settings = GatewaySettings(
            state=choice.state,
            door=await stack.enter_async_context(door),
            open_hub=hub_opener(choice.link, choice.state, choice.keys, keys),
            find_images=lambda folder: image_finder([folder]),
            software=f"zota {project_version()}",
            log=log,
            code=choice.code,
            home=choice.home,
            test_clock=choice.test_clock,
        )
        program = await stack.enter_async_context(GatewayProgram.open(settings))
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(program.run)
                if choice.http is not None:
                    served = serving(GatewayHealth(program).app, choice.http)
                    log("health", url=await stack.enter_async_context(served))
                put(f"gateway in {choice.state} for {door.place}; Ctrl-C ends it")
                ended_by: int = await anext(signals)
                nursery.cancel_scope.cancel()
    return ended_by


def hub_opener(
    link: LinkChoice,
    state: Path,
    folder: Path | None,
    keys: Keystore | None,
    *,
    light: bool = False,
) -> "Callable[[Callable[[], Utc], ImageFinder], AbstractAsyncContextManager[OpenedHub]]":
    """Have a hub reached whenever it is wanted.

    Args:
        link: its radio.
        state: what it remembers.
        folder: of its keys, for messages.
        keys: that are in it; None for none.
        light: it is one of many in this process: it writes without threads, and a power cut, which is
            more than a kill, may take its last rows.
    """

    @asynccontextmanager
    async def open_hub(clock: Callable[[], Utc], find: "ImageFinder") -> "AsyncIterator[OpenedHub]":
        from ota_engine.shell.gateway_program import OpenedHub

        choice = EngineChoice(link, state, keys=folder)
        async with AsyncExitStack() as stack:
            setup = await stack.enter_async_context(open_setup(choice, keys, clock=clock))
            if light:
                setup = replace(setup, virtual=True)
            itself = None
            if link.open_hub is not None:
                opened = link.open_hub(setup.link, state, clock, find)
                itself = await stack.enter_async_context(opened)
            yield OpenedHub(setup, itself)

    return open_hub
