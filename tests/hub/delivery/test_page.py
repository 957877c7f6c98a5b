"""Image Page Request (ZCL 11.13.7), server side: spaced, cancellable, exact, fair."""

from itertools import pairwise

import pytest

from images.airtime import page_response_time
from images.eui64 import Eui64
from ota_engine.events import LinkDown, Send, SendFailed, SendStatus
from ota_engine.hub.delivery.commands import Abort, Pause
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import SessionState
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.ota import Command, ImageBlockResponse, ImagePageRequest
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import DEVICE, Client, Desk, decoded, image, ready

SIZE = 1000
PAGE = 512
BLOCK = 50
SPACING = 20  # ms


def refused(status: int) -> DefaultResponse:
    return DefaultResponse(Command.IMAGE_PAGE_REQUEST, status)


def page(
    client: Client,
    offset: int = 0,
    *,
    size: int = PAGE,
    block: int = BLOCK,
    spacing: int = SPACING,
    **options: object,
) -> list[object]:
    """Ask for a page; returns what is answered at once."""
    request = ImagePageRequest(0, *client.key, offset, block, size, spacing)
    return client.say(request._replace(**options))  # type: ignore[arg-type] # by name


def blocks(desk: Desk, device: Eui64 = DEVICE) -> list[tuple[float, int, bytes]]:
    """Every block sent to a device: when, from where, what."""
    found = []
    for time, frame in desk.sent:
        answer = decoded(frame)
        if frame.destination == device and isinstance(answer, ImageBlockResponse) and answer.data:
            assert answer.file_offset is not None
            found.append((time, answer.file_offset, answer.data))
    return found


def content(found: list[tuple[float, int, bytes]]) -> bytes:
    return b"".join(data for _, _, data in found)


def start(config: DeliveryConfig | None = None, size: int = SIZE) -> tuple[Desk, Client]:
    desk, client = ready(config, image(size))
    client.query()
    desk.wait(1.0)
    desk.sent.clear()
    return desk, client


def test_a_page_is_the_octets_asked_for_in_blocks_as_asked() -> None:
    desk, client = start()
    page(client)
    desk.wait(5.0)
    found = blocks(desk)
    assert content(found) == client.image.data[:PAGE]
    assert [offset for _, offset, _ in found] == list(range(0, PAGE, BLOCK))
    assert [len(data) for _, _, data in found] == [50] * 10 + [12]


def test_the_blocks_of_a_page_are_not_acknowledged_and_carry_its_sequence() -> None:
    desk, client = start()
    page(client)
    desk.wait(5.0)
    frames = [frame for frame in desk.to() if isinstance(decoded(frame), ImageBlockResponse)]
    assert {frame.ack for frame in frames} == {False}
    assert {frame.payload[1] for frame in frames} == {client.sequence}


def test_the_blocks_of_a_page_are_spaced_as_asked() -> None:
    desk, client = start()
    page(client, spacing=300)
    desk.wait(10.0)
    times = [time for time, _, _ in blocks(desk)]
    assert [after - before for before, after in pairwise(times)] == pytest.approx([0.3] * 10)


def test_a_page_without_spacing_still_leaves_the_radio_its_air_time() -> None:
    desk, client = start()
    page(client, spacing=0)
    desk.wait(5.0)
    times = [time for time, _, _ in blocks(desk)]
    air = page_response_time(BLOCK, 1)
    assert min(after - before for before, after in pairwise(times)) >= air * 0.999


def test_the_last_page_ends_with_the_image() -> None:
    desk, client = start()
    page(client, 512)
    desk.wait(5.0)
    assert content(blocks(desk)) == client.image.data[512:]
    assert desk.state() is SessionState.VERIFYING
    assert desk.engine.next_wake > desk.now + 100.0  # nothing of the page is left


def test_a_page_that_ends_exactly_with_the_image_has_no_empty_block() -> None:
    desk, client = start(size=2 * PAGE)
    page(client, PAGE, block=64)
    desk.wait(5.0)
    assert [len(data) for _, _, data in blocks(desk)] == [64] * 8
    assert desk.state() is SessionState.VERIFYING


def test_a_page_of_one_block_is_one_block() -> None:
    desk, client = start()
    page(client, 0, size=50)
    desk.wait(1.0)
    assert len(blocks(desk)) == 1


def test_pages_deliver_a_whole_image() -> None:
    desk, client = start(size=5000)
    for offset in range(0, 5000, PAGE):
        page(client, offset)
        desk.wait(1.0)
    assert content(blocks(desk)) == client.image.data
    assert client.end() is not None
    assert desk.state() is SessionState.RESTARTING


def test_the_block_size_never_changes_inside_a_page() -> None:
    desk, client = start()
    page(client, block=200)
    desk.wait(5.0)
    assert {len(data) for _, _, data in blocks(desk)[:-1]} == {65}


def test_pages_as_fast_as_the_air_are_all_served() -> None:
    desk, client = start(size=200 * 512)
    for offset in range(0, 200 * 512, 512):
        page(client, offset, spacing=0)
        desk.wait(0.1)
    assert content(blocks(desk)) == client.image.data


# --- refusals --------------------------------------------------------------------------------------


def test_blocks_larger_than_the_page_are_an_invalid_value() -> None:
    desk, client = start()
    assert page(client, size=40, block=50) == [refused(Status.INVALID_VALUE)]
    assert desk.state() is SessionState.OFFERED


def test_blocks_of_no_octets_are_malformed() -> None:
    _, client = start()
    assert page(client, block=0) == [refused(Status.MALFORMED_COMMAND)]


@pytest.mark.parametrize("offset", [SIZE, 0xFFFFFFFF])
def test_a_page_past_the_end_is_malformed(offset: int) -> None:
    _, client = start()
    assert page(client, offset) == [refused(Status.MALFORMED_COMMAND)]


def test_a_page_of_another_image_is_no_image_available() -> None:
    _, client = start()
    assert page(client, file_version=7) == [refused(Status.NO_IMAGE_AVAILABLE)]


def test_switched_off_pages_are_unsupported() -> None:
    _, client = start(DeliveryConfig(pages=False))
    assert page(client) == [refused(Status.UNSUP_CLUSTER_COMMAND)]


def test_a_page_to_a_paused_device_is_told_to_wait() -> None:
    desk, client = start()
    desk.give(Pause(DEVICE, "maintenance", "test"))
    (answer,) = page(client)
    assert isinstance(answer, ImageBlockResponse)
    assert answer.status == Status.WAIT_FOR_DATA
    assert desk.wait(10.0) == []


# --- cancelling ------------------------------------------------------------------------------------


def test_a_new_page_replaces_the_one_before() -> None:
    desk, client = start()
    page(client, 0)
    desk.wait(0.05)
    page(client, 512)
    desk.sent.clear()
    desk.wait(5.0)
    assert all(offset >= 512 for _, offset, _ in blocks(desk))


def test_fault_09_a_page_request_repeated_by_the_network_is_not_sent_twice_as_fast() -> None:
    desk, client = start()
    page(client, spacing=100)
    desk.wait(0.03)
    page(client, spacing=100)
    desk.sent.clear()
    desk.wait(5.0)
    times = [time for time, _, _ in blocks(desk)]
    assert len(times) == 10
    assert min(after - before for before, after in pairwise(times)) >= 0.099


def test_a_block_request_ends_the_page() -> None:
    desk, client = start()
    page(client)
    desk.wait(0.05)
    client.block(300)
    desk.sent.clear()
    assert desk.wait(5.0) == []


def test_an_abort_ends_the_page() -> None:
    desk, client = start()
    page(client)
    desk.give(Abort(DEVICE, "stop", "test"))
    desk.sent.clear()
    desk.wait(5.0)
    assert blocks(desk) == []


def test_a_lost_radio_ends_the_page() -> None:
    desk, client = start()
    page(client)
    desk.give(LinkDown("test", "unplugged", desk.now))
    desk.sent.clear()
    assert desk.wait(5.0) == []


# --- holes -----------------------------------------------------------------------------------------


def test_holes_of_the_last_page_are_filled_and_the_end_is_believed() -> None:
    desk, client = start()
    page(client, 512)
    desk.wait(5.0)
    client.block(612)
    client.block(862)
    client.end()
    assert desk.state() is SessionState.RESTARTING


def test_the_last_page_may_be_asked_for_again() -> None:
    desk, client = start()
    page(client, 512)
    desk.wait(5.0)
    desk.sent.clear()
    page(client, 512)
    desk.wait(5.0)
    assert content(blocks(desk)) == client.image.data[512:]


def test_a_page_too_long_for_the_link_starts_over_with_smaller_blocks() -> None:
    desk, client = start()
    page(client, block=64)
    (_, first), *_ = desk.sent
    desk.sent.clear()
    desk.give(SendFailed(first, SendStatus.MESSAGE_TOO_LONG, desk.now))
    desk.wait(5.0)
    found = blocks(desk)
    assert content(found) == client.image.data[:PAGE]
    assert {len(data) for _, _, data in found[:-1]} == {56}


# --- together with others --------------------------------------------------------------------------


def neighbours(count: int, config: DeliveryConfig | None = None) -> tuple[Desk, list[Client]]:
    desk = Desk(config)
    clients = [Client(desk, Eui64(DEVICE + number)) for number in range(count)]
    for client in clients:
        client.join()
        desk.assign(client.image, client.eui64)
        client.query()
    desk.wait(10.0)
    desk.sent.clear()
    return desk, clients


def test_pages_of_two_devices_interleave() -> None:
    desk, clients = neighbours(2)
    for client in clients:
        page(client, spacing=0)
    desk.wait(5.0)
    order = [frame.destination for _, frame in desk.sent]
    assert order == [client.eui64 for client in clients] * (len(order) // 2)


def test_pages_together_take_no_more_than_the_channel_has() -> None:
    desk, clients = neighbours(5)
    for client in clients:
        page(client, spacing=0)
    desk.wait(5.0)
    times = [time for time, _ in desk.sent]
    assert len(times) == 5 * 11
    assert times[-1] - times[0] >= 5 * 9 * page_response_time(BLOCK, 1)


def test_a_page_waits_for_the_channels_budget() -> None:
    desk, client = start(DeliveryConfig(channel_share=0.01), size=8000)
    page(client, size=8000, spacing=0)
    desk.wait(100.0)
    sent = [frame for frame in desk.to() if isinstance(frame, Send)]
    cost = 0.0175  # seconds of air, at least, of each block with its share of request and acks
    assert len(sent) <= (1.0 + 100.0 * 0.01) / cost + 1
    assert len(sent) > 20
