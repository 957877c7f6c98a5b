"""Serving a block from request octets to response octets, against zigpy's own block handler."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from blocks import BLOCK, block_requests, make_image
from clocks import interleaved
from row import Goal, Measurement, Options, row
from zigpy_peer import ZigpyServer

from images.eui64 import Eui64
from ota_engine.errors import PeerError
from ota_engine.events import (
    HOME_AUTOMATION,
    OTA_UPGRADE_CLUSTER,
    ClockObserved,
    Joined,
    LinkUp,
    Packet,
    Send,
)
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.engine import Engine
from ota_engine.hub.kernel.images import ServedImage
from ota_engine.records import Activation, AssignmentRecord, VersionPolicy
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.hot import read_block_request

MAX_PAYLOAD = 82  # octets of an APS payload, network security only
CARRIES = MAX_PAYLOAD - 17  # octets of a block in it
REQUESTS_PER_SECOND = 20  # of one device, in virtual time
START = Monotonic(0.0)
DEVICE = Eui64(0x00DB_1234_5678_90A4)

Contender: TypeAlias = Callable[[], Callable[[], list[bytes]]]  # prepares, returns the work


@row("server-path", unit="blocks/s", goal=Goal(300, compiled=600))
def server_path(options: Options) -> Measurement:
    """Decode, check, slice, encode, as the OTA server does for every block of a download.

    zigpy answers the same requests for the same image in the same run. The whole engine, with
    session, pacing and records around each block, is measured beside it and told in the note.
    """
    image = make_image(options)
    requests = block_requests(image)
    with ZigpyServer(image.data) as zigpy:
        contenders: tuple[Contender, ...] = (
            lambda: partial(serve_path, image, requests),
            lambda: partial(serve_engine, start_engine(image), packets(requests)),
            lambda: partial(zigpy.serve, requests),
        )
        faults = differences(*(prepare()() for prepare in contenders))
        ours, engine, theirs = interleaved(2 if options.quick else 9, *contenders)
    count = len(requests)
    note = (
        f"{count} blocks of {BLOCK} octets; through the whole engine "
        f"{count / engine:,.0f} blocks/s, {theirs / engine:.0f} times zigpy"
    )
    return Measurement(count / ours, count / theirs, note, faults)


def serve_path(image: ServedImage, requests: Sequence[bytes]) -> list[bytes]:
    """The stateless path of a block, each step the function the server calls for it."""
    responses = []
    key = image.key
    for frame in requests:
        request = read_block_request(frame)
        if request[1:4] != key:
            raise PeerError("another image was asked for")
        offset = request[4]
        size = image.block_size(offset, request[5], CARRIES)
        responses.append(image.block(frame[1], offset, size))
    return responses


def start_engine(image: ServedImage) -> Engine:
    """Bring an engine to where its one device has been offered the image."""
    engine = Engine()
    assignment = AssignmentRecord(
        DEVICE, image.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, Utc(0.0)
    )
    for event in (
        ClockObserved(Utc(0.0), START),
        LinkUp("bench", Eui64(1), MAX_PAYLOAD, False, START),
        AddImage(image.record, "bench"),
        Assign(assignment, "bench"),
        Joined(DEVICE, 0x1234, False, 0, 0, START),
    ):
        engine.handle(event, START)
    return engine


def packets(requests: Sequence[bytes]) -> list[Packet]:
    """Put the requests into packets as a link delivers them, evenly spaced in virtual time."""
    return [
        Packet(
            source=DEVICE,
            network_address=0x1234,
            source_endpoint=1,
            destination_endpoint=10,
            profile=HOME_AUTOMATION,
            cluster=OTA_UPGRADE_CLUSTER,
            aps_counter=number & 0xFF,
            payload=frame,
            link_quality=255,
            time=Monotonic(1.0 + number / REQUESTS_PER_SECOND),
        )
        for number, frame in enumerate(requests)
    ]


def serve_engine(engine: Engine, inbound: Sequence[Packet]) -> list[bytes]:
    """The same requests through ``Engine.handle``, its records made and dropped."""
    handle = engine.handle
    return [
        effect.payload
        for packet in inbound
        for effect in handle(packet, packet.time)
        if type(effect) is Send
    ]


def differences(ours: list[bytes], engine: list[bytes], theirs: list[bytes]) -> tuple[str, ...]:
    """Compare what the three answered: figures of unequal work must not be compared."""
    faults = []
    if ours != theirs:
        faults.append("our octets differ from zigpy's")
    if engine != ours:
        faults.append("the engine's octets differ from those of its own parts")
    return tuple(faults)
