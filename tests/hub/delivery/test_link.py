"""The radio comes and goes, frames are lost, and every wait says why and since when."""

import pytest

from images.eui64 import Eui64
from ota_engine.events import Left, LinkDown, Send, SendFailed, SendStatus
from ota_engine.hub.delivery.commands import ApplyNow
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import Activation, SessionState
from ota_engine.times import Utc
from ota_engine.zcl.ota import ImageBlockResponse
from tests.hub.delivery.desk import DEVICE, NEW, Client, Desk, decoded, image, ready, told

DOWN = "the radio is down: unplugged"


def unplug(desk: Desk) -> list[Send]:
    return desk.give(LinkDown("test", "unplugged", desk.now))


def test_everything_says_that_the_radio_is_down() -> None:
    desk, client = ready()
    idle = image(image_type=0x0099)
    desk.assign(idle)
    client.query()
    client.block(0)
    unplug(desk)
    assert desk.status(of=client.image).state is SessionState.STALLED
    assert desk.status(of=client.image).reason == DOWN
    assert desk.status(of=idle).state is SessionState.ASSIGNED
    assert desk.status(of=idle).reason == DOWN


def test_when_it_is_back_nothing_says_so_any_more() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    unplug(desk)
    desk.wait(100.0)
    desk.bring_up()
    assert desk.status().reason == "back within reach; waits for the device to go on"
    client.download(50)
    assert desk.state() is SessionState.VERIFYING


def test_an_ended_session_keeps_the_reason_it_ended_for() -> None:
    desk, client = ready()
    client.query(NEW + 1)
    reason = desk.status().reason
    unplug(desk)
    desk.give(Left(DEVICE, desk.now))
    assert desk.status().reason == reason


def test_nothing_is_sent_while_the_radio_is_down() -> None:
    desk, client = ready(activation=Activation.DELAYED, delay=600)
    client.finish()
    unplug(desk)
    desk.give(ApplyNow(DEVICE, "test"))
    assert desk.wait(5000.0) == []
    assert desk.state() is SessionState.SCHEDULED


def test_a_time_that_came_while_the_radio_was_down_is_kept_when_it_is_up() -> None:
    desk, client = ready(activation=Activation.DELAYED, delay=600)
    client.finish()
    unplug(desk)
    desk.wait(5000.0)
    desk.sent.clear()
    desk.bring_up()
    assert decoded(desk.sent[0][1]) == told(0, client.image)
    assert desk.state() is SessionState.RESTARTING


def test_a_device_that_left_says_so_until_it_is_back() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Left(DEVICE, desk.now))
    assert desk.state() is SessionState.STALLED
    assert desk.status().reason == "the device left the network"
    client.join()
    assert desk.status().reason == "back within reach; waits for the device to go on"


def test_a_device_that_moves_to_another_channel_gives_up_its_place_there() -> None:
    desk = Desk(DeliveryConfig(concurrency=1))
    first, second = (Client(desk, Eui64(DEVICE + number)) for number in range(2))
    for client in (first, second):
        client.join()
        desk.assign(client.image, client.eui64)
    first.block(0)
    first.joining = first.joining._replace(channel=1)
    first.join()
    assert desk.state(first.eui64) is SessionState.STALLED
    second.block(0)


def test_a_changed_network_address_is_the_same_device() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    client.address += 1
    client.download(50)
    assert desk.state() is SessionState.VERIFYING


def test_an_assignment_of_a_device_never_seen_says_so() -> None:
    desk = Desk()
    desk.assign(image())
    assert desk.status().reason == "not seen on the network yet"
    client = Client(desk)
    client.join()
    no_query = "assigned; no query for an image has come from the device yet"
    assert desk.status().reason == no_query


def test_a_device_that_turns_to_another_file_says_so_of_the_first() -> None:
    first, second = image(), image(image_type=0x0085)
    desk, client = ready(of=first)
    desk.assign(second)
    client.query()
    client.block(0)
    Client(desk, of=second).block(0)
    assert desk.status(of=first).state is SessionState.STALLED
    assert desk.status(of=first).reason == "the device turned to another file"


def test_since_is_when_the_state_began_and_outlives_a_change_of_reason() -> None:
    desk, client = ready()
    desk.wait(10.0)
    client.query()
    since = desk.now
    assert desk.status().since == since
    desk.wait(5.0)
    client.report_power(0x03)
    assert desk.status().reason == "waiting for mains"
    assert desk.status().since == since
    (session,) = desk.store.load().sessions
    assert session.since_utc == Utc(since + desk.utc_offset)


def test_since_outlives_the_engine() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    since = desk.now
    desk.restart(after=500.0)
    assert desk.status().since == pytest.approx(since, abs=1e-3)


# --- frames that do not arrive -------------------------------------------------------------------------


def last_block(desk: Desk) -> Send:
    return next(frame for _, frame in reversed(desk.sent) if frame.token == 1)


def fail(desk: Desk, status: SendStatus) -> list[Send]:
    return desk.give(SendFailed(last_block(desk), status, desk.now))


def test_a_block_too_long_is_sent_again_shorter_and_remembered() -> None:
    desk, client = ready()
    client.query()
    client.block(0, 64)
    sizes = []
    for _ in range(3):
        (frame,) = fail(desk, SendStatus.MESSAGE_TOO_LONG)
        answer = decoded(frame)
        assert isinstance(answer, ImageBlockResponse)
        assert answer.data is not None
        assert answer.data == client.image.data[: len(answer.data)]
        sizes.append(len(answer.data))
    assert sizes == [56, 50, 48]
    assert len(client.block(48, 64)) == 48
    desk.restart()
    assert len(client.block(96, 64)) == 48


def test_an_older_failure_does_not_raise_what_was_learned() -> None:
    desk, client = ready()
    client.query()
    client.block(0, 64)
    early = last_block(desk)
    fail(desk, SendStatus.MESSAGE_TOO_LONG)
    fail(desk, SendStatus.MESSAGE_TOO_LONG)
    desk.give(SendFailed(early, SendStatus.MESSAGE_TOO_LONG, desk.now))
    assert len(client.block(50, 64)) == 50


def test_three_blocks_lost_in_a_row_make_blocks_of_40() -> None:
    desk, client = ready()
    client.query()
    for lost in range(3):
        assert len(client.block(lost * 50)) == 50
        fail(desk, SendStatus.DELIVERY_FAILED)
    assert len(client.block(150)) == 40


def test_blocks_lost_now_and_then_change_nothing() -> None:
    desk, client = ready(of=image(5000))
    client.query()
    for offset in range(0, 5000, 50):
        desk.wait(0.02)
        assert len(client.block(offset)) == 50
        if offset % 250 == 0:
            fail(desk, SendStatus.DELIVERY_FAILED)


@pytest.mark.parametrize(
    "status", [SendStatus.BUSY, SendStatus.LINK_DOWN, SendStatus.NO_SUCH_DEVICE]
)
def test_a_radio_that_could_not_send_says_nothing_of_the_size(status: SendStatus) -> None:
    desk, client = ready()
    client.query()
    for number in range(5):
        assert len(client.block(number * 50)) == 50
        assert fail(desk, status) == []


def test_a_failure_of_a_frame_to_nobody_we_know_is_counted() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    stray = last_block(desk)._replace(destination=Eui64(1))
    assert desk.give(SendFailed(stray, SendStatus.DELIVERY_FAILED, desk.now)) == []
    assert desk.engine.counters["frame_not_delivered"] == 1


def test_what_is_served_again_is_counted_apart_also_when_a_device_begins_again() -> None:
    desk, client = ready()
    client.query()
    for offset in (0, 50, 50, 0, 50, 100):
        client.block(offset, 50)
    status = desk.status()
    assert (status.blocks, status.retries) == (3, 3)
