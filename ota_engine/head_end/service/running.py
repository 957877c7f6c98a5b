"""Runs a server for a fleet: its doors on one port, and what goes on behind them; decides nothing.

It stops in order: streams end at once, what is being answered is answered, and only then time stops. What
others do not read any more holds up neither.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ota_engine.errors import StoreError
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.health import (
    UNWELL,
    Trouble,
    fleet_troubles,
    health,
    notices_trouble,
)
from ota_engine.head_end.repeating import AGAIN_S, Repeating
from ota_engine.head_end.running import FleetLoops
from ota_engine.head_end.service.figures import (
    CONTENT_TYPE,
    Counted,
    FleetStanding,
    ServiceFigures,
)
from ota_engine.head_end.service.guards import Guard
from ota_engine.head_end.service.parts import ServiceDoor, ServiceParts
from ota_engine.head_end.service.streams import StreamsEnd
from ota_engine.paced_clock import rate_of
from ota_engine.telling.serving import PRIVATE, Place, TlsFiles, serving
from ota_engine.times import Utc

if TYPE_CHECKING:
    from starlette.types import ASGIApp

STOPPING_S: Final = 1.5  # for what is being answered when the server stops
BEARER: Final = "bearer "
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")

TroublesOf = Callable[[], Awaitable[Sequence[Trouble]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Where and how a server is reached.

    Attributes:
        place: where it listens.
        tls: how it shows who it is; None for plain HTTP.
        proxied: everybody comes by way of something in front of it.
        guards: what stands before the doors, the outermost first.
        troubles: say what is wrong with what else runs in this process.
    """

    place: Place
    tls: TlsFiles | None = None
    proxied: bool = False
    guards: Sequence[Guard] = ()
    troubles: Sequence[TroublesOf] = ()


class Service:
    """A server.

    Args:
        parts: what its doors are made of.
        doors: those, in the order in which they are asked.
        loops: what goes on behind them.
        settings: where and how it is reached.
    """

    def __init__(
        self,
        parts: ServiceParts,
        doors: Sequence[ServiceDoor],
        loops: FleetLoops,
        settings: ServiceSettings,
    ) -> None:
        self._parts = parts
        self._doors = list(doors)
        self._loops = loops
        self._settings = settings
        self._repeating = Repeating(self._report)
        self._figures = ServiceFigures(parts.registry)
        own = [
            Route("/healthz", self._health, methods=["GET"]),
            Route("/metrics", self._metrics, methods=["GET"]),
        ]
        app: ASGIApp = Starlette(
            routes=[*own, *(route for door in self._doors for route in door.routes)]
        )
        for guard in reversed(settings.guards):
            app = guard(app)
        self._app = StreamsEnd(Counted(app, self._figures), self._figures.stream)

    async def run(self, stopping: trio.Event, started: Callable[[str], None]) -> None:
        """Serve until told to stop.

        Args:
            stopping: tells it to.
            started: is told the URL once it can be reached.

        Raises:
            LinkError: the place cannot be listened at.
            LocalError: a file of TLS cannot be used.
        """
        where = self._settings
        async with trio.open_nursery() as nursery:
            async with serving(self._app, where.place, where.tls, stopping_s=STOPPING_S) as url:
                nursery.start_soon(self._loops.run)
                for door in self._doors:
                    nursery.start_soon(self._repeating.each, AGAIN_S, door.run)
                started(url)
                try:
                    await stopping.wait()
                finally:
                    self._app.end()
            nursery.cancel_scope.cancel()

    def _report(self, trouble: str) -> None:
        self._parts.log("trouble", trouble=trouble)

    async def _standing(self) -> FleetStanding:
        utc, rate = self._parts.clock(), rate_of(self._parts.clock)
        due, notices = await self._parts.reading.ask(_counted)
        late_s = 0.0 if due is None else max(utc - due, 0.0) / rate
        room = self._parts.writing
        return FleetStanding(late_s, notices, room.waiting + room.patient)

    async def _metrics(self, request: Request) -> Response:
        if not await self._is_ours(request):
            return _not_for("figures")
        try:
            standing = await self._standing()
            await self._others()  # who take their own figures by the way
        except StoreError as error:
            return Response(f"{error}\n", UNWELL, media_type="text/plain")
        return Response(self._figures.page(standing), media_type=CONTENT_TYPE)

    async def _health(self, request: Request) -> Response:
        judged = health(await self._troubles())
        told: dict[str, Any] = judged.told
        if not await self._is_ours(request):
            told = {"status": judged.word}
        return JSONResponse(told, judged.status, headers={"cache-control": "no-store"})

    async def _troubles(self) -> list[Trouble]:
        found: list[Trouble] = []
        try:
            standing = await self._standing()
        except StoreError as error:
            found.append(Trouble("database", str(error), ours=True))
        else:
            found += fleet_troubles(self._parts.state, standing.late_s)
            found += notices_trouble(standing.notices.get(NoticeState.DEAD, 0))
        return found + await self._others()

    async def _others(self) -> list[Trouble]:
        """Say what is wrong with what else runs here."""
        return [one for troubles in self._settings.troubles for one in await troubles()]

    async def _is_ours(self, request: Request) -> bool:
        """Whether somebody on this machine asks, or somebody with a token: figures are not for the world."""
        headers = request.headers
        if not self._settings.proxied and not any(name in headers for name in FORWARDED):
            return request.client is not None and request.client.host in PRIVATE
        shown = headers.get("authorization", "")
        if not shown.lower().startswith(BEARER):
            return False
        return await self._parts.entry.by_token(shown[len(BEARER) :].strip()) is not None


def _counted(desk: FleetDesk) -> tuple[Utc | None, Mapping[str, int]]:
    with desk.store.reading():
        counts = desk.store.count(Counts(Notice, ("state",)))
    return desk.next_wake(), {str(state): number for (state,), number in counts.items()}


def _not_for(what: str) -> Response:
    text = f"{what} are told to this machine alone, or for a token: Authorization: Bearer TOKEN\n"
    return Response(text, 403, media_type="text/plain")
