"""Image Block Request (ZCL 11.13.6), server side: identity, offset, size, and no cursor."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.events import OTA_SERVER_ENDPOINT, OTA_UPGRADE_CLUSTER, LinkUp, Priority
from ota_engine.hub.delivery.commands import Withdraw
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import SessionState
from ota_engine.times import Monotonic
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.ota import Command, ImageBlockRequest, ImageBlockResponse, encode
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    DEVICE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    OWN,
    Client,
    Desk,
    image,
    ready,
)
from tests.tiers import examples

SIZE = 1000


def refused(status: int) -> DefaultResponse:
    return DefaultResponse(Command.IMAGE_BLOCK_REQUEST, status)


MALFORMED = refused(Status.MALFORMED_COMMAND)
UNKNOWN_FILE = refused(Status.NO_IMAGE_AVAILABLE)


def test_a_block_is_the_images_octets_from_the_offset() -> None:
    _, client = ready()
    client.query()
    assert client.block(0) == client.image.data[:50]
    assert client.block(333) == client.image.data[333:383]


def test_a_block_goes_back_the_way_the_request_came() -> None:
    desk = Desk()
    client = Client(desk, endpoint=9, profile=0x0104, sleepy=True)
    client.join()
    desk.assign(client.image)
    client.query()
    desk.sent.clear()
    client.block(0)
    ((_, frame),) = desk.sent
    assert (frame.source_endpoint, frame.destination_endpoint) == (OTA_SERVER_ENDPOINT, 9)
    assert (frame.profile, frame.cluster) == (0x0104, OTA_UPGRADE_CLUSTER)
    assert frame.sleepy
    assert frame.priority == Priority.LOW


@pytest.mark.parametrize(
    "wrong",
    [
        {"manufacturer_code": MANUFACTURER + 1},
        {"manufacturer_code": 0xFFFF},
        {"image_type": IMAGE_TYPE + 1},
        {"image_type": 0xFFFF},
        {"file_version": NEW + 1},
        {"file_version": 0xFFFFFFFF},
    ],
)
def test_fault_11_a_block_of_another_image_is_no_image_available(wrong: dict[str, int]) -> None:
    desk, client = ready()
    client.query()
    assert client.ask(0, **wrong) == UNKNOWN_FILE
    assert desk.state() is SessionState.OFFERED


def test_fault_11_a_block_for_an_unassigned_device_is_refused_and_audited_once() -> None:
    desk, _ = ready()
    other = Client(desk, Eui64(DEVICE + 1))
    for _ in range(5):
        assert other.ask(0) == UNKNOWN_FILE
        desk.wait(1.0)
    refusals = [row for row in desk.audits() if row.actor == "engine"]
    assert len(refusals) == 1
    assert refusals[0].subject == "00-DB-12-34-56-78-90-A1"
    assert desk.engine.counters["block_of_unassigned_image"] == 5


def test_fault_11_a_device_cannot_fill_the_audit_trail_with_images_it_makes_up() -> None:
    desk, client = ready()
    for version in range(200):
        client.ask(0, file_version=version)
        desk.wait(0.5)
    assert len([row for row in desk.audits() if row.actor == "engine"]) <= 8


def test_a_withdrawn_image_is_refused_from_then_on() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Withdraw(DEVICE, client.image.sha256, "test"))
    assert client.ask(50) == UNKNOWN_FILE


# --- fault 10: the edges of the file --------------------------------------------------------------


@pytest.mark.parametrize("offset", [SIZE, SIZE + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_fault_10_an_offset_past_the_end_is_malformed(offset: int) -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    before = desk.status()
    assert client.ask(offset) == MALFORMED
    assert desk.status() == before
    assert desk.engine.counters["peer_errors"] == 1


def test_fault_10_a_block_of_no_octets_is_malformed() -> None:
    desk, client = ready()
    client.query()
    assert client.ask(0, 0) == MALFORMED
    assert desk.state() is SessionState.OFFERED


def test_fault_10_the_last_block_is_as_short_as_what_is_left() -> None:
    _, client = ready()
    client.query()
    assert len(client.block(SIZE - 7)) == 7
    assert len(client.block(SIZE - 1)) == 1


def test_fault_10_the_last_octet_asked_for_ends_the_download() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    client.block(SIZE - 50)
    assert desk.state() is SessionState.VERIFYING
    assert desk.status().offset == SIZE


@pytest.mark.parametrize("cut", range(3, 17))
def test_a_request_cut_short_is_malformed(cut: int) -> None:
    _, client = ready()
    client.query()
    request = ImageBlockRequest(0, *client.key, 0, 50)
    frame = cluster_frame(3, 7, encode(request), from_server=False)
    assert len(frame) == 17
    (answer,) = client.raw(frame[:cut])
    assert answer.payload[3:] == bytes((Command.IMAGE_BLOCK_REQUEST, Status.MALFORMED_COMMAND))
    assert answer.payload[1] == 7


# --- what real clients send ----------------------------------------------------------------------


def test_a_promised_block_period_may_be_missing() -> None:
    _, client = ready()
    client.query()
    answer = client.ask(0, field_control=2)
    assert isinstance(answer, ImageBlockResponse)
    assert answer.status == Status.SUCCESS


def test_a_request_node_address_changes_nothing() -> None:
    _, client = ready()
    client.query()
    answer = client.ask(0, field_control=1, request_node_address=DEVICE)
    assert isinstance(answer, ImageBlockResponse)
    assert answer.data == client.image.data[:50]


def test_unknown_field_control_bits_are_ignored() -> None:
    _, client = ready()
    client.query()
    answer = client.ask(0, field_control=0xF0)
    assert isinstance(answer, ImageBlockResponse)
    assert answer.status == Status.SUCCESS


# --- stateless -----------------------------------------------------------------------------------


def test_a_repeated_request_is_answered_alike_and_counted_as_a_retry() -> None:
    desk, client = ready()
    client.query()
    assert client.block(0) == client.block(0) == client.block(0)
    assert (desk.status().blocks, desk.status().retries) == (1, 2)


@given(order=st.permutations(range(0, SIZE, 50)), repeats=st.lists(st.integers(0, SIZE - 1)))
@examples(40)
def test_fault_09_blocks_are_right_in_any_order_and_number(
    order: list[int], repeats: list[int]
) -> None:
    desk, client = ready()
    client.query()
    got = bytearray(SIZE)
    for offset in [*order, *repeats]:
        desk.wait(0.02)
        data = client.block(offset)
        got[offset : offset + len(data)] = data
    assert bytes(got) == client.image.data
    desk.wait(0.02)
    assert client.end() is not None
    assert desk.state() is SessionState.RESTARTING


def test_progress_is_what_was_asked_for_and_never_runs_back_on_a_late_duplicate() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    assert desk.status().offset == 450
    client.block(200)
    assert desk.status().offset == 450


def test_a_device_that_begins_again_is_seen_to_begin_again() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    client.block(0)
    assert desk.status().offset == 0


def test_a_download_begins_without_a_query_where_the_device_left_off() -> None:
    desk, client = ready()
    client.download(start=700)
    assert desk.state() is SessionState.VERIFYING


def test_a_download_goes_on_after_the_engine_restarted() -> None:
    desk, client = ready()
    client.query()
    client.download(until=600)
    desk.restart(after=30.0)
    assert desk.state() is SessionState.STALLED
    assert "the engine restarted" in desk.status().reason
    assert desk.status().attempt == 1
    client.download(start=600)
    client.end()
    assert desk.state() is SessionState.RESTARTING
    assert desk.status().attempt == 1


def test_progress_is_written_by_share_and_time_and_not_per_block() -> None:
    desk, client = ready(of=image(20_000))
    client.query()
    written = []
    for offset in range(0, 20_000, 50):
        desk.wait(0.02)
        client.block(offset)
        (session,) = desk.store.load().sessions
        written.append(session.offset)
    steps = [after for before, after in pairwise(written) if after != before]
    assert 8 <= len(steps) <= 12
    assert max(after - before for before, after in pairwise([0, *steps])) <= 2050


def test_a_slow_download_is_written_once_a_minute() -> None:
    desk, client = ready(of=image(20_000))
    client.query()
    for offset in range(0, 500, 50):
        desk.wait(31.0)
        client.block(offset)
    (session,) = desk.store.load().sessions
    assert session.offset >= 400


# --- how large a block is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "given_octets"), [(1, 1), (40, 40), (65, 65), (66, 65), (255, 65)]
)
def test_a_block_is_what_was_asked_as_far_as_the_link_carries_it(
    asked: int, given_octets: int
) -> None:
    _, client = ready()
    client.query()
    assert len(client.block(0, asked)) == given_octets


@pytest.mark.parametrize(("relays", "octets"), [(0, 65), (1, 61), (2, 59), (3, 57), (5, 53)])
def test_a_source_route_leaves_less_room(relays: int, octets: int) -> None:
    desk = Desk()
    client = Client(desk, relays=relays)
    client.join()
    desk.assign(client.image)
    client.query()
    assert len(client.block(0, 255)) == octets


def test_aps_encryption_leaves_less_room() -> None:
    desk = Desk(up=False)
    desk.tell_time()
    desk.give(LinkUp("test", OWN, 73, True, Monotonic(0.0)))
    client = Client(desk)
    client.join()
    desk.assign(client.image)
    client.query()
    assert len(client.block(0, 255)) == 56


def test_the_operator_may_cap_every_block() -> None:
    _, client = ready(DeliveryConfig(block_size=32))
    client.query()
    assert len(client.block(0, 50)) == 32


def test_a_vendor_known_to_choke_gets_smaller_blocks() -> None:
    _, client = ready(of=image(manufacturer=0x117A))
    client.query()
    assert len(client.block(0, 64)) == 40


def test_a_device_not_authorised_gets_no_block() -> None:
    _, client = ready(DeliveryConfig(authorised=frozenset()))
    assert client.ask(0) == refused(Status.NOT_AUTHORIZED)
