"""Fault 13: packets from ever new addresses; only so many strangers are remembered."""

import gc

from images.eui64 import Eui64
from ota_engine.events import (
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    ClockObserved,
    Joined,
    LinkUp,
    Packet,
    Persist,
    Send,
)
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.hot import encode_block_request, encode_query_next_image_request
from ota_engine.zcl.ota import ImageBlockRequest, QueryNextImageRequest

STRANGERS = 500  # remembered
ADDRESSES = 100_000
QUERY = encode_query_next_image_request(1, QueryNextImageRequest(0, 0x121D, 0x84, 1))
BLOCK = encode_block_request(1, ImageBlockRequest(0, 0x121D, 0x84, 1, 0, 48))


def test_a_hundred_thousand_addresses_are_answered_and_forgotten() -> None:
    server = Engine(DeliveryConfig(strangers=STRANGERS))
    server.handle(ClockObserved(Utc(1_800_000_000.0), Monotonic(0.0)), Monotonic(0.0))
    server.handle(LinkUp("test", Eui64(1), 82, False, Monotonic(0.0)), Monotonic(0.0))
    answered = rows = 0
    before = 0
    for number in range(ADDRESSES):
        if number == 2 * STRANGERS:  # all that is remembered has been filled
            gc.collect()
            before = len(gc.get_objects())
        now = 1.0 + number / 1000
        device = Eui64(0x1_0000_0000 + number)
        packet = Packet(
            device,
            number & 0xFFFF,
            1,
            10,
            SMART_ENERGY,
            OTA_UPGRADE_CLUSTER,
            0,
            BLOCK if number % 2 else QUERY,
            255,
            Monotonic(now),
        )
        if number % 10 == 0:
            server.handle(
                Joined(device, number & 0xFFFF, False, 0, 0, Monotonic(now)), Monotonic(now)
            )
        for effect in server.handle(packet, Monotonic(now)):
            answered += isinstance(effect, Send)
            rows += len(effect.records) if isinstance(effect, Persist) else 0
    gc.collect()
    assert answered >= ADDRESSES
    assert rows <= 100  # a stranger is not worth a row in the database for every packet
    assert len(gc.get_objects()) - before < 500
