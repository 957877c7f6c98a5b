"""``zota ncp``: reads options, serves a virtual dongle, and says how it fares."""

import signal
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import trio
import typer

from emulators.cli.homes import (
    EmulatedHome,
    about,
    furnish,
    journal_of,
    read_home,
    read_memory,
)
from emulators.cli.ncp_screen import LOOK, NcpScreen, UpdatedDevices
from images.files import read_bounded, write_whole
from ota_engine.cli.exits import Exit
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from emulators.home.roster import RosterEntry
    from emulators.ncp.dongle import Dongle
    from emulators.ncp.faults import DongleFaultPlan
    from emulators.ncp.memory import Memory
    from emulators.ncp.server import NcpServer
    from ota_engine.records import ImageRecord

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FILE_BYTES = 1 << 20  # of a plan or a memory, at most
DEVICES_SUFFIX = ".devices"  # of the file beside --state in which devices with keys keep theirs
FAST = 10.0  # how much faster than real time devices and air live with --speed fast
DEFAULT_PORT = 7338
LOCAL = "127.0.0.1"


class TailoredProfile(StrEnum):
    """What made-to-measure devices speak."""

    HA = "ha"
    SE = "se"


class Speed(StrEnum):
    """How devices, air and line take their time."""

    REAL = "real"
    FAST = "fast"


PtyOption = Annotated[
    Path | None, typer.Option("--pty", help="Make a pty, and a link to it with this name.")
]
TcpOption = Annotated[
    str | None, typer.Option("--tcp", help="Listen on HOST:PORT, e.g. 127.0.0.1:7338.")
]
VersionOption = Annotated[
    int, typer.Option("--version", help="EZSP version: 13, 14, 16, 17, 18 or 19.")
]
DevicesOption = Annotated[
    Path | None,
    typer.Option("--devices", help="Who lives in the home; one of each kind by default."),
]
ForOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--for",
        metavar="FILE",
        help="Instead: devices to which this OTA file is an upgrade; repeatable.",
    ),
]
CountOption = Annotated[
    int, typer.Option("--count", min=1, help="With --for: devices for each file.")
]
ProfileOption = Annotated[
    TailoredProfile | None,
    typer.Option(
        "--profile",
        help="With --for: they speak Home Automation or Smart Energy; by default what the file's"
        " maker suggests.",
    ),
]
ZooOption = Annotated[
    bool, typer.Option("--zoo", help="Instead: twenty differing devices, for developers of hosts.")
]
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", help="Folder of zota pki init: devices with keys in it speak GBCS."),
]
SpeedOption = Annotated[
    Speed,
    typer.Option("--speed", help="fast: devices and air ten times faster, no serial delay."),
]
BaudOption = Annotated[
    int | None,
    typer.Option("--baud", min=0, help="Of the serial line, 115200 if not given; 0: no limit."),
]
FaultsOption = Annotated[
    Path | None, typer.Option("--faults", help="What goes wrong with the dongle (TOML or JSON).")
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="Keep network and members in this file across restarts,"
        " and what devices with keys hold in FILE.devices.",
    ),
]
JournalOption = Annotated[
    Path | None,
    typer.Option("--journal", help="Add to this file what devices note, a line of JSON each."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of every draw.")]


@app.command()
def ncp(
    pty: PtyOption = None,
    tcp: TcpOption = None,
    version: VersionOption = 19,
    devices: DevicesOption = None,
    made_for: ForOption = None,
    count: CountOption = 3,
    profile: ProfileOption = None,
    zoo: ZooOption = False,
    keys: KeysOption = None,
    speed: SpeedOption = Speed.REAL,
    baud: BaudOption = None,
    faults: FaultsOption = None,
    state: StateOption = None,
    journal: JournalOption = None,
    seed: SeedOption = 0,
) -> None:
    """Be a Zigbee dongle with emulated devices around it, for any host to open, until Ctrl-C.

    Point zota, bellows, ZHA or zigbee2mqtt at it. Devices join when the host permits it.
    """
    from emulators.ncp.dongle import Dongle, DongleOptions

    if (pty is None) == (tcp is None):
        raise LocalError("give either --pty PATH or --tcp HOST:PORT")
    _require_one_home(devices, made_for, profile, zoo=zoo)
    fast = speed is Speed.FAST
    options = DongleOptions(
        version=version,
        baud=(0 if fast else 115_200) if baud is None else baud,
        pace=FAST if fast else 1.0,
        seed=seed,
        faults=_faults(faults),
    )
    files = _files(made_for or [])
    home = _home(devices, files, count, profile, keys, zoo=zoo)
    note = None if journal is None else journal_of(journal, lambda _: this_machine())
    dongle = Dongle(home.entries, _memory(state), options, home.keys, note)
    keeper = _Keeper(dongle, state, keyed=home.keys is not None)
    hint = _hint(home.entries) if made_for and profile is None else ""
    screen = NcpScreen(options, hint, UpdatedDevices(dongle, files, count) if files else None)
    where = None if tcp is None else _endpoint(tcp)
    if trio.run(_serve, dongle, pty, where, keeper, screen) == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


# --- what the options name ------------------------------------------------------------------------


def _require_one_home(
    devices: Path | None, made_for: list[Path] | None, profile: TailoredProfile | None, *, zoo: bool
) -> None:
    """See that only one home is named, and a profile only where it means something.

    Raises:
        LocalError: it is not so.
    """
    if sum((devices is not None, bool(made_for), zoo)) > 1:
        raise LocalError("give one of --devices FILE, --for FILE and --zoo")
    if profile is not None and not made_for:
        raise LocalError("--profile is for --for FILE; in a devices file write profile = 0x0104")


def _home(
    devices: Path | None,
    files: "Sequence[ImageRecord]",
    count: int,
    profile: TailoredProfile | None,
    keys: Path | None,
    *,
    zoo: bool,
) -> EmulatedHome:
    from emulators.home.zoo import zoo_roster

    if files:
        return furnish(_tailored(files, count, profile), keys)
    return furnish(zoo_roster(), keys) if zoo else read_home(devices, keys)


def _files(paths: list[Path]) -> "list[ImageRecord]":
    from ota_engine.catalogue.intake import take_in

    return [take_in(path, Utc(0.0)) for path in paths]


def _tailored(
    files: "Sequence[ImageRecord]", count: int, profile: TailoredProfile | None
) -> "tuple[RosterEntry, ...]":
    from emulators.home.tailored import tailored_roster
    from ota_engine.events import HOME_AUTOMATION, SMART_ENERGY

    spoken = {TailoredProfile.HA: HOME_AUTOMATION, TailoredProfile.SE: SMART_ENERGY, None: None}[
        profile
    ]
    return tailored_roster(files, count, spoken)


def _hint(entries: "tuple[RosterEntry, ...]") -> str:
    """Say what the devices speak because of who made their files."""
    from ota_engine.events import SMART_ENERGY

    makers = sorted({f"0x{entry.spec.manufacturer_code:04X}" for entry in entries})
    energy = {entry.spec.profile == SMART_ENERGY for entry in entries}
    if len(energy) > 1:
        return "some speak Smart Energy, some Home Automation, as their makers do; or --profile ha"
    spoken, other = ("Smart Energy", "ha") if True in energy else ("Home Automation", "se")
    named = f"maker {makers[0]} does" if len(makers) == 1 else "their makers do"
    return f"they speak {spoken}, as {named}; or give --profile {other}"


def _faults(path: Path | None) -> "DongleFaultPlan":
    from emulators.ncp.faults import NO_FAULTS, parse_plan

    if path is None:
        return NO_FAULTS
    with about(path):
        return parse_plan(read_bounded(path, FILE_BYTES).decode())


def _memory(path: Path | None) -> "Memory":
    from emulators.ncp.memory import Memory

    if path is None or not path.exists():
        return Memory()
    with about(path):
        return Memory.load(read_bounded(path, FILE_BYTES).decode())


def _endpoint(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 0xFFFF:
        raise LocalError(f"--tcp {text}: write HOST:PORT, e.g. {LOCAL}:{DEFAULT_PORT}")
    return host.strip("[]") or LOCAL, int(port)


# --- while it runs --------------------------------------------------------------------------------


async def _serve(
    dongle: "Dongle",
    pty: Path | None,
    tcp: tuple[str, int] | None,
    keeper: "_Keeper",
    screen: NcpScreen,
) -> int:
    """Serve until somebody presses Ctrl-C or asks the process to end; returns the signal."""
    from emulators.ncp.server import serve_ncp

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with serve_ncp(dongle, pty=pty, tcp=tcp) as server, trio.open_nursery() as nursery:
            dongle.set_clocks(this_machine(), server.now)
            screen.open(server, pty)
            nursery.start_soon(_watch, server, screen, keeper)
            stopped_by = await anext(signals)
            nursery.cancel_scope.cancel()
        keeper.close()
    screen.close()
    return stopped_by


async def _watch(server: "NcpServer", screen: NcpScreen, keeper: "_Keeper") -> None:
    """Show how it fares, and keep what it remembers."""
    while True:
        screen.show(server)
        keeper.look()
        await trio.sleep(LOOK)


class _Keeper:
    """Writes down what the dongle remembers, and beside it what its devices with keys do.

    Args:
        dongle: which has not been run yet; its devices are given what they kept.
        state: the file; None keeps nothing.
        keyed: whether any device has keys.

    Raises:
        LocalError: what is in the files is not what was written.
        OSError: they cannot be read.
    """

    def __init__(self, dongle: "Dongle", state: Path | None, *, keyed: bool) -> None:
        from emulators.home.memory import MemoryKeeper, recall_home

        self._dongle = dongle
        self._state = state
        self._saved = ""
        self._keeper: MemoryKeeper | None = None
        if state is not None and keyed:
            path = state.with_name(state.name + DEVICES_SUFFIX)
            devices = list(dongle.stack.devices.values())
            recall_home(read_memory(path), devices)
            self._keeper = MemoryKeeper(devices, lambda text: write_whole(path, text.encode()))

    def look(self) -> None:
        """Write down what changed; a large home only at the end."""
        text = self._dongle.memory.dump()
        if self._state is not None and text != self._saved:
            write_whole(self._state, text.encode())
        self._saved = text
        if self._keeper is not None and self._keeper.small:
            self._keeper.write()

    def close(self) -> None:
        """Write everything down."""
        self.look()
        if self._keeper is not None:
            self._keeper.write()
