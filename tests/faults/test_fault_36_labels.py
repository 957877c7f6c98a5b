"""Fault 36: what devices and people write reaches neither terminal, journal nor metric unescaped."""

import json

from images.eui64 import Eui64
from ota_engine.events import OTA_UPGRADE_CLUSTER, SMART_ENERGY, ClockObserved, Packet, Persist
from ota_engine.hub.delivery.commands import AddImage, Assign, Pause
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.records import AuditRecord, EventRecord, SessionRecord
from ota_engine.times import Monotonic
from ota_engine.zcl.commands import QueryNextImageRequest
from ota_engine.zcl.hot import encode_query_next_image_request
from tests.faults.home import UTC, link_up, make_devices, make_image, wish

MODELS = 100_000
HOSTILE = "line\nbreak \x1b[2J\x1b]0;owned\x07 \u202e" + "x" * 10_000


def start() -> Engine:
    engine = Engine(DeliveryConfig())
    engine.handle(ClockObserved(UTC, Monotonic(0.0)), Monotonic(0.0))
    engine.handle(link_up(Monotonic(0.0)), Monotonic(0.0))
    return engine


def query(number: int) -> Packet:
    request = QueryNextImageRequest(0, number & 0xFFFE, number >> 1 & 0xFFBF, number)
    frame = encode_query_next_image_request(number & 0xFF, request)
    source = Eui64(0x025A_0000_0000_0000 + number % 50)
    return Packet(
        source, 0x1001, 1, 10, SMART_ENERGY, OTA_UPGRADE_CLUSTER, 0, frame, 200, Monotonic(1.0)
    )


def test_a_hundred_thousand_models_make_no_new_metric() -> None:
    engine = start()
    for number in range(1000):  # as many as make every name there is
        engine.handle(query(number), Monotonic(1.0 + number))
    names = set(engine.counters)
    for number in range(1000, MODELS):
        engine.handle(query(number), Monotonic(1.0 + number))
    assert set(engine.counters) == names
    assert len(names) < 20


def test_a_reason_is_one_bounded_line_wherever_it_goes() -> None:
    engine = start()
    image, (device,) = make_image(500), make_devices(1)
    engine.handle(AddImage(image, HOSTILE), Monotonic(1.0))
    engine.handle(Assign(wish(device, image), HOSTILE), Monotonic(1.0))
    effects = engine.handle(Pause(device.eui64, HOSTILE, HOSTILE), Monotonic(2.0))
    (status,) = engine.status()
    texts = [status.reason]
    for effect in effects:
        for record in effect.records if isinstance(effect, Persist) else ():
            if isinstance(record, SessionRecord):
                texts.append(record.reason)
            elif isinstance(record, EventRecord | AuditRecord):
                texts += [str(value) for value in json.loads(record.detail).values()]
    assert len(texts) > 2
    assert all(text.isprintable() and len(text) < 300 for text in texts)
