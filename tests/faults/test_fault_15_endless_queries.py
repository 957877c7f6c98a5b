"""Fault 15: a client queries every second for a day; neither journal nor memory grow with it."""

import gc

import pytest

from images.eui64 import Eui64
from ota_engine.catalogue.intake import image_record
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
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.hub.engine import Engine
from ota_engine.records import Activation, AssignmentRecord, VersionPolicy
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.hot import encode_query_next_image_request
from ota_engine.zcl.ota import QueryNextImageRequest
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, OLD, image

UTC = Utc(1_800_000_000.0)
DAY = 86_400  # queries, one a second
BUDGET = 200  # rows that a whole day may write
DEVICE = Eui64(0x77)


def engine(*, assigned: bool) -> Engine:
    made = Engine()
    record = image_record(image(1000), "sample", UTC)
    made.handle(ClockObserved(UTC, Monotonic(0.0)), Monotonic(0.0))
    made.handle(LinkUp("test", Eui64(1), 82, False, Monotonic(0.0)), Monotonic(0.0))
    made.handle(AddImage(record, "test"), Monotonic(0.0))
    if assigned:
        wish = AssignmentRecord(
            DEVICE, record.sha256, VersionPolicy.UPGRADE, Activation.IMMEDIATE, 0, None, UTC
        )
        made.handle(Assign(wish, "test"), Monotonic(0.0))
    made.handle(Joined(DEVICE, 0x77, False, 0, 0, Monotonic(0.0)), Monotonic(0.0))
    return made


def query(number: int, version: int) -> Packet:
    request = QueryNextImageRequest(0, MANUFACTURER, IMAGE_TYPE, version)
    frame = encode_query_next_image_request(number & 0xFF, request)
    time = 1.0 + number
    return Packet(
        DEVICE, 0x77, 1, 10, SMART_ENERGY, OTA_UPGRADE_CLUSTER, 0, frame, 255, Monotonic(time)
    )


@pytest.mark.parametrize(
    ("assigned", "version"),
    [
        (True, OLD),
        pytest.param(True, NEW, marks=pytest.mark.heavy),
        pytest.param(False, OLD, marks=pytest.mark.heavy),
    ],
    ids=["offered", "already there", "a stranger"],
)
def test_a_day_of_queries_is_answered_and_writes_next_to_nothing(
    assigned: bool, version: int
) -> None:
    server = engine(assigned=assigned)
    server.handle(query(0, version), Monotonic(1.0))
    gc.collect()
    before = len(gc.get_objects())
    rows = answered = 0
    for number in range(DAY):
        packet = query(number, version)
        while server.next_wake <= packet.time:
            for effect in server.wake(server.next_wake):
                rows += len(effect.records) if isinstance(effect, Persist) else 0
        for effect in server.handle(packet, packet.time):
            if isinstance(effect, Persist):
                rows += len(effect.records)
            answered += isinstance(effect, Send)
    gc.collect()
    assert answered >= DAY
    assert rows <= BUDGET
    assert len(gc.get_objects()) - before < 500
