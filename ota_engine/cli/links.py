"""Link URLs: finds who brings links of a scheme, as an entry point; knows no radio and no home."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import trio

from ota_engine.cli.captures import recording
from ota_engine.cli.plugins import Group, load
from ota_engine.errors import LocalError, StoreError
from ota_engine.gateway.core import ImageFinder
from ota_engine.link.contract import Link
from ota_engine.times import Monotonic, Utc
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.shell.gateway import HubItself

EXAMPLES: Final = "ezsp:///dev/ttyACM0, ezsp+tcp://127.0.0.1:7338, han:// or sim://"

T = TypeVar("T")


class Calendar(NamedTuple):
    """The time of a link.

    Attributes:
        begin_utc: when it begins, UTC seconds.
        rate: seconds of the calendar in a second; other than 1 for trials.
    """

    begin_utc: Utc
    rate: float = 1.0


#: Opens a link, given an existing state folder and its time.
Opener = Callable[[Path, Calendar], AbstractAsyncContextManager[Link]]

#: Switches a hub on, given its link, a state folder, a clock and a way to find images.
HubOpener = Callable[
    [Link, Path, Callable[[], Utc], ImageFinder], "AbstractAsyncContextManager[HubItself | None]"
]


@dataclass(frozen=True, slots=True)
class LinkChoice:
    """One link that was asked for, checked as far as can be told without opening it.

    Attributes:
        url: as it was written.
        opener: opens it.
        virtual: whether time jumps to whatever happens next; no thread may wait for a disk then.
        speed: how much faster than real time its clock runs.
        open_hub: switches the hub on that is upgraded itself, beside the opened link; gives None where
            there is none, and is None where there never is one.
    """

    url: str
    opener: Opener
    virtual: bool = False
    speed: float = 1.0
    open_hub: "HubOpener | None" = None

    def open(
        self, state: Path, calendar: Calendar | None = None
    ) -> AbstractAsyncContextManager[Link]:
        """Open the link; ``state`` is an existing folder in which it keeps what it has to.

        Args:
            state: the folder.
            calendar: its time; None for this machine's.

        Raises:
            LocalError: a file or folder that the URL names is not what it should be.
            ZotaError: the radio cannot be used.
        """
        return self.opener(state, calendar or Calendar(self.begin_utc(state)))

    def begin_utc(self, state: Path) -> Utc:
        """When time begins on this link, UTC seconds.

        It is now; where time jumps, it goes on from where the last command with this state folder
        left it, so that no clock is ever set back.
        """
        from ota_engine.store.holds import is_there
        from ota_engine.store.location import place_of
        from ota_engine.store.store import Store

        now = this_machine()
        if not self.virtual:
            return now
        try:
            place = place_of(state)
            if not is_there(place):
                return now
            with Store.inspect(place) as store:
                return max(now, store.latest_utc() or now)
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
    """Read a link URL; whoever brings links of its scheme reads the rest of it.

    Raises:
        LocalError: it names no kind of link there is, is not complete, or needs a library that is
            not installed.
    """
    kind = urlsplit(url).scheme.partition("+")[0]  # ezsp+tcp is a kind of ezsp
    reader = load(Group.LINKS, kind) if kind else None
    if reader is None:
        raise unknown(url)
    choice: LinkChoice = cast("Callable[[str], LinkChoice]", reader)(url)
    return choice


def unknown(url: str) -> LocalError:
    """Say that nobody brings links of this kind."""
    return LocalError(f"{url}: no such kind of link; write {EXAMPLES}")


@asynccontextmanager
async def recorded(
    link: Link, capture: Path | None, utc: Callable[[Monotonic], Utc]
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


def utc_clock(begin_utc: Utc | None = None, rate: float = 1.0) -> Callable[[Monotonic], Utc]:
    """Turn trio's time into UTC seconds, however fast it runs from now on. Call it in trio's run.

    Args:
        begin_utc: what it is at this moment, None for what this machine says.
        rate: seconds of the calendar in a second.
    """
    begun, began = this_machine() if begin_utc is None else begin_utc, trio.current_time()
    return lambda now: Utc(begun + (now - began) * rate)
