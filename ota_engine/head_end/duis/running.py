"""Runs a head end: its door, its outbox, what is due, its gateways; decides nothing.

Every task has its own pace, and all of them use the fleet in one place, a call at a time. What fails for
want of the database is told and tried again: a head end outlives a full disk.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import trio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from images.eui64 import format_eui64
from ota_engine.duis.codes import CODES, CodeTable
from ota_engine.errors import LinkError, StoreError
from ota_engine.fleet.fleet import Due
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.rows import OrderBatch, OrderRules, UserDocument
from ota_engine.gateway.contract import FleetGateway
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.door import DoorLog, DuisDoor
from ota_engine.head_end.duis.intake import Intake, SchemaCheck
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.ledger import write_notes
from ota_engine.head_end.duis.metrics import CONTENT_TYPE, DoorMetrics
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.outbox import DocumentCourier, OpenEndpoint
from ota_engine.head_end.duis.standing import DoorStanding, read_standing, troubles
from ota_engine.head_end.duis.writer import RequestWriter
from ota_engine.head_end.exchange import give_and_hear
from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.telling.serving import Place, TlsFiles, serving
from ota_engine.telling.sink import SinkAnswer
from ota_engine.times import Utc

LOOK_S: Final = 0.5  # at what is due, and at gateways
NOTE_S: Final = 60.0  # between notes of refusals in the audit trail
RULES_S: Final = 5.0  # after which codes that were decided on count here, too
ROWS_AT_ONCE: Final = 100  # rows looked at in one commit
UNWELL: Final = 503


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


class DuisHeadEnd:
    """A head end; its desk makes documents by ``notary``.

    Args:
        desk: of the fleet; nobody else in this process uses it meanwhile.
        notary: that the desk has.
        settings: what else it is made of.
    """

    def __init__(self, desk: FleetDesk, notary: Notary, settings: HeadEndSettings) -> None:
        self._settings = settings
        self._room = DeskRoom(desk)
        self._metrics = DoorMetrics()
        shelf = ImageShelf(settings.state / IMAGES_NAME)
        self._writer = RequestWriter(self._room, shelf, settings.clock, self._report)
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
            report=self._report,
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
                nursery.start_soon(self._each, LOOK_S, self._wake)
                nursery.start_soon(self._each, NOTE_S, self._note)
                nursery.start_soon(self._each, RULES_S, self._read_rules)
                for name, gateway in self._settings.gateways.items():
                    nursery.start_soon(self._each, LOOK_S, partial(self._exchange, name, gateway))
                started(url)
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        if trouble := await self._once(self._note):
                            self._report(trouble)

    async def _each(self, pause: float, work: Callable[[], Awaitable[None]]) -> None:
        told = ""
        while True:
            trouble = await self._once(work)
            if trouble and trouble != told:  # what goes on is told once
                self._report(trouble)
            told = trouble
            await trio.sleep(pause)

    @staticmethod
    async def _once(work: Callable[[], Awaitable[None]]) -> str:
        """Do something once; gives, in one line, why it failed, or nothing."""
        try:
            await work()
        except (StoreError, LinkError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - told; a fault in one place ends no other
            return f"a fault of ours: {type(error).__name__}: {error}"
        return ""

    async def _wake(self) -> None:
        """Look at rows whose time has come, few in one commit: requests come in between."""
        due = await self._room.use(lambda desk: desk.due(self._settings.clock()))
        faults: list[Exception] = []
        for events in _parted(due):
            faults += await self._let_happen(events)
        if faults:
            raise faults[0]

    async def _let_happen(self, events: Sequence[Due]) -> list[Exception]:
        """Let rows do what their time has come for; where we fail at one, the others do it all the same."""
        try:
            await self._room.use(partial(_handle, events=events, utc=self._settings.clock()))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - raised in the end; one row must not hold up the others
            if len(events) == 1:
                return [error]
            return [fault for one in events for fault in await self._let_happen([one])]
        return []

    async def _read_rules(self) -> None:
        self._door.codes = await self._room.use(_codes)

    async def _note(self) -> None:
        notes = self._door.ledger.take()
        if notes:
            utc = self._settings.clock()
            await self._room.use(lambda desk: write_notes(desk, notes, utc))

    async def _exchange(self, name: str, gateway: FleetGateway) -> None:
        await give_and_hear(self._room.use, gateway, name, self._settings.clock)

    async def _standing(self) -> DoorStanding:
        utc = self._settings.clock()
        found = await self._room.use(lambda desk: read_standing(desk, utc))
        return found._replace(requests_waiting=self._writer.waiting)

    async def _figures(self, _: Request) -> Response:
        try:
            standing = await self._standing()
        except StoreError as error:
            return Response(f"{error}\n", UNWELL, media_type="text/plain")
        return Response(self._metrics.page(standing), media_type=CONTENT_TYPE)

    async def _health(self, _: Request) -> Response:
        settings = self._settings
        standing: DoorStanding | StoreError
        try:
            standing = await self._standing()
        except StoreError as error:
            standing = error
        found = troubles(settings.state, settings.keys, standing, settings.clock())
        grave = any(trouble.ours for trouble in found)
        status = "unwell" if grave else "wants attention" if found else "well"
        told = {"status": status, "troubles": {one.place: one.text for one in found}}
        return JSONResponse(told, UNWELL if grave else 200)

    def _posted(self, document: UserDocument, answer: SinkAnswer) -> None:
        self._metrics.posted(answer.fate)
        self._settings.log(
            "told",
            document=document.document,
            user=format_eui64(document.user),
            fate=answer.fate.name.lower(),
            reason=answer.problem or None,
        )

    def _report(self, trouble: str) -> None:
        self._settings.log("trouble", trouble=trouble)


def _codes(desk: FleetDesk) -> CodeTable:
    """Read the table of codes as the fleet has it."""
    with desk.store.reading():
        rules = desk.store.select(Select(OrderRules))
    return CODES.changed(dict(rules[0].codes)) if rules else CODES


def _handle(desk: FleetDesk, events: Sequence[Due], utc: Utc) -> None:
    desk.handle(events, utc)


def _parted(due: Sequence[Due]) -> Iterable[Sequence[Due]]:
    """Part rows for commits that last alike: one that stands for many devices is one of its own."""
    heavy = [one for one in due if isinstance(one.row, OrderBatch)]
    light = [one for one in due if not isinstance(one.row, OrderBatch)]
    for start in range(0, len(light), ROWS_AT_ONCE):
        yield light[start : start + ROWS_AT_ONCE]
    for one in heavy:
        yield [one]
