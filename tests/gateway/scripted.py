"""A head end that says what a test has written, behind the real client: what it has heard is in a file.

It keeps the promises of the wire, and breaks them where it is told to. Nothing of it needs a socket, so it
lives in time that jumps, too.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from images.eui64 import Eui64
from ota_engine.cli.engines import EngineChoice, open_setup
from ota_engine.cli.gateways import image_finder
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.links import resolve
from ota_engine.fleet.port import Instruction
from ota_engine.gateway.core import ImageFinder
from ota_engine.gateway.wire import (
    CODES,
    Hello,
    HomeGiven,
    HomesGiven,
    OutcomeReport,
    OutcomesHeard,
    Parting,
    ProgressReport,
    Registering,
    Registration,
    Watching,
    WireProblem,
    octets_of,
    record_of,
)
from ota_engine.gateway.wire_conformance import GatewayJudge, NonConformingWireError
from ota_engine.gateway.wire_stream import HEARTBEAT, event_octets
from ota_engine.shell.gateway_papers import AdmissionCode
from ota_engine.shell.gateway_program import GatewayProgram, GatewaySettings, OpenedHub
from ota_engine.shell.head_end_door import HeadEndDoor
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.gateway.homes import BEGIN, CH, GATEWAY, HCALCS, IMAGES, OLD
from tests.gbcs.parties import files

CODE: Final = "a-code-of-enough-letters"
TOKEN: Final = "a-token-of-enough-letters"  # noqa: S105 - it opens nothing
PLACE: Final = "http://127.0.0.1:1"
Telling = Hello | Instruction | HomesGiven | Watching | Parting


class _Octets(httpx.AsyncByteStream):
    """Octets as somebody gives them, one piece after another."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        await self._pieces.aclose()


class ScriptedHeadEnd(httpx.AsyncBaseTransport):
    """A head end for one gateway.

    Attributes:
        told: what it wants, each time it looks.
        homes: that the gateway has.
        images: by SHA-256.
        away: nobody answers.
        refuses: a code of the wire with which every request but registering is refused.
        loses_answers: how many reports are kept from now on without an answer.
        cut_images_after: octets after which an image breaks off, once each time it is asked for.
        damages_images: an octet of every image is another.
        requests: that came, as method and path.
        reports: that were kept.
        shown: reports of transfers.
        ranges: that images were asked for by.
        judge: demands what the wire promises of everything that the gateway says.
        broken: promises that it has not kept.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "head-end.jsonl"
        self.told: Callable[[ScriptedHeadEnd], Sequence[Instruction]] = lambda _: ()
        self.homes: tuple[HomeGiven, ...] = (HomeGiven("h1", {}),)
        self.images = {sha256: one.data for sha256, one in IMAGES.items()}
        self.away = False
        self.refuses = ""
        self.loses_answers = 0
        self.cut_images_after = 0
        self.damages_images = False
        self.requests: list[str] = []
        self.reports: list[OutcomeReport] = []
        self.shown: list[ProgressReport] = []
        self.ranges: list[str] = []
        self.watch = False
        self.judge = GatewayJudge()
        self.broken: list[str] = []
        self._rows: list[Any] = []
        if self._file.exists():
            self._rows = [json.loads(line) for line in self._file.read_text().splitlines()]
        self._streams: list[trio.MemorySendChannel[bytes]] = []
        self._sent: set[str] = set()

    # --- what it keeps ---------------------------------------------------------------------------

    @property
    def heard(self) -> int:
        """The number of the last outcome that it keeps."""
        return max((row[1] for row in self._rows if row[0] == "outcome"), default=0)

    @property
    def outcomes(self) -> list[tuple[str, str, str]]:
        """Key, campaign and word of each that it keeps, in the order in which they came."""
        return [tuple(row[2:]) for row in self._rows if row[0] == "outcome"]

    @property
    def taken(self) -> set[str]:
        """Keys of instructions that the gateway has taken."""
        return {row[1] for row in self._rows if row[0] == "taken"}

    def restore(self, heard: int) -> None:
        """Go back to an older copy."""
        self._rows = [row for row in self._rows if row[0] != "outcome" or row[1] <= heard]
        self._file.write_text("".join(json.dumps(row) + "\n" for row in self._rows))

    def say(self, telling: Telling) -> None:
        """Say something to whoever listens."""
        if self._streams:
            self.judge.told(telling)
        for stream in list(self._streams):
            try:
                stream.send_nowait(event_octets(telling))
            except trio.BrokenResourceError:  # nobody listens any more
                self._streams.remove(stream)

    def hang_up(self) -> None:
        """End all streams."""
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    def look(self) -> None:
        """Say what is wanted and was neither said on this stream nor taken."""
        for one in self.told(self):
            if one.key not in self.taken | self._sent and self._streams:
                self._sent.add(one.key)
                self.say(one)

    # --- its door --------------------------------------------------------------------------------

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests.append(f"{request.method} {path}")
        await trio.lowlevel.checkpoint()
        if self.away:
            raise httpx.ConnectError("nobody is there")
        if path.endswith("/register"):
            return self._register(await request.aread())
        if self.refuses:
            return self._refusal(self.refuses)
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._refusal("unknown token")
        answer = {"stream": self._stream, "outcomes": self._hear, "progress": self._show}
        what = path.rpartition("/")[2]
        if what in answer:
            return answer[what](await request.aread())
        return self._image(what, request.headers)

    def _register(self, octets: bytes) -> httpx.Response:
        asked: Registering = record_of(Registering, octets)
        if (asked.gateway, asked.code) != (GATEWAY, CODE):
            return self._refusal("code refused")
        return httpx.Response(200, content=octets_of(Registration(TOKEN, 1, this_machine(), 1.0)))

    def _stream(self, _: bytes) -> httpx.Response:
        send, receive = trio.open_memory_channel[bytes](1000)
        self._streams.append(send)
        self._sent.clear()
        send.send_nowait(HEARTBEAT)
        self.say(Hello(1, this_machine(), 1.0, self.heard, self.homes, self.watch))
        self.look()

        async def pieces() -> AsyncGenerator[bytes, None]:
            async with receive:
                async for piece in receive:
                    yield piece

        return httpx.Response(200, stream=_Octets(pieces()))

    def _show(self, octets: bytes) -> httpx.Response:
        shown: ProgressReport = record_of(ProgressReport, octets)
        with self._judging():
            self.judge.progress(shown)
        self.shown.append(shown)
        return httpx.Response(204)

    def _hear(self, octets: bytes) -> httpx.Response:
        report: OutcomeReport = record_of(OutcomeReport, octets)
        rows: list[Any] = []
        fits = report.first <= max(self.heard + 1, report.oldest)
        for number, outcome in enumerate(report.outcomes, report.first):
            if fits and number > self.heard:
                rows.append(["outcome", number, outcome.key, outcome.campaign, outcome.word.value])
        rows += [["taken", key] for key in report.taken]
        with self._file.open("a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
        self._rows += rows
        self.reports.append(report)
        for one in self.told(self):  # to this gateway, by a head end before this one perhaps
            self.judge.told(one)
        heard = OutcomesHeard(self.heard, BEGIN)
        with self._judging():
            self.judge.said(report, None if self.loses_answers else heard)
        self.look()
        if self.loses_answers:
            self.loses_answers -= 1
            raise httpx.ReadError("cut off")
        return httpx.Response(200, content=octets_of(heard))

    @contextmanager
    def _judging(self) -> Iterator[None]:
        try:
            yield
        except NonConformingWireError as error:
            self.broken.append(
                str(error)
            )  # whoever is judged would take it for a head end's trouble

    def _image(self, sha256: str, headers: httpx.Headers) -> httpx.Response:
        octets = self.images.get(sha256)
        if octets is None:
            return self._refusal("not yours")
        if self.damages_images:
            octets = octets[:-1] + bytes([octets[-1] ^ 1])
        begin = 0
        if "Range" in headers:
            self.ranges.append(headers["Range"])
            assert headers["If-Range"] == f'"{sha256}"'
            begin = int(headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if begin >= len(octets):
                return httpx.Response(416)
        end = begin + self.cut_images_after if self.cut_images_after else len(octets)

        async def pieces() -> AsyncGenerator[bytes, None]:
            for start in range(begin, min(end, len(octets)), 500):
                yield octets[start : min(start + 500, end)]
            if end < len(octets):
                raise httpx.ReadError("cut off")

        return httpx.Response(206 if begin else 200, stream=_Octets(pieces()))

    @staticmethod
    def _refusal(code: str) -> httpx.Response:
        status, cure = CODES[code]
        problem = WireProblem("refused", status, f"{code}: {cure}", code)
        return httpx.Response(status, content=octets_of(problem))


# --- the gateway ---------------------------------------------------------------------------------


class Field:
    """A gateway with a home of its own that outlives it, and the head end that it works for.

    Args:
        folder: of keys and roster.
        state: the gateway's folder, and the head end's.

    Attributes:
        log: what the gateway has noted.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder, self.state = folder, state
        state.mkdir(exist_ok=True)
        self.head_end = ScriptedHeadEnd(state)
        self.log: list[tuple[str, dict[str, object]]] = []

    @staticmethod
    def furnish(folder: Path) -> None:
        """Write keys and roster."""
        keys = folder / "keys"
        keys.mkdir()
        for name, octets in files().items():
            (keys / name).write_bytes(octets)
            (keys / name).chmod(0o600)
        (folder / "home.toml").write_text(
            f'[hub]\neui64 = "{CH:016x}"\nversion = {OLD}\n'
            f'[[device]]\nkind = "hcalcs"\neui64 = "{HCALCS:016x}"\nversion = {OLD}\n'
        )

    def choice(self) -> EngineChoice:
        """Its link and its folder."""
        keys = self.folder / "keys"
        url = f"sim://?devices={self.folder / 'home.toml'}&keys={keys}"
        return EngineChoice(resolve(url), self.state, keys=keys)

    def settings(self, door: HeadEndDoor, **more: Any) -> GatewaySettings:
        """What the gateway is made of."""
        choice = self.choice()

        @asynccontextmanager
        async def open_hub(_: Callable[[], Utc], find: ImageFinder) -> AsyncIterator[OpenedHub]:
            async with open_setup(choice, read_key_folder(self.folder / "keys")) as setup:
                assert choice.link.open_hub is not None
                async with choice.link.open_hub(
                    setup.link, self.state, setup.wall_clock, find
                ) as hub:
                    yield OpenedHub(setup, hub)

        return GatewaySettings(
            state=self.state,
            door=door,
            open_hub=open_hub,
            find_images=lambda folder: image_finder([folder]),
            software="zota of a test",
            log=self._note,
            **{"code": AdmissionCode(GATEWAY, CODE), **more},
        )

    def _note(self, event: str, **facts: object) -> None:
        self.log.append((event, facts))

    @asynccontextmanager
    async def running(self, **more: Any) -> AsyncIterator[GatewayProgram]:
        """Run the gateway for as long as the block."""
        async with (
            HeadEndDoor(PLACE, transport=self.head_end) as door,
            GatewayProgram.open(self.settings(door, **more)) as program,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(program.run)
            yield program
            nursery.cancel_scope.cancel()
        assert self.head_end.broken == []

    def live(self, work: Callable[["Field"], Any], **more: Any) -> None:
        """Run it in time that jumps."""

        async def main() -> None:
            async with self.running(**more):
                await work(self)

        self.choice().link.run(main)

    async def until(self, holds: Callable[[ScriptedHeadEnd], bool], within_s: float) -> None:
        """Wait until the head end has heard enough."""
        with trio.fail_after(within_s):
            while not holds(self.head_end):  # noqa: ASYNC110 - it is asked
                await trio.sleep(1.0)

    def counters(self) -> dict[Eui64, int]:
        """The highest counters that were reported."""
        told = [one.counters for one in self.head_end.reports if one.counters]
        return dict(told[-1]["h1"]) if told else {}


def digest(octets: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()
