"""The portal as a door of a server: knows whoever comes in, finds the page, answers with it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, compile_path

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.access.cookies import secret_in
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError, View, Viewer
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.paced_clock import rate_of
from ota_engine.portal.answers import html, own_path, see
from ota_engine.portal.frame import PageFrame, rate_text
from ota_engine.portal.live import LiveRoom, PageSight, Visited
from ota_engine.portal.pages import MENU, FormPosted, PortalPage, link
from ota_engine.portal.posting import read_form
from ota_engine.portal.problems import FAULT, PageProblem, problem, problem_of
from ota_engine.portal.registry import PAGES
from ota_engine.portal.sign_in import BARE, SignInPages
from ota_engine.portal.statics import StaticFiles

DONE: Final = "done"  # after the question mark: the key of what was just decided


class PortalDoor:
    """The portal.

    Args:
        parts: of the server.
        pages: that there are.
    """

    def __init__(self, parts: ServiceParts, pages: Sequence[PortalPage] = PAGES) -> None:
        self._parts, self._pages = parts, pages
        self._static = StaticFiles()
        self.frame = PageFrame(self._static.path)
        self.live = LiveRoom(parts, self.frame)
        self._coming: Sequence[BaseRoute] = ()
        if isinstance(parts.entry, AccessDesk):
            self._coming = SignInPages(parts, parts.entry, self.frame, self._left).routes
        self._paths = [(compile_path(page.path)[0], page) for page in pages]

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it answers; the last one takes what nobody else does."""
        shown = [
            Route(page.path, self._shown(page), methods=["GET", *(["POST"] if page.take else [])])
            for page in self._pages
        ]
        return [
            self._static.route,
            Route("/live", self._live, methods=["GET"]),
            *self._coming,
            *shown,
            Route("/{path:path}", self._nothing, methods=["GET", "POST"]),
        ]

    async def run(self) -> None:
        """Tell those who look at pages what changes, until cancelled."""
        await self.live.run()

    # --- pages ----------------------------------------------------------------------------------

    def _shown(self, page: PortalPage) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            signed = None
            try:
                signed = await self._signed(request)
                if signed is not None:
                    return await self._answered(page, request, signed)
            except (LocalError, StoreError, HTTPException) as error:
                return await self._problem(problem_of(error), signed)
            except Exception as error:  # noqa: BLE001 - told; who looks sees what to do next
                trouble = f"a fault of ours: {type(error).__name__}: {error}"
                self._parts.log("trouble", trouble=trouble, path=request.url.path)
                return await self._problem(problem(500, FAULT), signed)
            here = link(_path_of(request), **request.query_params)
            is_home = here == "/" or request.method != "GET"
            return see(link("/sign-in", next=None if is_home else here))

        return answer

    async def _answered(self, page: PortalPage, request: Request, signed: SignedIn) -> Response:
        if signed.viewer.roles.isdisjoint(page.roles):
            await self._parts.entry.refused(signed, f"{request.method} {request.url.path}")
            raise NotForViewerError("this page is not for your party's roles")
        visited = Visited(
            _path_of(request),
            {name: str(value) for name, value in request.path_params.items()},
            {name: text for name, text in request.query_params.items() if name != DONE},
        )
        done = request.query_params.get(DONE, "")
        if request.method != "POST" or page.take is None:
            return await self._page(page, visited, signed, done=done)
        form = await read_form(request, page.octets)
        address = "" if request.client is None else request.client.host
        posted = FormPosted(
            self._parts, signed, visited.fields, visited.query, form, visited.path, address
        )
        try:
            told = await page.take(posted)
        finally:
            await form.close()
        if isinstance(told, Response):
            return told
        return await self._page(page, visited, signed, told)

    async def _page(
        self,
        page: PortalPage,
        visited: Visited,
        signed: SignedIn,
        added: Mapping[str, Any] | None = None,
        *,
        done: str = "",
    ) -> Response:
        sight = PageSight.of(page, visited, signed)
        utc = self._parts.clock()

        def make(desk: FleetDesk) -> str:
            with desk.store.reading():
                told = dict(page.read(sight.visit(View(desk, sight.viewer, utc, self._parts.live))))
            told |= added or {}
            told |= self._around(desk, signed, page)
            told |= {"here": link(visited.path, **visited.query)}
            told |= {"done": _done(desk, signed.viewer, done) if done else None}
            if self.frame.live(page.template):
                told |= {"stream": link("/live", page=told["here"])}
            return self.frame.page(page.template, told, signed.zone)

        try:
            text = await self._parts.reading.ask(make)
        except NotForViewerError:
            await self._parts.entry.refused(signed, f"GET {visited.path}")
            raise
        return html(text, 200 if added is None else int(added.get("status", 422)))

    def _around(
        self, desk: FleetDesk, signed: SignedIn | None, page: PortalPage | None
    ) -> dict[str, Any]:
        """Say what stands around every page: who looks, where else to go, which clock runs."""
        clock = self._parts.clock
        rate = rate_of(clock)
        return {
            "me": None if signed is None else _me(desk, signed.viewer),
            "menu": [] if signed is None else self._menu(signed.viewer, page),
            "rate": None if rate == 1.0 else rate_text(rate),
            "now": clock(),
            "stream": "",
        }

    def _menu(
        self, viewer: Viewer, here: PortalPage | None
    ) -> list[tuple[str, list[dict[str, Any]]]]:
        entries = [
            (page.menu.group, {"label": page.menu.label, "path": page.path, "here": page is here})
            for page in self._pages
            if page.menu is not None and not viewer.roles.isdisjoint(page.roles)
        ]
        groups = [(name, [entry for group, entry in entries if group == name]) for name in MENU]
        return [(name, found) for name, found in groups if found]

    async def _problem(self, problem: PageProblem, signed: SignedIn | None) -> Response:
        told = {"title": problem.title, "problem": problem, "here": ""}

        def make(desk: FleetDesk) -> str:
            around = self._around(desk, signed, None)
            return self.frame.page(
                "problem.html", {**told, **around}, signed.zone if signed else ""
            )

        try:
            text = await self._parts.reading.ask(make)
        except StoreError:  # then nothing can be said of who looks
            text = self.frame.page("problem.html", {**BARE, **told}, "")
        answer = html(text, problem.status)
        if problem.status == 503:
            answer.headers["Retry-After"] = "5"
        return answer

    async def _nothing(self, request: Request) -> Response:
        lost = NotThereError("there is no such page")
        try:
            signed = await self._signed(request)
        except StoreError as error:
            return await self._problem(problem_of(error), None)
        return await self._problem(problem_of(lost), signed)

    # --- who looks ------------------------------------------------------------------------------

    async def _signed(self, request: Request) -> SignedIn | None:
        secret = secret_in(request.headers.get("cookie", ""), secure=self._parts.secure)
        return await self._parts.entry.by_session(secret) if secret else None

    def _left(self, signed: SignedIn) -> None:
        self.live.end(signed.digest)

    # --- what changes ---------------------------------------------------------------------------

    async def _live(self, request: Request) -> Response:
        try:
            signed = await self._signed(request)
        except StoreError as error:
            return Response(f"{error}\n", 503, media_type="text/plain")
        if signed is None:
            return Response("sign in first\n", 401, media_type="text/plain")
        found = self._found(own_path(request.query_params.get("page", ""), ""))
        if found is None or not self.frame.live(found[0].template):
            return Response("no page like this changes\n", 404, media_type="text/plain")
        page, visited = found
        if signed.viewer.roles.isdisjoint(page.roles):
            await self._parts.entry.refused(signed, f"GET /live of {visited.path}")
            return Response("not for your party's roles\n", 403, media_type="text/plain")
        return self.live.answer(
            PageSight.of(page, visited, signed),
            signed,
            request.headers.get("last-event-id", ""),
        )

    def _found(self, place: str) -> tuple[PortalPage, Visited] | None:
        split = urlsplit(place)
        for pattern, page in self._paths:
            match = pattern.match(unquote(split.path))
            if match:
                return page, Visited(split.path, match.groupdict(), dict(parse_qsl(split.query)))
        return None


def _path_of(request: Request) -> str:
    return quote(request.scope["path"], safe="/:-._~")


def _done(desk: FleetDesk, viewer: Viewer, key: str) -> DecisionRow | None:
    """Find what the viewer has just decided; None for what is not hers."""
    with desk.store.reading():
        found = desk.store.select(Select(DecisionRow, (("key", key),)))
    return found[0] if found and found[0].person == viewer.person and found[0].accepted else None


def _me(desk: FleetDesk, viewer: Viewer) -> dict[str, Any]:
    """Name who looks: the person, the party, its roles."""
    with desk.store.reading():
        persons = desk.store.select(Select(Person, (("person", viewer.person),)))
        parties = desk.store.select(Select(Party, (("party", viewer.party),)))
    return {
        "person": viewer.person,
        "name": persons[0].name if persons else viewer.person,
        "party": parties[0].name if parties else viewer.party,
        "roles": sorted(viewer.roles),
    }
