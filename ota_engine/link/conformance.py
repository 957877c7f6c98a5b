"""What every Link must do, as checks anybody can run on any implementation.

Knows the Link and the frames of cluster 0x0019; knows nothing of a particular radio. Time-outs are
generous and on trio's clock: a link in virtual time passes at once, a dongle within seconds.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import wraps
from math import inf
from typing import TypeAlias, TypeVar

import trio

from images.eui64 import Eui64
from ota_engine.errors import ZotaError, first_of
from ota_engine.events import (
    ALL_ENDPOINTS,
    BROADCAST_RX_ON,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    Joined,
    LinkDown,
    LinkEvent,
    LinkUp,
    Packet,
    Priority,
    Send,
    SendFailed,
    SendStatus,
)
from ota_engine.link.contract import (
    ClientEndpoint,
    Link,
    LinkDownError,
    PromptLink,
    SendFailedError,
    is_prompt,
)
from ota_engine.zcl.commands import Command, ImageNotify
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.ota import encode

PATIENCE = 60.0  # seconds a link may take for anything
LOOK_AGAIN = 0.1  # seconds between two looks at what no event tells
LAST_ENDPOINT = 0xF0  # of applications
STRANGER = Eui64(0x0000_0000_DEAD_BEEF)
LONGEST = 127  # octets of a PSDU of IEEE 802.15.4; no ZCL frame is that long
SMALLEST_PAYLOAD = 40  # octets: less carries no block worth sending

E = TypeVar("E", bound=LinkEvent)


class NonConformityError(ZotaError):
    """A link does not keep its promise; the text says which."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A link to be checked and what is at hand around it.

    ``link`` has not been entered. ``device`` has joined, or joins when prompted, never sleeps and
    is a client of cluster 0x0019; ``endpoint`` and ``profile`` are how it is spoken to.
    ``clients`` are all of its OTA clients, where whoever made the bench knows them.
    ``prompt`` has it announce itself, ``unplug`` takes the radio away and ``plug_in`` brings it
    back; what cannot be done is None, and the checks that need it are passed over.
    """

    link: Link
    device: Eui64
    endpoint: int = ALL_ENDPOINTS
    profile: int = SMART_ENERGY
    clients: tuple[ClientEndpoint, ...] | None = None
    prompt: Callable[[], Awaitable[None]] | None = None
    unplug: Callable[[], Awaitable[None]] | None = None
    plug_in: Callable[[], Awaitable[None]] | None = None


#: Makes a bench anew for every check.
BenchFactory: TypeAlias = Callable[[], AbstractAsyncContextManager[Bench]]
Check: TypeAlias = Callable[[BenchFactory], Awaitable[None]]

#: Every check, to be run on its own or by ``check_link``.
CHECKS: list[Check] = []


def _check(body: Check) -> Check:
    """List a check, and have it fail with the one error even where a link's nursery wrapped it."""

    @wraps(body)
    async def check(factory: BenchFactory) -> None:
        try:
            await body(factory)
        except BaseExceptionGroup as group:
            broken, rest = group.split(NonConformityError)
            if rest is not None or broken is None:
                raise
            raise first_of(broken) from group

    CHECKS.append(check)
    return check


class _EventReader:
    """Reads a link's events one by one, and checks each in passing."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: list[LinkEvent] = []
        self._last = -inf

    async def next(self) -> LinkEvent:
        while not self._waiting:
            with trio.move_on_after(PATIENCE):
                self._waiting = list(await self._link.events.receive())
                _demand(bool(self._waiting), "a batch holds at least one event")
                continue
            raise NonConformityError(f"nothing happened for {PATIENCE:.0f} s")
        event = self._waiting.pop(0)
        _demand(event.time >= self._last, "events come in the order of their times")
        _demand(event.time <= trio.current_time(), "no event is of the future")
        self._last = event.time
        return event

    async def until(self, kind: type[E], wanted: Callable[[E], bool] = lambda _: True) -> E:
        """Read on until an event of a kind comes."""
        deadline = trio.current_time() + PATIENCE
        while trio.current_time() < deadline:
            event = await self.next()
            if isinstance(event, kind) and wanted(event):
                return event
        raise NonConformityError(f"no {kind.__name__} came within {PATIENCE:.0f} s")


@_check
async def check_first_event(factory: BenchFactory) -> None:
    """The first event is LinkUp, and says of the radio what ``info`` says."""
    async with factory() as bench, bench.link as link:
        event = await _EventReader(link).next()
        _demand(isinstance(event, LinkUp), f"the first event is LinkUp, not {event}")
        assert isinstance(event, LinkUp)  # noqa: S101 - just demanded
        info = link.info
        told = (event.own, event.max_payload, event.aps_security)
        _demand(told == (info.own, info.max_payload, info.aps_security), "LinkUp agrees with info")
        _demand(SMALLEST_PAYLOAD <= info.max_payload < LONGEST, f"a payload of {info.max_payload}")
        _demand(info.max_in_flight >= 0, "max_in_flight is not negative")


@_check
async def check_join(factory: BenchFactory) -> None:
    """A device that announces itself comes as Joined, and is among the nodes from then on."""
    async with factory() as bench, bench.link as link:
        if bench.prompt is None:
            return
        reader = _EventReader(link)
        await reader.until(LinkUp)
        await bench.prompt()
        joined = await reader.until(Joined, lambda event: event.device == bench.device)
        node = link.nodes.get(bench.device)
        if node is None:
            raise NonConformityError("a device that joined is among the nodes")
        _demand(node.network_address == joined.network_address, "nodes and Joined agree")
        _demand(not joined.sleepy, "a device whose receiver is always on is not called sleepy")


@_check
async def check_clients(factory: BenchFactory) -> None:
    """A device's OTA clients come to be known, by endpoint, and what it sends comes from one."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        clients = await _clients(bench, link)
        endpoints = [client.endpoint for client in clients]
        _demand(endpoints == sorted(set(endpoints)), "each client once, in the order of endpoints")
        in_range = all(1 <= endpoint <= LAST_ENDPOINT for endpoint in endpoints)
        _demand(in_range, f"endpoints lie between 1 and {LAST_ENDPOINT}")
        _demand(bench.clients in (None, clients), f"{bench.clients} are its clients, not {clients}")
        node = link.nodes[bench.device]
        _demand((node.endpoint, node.profile) == clients[0], "the first client speaks for the node")
        await link.send(_notify(bench))
        packet = await reader.until(Packet, _is_query_of(bench.device))
        came_from = ClientEndpoint(packet.source_endpoint, packet.profile)
        _demand(came_from in clients, f"a query comes from one of its clients, not {came_from}")


@_check
async def check_dialogue(factory: BenchFactory) -> None:
    """A notified device asks for its next image; the packet says who it is, and can be answered."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        await link.send(_notify(bench))
        packet = await reader.until(Packet, _is_query_of(bench.device))
        _demand(packet.cluster == OTA_UPGRADE_CLUSTER, "the packet names its cluster")
        _demand(packet.destination_endpoint == OTA_SERVER_ENDPOINT, "it came to our endpoint")
        await link.send(_answer(packet))
        heard = link.nodes[bench.device]
        _demand(heard.network_address == packet.network_address, "nodes and packet agree")


@_check
async def check_stranger(factory: BenchFactory) -> None:
    """A frame to a device nobody knows fails, once, and says that there is none."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        failures = await _failures(link, reader, _notify(bench)._replace(destination=STRANGER))
        _demand(failures == [SendStatus.NO_SUCH_DEVICE], f"NO_SUCH_DEVICE, not {failures}")


@_check
async def check_oversize(factory: BenchFactory) -> None:
    """A frame no radio can carry fails, once, and says why; what fits still goes through."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        frame = _notify(bench)
        failures = await _failures(
            link, reader, frame._replace(payload=frame.payload + bytes(LONGEST))
        )
        _demand(failures == [SendStatus.MESSAGE_TOO_LONG], f"MESSAGE_TOO_LONG, not {failures}")
        await link.send(frame)
        await reader.until(Packet, _is_query_of(bench.device))


@_check
async def check_broadcast(factory: BenchFactory) -> None:
    """A broadcast reaches devices whose receivers are on."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        await link.send(
            _notify(bench)._replace(
                destination=BROADCAST_RX_ON, destination_endpoint=ALL_ENDPOINTS, ack=False
            )
        )
        await reader.until(Packet, _is_query_of(bench.device))


@_check
async def check_cancelled_send(factory: BenchFactory) -> None:
    """A send that is cancelled leaves the link as good as it was."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        with trio.CancelScope() as scope:
            scope.cancel()
            await link.send(_notify(bench))
        await link.send(_notify(bench))
        await reader.until(Packet, _is_query_of(bench.device))


@_check
async def check_many_sends(factory: BenchFactory) -> None:
    """As many sends as ``max_in_flight`` allows may be under way at once."""
    async with factory() as bench, bench.link as link:
        reader = await _ready(bench, link)
        async with trio.open_nursery() as nursery:
            for _ in range(link.info.max_in_flight or 1):
                nursery.start_soon(link.send, _notify(bench))
        await reader.until(Packet, _is_query_of(bench.device))


@_check
async def check_put(factory: BenchFactory) -> None:
    """Where no send waits, frames of one call arrive, and fail, as if each had been sent alone."""
    async with factory() as bench, bench.link as link:
        if not is_prompt(link):
            return
        reader = await _ready(bench, link)
        frame = _notify(bench)
        lost = frame._replace(destination=STRANGER)
        link.put(())
        link.put((lost, frame, lost))
        told = [await reader.until(SendFailed), await reader.until(SendFailed)]
        _demand(
            [one.send for one in told] == [lost, lost], "each frame that fails is told of, once"
        )
        _demand({one.status for one in told} == {SendStatus.NO_SUCH_DEVICE}, "it says why")
        await reader.until(Packet, _is_query_of(bench.device))


@_check
async def check_permit(factory: BenchFactory) -> None:
    """Joining can be allowed and forbidden."""
    async with factory() as bench, bench.link as link:
        await _ready(bench, link)
        await link.permit(1)
        await link.permit(0)


@_check
async def check_loss(factory: BenchFactory) -> None:
    """A radio that is taken away says so and refuses to send; brought back, it serves again."""
    async with factory() as bench, bench.link as link:
        if bench.unplug is None or bench.plug_in is None:
            return
        reader = await _ready(bench, link)
        await bench.unplug()
        down = await reader.until(LinkDown)
        _demand(bool(down.reason), "LinkDown says why")
        try:
            await link.send(_notify(bench))
        except LinkDownError:
            pass
        else:
            raise NonConformityError("a radio that is gone refuses to send")
        if is_prompt(link):
            _demand(not _takes(link, _notify(bench)), "nor does it take many frames in one call")
        await bench.plug_in()
        await reader.until(LinkUp)
        await link.send(_notify(bench))
        await reader.until(Packet, _is_query_of(bench.device))


@_check
async def check_end(factory: BenchFactory) -> None:
    """Leaving a link ends its events."""
    async with factory() as bench:
        async with bench.link as link:
            await _EventReader(link).until(LinkUp)
        with trio.move_on_after(PATIENCE):
            try:
                while True:
                    await link.events.receive()
            except (trio.EndOfChannel, trio.ClosedResourceError):
                return
        raise NonConformityError("the events of a link end with it")


async def check_link(factory: BenchFactory) -> None:
    """Check a link in every way.

    Raises:
        NonConformityError: it does not keep one of its promises.
    """
    for check in CHECKS:
        await check(factory)


async def _ready(bench: Bench, link: Link) -> _EventReader:
    """Wait until the radio is up and its device within reach."""
    reader = _EventReader(link)
    await reader.until(LinkUp)
    if bench.device not in link.nodes and bench.prompt is not None:
        await bench.prompt()
        await reader.until(Joined, lambda event: event.device == bench.device)
    return reader


async def _clients(bench: Bench, link: Link) -> tuple[ClientEndpoint, ...]:
    """Wait until the radio has read which OTA clients the device has."""
    with trio.move_on_after(PATIENCE):
        while not (clients := link.nodes[bench.device].clients):  # noqa: ASYNC110 - no event says it
            await trio.sleep(LOOK_AGAIN)
        return clients
    raise NonConformityError(f"the OTA clients of a device are not known after {PATIENCE:.0f} s")


async def _failures(link: Link, reader: _EventReader, frame: Send) -> list[int]:
    """Send a frame that has to fail; collect how often, and how, that is told."""
    try:
        await link.send(frame)
    except SendFailedError as error:
        return [error.status]
    failure = await reader.until(SendFailed, lambda event: event.send == frame)
    return [failure.status]


def _takes(link: PromptLink, frame: Send) -> bool:
    try:
        link.put((frame,))
    except LinkDownError:
        return False
    return True


def _notify(bench: Bench) -> Send:
    frame = cluster_frame(Command.IMAGE_NOTIFY, 0x55, encode(ImageNotify(0, 100)), from_server=True)
    return Send(
        bench.device,
        OTA_SERVER_ENDPOINT,
        bench.endpoint,
        bench.profile,
        OTA_UPGRADE_CLUSTER,
        frame,
        False,
        False,
        Priority.NORMAL,
        0,
    )


def _answer(packet: Packet) -> Send:
    """Say that there is no image."""
    frame = cluster_frame(
        Command.QUERY_NEXT_IMAGE_RESPONSE, packet.payload[1], b"\x98", from_server=True
    )
    return Send(
        packet.source,
        packet.destination_endpoint,
        packet.source_endpoint,
        packet.profile,
        packet.cluster,
        frame,
        True,
        False,
        Priority.NORMAL,
        0,
    )


def _is_query_of(device: Eui64) -> Callable[[Packet], bool]:
    def is_query(packet: Packet) -> bool:
        command = packet.payload[2] if len(packet.payload) > 2 else None
        return packet.source == device and command == Command.QUERY_NEXT_IMAGE_REQUEST

    return is_query


def _demand(kept: bool, promise: str) -> None:
    if not kept:
        raise NonConformityError(f"a link breaks its promise: {promise}")
