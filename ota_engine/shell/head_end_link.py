"""A gateway's link to its head end, held for as long as the gateway runs; knows trio, decides nothing.

Holds the stream, gives instructions to the hub once their images are here, reports what the hub says. What
is to be sent and when is for ``ota_engine.gateway.reporting``, what is taken for ``gateway.in_tray``. While
the head end is away the hub goes on with what it has.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final, Protocol

import trio

from images.eui64 import Eui64
from ota_engine.errors import StoreError, ZotaError
from ota_engine.fleet.port import Instruction
from ota_engine.gateway.errands import OutcomeSaid
from ota_engine.gateway.in_tray import InTray
from ota_engine.gateway.reporting import LONG_LIFE_S, Patience, Reporting, ReportWanted
from ota_engine.gateway.voice import HubVoice
from ota_engine.gateway.wire import (
    PROTOCOLS,
    Hello,
    HomeGiven,
    HomesGiven,
    Opening,
    OutcomeReport,
    Parting,
    ProgressReport,
    Watching,
    fitting,
    is_clock_off,
)
from ota_engine.gateway.wire_stream import StreamEvent
from ota_engine.paced_clock import rate_of
from ota_engine.shell.gateway import LinkGateway
from ota_engine.shell.gateway_papers import GatewayPapers
from ota_engine.shell.head_end_door import (
    HeadEndAwayError,
    HeadEndDoor,
    NoSuchImageError,
    ShutOutError,
)
from ota_engine.shell.image_cellar import DamagedImageError, ImageCellar
from ota_engine.shell.transfer_view import TransferView
from ota_engine.times import Monotonic, Utc

WATCH_S: Final = 1.0  # between two reports of transfers, while somebody looks
DAMAGED_MOST: Final = 3  # times that an image comes damaged until it is given up


class GatewayLog(Protocol):
    """Is told what happens."""

    def __call__(self, event: str, **facts: object) -> None:
        """Note an event; what is None is not noted."""


@dataclass(slots=True)
class LinkStanding:
    """How a link stands, for whoever looks at it.

    Attributes:
        connected: the head end speaks.
        away: why it does not, in one line.
        clock_off_s: seconds by which our clock is ahead of the head end's.
        heard: number of the last outcome that it keeps.
        said: number of the last outcome.
        reports: that were answered.
        instructions: that were taken.
        images: that were fetched.
        trouble: what is wrong with an image or the disk, in one line; empty for nothing.
    """

    connected: bool = False
    away: str = "it was not asked yet"
    clock_off_s: float = 0.0
    heard: int = 0
    said: int = 0
    reports: int = 0
    instructions: int = 0
    images: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParts:
    """What a link is made of.

    Attributes:
        door: of the head end.
        papers: by which this gateway is known.
        instance: of its memory.
        software: what it runs, in its own words.
        cellar: of its images.
        voice: gives what was said, as it is on disk now.
        clock: gives UTC.
        follow: is told what the head end's clock says, and how fast it runs.
        log: is told what happens.
    """

    door: HeadEndDoor
    papers: GatewayPapers
    instance: str
    software: str
    cellar: ImageCellar
    voice: Callable[[], HubVoice]
    clock: Callable[[], Utc]
    follow: Callable[[Utc, float], None]
    log: GatewayLog


class Stir:
    """Wakes one task; what happens before it waits is not missed."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def set(self) -> None:
        """Wake it."""
        self._event.set()

    async def wait(self) -> None:
        """Wait to be woken."""
        await self._event.wait()
        self._event = trio.Event()


class HeadEndLink:
    """The link of one gateway.

    Args:
        parts: what it is made of.

    Attributes:
        standing: how it stands.
        homes: that belong to the gateway; None before the head end has said.
    """

    def __init__(self, parts: LinkParts) -> None:
        self._parts = parts
        self.standing = LinkStanding()
        self.homes: tuple[HomeGiven, ...] | None = None
        rng = Random(f"{parts.papers.gateway} {parts.instance}")
        self._patience = Patience(rng)
        self._images_patience = Patience(rng)
        self._reporting = Reporting(rng)
        self._tray = InTray()
        self._gateway: LinkGateway | None = None
        self._home = ""
        self._released: dict[str, Mapping[Eui64, int]] = {}
        self._counters_told: dict[Eui64, int] = {}
        self._given_up: set[str] = set()
        self._damaged: dict[str, int] = {}
        self._watched = trio.Event()
        self._changed = trio.Event()
        self._to_report = Stir()
        self._to_deal = Stir()
        self._to_fetch = Stir()
        self._transfers = TransferView()

    async def run(self) -> None:
        """Hold the link until cancelled.

        Raises:
            ShutOutError: the head end does not let this gateway in any more.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hold_stream)
            nursery.start_soon(self._keep_reporting)
            nursery.start_soon(self._keep_fetching)
            nursery.start_soon(self._keep_showing)

    async def wait_for_change(self) -> None:
        """Wait until homes were given or taken, or what was released is known to be."""
        await self._changed.wait()

    # --- the hub ---------------------------------------------------------------------------------

    @asynccontextmanager
    async def serving(self, home: str, gateway: LinkGateway) -> AsyncIterator[None]:
        """Let the hub of a home be told things, and be heard, for as long as the block."""
        await gateway.settle_up_to(self._reporting.heard)
        self._home, self._gateway = home, gateway
        self._counters_told = {}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hear, gateway)
            nursery.start_soon(self._deal, gateway)
            self._stir_tray()
            self._reporting.changed(_now())
            self._stir_report()
            try:
                yield
            finally:
                self._gateway = None
                nursery.cancel_scope.cancel()

    def release(self, home: str, counters: Mapping[Eui64, int]) -> None:
        """Have it told that no counter of a home is drawn here any more, with the last of them."""
        self._released[home] = dict(counters)
        self._reporting.changed(_now())
        self._stir_report()

    @property
    def releasing(self) -> bool:
        """Whether a home was released that the head end does not know of yet."""
        return bool(self._released)

    async def _hear(self, gateway: LinkGateway) -> None:
        while True:
            self.standing.said = gateway.last
            self._reporting.said(gateway.last, _now())
            if gateway.counters != self._counters_told:
                self._reporting.changed(_now())
            self._stir_report()
            await gateway.wait_for_more()

    async def _deal(self, gateway: LinkGateway) -> None:
        while True:
            await self._to_deal.wait()
            found = self._tray.take(self._home, self._has)
            if found:
                await self._give(gateway, found)

    async def _give(self, gateway: LinkGateway, found: Sequence[Instruction]) -> None:
        try:
            taken = await gateway.give(found)
        except StoreError as error:
            for one in found:
                self._tray.put(one)
            self._trouble(str(error))
            await trio.sleep_until(self._images_patience.failed(_now()))
            self._stir_tray()
            return
        for instruction in found:
            if instruction.sha256:
                self._parts.cellar.used(instruction.sha256)
        self.standing.instructions += len(taken)
        for known in taken:
            self._reporting.took(known.key, _now())
        self._stir_report()

    # --- the stream ------------------------------------------------------------------------------

    async def _hold_stream(self) -> None:
        parts = self._parts
        while True:
            begun, again_s = _now(), None
            opening = Opening(parts.instance, parts.software, PROTOCOLS, parts.clock())
            try:
                async with parts.door.stream(parts.papers.token, opening) as told:
                    async for one in told:
                        self._listen(one)
            except HeadEndAwayError as error:
                again_s = error.after_s
                self._lost(str(error))
            if _now() - begun >= LONG_LIFE_S:
                self._patience.worked()
            await trio.sleep_until(self._patience.failed(_now(), again_s))

    def _lost(self, reason: str) -> None:
        standing = self.standing
        if standing.connected or reason != standing.away:
            self._parts.log("head end away", reason=reason)
        standing.connected, standing.away = False, reason
        self._reporting.parted()

    def _listen(self, told: StreamEvent) -> None:
        match told:
            case Hello():
                self._greet(told)
            case Instruction():
                self._tray.put(told)
                self._stir_tray()
            case HomesGiven():
                self._take_homes(told.homes)
            case Watching():
                self._watch(told.on)
            case Parting(reason, None):
                raise ShutOutError(reason, "parted")
            case Parting():
                raise HeadEndAwayError(told.reason, told.again_s)

    def _greet(self, hello: Hello) -> None:
        parts, standing, now = self._parts, self.standing, _now()
        parts.follow(hello.utc, hello.rate)
        standing.clock_off_s = parts.clock() - hello.utc
        standing.connected, standing.away, standing.heard = True, "", hello.heard
        off = is_clock_off(standing.clock_off_s, rate_of(parts.clock))
        parts.log(
            "connected",
            head_end=parts.door.place,
            heard=hello.heard,
            protocol=hello.protocol,
            clock_off_s=round(standing.clock_off_s, 1) if off else None,
        )
        self._tray.clear()
        self._given_up.clear()
        self._damaged.clear()
        self._reporting.greeted(hello.heard, now)
        self._counters_told = {}
        self._take_homes(hello.homes)
        self._watch(hello.watch)
        self._stir_report()

    def _take_homes(self, homes: tuple[HomeGiven, ...]) -> None:
        self.homes = homes
        self._stir_changed()
        self._stir_tray()

    def _watch(self, on: bool) -> None:
        if on:
            self._watched.set()
        elif self._watched.is_set():
            self._watched = trio.Event()

    # --- reports ---------------------------------------------------------------------------------

    async def _keep_reporting(self) -> None:
        while True:
            wanted = self._reporting.next_report(_now())
            if wanted is None:
                with trio.CancelScope(deadline=self._reporting.wake):
                    await self._to_report.wait()
            else:
                await self._report(wanted)

    async def _report(self, wanted: ReportWanted) -> None:
        gateway = self._gateway
        counters = {} if gateway is None else dict(gateway.counters)
        released = dict(self._released)
        report = self._written(wanted, counters, released)
        try:
            heard = await self._parts.door.report(self._parts.papers.token, report)
            if self._gateway is not None:
                await self._gateway.settle_up_to(heard.heard)
        except HeadEndAwayError as error:
            self._reporting.failed(_now(), error.after_s)
            self._parts.log("report not kept", reason=str(error))
        except StoreError as error:
            self._reporting.failed(_now())
            self._trouble(str(error))
        else:
            self._kept(report, heard.heard, counters, released)

    def _kept(
        self,
        report: OutcomeReport,
        heard: int,
        counters: dict[Eui64, int],
        released: Mapping[str, Mapping[Eui64, int]],
    ) -> None:
        self.standing.reports += 1
        self.standing.heard = heard
        if self._home in report.counters:
            self._counters_told = counters
        for home in released:
            self._released.pop(home, None)
        if released:
            self._stir_changed()
        self._reporting.answered(heard, _now())

    def _written(
        self,
        wanted: ReportWanted,
        counters: Mapping[Eui64, int],
        released: Mapping[str, Mapping[Eui64, int]],
    ) -> OutcomeReport:
        voice = self._parts.voice()
        unbroken = _unbroken(voice.said_after(0))
        oldest = unbroken[0].sequence if unbroken else voice.last + 1
        told = [one for one in unbroken if one.sequence > wanted.after]
        changed = bool(counters) and (wanted.whole or counters != self._counters_told)
        mine = {self._home: counters} if changed and self._gateway is not None else {}
        return OutcomeReport(
            self._parts.instance,
            self._parts.clock(),
            told[0].sequence if told else wanted.after + 1,
            oldest,
            fitting(one.outcome for one in told),
            wanted.taken,
            {**mine, **released},
            tuple(released),
            int(self._gateway is not None),
            self.trouble,
        )

    @property
    def trouble(self) -> str:
        """What is wrong with the gateway, in one line; empty for nothing."""
        gateway = self._gateway
        radio = "" if gateway is None else gateway.no_radio
        return radio or self.standing.trouble

    def _trouble(self, text: str) -> None:
        if text != self.standing.trouble:
            self.standing.trouble = text
            if text:
                self._parts.log("trouble", trouble=text)
            self._reporting.changed(_now())
            self._stir_report()

    # --- images ----------------------------------------------------------------------------------

    def _has(self, sha256: str) -> bool:
        return not sha256 or sha256 in self._given_up or self._parts.cellar.has(sha256)

    async def _keep_fetching(self) -> None:
        while True:
            wanted = self._tray.wanted(self._home, self._has) if self._home else []
            if not wanted:
                await self._to_fetch.wait()
            elif await self._fetch(wanted[0]):
                self._images_patience.worked()
                self._stir_tray()
            else:
                await trio.sleep_until(self._images_patience.failed(_now()))

    async def _fetch(self, sha256: str) -> bool:
        """Fetch an image; gives whether nothing more is to be tried for it."""
        parts, gateway = self._parts, self._gateway
        kept = frozenset() if gateway is None else gateway.wanted_images
        source = partial(parts.door.image, parts.papers.token, sha256)
        try:
            await parts.cellar.fetch(sha256, source, kept)
        except NoSuchImageError as error:
            self._give_up(sha256, str(error))
        except DamagedImageError as error:
            self._damaged[sha256] = self._damaged.get(sha256, 0) + 1
            self._trouble(str(error))
            if self._damaged[sha256] < DAMAGED_MOST:
                return False
            self._give_up(sha256, str(error))
        except HeadEndAwayError:
            return False
        except ZotaError as error:
            self._trouble(str(error))
            return False
        else:
            self.standing.images += 1
            self._trouble("")
            parts.log("image", sha256=sha256)
        return True

    def _give_up(self, sha256: str, reason: str) -> None:
        """Let what needs an image be taken all the same: the hub says that it has none."""
        self._given_up.add(sha256)
        self._parts.log("image given up", sha256=sha256, reason=reason)

    # --- transfers, while somebody looks ---------------------------------------------------------

    async def _keep_showing(self) -> None:
        parts = self._parts
        while True:
            await self._watched.wait()
            gateway = self._gateway
            transfers = (
                ()
                if gateway is None
                else self._transfers.see(gateway.deliveries, self._home, parts.clock())
            )
            if transfers:
                report = ProgressReport(parts.instance, transfers)
                with suppress(HeadEndAwayError):  # out of date before it is said again
                    await parts.door.progress(parts.papers.token, report)
            await trio.sleep(WATCH_S)

    # --- within ----------------------------------------------------------------------------------

    def _stir_report(self) -> None:
        self._to_report.set()

    def _stir_tray(self) -> None:
        self._to_deal.set()
        self._to_fetch.set()

    def _stir_changed(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def _now() -> Monotonic:
    return Monotonic(trio.current_time())


def _unbroken(rows: Sequence[OutcomeSaid]) -> Sequence[OutcomeSaid]:
    """The last of the rows, as far back as no number is left out."""
    begin = len(rows)
    while begin and (begin == len(rows) or rows[begin - 1].sequence + 1 == rows[begin].sequence):
        begin -= 1
    return rows[begin:]
