"""The gateways' door: registers them, tells them what to do, hears what they did; knows HTTP and its parts.

Requests are judged by what is in the database, and what they say is there before they are answered. So a
server that is killed at any time has lost nothing that it has acknowledged.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ota_engine.errors import StoreError
from ota_engine.fleet.gateways.rows import (
    AlertCause,
    GatewayContact,
    RegisteredGateway,
)
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import RowKey, Select
from ota_engine.fleet.port import Instruction, InstructionState
from ota_engine.gateway.wire import (
    MOST_BODY,
    MOST_HOMES,
    PROTOCOLS,
    REGISTER_PATH,
    Hello,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    ProgressReport,
    Registering,
    Registration,
    TokenChange,
    agreed,
    base_of,
    octets_of,
    opening_of,
    record_of,
)
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways.alerting import ACTOR, Strange, open_alert, raise_alert
from ota_engine.head_end.gateways.attempts import VainAttempts
from ota_engine.head_end.gateways.connections import MOST_STREAMS, Connections, GatewayStream
from ota_engine.head_end.gateways.figures import GatewayFigures
from ota_engine.head_end.gateways.homes import homes_of, leaving_homes, number_of_homes
from ota_engine.head_end.gateways.identity import change_token, known_by, register
from ota_engine.head_end.gateways.image_answers import ImageAnswers
from ota_engine.head_end.gateways.intake import (
    Speaker,
    check_speaker,
    keep_report,
    met,
)
from ota_engine.head_end.gateways.refusals import JSON, GatewayRefused, fault, problem
from ota_engine.head_end.image_shelf import IMAGES_NAME
from ota_engine.head_end.posted import PostRefused, PostWanted, Unread, posted_body
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.paced_clock import rate_of
from ota_engine.times import Monotonic, Utc

T = TypeVar("T")

BODY_S: Final = 20.0  # for a document to arrive
LARGE: Final = 64 << 10  # octets of a document that is read off the loop
MOST_WAITING: Final = 256  # calls that wait to use the fleet; whoever comes then comes again
MOST_EACH: Final = 4  # of these of one gateway, which has one thing after the other to say
AGAIN_S: Final = 2.0
NOTE_S: Final = 120.0  # between two notes of who is there, and of refusals
REPLACED_WITHIN_S: Final = 120.0
REPLACED_MOST: Final = 5  # streams of one gateway within that, each in the place of one that lives
_WANTED: Final = PostWanted(
    "document", f"post JSON as Content-Type {JSON}", (JSON,), MOST_BODY, BODY_S
)
_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_OF_POST: Final = {413: "too much"}

Answering = Callable[[Request], Awaitable[Response]]


class _Opened(NamedTuple):
    """What a stream begins with."""

    hello: Hello
    trouble: str


class GatewayDoor:
    """The door.

    Args:
        parts: of the server.
        images: folders of images, each named by its SHA-256, beside those of the state folder.
    """

    def __init__(self, parts: ServiceParts, images: Sequence[Path] = ()) -> None:
        self._parts = parts
        self._rate = rate_of(parts.clock)
        self._figures = GatewayFigures(parts.registry, lambda: len(self._connections))
        self._connections = Connections(parts, self._figures)
        self._images = ImageAnswers([parts.state / IMAGES_NAME, *images], self._figures.sent)
        self._vain = VainAttempts()
        self._replaced: dict[str, list[float]] = {}
        self._refused: Counter[str] = Counter()  # by their codes, of which there are few
        self._waiting: Counter[str] = Counter()  # calls that wait to use the fleet, by whose
        self._parsing = trio.CapacityLimiter(2)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What it answers."""
        base = base_of(PROTOCOLS[0])
        return (
            Route(REGISTER_PATH, self._guarded("register", self._register), methods=["POST"]),
            Route(f"{base}/token", self._guarded("token", self._token), methods=["POST"]),
            Route(f"{base}/outcomes", self._guarded("outcomes", self._outcomes), methods=["POST"]),
            Route(f"{base}/progress", self._guarded("progress", self._progress), methods=["POST"]),
            Route(f"{base}/stream", self._guarded("stream", self._stream), methods=["GET"]),
            Route(
                f"{base}/images/{{sha256}}", self._guarded("images", self._image), methods=["GET"]
            ),
            Route("/gateway/{rest:path}", self._guarded("other", _other), methods=_ANY),
        )

    async def run(self) -> None:
        """Tell gateways what there is to do, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._connections.run)
            nursery.start_soon(self._note_now_and_then)

    # --- requests --------------------------------------------------------------------------------

    def _guarded(self, kind: str, answer: Answering) -> Answering:
        async def guarded(request: Request) -> Response:
            try:
                response = await answer(request)
            except GatewayRefused as refused:
                self._refused[refused.code] += 1
                response = problem(refused, Unread if request.method == "POST" else Response)
                self._parts.log(
                    "gateway refused", kind=kind, code=refused.code, address=_address(request)
                )
            except WireError as error:
                response = problem(GatewayRefused("malformed", str(error)))
            except PostRefused as refused:
                code = _OF_POST.get(refused.status, "malformed")
                response = problem(GatewayRefused(code, refused.reason), Unread)
            except (StoreError, OSError) as error:
                self._parts.log("trouble", trouble=str(error))
                response = problem(
                    GatewayRefused("busy", "the database cannot be used now: come again", AGAIN_S)
                )
            except Exception as error:  # noqa: BLE001 - told; a fault in one place ends no other
                text = f"a fault of ours: {type(error).__name__}: {error}"
                self._parts.log("trouble", trouble=text)
                response = fault()
            self._figures.answered(kind, response.status_code)
            return response

        return guarded

    async def _register(self, request: Request) -> Response:
        address, now = _address(request), Monotonic(trio.current_time())
        if wait := self._vain.wait_s(address, now):
            raise GatewayRefused("too often", "too many attempts in vain from here: wait", wait)
        said = await self._posted(request, Registering)
        protocol = _protocol(said.protocols)
        work = partial(
            register,
            said=said,
            protocol=protocol,
            address=address,
            utc=self._parts.clock(),
            rate=self._rate,
        )
        try:
            token = await self._use("", work)  # from one address many may come at once
        except GatewayRefused:
            self._vain.failed(address, now)
            raise
        self._parts.log("gateway registered", gateway=said.gateway, address=address)
        return _json(Registration(token, protocol, self._parts.clock(), self._rate))

    async def _token(self, request: Request) -> Response:
        known = await self._known(request)
        said = await self._posted(request, TokenChange)
        speaker = Speaker(known.gateway, said.instance, _address(request))
        work = partial(change_token, speaker=speaker, said=said, utc=self._parts.clock())
        await self._use(known.gateway, work)
        return Response(status_code=204)

    async def _outcomes(self, request: Request) -> Response:
        known = await self._known(request)
        said = await self._posted(request, OutcomeReport)
        speaker = Speaker(known.gateway, said.instance, _address(request))
        utc = self._parts.clock()
        kept = await self._use(
            known.gateway,
            partial(keep_report, speaker=speaker, report=said, utc=utc, rate=self._rate),
        )
        self._connections.taken(known.gateway, said.taken)
        self._figures.outcomes(kept.kept, kept.dropped, kept.aside)
        if kept.moved:
            self._connections.stir()
        return _json(OutcomesHeard(kept.heard, self._parts.clock()))

    async def _progress(self, request: Request) -> Response:
        known = await self._known(request)
        said = await self._posted(request, ProgressReport)
        if said.instance != known.instance:
            raise GatewayRefused("another instance", "another gateway has this identity: stop")
        stream = self._connections.of(known.gateway)
        if self._parts.live.is_watched and stream is not None and stream.homes is not None:
            own = {one.home for one in stream.homes}
            transfers = [one for one in said.transfers if one.home in own]
            self._parts.live.told(known.gateway, transfers)
        return Response(status_code=204)

    async def _image(self, request: Request) -> Response:
        known = await self._known(request)
        sha256 = request.path_params["sha256"]
        ordered = await self._parts.reading.ask(partial(_is_ordered, known.gateway, sha256))
        if not ordered:
            raise GatewayRefused("not yours", "no such image was ordered for this gateway")
        headers = request.headers
        return await self._images.answer(
            known.gateway, sha256, headers.get("range", ""), headers.get("if-range", "")
        )

    async def _stream(self, request: Request) -> Response:
        known = await self._known(request)
        opening = opening_of(request.query_params)
        protocol = _protocol(opening.protocols)
        if len(self._connections) >= MOST_STREAMS and not self._connections.of(known.gateway):
            raise GatewayRefused("busy", "too many gateways are connected: come again", 30.0)
        stream = GatewayStream(known.gateway, opening.instance, _address(request))
        twice = self._is_two_at_once(stream)
        utc = self._parts.clock()
        speaker = Speaker(known.gateway, opening.instance, stream.address)
        opened = await self._use(
            known.gateway,
            partial(
                _open,
                speaker=speaker,
                opening=opening,
                protocol=protocol,
                twice=twice,
                utc=utc,
                rate=self._rate,
            ),
        )
        if opened.trouble:
            raise GatewayRefused("another instance", opened.trouble)
        stream.watch = self._parts.live.is_watched
        hello = opened.hello._replace(utc=self._parts.clock(), watch=stream.watch)
        stream.homes = hello.homes
        stream.tell(hello)
        self._connections.open(stream)
        return self._connections.answer(stream)

    def _is_two_at_once(self, stream: GatewayStream) -> str:
        """See whether streams of one gateway take each other's place, as those of two would.

        Returns:
            what is wrong, in one line; empty for nothing.
        """
        before = self._connections.of(stream.gateway)
        if before is None:
            self._replaced.pop(stream.gateway, None)
            return ""
        now = trio.current_time()
        times = [
            at for at in self._replaced.get(stream.gateway, ()) if at + REPLACED_WITHIN_S > now
        ]
        times = [*times, now][-REPLACED_MOST:]
        self._replaced[stream.gateway] = times
        if len(times) < REPLACED_MOST:
            return ""
        return (
            f"two run as instance {stream.instance}, at {before.address} and at {stream.address}:"
            " one state folder was copied; stop one of them, and admit it as a gateway of its own"
        )

    # --- what they share -------------------------------------------------------------------------

    async def _known(self, request: Request) -> RegisteredGateway:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or len(token) > 400:
            token = ""
        return await self._parts.reading.ask(partial(known_by, token=token.strip()))

    async def _posted(self, request: Request, kind: type[T]) -> T:
        body = await posted_body(request, _WANTED)
        try:
            if body.size > LARGE:
                read: T = await trio.to_thread.run_sync(
                    lambda: record_of(kind, body.octets()), limiter=self._parsing
                )
            else:
                read = record_of(kind, body.octets())
        finally:
            body.close()
        return read

    async def _use(self, whose: str, work: Callable[[FleetDesk], T]) -> T:
        if self._parts.writing.patient >= MOST_WAITING:
            raise GatewayRefused("busy", "too many wait to be kept: come again", AGAIN_S)
        if whose and self._waiting[whose] >= MOST_EACH:
            text = f"{MOST_EACH} calls of yours wait to be kept: come again"
            raise GatewayRefused("busy", text, AGAIN_S)
        self._waiting[whose] += 1
        try:
            return await self._parts.writing.use_patiently(work)
        finally:
            self._waiting[whose] -= 1
            if not self._waiting[whose]:
                del self._waiting[whose]

    async def _note_now_and_then(self) -> None:
        while True:
            await trio.sleep(NOTE_S)
            await self.note()

    async def note(self) -> None:
        """Note who is there, and how often somebody was refused since the last time.

        Raises:
            StoreError: the database failed; what was refused is noted the next time.
        """
        refused, self._refused = self._refused, Counter()
        gateways = self._connections.gateways
        if not refused and not gateways:
            return
        work = partial(_note, gateways=gateways, refused=refused, utc=self._parts.clock())
        try:
            await self._parts.writing.use_patiently(work)
        except StoreError:
            self._refused += refused
            raise


def _open(
    desk: FleetDesk,
    speaker: Speaker,
    opening: Opening,
    protocol: int,
    twice: str,
    utc: Utc,
    rate: float,
) -> _Opened:
    """Note that a stream opens, and read what it begins with."""
    with desk.store.transaction():
        contact, trouble = check_speaker(desk, speaker, utc)
        hello = Hello(protocol, utc, rate, contact.heard, (), watch=False)
        if trouble:
            return _Opened(hello, trouble)
        gateway = speaker.gateway
        if twice:
            strange = Strange(AlertCause.TWO_AT_ONCE, speaker.instance, twice)
            raise_alert(desk, gateway, strange, utc)
        crowd = number_of_homes(desk, gateway)
        if crowd > MOST_HOMES:
            raise_alert(desk, gateway, _crowded(crowd), utc)
        now = met(contact, opening.utc, speaker.address, utc, rate)
        trouble = now.trouble or open_alert(desk, gateway)
        desk.store.insert(
            [replace(now, software=opening.software, protocol=protocol, trouble=trouble)]
        )
        homes = homes_of(desk, gateway, leaving_homes(desk), utc)
        return _Opened(hello._replace(homes=homes), "")


def _crowded(homes: int) -> Strange:
    text = (
        f"{homes:,} homes belong to it, and it is told of {MOST_HOMES:,}: nothing is done in the"
        " others; move them to another gateway"
    )
    return Strange(AlertCause.TOO_MANY_HOMES, "homes", text)


def _note(desk: FleetDesk, gateways: Sequence[str], refused: Counter[str], utc: Utc) -> None:
    with desk.store.transaction():
        found = desk.store.load([RowKey(GatewayContact, (one,)) for one in gateways])
        desk.store.insert([replace(row, seen_utc=utc) for _, row in found if row is not None])
        notes = [
            AuditNote(ACTOR, "refused", "gateways", {"reason": code, "times": times})
            for code, times in sorted(refused.items())
        ]
        desk.store.keep((), notes, utc)


def _is_ordered(gateway: str, sha256: str, desk: FleetDesk) -> bool:
    with desk.store.reading():
        return any(
            desk.store.select(
                Select(
                    Instruction,
                    (("state", state), ("gateway", gateway), ("sha256", sha256)),
                    limit=1,
                )
            )
            for state in InstructionState
        )


def _protocol(theirs: Sequence[int]) -> int:
    try:
        return agreed(PROTOCOLS, theirs)
    except WireError as error:
        raise GatewayRefused("no common protocol", str(error)) from None


async def _other(request: Request) -> Response:
    told = ", ".join(base_of(one) for one in PROTOCOLS)
    raise GatewayRefused("not yours", f"nothing is here for a {request.method}: see below {told}")


def _json(record: Any) -> Response:
    return Response(octets_of(record), media_type=JSON)


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host[:60]
