"""Runs the door for service requests and what belongs to it, alone or beside others; decides nothing.

Every task has its own pace, and all of them use the fleet in one place, a call at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import trio
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from images.eui64 import format_eui64
from ota_engine.duis.codes import CODES, CodeTable
from ota_engine.errors import StoreError
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.rows import OrderRules, UserDocument
from ota_engine.gateway.contract import FleetGateway
from ota_engine.head_end.courier import NoticeCourier
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.door import DoorLog, DuisDoor
from ota_engine.head_end.duis.intake import Intake, SchemaCheck
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.metrics import CONTENT_TYPE, DoorMetrics
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.outbox import DocumentCourier, OpenEndpoint
from ota_engine.head_end.duis.standing import DoorStanding, read_standing, troubles
from ota_engine.head_end.duis.writer import RequestWriter
from ota_engine.head_end.health import UNWELL, Trouble, fleet_troubles, health
from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf
from ota_engine.head_end.refusals import write_notes
from ota_engine.head_end.repeating import Repeating
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.head_end.running import FleetLoops
from ota_engine.paced_clock import rate_of
from ota_engine.telling.serving import Place, TlsFiles, serving
from ota_engine.telling.sink import SinkAnswer
from ota_engine.times import Utc

NOTE_S: Final = 60.0  # between notes of refusals in the audit trail
RULES_S: Final = 5.0  # after which codes that were decided on count here, too


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadEndSettings:
    """What a head end is made of.

    Attributes:
        state: the state folder.
        keys: who may sign, and with what we do.
        open_endpoint: of a user.
        clock: gives UTC.
        log: is told what happens.
        check: against the official schemas; None without them.
        gateways: by the name under which homes are given to them.
        body_s: seconds for a document to arrive.
        answer_s: seconds from then on to its answer.
    """

    state: Path
    keys: DuisKeys
    open_endpoint: OpenEndpoint
    clock: Callable[[], Utc]
    log: DoorLog
    check: SchemaCheck | None = None
    gateways: Mapping[str, FleetGateway] = field(default_factory=dict)
    body_s: float = 10.0
    answer_s: float = 2.5


class DuisDoorway:
    """The door, its writer and its outbox, on a port of their own.

    Args:
        room: the fleet; its desk makes documents by ``notary``.
        notary: that the desk has.
        settings: what else it is made of.
        registry: where its figures are.
    """

    def __init__(
        self,
        room: DeskRoom,
        notary: Notary,
        settings: HeadEndSettings,
        registry: CollectorRegistry,
    ) -> None:
        self._settings = settings
        self._room = room
        self._repeating = Repeating(self.report)
        self._metrics = DoorMetrics(registry)
        shelf = ImageShelf(settings.state / IMAGES_NAME)
        self._writer = RequestWriter(self._room, shelf, settings.clock, self.report)
        intake = Intake(settings.keys, shelf, settings.check)
        self._door = DuisDoor(
            intake,
            self._writer,
            notary,
            clock=settings.clock,
            metrics=self._metrics,
            log=settings.log,
            body_s=settings.body_s,
            answer_s=settings.answer_s,
            more=(
                Route("/metrics", self._figures, methods=["GET"]),
                Route("/healthz", self._health, methods=["GET"]),
            ),
        )
        self._outbox = DocumentCourier(
            self._room,
            settings.open_endpoint,
            clock=settings.clock,
            report=self.report,
            watch=self._posted,
        )

    async def run(self, place: Place, tls: TlsFiles | None, started: Callable[[str], None]) -> None:
        """Serve until cancelled.

        Args:
            place: where to listen.
            tls: how to show who we are; None for plain HTTP.
            started: is told the URL once it can be reached.

        Raises:
            LinkError: the place cannot be listened at.
            LocalError: a file of TLS cannot be used.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._writer.run)
            async with serving(self._door.app, place, tls) as url:
                nursery.start_soon(self._outbox.run)
                nursery.start_soon(self._repeating.each, NOTE_S, self._note)
                nursery.start_soon(self._repeating.each, RULES_S, self._read_rules)
                started(url)
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        await self._repeating.once(self._note)

    def report(self, trouble: str) -> None:
        """Log a trouble."""
        self._settings.log("trouble", trouble=trouble)

    async def troubles(self) -> list[Trouble]:
        """Say what is wrong with the door, and take its figures."""
        standing = await self._stood()
        return troubles(self._settings.keys, standing, self._settings.clock())

    async def _read_rules(self) -> None:
        self._door.codes = await self._room.use(_codes)

    async def _note(self) -> None:
        notes = self._door.ledger.take()
        if notes:
            utc = self._settings.clock()
            await self._room.use(lambda desk: write_notes(desk, notes, utc))

    async def _standing(self) -> DoorStanding:
        utc = self._settings.clock()
        found = await self._room.use(lambda desk: read_standing(desk, utc))
        found = found._replace(requests_waiting=self._writer.waiting)
        self._metrics.stand(found)
        return found

    async def _stood(self) -> DoorStanding | StoreError:
        """How the door stands, or why that cannot be read."""
        try:
            return await self._standing()
        except StoreError as error:
            return error

    async def _figures(self, _: Request) -> Response:
        try:
            await self._standing()
        except StoreError as error:
            return Response(f"{error}\n", UNWELL, media_type="text/plain")
        return Response(self._metrics.page(), media_type=CONTENT_TYPE)

    async def _health(self, _: Request) -> Response:
        settings = self._settings
        utc = settings.clock()
        standing = await self._stood()
        late_s = 0.0 if isinstance(standing, StoreError) else standing.late_s
        found = [
            *troubles(settings.keys, standing, utc),
            *fleet_troubles(settings.state, late_s / rate_of(settings.clock)),
        ]
        judged = health(found)
        return JSONResponse(judged.told, judged.status)

    def _posted(self, document: UserDocument, answer: SinkAnswer) -> None:
        self._metrics.posted(answer.fate)
        self._settings.log(
            "told",
            document=document.document,
            user=format_eui64(document.user),
            fate=answer.fate.name.lower(),
            reason=answer.problem or None,
        )


class DuisHeadEnd:
    """A head end that has no other door; its desk makes documents by ``notary``.

    Args:
        room: the fleet.
        notary: that its desk has.
        settings: what else it is made of.
        courier: brings notices; None where nobody does.
    """

    def __init__(
        self,
        room: DeskRoom,
        notary: Notary,
        settings: HeadEndSettings,
        courier: NoticeCourier | None = None,
    ) -> None:
        self._doorway = DuisDoorway(room, notary, settings, CollectorRegistry())
        self._loops = FleetLoops(
            room,
            settings.clock,
            self._doorway.report,
            courier=courier,
            gateways=settings.gateways,
        )

    async def run(self, place: Place, tls: TlsFiles | None, started: Callable[[str], None]) -> None:
        """Serve, and let time pass, until cancelled; see ``DuisDoorway.run``."""
        async with trio.open_nursery() as nursery:

            def begin(url: str) -> None:
                nursery.start_soon(self._loops.run)
                started(url)

            await self._doorway.run(place, tls, begin)


def _codes(desk: FleetDesk) -> CodeTable:
    """Read the table of codes as the fleet has it."""
    with desk.store.reading():
        rules = desk.store.select(Select(OrderRules))
    return CODES.changed(dict(rules[0].codes)) if rules else CODES
