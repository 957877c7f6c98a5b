"""A crowd at a server, in a process of its own: people who look at a page, gateways whose hubs react by numbers.

Everybody speaks as a browser or a gateway does, on a real connection; nobody draws what comes. ``python -m
tests.head_end.service.crowd`` reads who comes, as JSON in one line; says ``here`` once all of them are; and
tells what they saw, as JSON in one line, when its standard input ends.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

import trio
import trio.lowlevel

from emulators.demo.portal.founding import read_facts
from emulators.estate.hubs import StatisticalHubs
from ota_engine.errors import LinkError
from ota_engine.fleet.port import HubOutcome, Instruction
from ota_engine.gateway.reporting import Reporting, ReportWanted
from ota_engine.gateway.wire import PROTOCOLS, Hello, Opening, OutcomeReport, fitting
from ota_engine.paced_clock import PacedClock
from ota_engine.times import Monotonic, Utc
from tests.head_end.gateways.caller import HeadEndCaller

AGAIN_S: Final = 0.5  # after which a connection that ended is tried again
COMING: Final = 64  # people at a time who connect
AFTER: Final = 10  # the server, by so much of nice(1)
LOOK_S: Final = 0.1  # between two looks at what hubs have said
PIECE: Final = 1 << 16
NUMBER: Final = b"\nid: "


class Seen(NamedTuple):
    """When people saw one state of a page.

    Attributes:
        people: how many.
        first: of them, seconds of this machine's monotonic clock.
        last: the same.
    """

    people: int
    first: float
    last: float


class Throng:
    """Everybody who comes.

    Args:
        url: of the server.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._split = urlsplit(url)
        self._waiting = 0
        self._here = trio.Event()
        self._coming = trio.Semaphore(COMING)
        self.seen: dict[str, Seen] = {}
        self.reports = 0
        self.outcomes = 0
        self.away = 0
        self.troubles: set[str] = set()

    # --- people ----------------------------------------------------------------------------------

    async def look(self, cookie: str, page: str) -> None:
        """Look at a page for ever, whatever happens to the connection."""
        head = (
            f"GET /live?page={quote(page, safe='')} HTTP/1.1\r\nHost: {self._split.netloc}\r\n"
            f"Cookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
        ).encode()
        self._waiting += 1
        is_here = False
        while True:
            try:
                async with await self._asked(head) as stream:
                    async for piece in _pieces(stream):
                        self._note(piece)
                        if not is_here and NUMBER[1:] in piece:  # begins to be told the page
                            is_here = True
                            self._one_is_here()
            except (OSError, trio.BrokenResourceError) as error:
                self.lost(f"a viewer's connection: {error}")
            else:
                self.lost("a viewer's stream has ended")
            await trio.sleep(AGAIN_S)

    async def _asked(self, head: bytes) -> trio.SocketStream:
        """Connect and ask, so few at a time that a server waits for the head of nobody's request."""
        async with self._coming:
            stream = await trio.open_tcp_stream(self._split.hostname or "", self._split.port or 80)
            await stream.send_all(head)
            return stream

    def _note(self, piece: bytes) -> None:
        if piece.startswith(b"HTTP/1.1 4"):
            raise SystemExit(f"a viewer is refused: {piece[:400]!r}")
        now = time.monotonic()
        for part in piece.split(NUMBER)[1:]:
            name = part[: part.find(b"\n")].decode()
            was = self.seen.get(name, Seen(0, now, now))
            self.seen[name] = Seen(was.people + 1, was.first, now)

    # --- gateways --------------------------------------------------------------------------------

    async def be_gateway(self, name: str, token: str, state: Path) -> None:
        """Be a gateway for ever, whatever happens to the connection."""
        facts = read_facts(state)
        gateway = _LightGateway(self, name, StatisticalHubs(facts.scenario.model, facts.seed))
        self._waiting += 1
        while True:
            async with HeadEndCaller(self._url) as caller:
                caller.token = token
                try:
                    await gateway.speak(caller)
                except LinkError as error:
                    self.lost(str(error))
            await trio.sleep(AGAIN_S)

    # --- all of them -----------------------------------------------------------------------------

    def lost(self, why: str) -> None:
        """Somebody was not answered, or no more."""
        self.away += 1
        self.troubles.add(why)

    def one_is_here(self) -> None:
        """Somebody has been answered for the first time."""
        self._one_is_here()

    def _one_is_here(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._here.set()

    async def all_here(self) -> None:
        """Wait until everybody was answered once."""
        await self._here.wait()

    @property
    def figures(self) -> dict[str, Any]:
        """What everybody saw and did."""
        return {
            "seen": {name: list(seen) for name, seen in self.seen.items()},
            "reports": self.reports,
            "outcomes": self.outcomes,
            "away": self.away,
            "troubles": sorted(self.troubles),
        }


class _LightGateway:
    """A gateway that keeps everything in memory, and reports when real ones do."""

    def __init__(self, crowd: Throng, name: str, hubs: StatisticalHubs) -> None:
        self._crowd = crowd
        self._name = name
        self._hubs = hubs
        self._reporting = Reporting(Random(name))
        self._clock = PacedClock(Utc(0.0))
        self._said: list[HubOutcome] = []
        self._told: set[str] = set()
        self._is_here = False

    async def speak(self, caller: HeadEndCaller) -> None:
        opening = Opening(self._instance, "zota crowd", PROTOCOLS, self._clock())
        async with caller.stream(opening) as stream, trio.open_nursery() as nursery:
            try:
                while True:
                    told = await stream.until(object)
                    if isinstance(told, Hello):
                        self._greet(told)
                        nursery.start_soon(self._report, caller)
                    elif isinstance(told, Instruction):
                        self._take(told)
            finally:
                self._reporting.parted()

    @property
    def _instance(self) -> str:
        return f"instance-of-{self._name}-0000"

    def _greet(self, hello: Hello) -> None:
        self._clock = PacedClock(hello.utc, hello.rate)
        self._reporting.greeted(hello.heard, _now())
        if not self._is_here:
            self._is_here = True
            self._crowd.one_is_here()

    def _take(self, told: Instruction) -> None:
        if told.key not in self._told:
            self._told.add(told.key)
            self._hubs.tell(told, self._clock())
        self._reporting.took(told.key, _now())

    async def _report(self, caller: HeadEndCaller) -> None:
        while True:
            self._said += self._hubs.said(self._clock())
            self._reporting.said(len(self._said), _now())
            wanted = self._reporting.next_report(_now())
            if wanted is not None:
                await self._say(caller, wanted)
            await trio.sleep(LOOK_S)

    async def _say(self, caller: HeadEndCaller, wanted: ReportWanted) -> None:
        outcomes = fitting(self._said[wanted.after :])
        report = OutcomeReport(
            self._instance,
            self._clock(),
            wanted.after + 1,
            min(1, len(self._said) + 1),
            outcomes,
            wanted.taken,
            homes=1,
        )
        try:
            heard = await caller.report(report)
        except LinkError as error:
            self._reporting.failed(_now())
            self._crowd.lost(str(error))
            return
        self._crowd.reports += 1
        self._crowd.outcomes += max(heard.heard - wanted.after, 0)
        self._reporting.answered(heard.heard, _now())


async def _pieces(stream: trio.SocketStream) -> Any:
    while piece := await stream.receive_some(PIECE):
        yield piece


def _now() -> Monotonic:
    return Monotonic(trio.current_time())


async def come(told: dict[str, Any]) -> None:
    """Have everybody come, until standard input ends."""
    crowd = Throng(told["url"])
    async with trio.open_nursery() as nursery:
        for cookie, page, times in told["viewers"]:
            for _ in range(times):
                nursery.start_soon(crowd.look, cookie, page)
                await trio.lowlevel.checkpoint()
        for name, token in told["gateways"]:
            be = partial(crowd.be_gateway, name, token, Path(told["state"]))
            nursery.start_soon(be)
        await crowd.all_here()
        _print("here")
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()
    _print(json.dumps(crowd.figures))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(_: Sequence[str] = ()) -> None:
    """Read who comes, and be them; a server's people are not on its machine, so it goes first."""
    os.nice(AFTER)
    trio.run(come, json.loads(sys.stdin.readline()))


if __name__ == "__main__":
    main()
