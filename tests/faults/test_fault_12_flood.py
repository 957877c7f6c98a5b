"""Fault 12: one device asks for a hundred thousand blocks a second; the others do not notice."""

import gc
from collections import Counter

from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
from ota_engine.events import (
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    ClockObserved,
    Effect,
    Joined,
    LinkEvent,
    LinkUp,
    Packet,
    Send,
)
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.records import Activation, AssignmentRecord, VersionPolicy
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.hot import encode_block_request
from ota_engine.zcl.ota import ImageBlockRequest
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, image

UTC = Utc(1_800_000_000.0)
CONTENT = image(60_000)
FLOOD = 100_000  # requests within one second
ABUSER = Eui64(0xBAD)
OTHERS = [Eui64(0x1000 + number) for number in range(99)]
THEIR_RATE = 20  # requests a second of an ordinary device


def engine() -> Engine:
    """An engine that has a place for everybody, so that only pacing is at work."""
    made = Engine(DeliveryConfig(concurrency=200))
    record = image_record(CONTENT, "sample", UTC)
    made.handle(ClockObserved(UTC, Monotonic(0.0)), Monotonic(0.0))
    made.handle(LinkUp("test", Eui64(1), 82, False, Monotonic(0.0)), Monotonic(0.0))
    made.handle(AddImage(record, "test"), Monotonic(0.0))
    for device in (ABUSER, *OTHERS):
        wish = AssignmentRecord(
            device, record.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, UTC
        )
        made.handle(Assign(wish, "test"), Monotonic(0.0))
        made.handle(Joined(device, device & 0xFFFF, False, 0, 0, Monotonic(0.0)), Monotonic(0.0))
    return made


def block_request(device: Eui64, offset: int, time: float) -> Packet:
    request = ImageBlockRequest(0, MANUFACTURER, IMAGE_TYPE, NEW, offset, 48)
    frame = encode_block_request(offset & 0xFF, request)
    return Packet(
        device,
        device & 0xFFFF,
        1,
        10,
        SMART_ENERGY,
        OTA_UPGRADE_CLUSTER,
        0,
        frame,
        255,
        Monotonic(time),
    )


def one_second() -> list[Packet]:
    flood = [block_request(ABUSER, 0, 1.0 + number / FLOOD) for number in range(FLOOD)]
    normal = [
        block_request(device, number * 48, 1.0 + number / THEIR_RATE + place / 10_000)
        for place, device in enumerate(OTHERS)
        for number in range(THEIR_RATE)
    ]
    return sorted(flood + normal, key=lambda packet: packet.time)


def answers(effects: list[Effect]) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def test_the_others_get_every_block_and_the_flood_its_budget() -> None:
    server = engine()
    data: Counter[Eui64] = Counter()
    sent: Counter[Eui64] = Counter()
    for packet in one_second():
        for send in answers(server.handle(packet, packet.time)):
            sent[send.destination] += 1
            data[send.destination] += send.payload[3] == 0 and send.payload[2] == 5
    assert {data[device] for device in OTHERS} == {THEIR_RATE}
    budget = DeliveryConfig().node_requests_per_second
    assert data[ABUSER] <= 3 * budget + 1  # what was saved up, and one second's worth
    assert sent[ABUSER] <= 10 * budget  # even refusing is not free on the air


def test_the_flood_leaves_nothing_behind_in_memory() -> None:
    server = engine()
    packets: list[LinkEvent] = [block_request(ABUSER, 0, 1.0 + n / FLOOD) for n in range(20_000)]
    server.handle(packets[0], Monotonic(1.0))
    gc.collect()
    before = len(gc.get_objects())
    for packet in packets:
        server.handle(packet, packet.time)
    gc.collect()
    assert len(gc.get_objects()) - before < 200
