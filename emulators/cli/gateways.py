"""``zota gateway homes`` and ``emulate``: homes for gateways to try a fleet on, and many gateways at once."""

import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple
from urllib.parse import quote

import typer

from images.eui64 import format_eui64
from images.files import read_bounded, write_whole
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import project_version, require
from ota_engine.cli.files import warn_if_open
from ota_engine.cli.fleet_desk import (
    Deciding,
    FleetPlace,
    Key,
    State,
    TokenFile,
    fleet_at,
    opened,
)
from ota_engine.cli.gateway_admit import draw_and_admit
from ota_engine.cli.gateway_run import (
    EXTRA,
    Ca,
    HeadEnd,
    PrivateWay,
    TestClock,
    hub_opener,
    real_time,
)
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError, ZotaError, first_of
from ota_engine.gbcs.keystore import Keystore
from ota_engine.wording import counted

if TYPE_CHECKING:
    from ota_engine.fleet.inventory.rows import Home, InstalledDevice, Variant
    from ota_engine.shell.gateway_papers import AdmissionCode
    from ota_engine.shell.gateway_program import GatewayProgram
    from ota_engine.shell.head_end_door import HeadEndDoor
    from ota_engine.shell.head_end_link import GatewayLog

ROSTER_SUFFIX: Final = ".toml"
MOST_CODES: Final = 1 << 20  # octets of a file of them
CODE_LASTS_S: Final = 86_400.0
HUB: Final = "CHF"
KINDS: Final = {"PPMID": "ppmid", "HCALCS": "hcalcs", "ESME": "esme", "GSME": "gsme", "IHD": "ihd"}


# --- homes ----------------------------------------------------------------------------------------


def homes_command(
    state: State,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to.")],
) -> None:
    """Write a roster of the home of every gateway of a fleet, to emulate them by.

    DIR/NAME.toml is the home of gateway NAME, with the devices and versions that the fleet has of it.
    """
    output.mkdir(parents=True, exist_ok=True)
    written = 0
    for gateway, homes in _homes(state).items():
        if len(homes) > 1:
            remark(f"{gateway}: has {len(homes)} homes, and one hub has one: left out")
            continue
        (text,) = homes
        write_whole(output / f"{gateway}{ROSTER_SUFFIX}", text.encode())
        written += 1
    put(f"{counted(written, 'home')} in {output}")


def _homes(state: Path) -> Mapping[str, list[str]]:
    """The rosters of each gateway's homes."""
    from ota_engine.fleet.inventory.rows import Home, InstalledDevice, Variant
    from ota_engine.fleet.kernel.rows import Select

    found: dict[str, list[str]] = {}
    with opened(state) as desk, desk.store.reading():
        variants = {one.variant: one for one in desk.store.select(Select(Variant))}
        for home in desk.store.select(Select(Home, (), (), ("home",))):
            if home.gateway:
                devices = desk.store.select(Select(InstalledDevice, (("home", home.home),)))
                text = _roster(home, devices, variants)
                found.setdefault(home.gateway, []).append(text)
    return found


def _roster(
    home: "Home", devices: "Iterable[InstalledDevice]", variants: "Mapping[str, Variant]"
) -> str:
    lines = [
        f"# the home {home.home}",
        "keeps = true  # what devices hold, from one start to the next",
    ]
    for device in devices:
        if device.kind == HUB:
            lines += ["[hub]", *_facts(device)]
    for device in devices:
        if device.kind in KINDS:
            lines += ["[[device]]", f'kind = "{KINDS[device.kind]}"', *_facts(device)]
            lines += _maker(variants.get(device.variant))
    return "\n".join(lines) + "\n"


def _facts(device: "InstalledDevice") -> Iterator[str]:
    yield f'eui64 = "{format_eui64(device.device)}"'
    if device.version is not None:
        yield f"version = 0x{device.version:08X}"


def _maker(variant: "Variant | None") -> Iterator[str]:
    if variant is not None and variant.manufacturer_code is not None:
        yield f"manufacturer = 0x{variant.manufacturer_code:04X}"
    if variant is not None and variant.image_type is not None:
        yield f"image_type = 0x{variant.image_type:04X}"


# --- many gateways --------------------------------------------------------------------------------


class _Wanted(NamedTuple):
    """The gateways that were asked for."""

    head_end: str
    state: Path
    rosters: Sequence[Path]
    codes: "Mapping[str, AdmissionCode]"
    keys: Path | None
    ca: Path | None
    private_way: bool
    test_clock: bool


def emulate_command(
    head_end: HeadEnd,
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="What they remember, a folder for each.")
    ],
    homes: Annotated[
        Path, typer.Option("--homes", metavar="DIR", help="Of zota gateway homes: who they serve.")
    ],
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="No more than so many; all by default.")
    ] = None,
    names: Annotated[
        str, typer.Option("--names", metavar="GLOB", help="Those of such a name, e.g. 'gw-1*'.")
    ] = "*",
    codes: Annotated[
        Path | None,
        typer.Option("--codes", metavar="FILE", help="A line NAME:CODE for each to register by."),
    ] = None,
    person: Annotated[
        str,
        typer.Option("--as", metavar="PERSON", help="Admit them, as this operator, by a token."),
    ] = "",
    token_file: TokenFile = None,
    key: Key = None,
    fleet: Annotated[
        Path | None,
        typer.Option("--fleet", metavar="DIR", help="Admit them in this state folder instead."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help="Keys of hubs that speak GBCS.")
    ] = None,
    ca: Ca = None,
    private_way: PrivateWay = False,
    test_clock: TestClock = False,
) -> None:
    """Be many gateways at once, each with an emulated home of its own; until stopped.

    They speak to the head end as zota gateway run does. One that has not registered needs a code: in
    --codes, or drawn here with --as PERSON and --token-file, or --fleet and --key.
    """
    require(EXTRA, "gateway emulate")
    import trio

    rosters = _rosters(homes, names, count)
    known = {} if codes is None else _codes(codes)
    if person:
        place = FleetPlace(fleet, "" if fleet else head_end, token_file)
        how = Deciding(place, person, key, "an emulated gateway")
        known |= _admit(how, state, [one.stem for one in rosters if one.stem not in known])
    wanted = _Wanted(head_end, state, rosters, known, keys, ca, private_way, test_clock)
    found = None if keys is None else read_key_folder(keys)
    ended_by = trio.run(_run_until_a_signal, wanted, found)
    put(f"stopped; the same command goes on from {state}")
    if ended_by == 0:
        raise LocalError("no gateway is let in any more: see the log")
    if ended_by == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def _rosters(folder: Path, names: str, count: int | None) -> list[Path]:
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix == ROSTER_SUFFIX and fnmatchcase(path.stem, names)
    )
    if not found or (count is not None and count > len(found)):
        raise LocalError(
            f"{folder}: has {counted(len(found), 'home')} for gateways called {names}: write them by"
            " zota gateway homes"
        )
    return found[:count]


def _codes(path: Path) -> "dict[str, AdmissionCode]":
    from ota_engine.shell.gateway_papers import AdmissionCode

    warn_if_open(path, "list of codes")
    lines = read_bounded(path, MOST_CODES).decode("utf-8", "replace").split()
    return {code.gateway: code for code in map(AdmissionCode.read, lines)}


def _admit(how: Deciding, state: Path, names: Iterable[str]) -> "dict[str, AdmissionCode]":
    """Have those admitted that have not registered."""
    from ota_engine.shell.gateway_papers import PAPERS_NAME, AdmissionCode

    found = {}
    with fleet_at(how.place) as fleet:
        for name in names:
            if (state / name / PAPERS_NAME).exists():
                continue
            told, code = draw_and_admit(fleet, name, CODE_LASTS_S, how)
            if not told["accepted"]:
                raise LocalError(f"{name}: {told['text']}")
            found[name] = AdmissionCode(name, code)
    return found


async def _run_until_a_signal(wanted: _Wanted, keys: Keystore | None) -> int:
    import trio

    from ota_engine.cli.json_log import json_log
    from ota_engine.shell.head_end_door import HeadEndDoor

    log = json_log()
    ended_by = 0
    async with HeadEndDoor(wanted.head_end, ca=wanted.ca, private=wanted.private_way) as door:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                put(f"{len(wanted.rosters)} gateways for {door.place}; Ctrl-C ends them")

                async def all_of_them() -> None:
                    async with trio.open_nursery() as gateways:
                        for roster in wanted.rosters:
                            gateways.start_soon(_emulate, wanted, keys, door, roster, log)
                    nursery.cancel_scope.cancel()

                nursery.start_soon(all_of_them)
                ended_by = await anext(signals)
                nursery.cancel_scope.cancel()
    return ended_by


async def _emulate(
    wanted: _Wanted, keys: Keystore | None, door: "HeadEndDoor", roster: Path, log: "GatewayLog"
) -> None:
    """Be one gateway; what ends it ends no other."""

    def tell(event: str, **facts: object) -> None:
        log(event, **{"gateway": roster.stem, **facts})

    try:
        async with AsyncExitStack() as stack:
            program = await _open(stack, wanted, keys, door, roster, tell)
            await program.run()
    except* (ZotaError, OSError) as group:
        tell("trouble", trouble=f"it has ended: {first_of(group)}")


async def _open(
    stack: AsyncExitStack,
    wanted: _Wanted,
    keys: Keystore | None,
    door: "HeadEndDoor",
    roster: Path,
    log: "GatewayLog",
) -> "GatewayProgram":
    from ota_engine.cli.gateways import image_finder
    from ota_engine.shell.gateway_program import GatewayProgram, GatewaySettings

    state = wanted.state / roster.stem
    state.mkdir(parents=True, exist_ok=True)
    link = real_time(f"han://?devices={quote(str(roster))}")
    settings = GatewaySettings(
        state=state,
        door=door,
        open_hub=hub_opener(link, state, wanted.keys, keys, light=True),
        find_images=lambda folder: image_finder([folder]),
        software=f"zota {project_version()}, emulated",
        log=log,
        code=wanted.codes.get(roster.stem),
        test_clock=wanted.test_clock,
    )
    return await stack.enter_async_context(GatewayProgram.open(settings))
