"""Fault 13: packets from ever new addresses; only so many strangers are remembered."""

import gc
import resource
from pathlib import Path

import pytest

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
MOST_OCTETS = 16 << 20  # that the process may grow by, whatever the number of addresses
QUERY = encode_query_next_image_request(1, QueryNextImageRequest(0, 0x121D, 0x84, 1))
BLOCK = encode_block_request(1, ImageBlockRequest(0, 0x121D, 0x84, 1, 0, 48))


@pytest.mark.parametrize("addresses", [30_000, pytest.param(1_000_000, marks=pytest.mark.heavy)])
def test_ever_new_addresses_are_answered_and_forgotten(addresses: int) -> None:
    server = Engine(DeliveryConfig(strangers=STRANGERS))
    server.handle(ClockObserved(Utc(1_800_000_000.0), Monotonic(0.0)), Monotonic(0.0))
    server.handle(LinkUp("test", Eui64(1), 82, False, Monotonic(0.0)), Monotonic(0.0))
    answered = rows = 0
    before = resident = 0
    for number in range(addresses):
        if number == 2 * STRANGERS:  # all that is remembered has been filled
            gc.collect()
            before, resident = len(gc.get_objects()), resident_octets()
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
    assert answered >= addresses
    assert rows <= 100  # a stranger is not worth a row in the database for every packet
    assert len(gc.get_objects()) - before < 500
    assert resident_octets() - resident < MOST_OCTETS


def resident_octets() -> int:
    """Memory of this process that is in use, as Linux counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
