"""Links to emulated homes: ``han://`` in real time, ``sim://`` in time that jumps."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from emulators.cli.homes import (
    MEMORY_BYTES,
    EmulatedHome,
    about,
    journal_of,
    read_home,
    read_memory,
    sole_use,
)
from images.files import read_bounded
from ota_engine.cli.files import write_whole
from ota_engine.cli.links import Calendar, LinkChoice, utc_clock
from ota_engine.errors import LocalError
from ota_engine.gateway.core import ImageFinder
from ota_engine.link.contract import Link
from ota_engine.paced_clock import rate_of
from ota_engine.times import Utc

if TYPE_CHECKING:
    from emulators.estate.hub import HubMemory
    from emulators.home.roster import RosterHub
    from ota_engine.shell.gateway import HubItself

VIRTUAL: Final = "sim"
HUB_FILE: Final = "emulated-hub.json"  # likewise: what the hub itself keeps
HOME_FILE: Final = "emulated-home.json"  # in the state folder: what devices with keys keep
SPEED_LIMIT: Final = 1000.0  # times as fast as real time; sim:// has no limit


class HomeOptions(NamedTuple):
    """What the URL of an emulated home says.

    Attributes:
        devices: the roster file, None for the home that is built in.
        keys: the folder of keys, None for the one its roster names.
        speed: how much faster than real time it lives.
        journal: the file to which what devices note is added; None for none.
    """

    devices: Path | None = None
    keys: Path | None = None
    speed: float = 1.0
    journal: Path | None = None


def resolve(url: str) -> LinkChoice:
    """Read the URL of an emulated home.

    Opening it raises LocalError if the roster is not one, or its devices have no keys in the
    folder. A home with keys keeps in the state folder what its devices keep without power.

    Raises:
        LocalError: it has an address, or options that there are not.
    """
    options = read_options(url)

    def open_home(state: Path, calendar: Calendar) -> AbstractAsyncContextManager[Link]:
        home = read_home(options.devices, options.keys)
        return _open(home, state / HOME_FILE, calendar, options.journal)

    def open_hub(
        link: Link, state: Path, clock: Callable[[], Utc], find: ImageFinder
    ) -> "AbstractAsyncContextManager[HubItself | None]":
        home = read_home(options.devices, options.keys)
        return _open_hub(home.hub, link, state / HUB_FILE, clock, find)

    virtual = urlsplit(url).scheme == VIRTUAL
    return LinkChoice(url, open_home, virtual=virtual, speed=options.speed, open_hub=open_hub)


def read_options(url: str) -> HomeOptions:
    """Read what the URL of an emulated home says.

    Raises:
        LocalError: it has an address, or options that there are not.
    """
    parts = urlsplit(url)
    if parts.netloc or parts.path.strip("/"):
        raise LocalError(f"{url}: an emulated home has no address: write {parts.scheme}://")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    devices, keys = options.pop("devices", None), options.pop("keys", None)
    speed = _speed(url, options.pop("speed", "1"))
    journal = options.pop("journal", None)
    if options:
        raise LocalError(
            f"{url}: unknown option {min(options)}; there are devices, keys, speed and journal"
        )
    if devices == "":
        raise LocalError(f"{url}: devices= names no file")
    if keys == "":
        raise LocalError(f"{url}: keys= names no folder")
    if journal == "":
        raise LocalError(f"{url}: journal= names no file")
    return HomeOptions(
        Path(devices) if devices else None,
        Path(keys) if keys else None,
        speed,
        Path(journal) if journal else None,
    )


def _speed(url: str, text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed <= SPEED_LIMIT:
        raise LocalError(f"{url}: speed={text} is not a number above 0, up to {SPEED_LIMIT:g}")
    return speed


@asynccontextmanager
async def _open(
    home: EmulatedHome, memory: Path, calendar: Calendar, journal: Path | None
) -> AsyncIterator[Link]:
    """Open a home; one with keys goes on where the last command with this state folder left it."""
    from emulators.home.live_home import open_home

    utc = utc_clock(*calendar)
    note = None if journal is None else journal_of(journal, utc)
    if home.keys is None and not home.keeps:
        async with open_home(home.entries, utc=utc, rate=calendar.rate, note=note) as han:
            yield han
        return
    with sole_use(memory):
        opened = open_home(
            home.entries,
            keys=home.keys,
            utc=utc,
            rate=calendar.rate,
            note=note,
            memory=read_memory(memory),
            keep=lambda text: write_whole(memory, text.encode(), force=True),
        )
        async with opened as han:
            yield han


@asynccontextmanager
async def _open_hub(
    hub: "RosterHub | None",
    link: Link,
    memory: Path,
    clock: Callable[[], Utc],
    find: ImageFinder,
) -> "AsyncIterator[HubItself | None]":
    """Switch on the hub of an opened home, which goes on where it was left."""
    from emulators.estate.hub import HubSpec
    from emulators.estate.hub_on_air import HubOnAir
    from emulators.home.han import Han

    if hub is None or not isinstance(link, Han):
        yield None
        return

    def octets(sha256: str) -> bytes | None:
        image = find(sha256)
        return None if image is None else image.data

    on_air = HubOnAir(
        HubSpec(hub.eui64, hub.version),
        link,
        utc=utc_clock(clock(), rate_of(clock)),
        rate=rate_of(clock),
        source=octets,
        keep=lambda text: write_whole(memory, text.encode(), force=True),
    )
    await on_air.start(_hub_memory(memory))
    yield on_air


def _hub_memory(path: Path) -> "HubMemory | None":
    """What a hub held; None for one from the factory."""
    from emulators.estate.hub_memory import read_hub

    if not path.exists():
        return None
    with about(path):
        return read_hub(read_bounded(path, MEMORY_BYTES).decode())
