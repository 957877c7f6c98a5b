"""A gateway as a program: registers, holds its link, and runs the hub of the home that it was given.

Knows which home is served and when the hub is opened for it; how the hub is reached is for whoever gives a
way to open it. What it remembers is in one state folder, so it may be killed at any time.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, Self

import trio

from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.errors import LocalError, first_of
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.gateway.core import ImageFinder
from ota_engine.gateway.effects import Remember
from ota_engine.gateway.errands import HomeServed
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.gateway.reporting import Patience
from ota_engine.gateway.voice import HubVoice
from ota_engine.gateway.wire import PROTOCOLS, HomeGiven, Registering, Registration
from ota_engine.shell.followed_clock import CALENDAR_NAME, FollowedClock
from ota_engine.shell.gateway import (
    BOOK_NAME,
    GatewayBook,
    HubItself,
    LinkGateway,
    open_gateway,
)
from ota_engine.shell.gateway_papers import (
    PAPERS_NAME,
    AdmissionCode,
    GatewayPapers,
    read_papers,
    write_papers,
)
from ota_engine.shell.head_end_door import HeadEndAwayError, HeadEndDoor, ShutOutError
from ota_engine.shell.head_end_link import GatewayLog, HeadEndLink, LinkParts
from ota_engine.shell.image_cellar import ImageCellar
from ota_engine.shell.service import Setup
from ota_engine.store.holds import is_there
from ota_engine.store.location import place_of
from ota_engine.store.store import Store
from ota_engine.times import Monotonic, Utc
from ota_engine.wall_clock import this_machine

IMAGES_NAME: Final = "images"  # in the state folder


class OpenedHub(NamedTuple):
    """A hub that is reached.

    Attributes:
        setup: where its engine runs, and with what.
        itself: the hub, where it is upgraded, too.
    """

    setup: Setup
    itself: HubItself | None = None


#: Reaches the hub, by a clock of the calendar and a way to find images.
OpenHub = Callable[[Callable[[], Utc], ImageFinder], AbstractAsyncContextManager[OpenedHub]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What a gateway is made of.

    Attributes:
        state: an existing folder.
        door: of its head end, entered.
        open_hub: reaches its hub.
        find_images: makes a finder of the images in a folder.
        software: what it runs, in its own words.
        log: is told what happens.
        code: by which it registers, if it has not; None for none.
        home: pseudonym of the home that its hub is in; empty for the one that it is given.
        test_clock: the calendar is the head end's.
        unanswered_s: seconds until a user is told that a device has not answered.
    """

    state: Path
    door: HeadEndDoor
    open_hub: OpenHub
    find_images: Callable[[Path], ImageFinder]
    software: str
    log: GatewayLog
    code: AdmissionCode | None = None
    home: str = ""
    test_clock: bool = False
    unanswered_s: float = UNANSWERED_S


class GatewayProgram:
    """One gateway; ``open`` makes it.

    Attributes:
        link: to the head end; None before it has registered.
        gateway: the hub while it runs.
        home: pseudonym of the home that is served; empty for none.
    """

    def __init__(self, settings: GatewaySettings, book: GatewayBook) -> None:
        self._settings = settings
        self._book = book
        self._cellar = ImageCellar(settings.state / IMAGES_NAME)
        self._find = settings.find_images(settings.state / IMAGES_NAME)
        self._told = ""
        self.link: HeadEndLink | None = None
        self.gateway: LinkGateway | None = None
        self.home = ""
        self.clock: Callable[[], Utc] = this_machine
        self._followed: FollowedClock | None = None
        if settings.test_clock:
            self.clock = self._followed = FollowedClock(settings.state / CALENDAR_NAME)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: GatewaySettings) -> AsyncIterator[Self]:
        """Take a state folder for oneself.

        Raises:
            StoreError: another gateway has it, or it cannot be used.
            LocalError: what is remembered in it cannot be read, or is another home's.
        """
        with closing(GatewayBook(settings.state / BOOK_NAME)) as book:
            yield cls(settings, book)

    async def run(self) -> None:
        """Be the gateway until cancelled.

        Raises:
            ShutOutError: the head end does not let it in, and only a person can change that.
            ZotaError: hub or state folder cannot be used.
        """
        while True:
            papers = await self._papers()
            try:
                await self._run(papers)
            except* ShutOutError as group:
                self._refused(first_of(group))

    def _refused(self, error: ShutOutError) -> None:
        """Forget papers that count no more; with another code it registers anew.

        Raises:
            ShutOutError: it cannot.
        """
        settings = self._settings
        if error.code in ("revoked", "unknown token"):
            (settings.state / PAPERS_NAME).unlink(missing_ok=True)
        if error.code != "unknown token" or settings.code is None:
            raise ShutOutError(f"{settings.door.place}: {error}", error.code)
        settings.log("registers anew", reason=str(error))

    # --- papers ----------------------------------------------------------------------------------

    async def _papers(self) -> GatewayPapers:
        settings = self._settings
        papers = read_papers(settings.state)
        if papers is not None:
            return papers
        if settings.code is None:
            raise LocalError(
                f"{settings.state}: this gateway has not registered: give --code-file with what"
                " zota gateway admit gave"
            )
        registration = await self._register(settings.code)
        papers = GatewayPapers(settings.code.gateway, registration.token)
        write_papers(settings.state, papers)
        settings.log("registered", gateway=papers.gateway, head_end=settings.door.place)
        self._follow(registration.utc, registration.rate)
        return papers

    async def _register(self, code: AdmissionCode) -> Registration:
        settings = self._settings
        patience = Patience(Random(self._book.instance))
        told = ""
        while True:
            asked = Registering(
                code.gateway,
                code.code,
                self._book.instance,
                settings.software,
                PROTOCOLS,
                self.clock(),
            )
            try:
                return await settings.door.register(asked)
            except HeadEndAwayError as error:
                if str(error) != told:
                    settings.log("head end away", reason=str(error))
                told = str(error)
                now = Monotonic(trio.current_time())
                await trio.sleep_until(patience.failed(now, error.after_s))

    # --- the home that is served -----------------------------------------------------------------

    async def _run(self, papers: GatewayPapers) -> None:
        parts = LinkParts(
            door=self._settings.door,
            papers=papers,
            instance=self._book.instance,
            software=self._settings.software,
            cellar=self._cellar,
            voice=self._voice,
            clock=self.clock,
            follow=self._follow,
            log=self._settings.log,
        )
        self.link = link = HeadEndLink(parts)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.run)
            while True:
                await self._serve(link)

    def _voice(self) -> HubVoice:
        rows = list(self._book.rows.values())  # at once: a thread may be writing more
        return HubVoice(GatewayMemory(self.home, rows))

    def _follow(self, utc: Utc, rate: float) -> None:
        if self._followed is not None:
            self._followed.follow(utc, rate)
        elif rate != 1.0:
            raise ShutOutError(
                f"the head end's calendar runs {rate:g} times as fast as this machine's: it is a"
                " trial: give --test-clock",
                "test clock",
            )

    async def _serve(self, link: HeadEndLink) -> None:
        """Do the next thing about homes: serve one, let one go, choose one or wait."""
        served = self._served
        known = self._followed is None or self._followed.known
        if link.homes is None:
            if served is not None and known:
                await self._run_hub(link, served)
            else:
                await link.wait_for_change()
            return
        given = {one.home: one for one in link.homes}
        if served is not None and served.home not in given:
            await self._release(link, served)
            return
        chosen = self._chosen(given) if served is None else given[served.home]
        if chosen is None:
            await link.wait_for_change()
            return
        floors = tuple((format_eui64(one), top) for one, top in sorted(chosen.counters.items()))
        if served is None or served.floors != floors:
            served = HomeServed(chosen.home, floors)
            self._book.write([Remember(served)])
        await self._run_hub(link, served)

    @property
    def _served(self) -> HomeServed | None:
        row = self._book.rows.get("home")
        served = row if isinstance(row, HomeServed) and row.home else None
        wish = self._settings.home
        if served is not None and wish and served.home != wish:
            raise LocalError(
                f"{self._settings.state}: is the memory of the hub of {served.home}: give another"
                f" --state for {wish}"
            )
        return served

    def _chosen(self, given: Mapping[str, HomeGiven]) -> HomeGiven | None:
        wish = self._settings.home
        found = given.get(wish) if wish else None
        if not wish and len(given) == 1:
            (found,) = given.values()
        if found is None:
            self._tell_of_homes(given)
        return found

    def _tell_of_homes(self, given: Mapping[str, HomeGiven]) -> None:
        wish = self._settings.home
        if wish:
            text = f"the head end has not given {wish} to this gateway: it waits"
        elif given:
            text = f"the head end has given it {len(given)} homes: say by --home which is its hub's"
        else:
            text = "the head end has given it no home yet: it waits"
        if text != self._told:
            self._settings.log("trouble", trouble=text)
        self._told = text

    async def _run_hub(self, link: HeadEndLink, served: HomeServed) -> None:
        """Run the hub of a home until that is given away, floors rise or the hub starts anew."""
        settings = self._settings
        floors = {parse_eui64(name): top for name, top in served.floors}
        async with (
            settings.open_hub(self.clock, self._find) as hub,
            open_gateway(
                hub.setup,
                served.home,
                self._find,
                hub.itself,
                settings.unanswered_s,
                self._book,
                floors,
            ) as gateway,
        ):
            settings.log("hub", home=served.home, link=hub.setup.link.info.kind)
            self.gateway, self.home = gateway, served.home
            try:
                async with link.serving(served.home, gateway):
                    await _until_over(link, served.home, gateway, hub.itself)
            finally:
                self.gateway = None
            if link.homes is not None and served.home not in [one.home for one in link.homes]:
                await gateway.let_go()

    async def _release(self, link: HeadEndLink, served: HomeServed) -> None:
        """Tell the head end that a home is let go, with its counters; forget it then."""
        self.home = ""
        self._settings.log("home given away", home=served.home)
        link.release(served.home, _counters(self._settings.state))
        while link.releasing:
            await link.wait_for_change()
        self._book.write([Remember(HomeServed(""))])


async def _until_over(
    link: HeadEndLink, home: str, gateway: LinkGateway, itself: HubItself | None
) -> None:
    """Wait until a hub is to be opened anew, or not again."""
    async with trio.open_nursery() as nursery:
        if itself is not None:
            nursery.start_soon(_cancel_after, itself.restarted, nursery.cancel_scope)
        while _goes_on(link, home, gateway):
            await link.wait_for_change()
        nursery.cancel_scope.cancel()


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


def _goes_on(link: HeadEndLink, home: str, gateway: LinkGateway) -> bool:
    if link.homes is None:
        return True
    given = next((one for one in link.homes if one.home == home), None)
    if given is None:
        return False
    return all(top <= gateway.counters.get(one, 0) for one, top in given.counters.items())


def _counters(state: Path) -> Mapping[Eui64, int]:
    """The highest counters that a hub has used."""
    place = place_of(state)
    if not is_there(place):
        return {}
    with Store.inspect(place) as store:
        return {one.originator: one.last for one in store.load().counters}
