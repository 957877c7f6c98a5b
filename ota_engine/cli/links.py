"""Link URLs: finds the radio or the emulated home that one names; imports only what it needs."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import trio

from ota_engine.cli.captures import recording
from ota_engine.cli.files import write_whole
from ota_engine.cli.homes import Home, read_home, read_memory, sole_use
from ota_engine.errors import LocalError, StoreError
from ota_engine.link.contract import Link

LIVE, VIRTUAL = "han", "sim"  # the emulated home in real time, and in time that jumps
RADIOS = ("ezsp", "znp", "deconz", "xbee", "zigate")
TCP = "+tcp"
HOME_FILE = "emulated-home.json"  # in the state folder: what devices with keys keep
SPEED_LIMIT = 1000.0  # times as fast as real time; sim:// has no limit
EXAMPLES = "ezsp:///dev/ttyACM0, ezsp+tcp://127.0.0.1:7338, han:// or sim://"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkChoice:
    """One link that was asked for, checked as far as can be told without opening it.

    Attributes:
        url: as it was written.
        scheme: ``han``, ``sim``, ``ezsp``, ``ezsp+tcp``, and so on.
        devices: the roster file of an emulated home, None for the one that is built in.
        speed: how much faster than real time an emulated home lives.
        keys: the folder of keys of an emulated home, None for the one its roster names.
    """

    url: str
    scheme: str
    devices: Path | None = None
    speed: float = 1.0
    keys: Path | None = None

    @property
    def virtual(self) -> bool:
        """Whether time jumps to whatever happens next; no thread may wait for a disk then."""
        return self.scheme == VIRTUAL

    def open(self, state: Path) -> AbstractAsyncContextManager[Link]:
        """Open the link; ``state`` is an existing folder in which a radio keeps its network.

        An emulated home with keys keeps there what its devices keep without power.

        Raises:
            LocalError: the roster is not one, its devices have no keys in the folder, or a radio
                library is not installed.
            ZotaError: the radio cannot be used.
        """
        if self.scheme in (LIVE, VIRTUAL):
            home = read_home(self.devices, self.keys)
            return _open_home(home, state / HOME_FILE, self.begin_utc(state))
        return _open_radio(self.url, state)

    def begin_utc(self, state: Path) -> float:
        """When time begins on this link, UTC seconds.

        It is now; where time jumps, it goes on from where the last command with this state folder
        left it, so that no clock is ever set back.
        """
        from ota_engine.store.store import DATABASE_NAME, Store

        now = time.time()
        if not self.virtual or not (state / DATABASE_NAME).is_file():
            return now
        try:
            with Store.inspect(state / DATABASE_NAME) as store:
                return max(now, store.trusted_utc() or now)
        except StoreError:  # the engine that is about to open it says what is wrong
            return now

    def run(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a trio program on the clock of this link."""
        return trio.run(function, clock=self._clock())

    def _clock(self) -> trio.abc.Clock | None:
        from trio.testing import MockClock

        if self.virtual:
            return MockClock(autojump_threshold=0.0)
        return MockClock(rate=self.speed) if self.speed != 1.0 else None


def resolve(url: str) -> LinkChoice:
    """Read a link URL.

    Raises:
        LocalError: it names no kind of link there is, or is not complete.
    """
    parts = urlsplit(url)
    scheme = parts.scheme
    if scheme in (LIVE, VIRTUAL):
        if parts.netloc or parts.path.strip("/"):
            raise LocalError(f"{url}: an emulated home has no address: write {scheme}://")
        return _home(url, scheme, parts.query)
    if scheme.removesuffix(TCP) not in RADIOS:
        raise LocalError(f"{url}: no such kind of link; write {EXAMPLES}")
    if not parts.netloc + parts.path:
        raise LocalError(f"{url}: names no port; write {EXAMPLES}")
    return LinkChoice(url, scheme)


def _home(url: str, scheme: str, query: str) -> LinkChoice:
    options = dict(parse_qsl(query, keep_blank_values=True))
    devices, keys = options.pop("devices", None), options.pop("keys", None)
    speed = _speed(url, options.pop("speed", "1"))
    if options:
        raise LocalError(f"{url}: unknown option {min(options)}; there are devices, keys and speed")
    if devices == "":
        raise LocalError(f"{url}: devices= names no file")
    if keys == "":
        raise LocalError(f"{url}: keys= names no folder")
    return LinkChoice(
        url, scheme, Path(devices) if devices else None, speed, Path(keys) if keys else None
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
async def _open_home(home: Home, memory: Path, begin_utc: float) -> AsyncIterator[Link]:
    """Open a home; one with keys goes on where the last command with this state folder left it."""
    from emulators.home.household import open_household

    if home.keys is None:
        async with open_household(home.entries) as han:
            yield han
        return
    with sole_use(memory):
        opened = open_household(
            home.entries,
            keys=home.keys,
            utc=utc_clock(begin_utc),
            memory=read_memory(memory),
            keep=lambda text: write_whole(memory, text.encode(), force=True),
        )
        async with opened as han:
            yield han


@asynccontextmanager
async def _open_radio(url: str, state: Path) -> AsyncIterator[Link]:
    try:
        from hw.radio import ZigpyRadio
        from hw.settings import parse_link
    except ModuleNotFoundError as error:
        raise LocalError(f"{url}: radios need {error.name}: pip install 'zota[radio]'") from error
    async with ZigpyRadio(parse_link(url, state)) as radio:
        yield radio


@asynccontextmanager
async def recorded(
    link: Link, capture: Path | None, utc: Callable[[float], float]
) -> AsyncIterator[Link]:
    """The link, with all that goes through it recorded in a file if one is named.

    Raises:
        LocalError: the file exists and is no capture.
        OSError: it cannot be written.
    """
    with recording(capture) as sink:
        if sink is None:
            yield link
            return
        from ota_engine.link.recording import RecordingLink

        yield RecordingLink(link, sink, utc)


def utc_clock(begin_utc: float | None = None) -> Callable[[float], float]:
    """Turn trio's time into UTC seconds, however fast it runs from now on. Call it in trio's run.

    Args:
        begin_utc: what it is at this moment, None for what this machine says.
    """
    offset = (time.time() if begin_utc is None else begin_utc) - trio.current_time()
    return lambda now: offset + now
