"""Tells whoever looks at a page what has changed on it; knows pages and the room they are read in.

What viewers of one party see of one page is made once for all of them, and only when something was
committed while somebody looks. Nobody has a queue: whoever is slow finds the newest, and nothing else.
Whoever has what was before the newest is told what is different, everybody else the whole.
"""

import json
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NamedTuple

import trio
from prometheus_client import Counter
from starlette.responses import Response

from ota_engine.errors import StoreError, ZotaError
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.questions.asking import View, Viewer
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.head_end.streaming import StreamAnswer, TellPiece
from ota_engine.portal.frame import PageFrame
from ota_engine.portal.pages import PortalPage, Visit
from ota_engine.portal.problems import FAULT

TICK_S: Final = 0.5  # between two looks at whether anything was committed
QUIET_S: Final = 15.0  # after which a word is said that says nothing, and the session looked at
WOKEN: Final = 4  # viewers at a time: whoever decides meanwhile waits for no more than these
SHARE: Final = 20  # of a sight that takes long, the time between two makings is so many times that
MOST_STREAMS: Final = 32  # of one session at a time: a browser has six
_OVER: Final = b"event: over\ndata: signed out\n\n"


class PageSight(NamedTuple):
    """What decides what is seen; viewers who have the same see the same.

    Attributes:
        page: which.
        path: as it was asked for.
        fields: parts of the path, by name.
        query: what follows the question mark.
        viewer: the party and its roles, and the person where the page is personal.
        zone: name of the time zone.
    """

    page: PortalPage
    path: str
    fields: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    viewer: Viewer
    zone: str

    @classmethod
    def of(cls, page: PortalPage, visited: "Visited", signed: SignedIn) -> "PageSight":
        """Say what somebody sees of a page."""
        viewer = signed.viewer if page.personal else replace(signed.viewer, person="")
        fields, query = (tuple(sorted(one.items())) for one in (visited.fields, visited.query))
        return cls(page, visited.path, fields, query, viewer, signed.zone)

    def visit(self, view: View) -> Visit:
        """Look at it."""
        return Visit(view, self.path, dict(self.fields), dict(self.query), self.zone)


class Visited(NamedTuple):
    """A page's place as a browser names it.

    Attributes:
        path: in full.
        fields: parts of the path, by name.
        query: what follows the question mark.
    """

    path: str
    fields: dict[str, str]
    query: dict[str, str]


class _Made(NamedTuple):
    """What was made of one sight: all of it, and what of it is different from before, as both are told."""

    fragments: dict[str, str]
    whole: str
    fresh: str
    took_s: float = 0.0

    @classmethod
    def gone(cls, why: str) -> "_Made":
        told = json.dumps({"gone": why})
        return cls({}, told, told)


_NOTHING: Final = _Made({}, "", "")


@dataclass(eq=False, slots=True)
class _Watched:
    """What was made of one sight, and how many wait for the next."""

    number: int  # of what was made; that of nothing is what nobody has seen
    viewers: int = 0
    at: int | None = None  # revision of the fleet that it was made at
    made: _Made = _NOTHING
    event: bytes = b""  # the whole of it as it is sent
    fresh: bytes = b""  # the same for whoever has what was made before
    waiting: trio.lowlevel.ParkingLot = field(default_factory=trio.lowlevel.ParkingLot)
    not_before: float = 0.0  # it is made again

    async def wake(self) -> None:
        """Wake all who wait now, few at a time, with a chance for everybody else in between."""
        for _ in range(0, len(self.waiting), WOKEN):
            self.waiting.unpark(count=WOKEN)
            await trio.lowlevel.checkpoint()


class LiveRoom:
    """All who look at pages now.

    Args:
        parts: of the server.
        frame: makes pages.

    Attributes:
        made: counts what was made.
    """

    def __init__(self, parts: ServiceParts, frame: PageFrame) -> None:
        self._parts, self._frame = parts, frame
        self._watched: dict[PageSight, _Watched] = {}
        self._streams: dict[str, int] = {}  # by session
        self._ended: set[str] = set()  # sessions that are over and whose streams are about to be
        self._somebody = trio.Event()
        self._latest = 0  # number of anything that was made
        self._over = False
        self._making_s = 0.0  # of the tick under way
        self._begun = f"{parts.clock():.0f}"
        self.made = Counter(
            "zota_portal_made", "Pages made for whoever looks at them", registry=parts.registry
        )

    @property
    def viewers(self) -> int:
        """How many look now."""
        return sum(one.viewers for one in self._watched.values())

    def answer(self, sight: PageSight, signed: SignedIn, seen: str) -> Response:
        """Answer with a stream.

        Args:
            sight: what is looked at.
            signed: who looks.
            seen: id of the last event that the browser had; empty for none.
        """
        if self._over or self._streams.get(signed.digest, 0) >= MOST_STREAMS:
            return Response("too many pages are open: close some\n", 429, media_type="text/plain")
        return StreamAnswer(partial(self._tell, sight, signed, seen))

    def end(self, digest: str) -> None:
        """End all streams of a session."""
        if digest in self._streams:
            self._ended.add(digest)
            self._wake_all()

    async def run(self) -> None:
        """Make what is looked at whenever something was committed, until cancelled."""
        try:
            self._over = False
            while True:
                await self._somebody.wait()
                begun, self._making_s = trio.current_time(), 0.0
                await self._tick()
                now = trio.current_time()  # no more than half of the time goes into making
                await trio.sleep_until(max(begun + TICK_S, now + self._making_s))
        finally:
            self._over = True
            self._wake_all()

    async def _tick(self) -> None:
        try:
            revision = await self._parts.reading.revision()
            for sight, watched in list(self._watched.items()):
                changed = watched.at != revision or sight.page.by_the_tick
                if changed and trio.current_time() >= watched.not_before:
                    await self._make(sight, watched, revision)
        except StoreError as error:
            self._parts.log("pages cannot be made", reason=str(error))

    async def _make(self, sight: PageSight, watched: _Watched, revision: int) -> None:
        utc, before = self._parts.clock(), watched.made
        try:
            self.made.inc()
            made = await self._parts.reading.ask(
                lambda desk: self._fragments(
                    sight, View(desk, sight.viewer, utc, self._parts.live), before
                )
            )
        except StoreError:
            raise
        except ZotaError as error:  # it is not there any more, or not for this viewer
            made = _Made.gone(str(error))
        except Exception as error:  # noqa: BLE001 - told; a fault in one page ends no other
            made = _Made.gone(FAULT)
            if made.whole != before.whole:
                trouble = f"a fault of ours: {type(error).__name__}: {error}"
                self._parts.log("trouble", trouble=trouble, path=sight.path)
        self._making_s += made.took_s
        watched.at = revision
        watched.not_before = trio.current_time() + SHARE * made.took_s - TICK_S
        if made.whole == before.whole:
            return
        watched.made = made
        watched.number += 1
        self._latest = max(self._latest, watched.number)
        head = f"id: {self._begun}-{watched.number}\nevent: page\ndata: "
        watched.event = f"{head}{made.whole}\n\n".encode()
        watched.fresh = f"{head}{made.fresh}\n\n".encode()
        await watched.wake()

    def _fragments(self, sight: PageSight, view: View, before: _Made) -> _Made:
        """Make what is told, and say how many seconds of work that took, whatever else the machine does."""
        begun = time.thread_time()
        with view.desk.store.reading():
            told = sight.page.read(sight.visit(view))
        made = self._frame.fragments(sight.page.template, told, sight.zone)
        had = before.fragments
        fresh = {name: text for name, text in made.items() if had.get(name) != text}
        whole, parts = (
            json.dumps({"fragments": one, "said": told.get("said", "")}, ensure_ascii=False)
            for one in (made, fresh)
        )
        return _Made(made, whole, parts, time.thread_time() - begun)

    async def _tell(self, sight: PageSight, signed: SignedIn, seen: str, send: TellPiece) -> None:
        watched = self._watched.setdefault(sight, _Watched(self._latest))
        watched.viewers += 1
        self._streams[signed.digest] = self._streams.get(signed.digest, 0) + 1
        self._somebody.set()
        try:
            await self._follow(watched, signed, seen, send)
        finally:
            watched.viewers -= 1
            if not watched.viewers:
                del self._watched[sight]
            self._leave(signed.digest)

    async def _follow(
        self, watched: _Watched, signed: SignedIn, seen: str, send: TellPiece
    ) -> None:
        sent = watched.number if seen == f"{self._begun}-{watched.number}" else None
        await send(b"retry: 2000\n\n")
        looked = trio.current_time()
        while not self._over and signed.digest not in self._ended:
            if trio.current_time() >= looked + QUIET_S:
                looked = trio.current_time()
                if not await self._still_in(signed):
                    break
                await send(b":\n\n")
            elif watched.event and watched.number != sent:
                has_before, sent = sent == watched.number - 1, watched.number
                await send(watched.fresh if has_before else watched.event)
            else:
                with trio.move_on_at(looked + QUIET_S):
                    await watched.waiting.park()
        if not self._over:
            await send(_OVER)

    async def _still_in(self, signed: SignedIn) -> bool:
        try:
            return await self._parts.entry.still_in(signed)
        except StoreError:
            return True  # nobody knows; it is asked again

    def _leave(self, digest: str) -> None:
        self._streams[digest] -= 1
        if not self._streams[digest]:
            del self._streams[digest]
            self._ended.discard(digest)
        if not self._streams and not self._over:
            self._somebody = trio.Event()

    def _wake_all(self) -> None:
        for watched in self._watched.values():
            watched.waiting.unpark_all()
