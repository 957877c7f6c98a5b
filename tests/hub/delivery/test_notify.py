"""Image Notify (ZCL 11.13.3), server side: to whom, how worded, how often."""

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import (
    BROADCAST_RX_ON,
    HOME_AUTOMATION,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    Send,
)
from ota_engine.hub.delivery.commands import NotifyBroadcast, NotifyDevice
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import SessionState
from ota_engine.zcl.frame import parse_header
from ota_engine.zcl.ota import ImageNotify
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    DEVICE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    OLD,
    Client,
    Desk,
    decoded,
    image,
)

BY_TYPE = [
    ImageNotify(0, 100),
    ImageNotify(1, 100, MANUFACTURER),
    ImageNotify(2, 100, MANUFACTURER, IMAGE_TYPE),
    ImageNotify(3, 100, MANUFACTURER, IMAGE_TYPE, NEW),
]


def notifies(frames: list[Send]) -> list[ImageNotify]:
    return [notify for frame in frames if isinstance(notify := decoded(frame), ImageNotify)]


@pytest.mark.parametrize("expected", BY_TYPE)
def test_unicast_carries_what_its_payload_type_says(expected: ImageNotify) -> None:
    desk = Desk()
    desk.assign(image())
    frames = desk.give(NotifyDevice(DEVICE, expected.payload_type, image().sha256))
    assert notifies(frames) == [expected]


@pytest.mark.parametrize("expected", BY_TYPE)
def test_broadcast_carries_what_its_payload_type_says(expected: ImageNotify) -> None:
    desk = Desk()
    desk.add(image())
    order = NotifyBroadcast(SMART_ENERGY, expected.payload_type, 30, image().sha256)
    (frame,) = desk.give(order)
    assert decoded(frame) == expected._replace(query_jitter=30)


def test_broadcast_for_any_version_reaches_those_who_run_it() -> None:
    desk = Desk()
    desk.add(image())
    order = NotifyBroadcast(SMART_ENERGY, 3, 50, image().sha256, any_version=True)
    assert notifies(desk.give(order))[0].new_file_version == 0xFFFFFFFF


@pytest.mark.parametrize(("profile", "ours"), [(SMART_ENERGY, 10), (HOME_AUTOMATION, 1)])
def test_broadcast_goes_to_every_endpoint_of_the_clients_own_profile(
    profile: int, ours: int
) -> None:
    (frame,) = Desk().give(NotifyBroadcast(profile, 0, 100, None))
    assert frame.destination == BROADCAST_RX_ON
    assert (frame.source_endpoint, frame.destination_endpoint) == (ours, 0xFF)
    assert (frame.profile, frame.cluster) == (profile, OTA_UPGRADE_CLUSTER)
    assert not frame.ack
    header = parse_header(frame.payload)
    assert (header.from_server, header.disable_default_response) == (True, True)


@pytest.mark.parametrize("jitter", [1, 100])
def test_jitter_may_be_1_to_100(jitter: int) -> None:
    (frame,) = Desk().give(NotifyBroadcast(SMART_ENERGY, 0, jitter, None))
    assert decoded(frame) == ImageNotify(0, jitter)


@pytest.mark.parametrize("jitter", [-1, 0, 101, 255])
def test_any_other_jitter_is_refused(jitter: int) -> None:
    with pytest.raises(LocalError, match=r"jitter 1\.\.100"):
        Desk().give(NotifyBroadcast(SMART_ENERGY, 0, jitter, None))


@pytest.mark.parametrize("payload_type", [-1, 4, 255])
def test_an_unknown_payload_type_is_refused(payload_type: int) -> None:
    with pytest.raises(LocalError, match=r"payload type 0\.\.3"):
        Desk().give(NotifyBroadcast(SMART_ENERGY, payload_type, 50, None))


def test_a_notify_that_names_an_image_needs_one() -> None:
    with pytest.raises(LocalError, match="add it first"):
        Desk().give(NotifyBroadcast(SMART_ENERGY, 1, 50, "0" * 64))


def test_an_assignment_notifies_its_device_on_its_own_endpoint_and_profile() -> None:
    desk = Desk()
    client = Client(desk, endpoint=7, profile=HOME_AUTOMATION)
    client.join()
    client.query()
    desk.sent.clear()
    desk.assign(client.image)
    desk.wait(1.0)
    (frame,) = (frame for frame in desk.to() if isinstance(decoded(frame), ImageNotify))
    assert (frame.destination_endpoint, frame.profile) == (7, HOME_AUTOMATION)


@pytest.mark.parametrize(("profile", "ours"), [(SMART_ENERGY, 10), (HOME_AUTOMATION, 1)])
def test_an_unsolicited_frame_leaves_from_our_endpoint_of_its_profile(
    profile: int, ours: int
) -> None:
    desk = Desk()
    client = Client(desk, endpoint=7, profile=profile)
    client.join()
    client.query()
    desk.sent.clear()
    desk.assign(client.image)
    desk.wait(1.0)
    unsolicited = {frame.source_endpoint for frame in desk.to()}
    assert unsolicited == {ours}


def test_a_device_that_has_never_spoken_is_notified_on_every_endpoint() -> None:
    desk = Desk(DeliveryConfig(profile=HOME_AUTOMATION))
    desk.assign(image())
    (frame,) = (frame for frame in desk.wait(1.0) if isinstance(decoded(frame), ImageNotify))
    assert (frame.destination_endpoint, frame.profile) == (0xFF, HOME_AUTOMATION)


def test_devices_of_a_channel_are_notified_one_after_the_other() -> None:
    desk = Desk(DeliveryConfig(notify_spacing=2.0))
    for number in range(4):
        desk.assign(image(), Eui64(DEVICE + number))
    desk.wait(60.0)
    at = [time for time, frame in desk.sent if isinstance(decoded(frame), ImageNotify)]
    assert at == [0.0, 2.0, 4.0, 6.0]


def test_channels_are_notified_independently() -> None:
    desk = Desk(DeliveryConfig(notify_spacing=2.0))
    for number in range(4):
        client = Client(desk, Eui64(DEVICE + number), channel=number % 2)
        client.join()
        desk.assign(client.image, client.eui64)
    desk.wait(60.0)
    at = [time for time, frame in desk.sent if isinstance(decoded(frame), ImageNotify)]
    assert at == [0.0, 0.0, 2.0, 2.0]


def test_nobody_is_notified_while_all_places_are_taken() -> None:
    desk = Desk(DeliveryConfig(concurrency=1, notify_spacing=1.0))
    clients = [Client(desk, Eui64(DEVICE + number)) for number in range(2)]
    for client in clients:
        client.join()
        desk.assign(client.image, client.eui64)
    clients[0].query()
    clients[0].block(0)
    assert not notifies(desk.wait(30.0))
    clients[0].download(50)
    assert notifies(desk.wait(2.0))
    assert desk.sent[-1][1].destination == clients[1].eui64


def test_a_notify_is_repeated_to_a_device_that_does_not_query() -> None:
    desk = Desk(DeliveryConfig(notify_again=600.0))
    desk.assign(image())
    desk.wait(2000.0)
    at = [time for time, frame in desk.sent if isinstance(decoded(frame), ImageNotify)]
    assert at == [0.0, 600.0, 1200.0, 1800.0]


def test_notifying_by_hand_does_not_multiply_the_repetitions() -> None:
    desk = Desk(DeliveryConfig(notify_again=600.0))
    desk.assign(image())
    for _ in range(5):
        desk.give(NotifyDevice(DEVICE))
    desk.sent.clear()
    desk.wait(1900.0)
    assert len(notifies(desk.to())) == 3


def test_a_device_that_downloads_is_not_notified() -> None:
    desk = Desk(DeliveryConfig(notify_again=60.0))
    client = Client(desk)
    client.join()
    desk.assign(client.image)
    desk.wait(1.0)
    client.query()
    desk.sent.clear()
    for offset in range(0, 1000, 50):
        client.block(offset)
        desk.wait(60.0)
    assert not notifies(desk.to())


def test_a_device_that_rejoins_idle_is_notified_again() -> None:
    desk = Desk()
    client = Client(desk)
    client.join()
    desk.assign(client.image)
    desk.wait(1.0)
    desk.sent.clear()
    client.join()
    desk.wait(1.0)
    assert notifies(desk.to()) == [ImageNotify(0, 100)]


def test_a_failed_device_is_notified_while_it_has_attempts_left() -> None:
    desk = Desk(DeliveryConfig(notify_again=600.0, max_attempts=2))
    client = Client(desk)
    client.join()
    desk.assign(client.image)
    for expected in (True, False):
        client.query()
        client.end(Status.INVALID_IMAGE)
        assert desk.state() is SessionState.FAILED
        desk.sent.clear()
        desk.wait(700.0)
        assert bool(notifies(desk.to())) == expected


def test_nothing_is_notified_before_the_radio_is_up() -> None:
    desk = Desk(up=False)
    desk.assign(image())
    assert desk.wait(100.0) == []
    desk.bring_up()
    assert notifies(desk.wait(1.0)) == [ImageNotify(0, 100)]


def test_devices_that_are_done_with_take_no_turn_from_those_that_wait() -> None:
    desk = Desk()
    clients = [Client(desk, Eui64(DEVICE + number)) for number in range(20)]
    for client in clients:
        client.join()
        desk.assign(client.image, client.eui64)
        client.query(NEW if client is not clients[-1] else OLD)
    desk.wait(60.0)
    desk.restart()
    desk.sent.clear()
    desk.wait(1.0)
    assert [frame.destination for frame in desk.to(clients[-1].eui64)][:1] == [clients[-1].eui64]
    assert not desk.to(clients[0].eui64)


def test_a_device_that_moved_before_its_turn_is_notified_on_its_new_channel() -> None:
    desk = Desk(DeliveryConfig(notify_spacing=10.0))
    first, second = (Client(desk, Eui64(DEVICE + number)) for number in range(2))
    for client in (first, second):
        client.join()
        desk.assign(client.image, client.eui64)
    desk.wait(1.0)
    second.joining = second.joining._replace(channel=1)
    second.join()
    desk.sent.clear()
    desk.wait(1.0)
    assert notifies(desk.to(second.eui64)) == [ImageNotify(0, 100)]
    desk.sent.clear()
    desk.wait(60.0)
    assert not notifies(desk.to(second.eui64))
