"""Downloading: blocks, waits, retries, resumption (ZCL 11.13.6 to 11.13.8, 11.11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.client.table import ClientState
from emulators.node import NEVER
from emulators.platform.flash import SECTOR
from emulators.platform.profiles import LAB, NXP, PROFILES, SILICON_LABS, ZBOSS, TimerProfile
from ota_engine.zcl import general, ota
from ota_engine.zcl.ota import Attribute, Command
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import (
    DEVICE,
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    OLD,
    Dialogue,
    image,
    spec,
)

CONTENT = image()


def downloading(timers: TimerProfile = LAB, **options: object) -> Dialogue:
    device = Dialogue(spec(timers=timers, **options))  # type: ignore[arg-type] # checked by spec
    device.offer(CONTENT)
    return device


def wait(current: int, request: int, period: int | None = None) -> ota.ImageBlockResponse:
    return ota.ImageBlockResponse(
        Status.WAIT_FOR_DATA,
        current_time=current,
        request_time=request,
        minimum_block_period=period,
    )


def asked_offset(device: Dialogue) -> int:
    command = device.only()
    assert isinstance(command, ota.ImageBlockRequest)
    return command.file_offset


# --- blocks ---------------------------------------------------------------------------------------


def test_a_block_is_followed_by_a_request_for_the_next() -> None:
    device = downloading()
    device.block(CONTENT, 0)
    assert asked_offset(device) == 63


def test_the_whole_file_arrives_exactly() -> None:
    device = downloading()
    device.feed(CONTENT)
    assert device.state is ClientState.VERIFYING
    assert b"".join(device.device.flash.downloaded()) == CONTENT


@given(st.lists(st.integers(1, 63), min_size=1, max_size=40))
def test_a_server_may_give_less_than_was_asked(lengths: list[int]) -> None:
    content = image(200)
    device = Dialogue()
    device.offer(content)
    offset = 0
    for length in lengths * 20:
        if offset < len(content):
            device.block(content, offset, length)
            offset += len(content[offset : offset + length])
    device.feed(content)
    assert b"".join(device.device.flash.downloaded()) == content


def test_a_duplicate_block_is_ignored_by_its_offset() -> None:
    device = downloading()
    device.block(CONTENT, 0)
    assert device.block(CONTENT, 0) == []
    device.block(CONTENT, 63)
    assert asked_offset(device) == 126


def test_a_block_from_further_on_is_ignored() -> None:
    device = downloading()
    assert device.block(CONTENT, 126) == []
    device.block(CONTENT, 0)
    assert asked_offset(device) == 63


def test_a_block_of_another_file_is_answered_invalid_value_and_not_taken() -> None:
    device = downloading()
    device.block(CONTENT, 0, version=NEW + 1)
    assert device.only() == general.DefaultResponse(
        Command.IMAGE_BLOCK_RESPONSE, Status.INVALID_VALUE
    )
    device.alarm()
    assert asked_offset(device) == 0


@pytest.mark.parametrize("data", [b"", bytes(64)], ids=["no octets", "more than asked"])
def test_a_block_of_an_impossible_length_is_malformed(data: bytes) -> None:
    device = downloading()
    device.say(ota.ImageBlockResponse(0, MANUFACTURER, IMAGE_TYPE, NEW, 0, data))
    assert device.only() == general.DefaultResponse(
        Command.IMAGE_BLOCK_RESPONSE, Status.MALFORMED_COMMAND
    )
    assert device.state is ClientState.DOWNLOADING


def test_a_block_beyond_the_end_is_malformed() -> None:
    content = image(100)
    device = Dialogue()
    device.offer(content)
    device.feed(content, until=len(content) - 63)
    offset = asked_offset(device)
    device.say(ota.ImageBlockResponse(0, MANUFACTURER, IMAGE_TYPE, NEW, offset, bytes(63)))
    assert isinstance(device.only(), general.DefaultResponse)
    assert device.state is ClientState.DOWNLOADING


@given(st.binary(max_size=90))
def test_any_octets_behind_a_block_header_leave_the_download_intact(octets: bytes) -> None:
    content = image(300)
    device = Dialogue()
    device.offer(content)
    device.hear(b"\x19\x07\x05" + octets)
    if device.state is not ClientState.DOWNLOADING:  # the octets happened to be a wait or an abort
        return
    while not any(isinstance(sent, ota.ImageBlockRequest) for sent in device.sent()):
        device.alarm()
    device.feed(content)
    assert b"".join(device.device.flash.downloaded()) == content


@given(st.binary(max_size=40))
def test_any_frame_at_all_is_survived(frame: bytes) -> None:
    device = downloading()
    device.hear(frame)
    assert device.device.powered


def test_a_block_that_comes_after_the_download_ended_is_ignored() -> None:
    device = downloading()
    device.feed(CONTENT)
    assert device.block(CONTENT, 0) == []
    assert device.state is ClientState.VERIFYING


# --- what the request says ------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_asks_for_its_own_block_size(profile: str) -> None:
    device = downloading(PROFILES[profile])
    request = device.only()
    assert isinstance(request, ota.ImageBlockRequest)
    assert request.maximum_data_size == PROFILES[profile].block_size


def test_the_block_size_can_be_set_per_device() -> None:
    device = downloading(block_size=40)
    request = device.only()
    assert isinstance(request, ota.ImageBlockRequest)
    assert request.maximum_data_size == 40


def test_a_client_may_send_its_address() -> None:
    request = downloading(sends_node_address=True).only()
    assert isinstance(request, ota.ImageBlockRequest)
    assert request.request_node_address == DEVICE


def test_a_client_without_rate_limiting_leaves_the_period_out() -> None:
    request = downloading(ZBOSS).only()
    assert isinstance(request, ota.ImageBlockRequest)
    assert (request.field_control & 2, request.minimum_block_period) == (0, None)


def test_a_client_can_promise_the_period_and_leave_it_out() -> None:
    device = downloading(period_missing=True)
    (frame,) = device.frames
    request = device.only()
    assert isinstance(request, ota.ImageBlockRequest)
    assert (request.field_control & 2, request.minimum_block_period) == (2, None)
    assert len(frame.payload) == 3 + 14


def test_a_client_can_complain_of_good_blocks_and_go_on() -> None:
    device = downloading(malformed_default_every=2)
    device.block(CONTENT, 0)
    device.block(CONTENT, 63)
    complaint, request = device.sent()
    assert complaint == general.DefaultResponse(
        Command.IMAGE_BLOCK_RESPONSE, Status.MALFORMED_COMMAND
    )
    assert isinstance(request, ota.ImageBlockRequest)
    assert request.file_offset == 126


# --- silence --------------------------------------------------------------------------------------


def test_an_unanswered_request_is_repeated_after_the_block_timeout() -> None:
    device = downloading(SILICON_LABS)
    start = device.now
    device.alarm()
    assert device.now - start == pytest.approx(SILICON_LABS.block_timeout)
    assert asked_offset(device) == 0
    assert device.device.client.retries == 1


@pytest.mark.parametrize("timers", [SILICON_LABS, NXP], ids=["silabs", "nxp"])
def test_silence_ends_the_download_with_abort_at_the_error_threshold(
    timers: TimerProfile,
) -> None:
    device = downloading(timers)
    for _ in range(timers.error_threshold - 1):
        device.alarm()
        assert asked_offset(device) == 0
    device.alarm()
    assert device.only() == ota.UpgradeEndRequest(Status.ABORT, MANUFACTURER, IMAGE_TYPE, NEW)
    assert device.state is ClientState.IDLE


def test_a_block_makes_the_count_of_errors_begin_again() -> None:
    device = downloading(NXP)
    for offset in (0, 48, 96):
        device.alarm()
        device.alarm()
        device.block(CONTENT, offset, 48)
    assert device.state is ClientState.DOWNLOADING


def test_after_giving_up_the_next_offer_goes_on_where_flash_is() -> None:
    device = downloading(NXP)
    device.feed(CONTENT, until=SECTOR + 500)
    while device.state is ClientState.DOWNLOADING:
        device.alarm()
    device.alarm()
    device.say(ota.QueryNextImageResponse(0, MANUFACTURER, IMAGE_TYPE, NEW, len(CONTENT)))
    assert asked_offset(device) == SECTOR


def test_an_offer_of_another_file_begins_anew() -> None:
    device = downloading(NXP)
    device.feed(CONTENT, until=SECTOR + 500)
    device.say(ota.ImageBlockResponse(Status.ABORT))
    device.alarm()
    device.say(ota.QueryNextImageResponse(0, MANUFACTURER, IMAGE_TYPE, NEW + 1, len(CONTENT)))
    assert asked_offset(device) == 0


# --- abort ----------------------------------------------------------------------------------------


def test_a_block_response_abort_ends_idle() -> None:
    device = downloading()
    device.say(ota.ImageBlockResponse(Status.ABORT))
    assert (device.state, device.frames) == (ClientState.IDLE, [])


@pytest.mark.parametrize("status", [Status.NO_IMAGE_AVAILABLE, Status.ABORT])
def test_a_default_response_to_the_block_request_ends_idle(status: int) -> None:
    device = downloading()
    device.default(Command.IMAGE_BLOCK_REQUEST, status)
    assert device.state is ClientState.IDLE


def test_any_other_default_response_is_left_to_the_timeout() -> None:
    device = downloading()
    device.default(Command.IMAGE_BLOCK_REQUEST, Status.MALFORMED_COMMAND)
    assert device.state is ClientState.DOWNLOADING
    device.alarm()
    assert asked_offset(device) == 0


# --- WAIT_FOR_DATA --------------------------------------------------------------------------------


def waited(device: Dialogue) -> float:
    assert device.frames == []
    assert device.state is ClientState.WAITING_FOR_DATA
    start = device.now
    device.alarm()
    assert asked_offset(device) == 0
    return device.now - start


def test_a_relative_wait_is_obeyed_and_the_same_offset_asked_again() -> None:
    device = downloading()
    device.say(wait(0, 90))
    assert waited(device) == pytest.approx(90)


def test_an_absolute_wait_is_the_difference_of_both_times() -> None:
    device = downloading()
    device.say(wait(800_000_000, 800_000_045))
    assert waited(device) == pytest.approx(45)


def test_a_wait_is_capped_at_an_hour() -> None:
    device = downloading(SILICON_LABS)
    device.say(wait(0, 86_400))
    assert waited(device) == pytest.approx(3600)


def test_a_request_time_in_the_past_means_five_minutes() -> None:
    device = downloading(SILICON_LABS)
    device.say(wait(800_000_045, 800_000_000))
    assert waited(device) == pytest.approx(300)


def test_a_clock_that_starts_at_zero_takes_an_absolute_time_for_decades() -> None:
    device = downloading(SILICON_LABS, clock_at_zero=True)
    device.say(wait(800_000_000, 800_000_001))
    assert waited(device) == pytest.approx(SILICON_LABS.wait_cap)


def test_a_duplicate_wait_does_not_prolong_the_first() -> None:
    device = downloading()
    device.say(wait(0, 90))
    due = device.device.wake_at
    device.now += 10
    device.say(wait(0, 90))
    assert device.device.wake_at == due


def test_waiting_is_not_an_error() -> None:
    device = downloading(NXP)
    for _ in range(NXP.error_threshold * 2):
        device.say(wait(0, 5))
        device.alarm()
    assert device.state is ClientState.DOWNLOADING


def test_a_server_may_abort_while_the_client_waits() -> None:
    device = downloading()
    device.say(wait(0, 90))
    device.say(ota.ImageBlockResponse(Status.ABORT))
    assert device.state is ClientState.IDLE


# --- MinimumBlockPeriod ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("revision", "seconds"), [(1, 0.5), (2, 500.0), (3, 0.5)], ids=["r1 ms", "r2 s", "r3 ms"]
)
def test_the_period_is_counted_in_the_unit_of_the_cluster_revision(
    revision: int, seconds: float
) -> None:
    device = downloading(cluster_revision=revision)
    device.say(wait(0, 0, 500))
    device.alarm()
    start = device.now
    device.block(CONTENT, 0)
    assert (device.state, device.frames) == (ClientState.PACING, [])
    device.alarm()
    assert device.now - start == pytest.approx(seconds)
    assert asked_offset(device) == 63


def test_a_new_period_is_advertised_in_requests_and_attribute() -> None:
    device = downloading()
    device.say(wait(0, 0, 500))
    device.alarm()
    request = device.only()
    assert isinstance(request, ota.ImageBlockRequest)
    assert request.minimum_block_period == 500
    assert device.read(Attribute.MINIMUM_BLOCK_PERIOD)[0].value == 500


def test_a_client_without_rate_limiting_ignores_the_period() -> None:
    device = downloading(ZBOSS)
    device.say(wait(0, 2, 500))
    device.alarm()
    device.block(CONTENT, 0, 64)
    assert asked_offset(device) == 64


def test_a_paced_download_still_ends_with_the_whole_file() -> None:
    content = image(5000)
    device = Dialogue()
    device.offer(content)
    device.say(wait(0, 0, 100))
    start = device.now
    while device.state is not ClientState.VERIFYING:
        device.alarm()
        device.feed(content)
    assert b"".join(device.device.flash.downloaded()) == content
    assert device.now - start >= 0.1 * (len(content) // 63)


# --- resumption -----------------------------------------------------------------------------------


def test_after_a_power_cut_it_goes_on_at_the_last_sector_without_a_query() -> None:
    device = downloading()
    device.feed(CONTENT, until=SECTOR + 1000)
    device.crash()
    device.power_on()
    assert device.sent()[-1] == ota.ImageBlockRequest(
        2, MANUFACTURER, IMAGE_TYPE, NEW, SECTOR, 63, None, 0
    )
    device.frames = device.frames[-1:]
    device.feed(CONTENT)
    assert b"".join(device.device.flash.downloaded()) == CONTENT


def test_a_server_that_has_forgotten_the_file_ends_a_resumed_download() -> None:
    device = downloading()
    device.feed(CONTENT, until=SECTOR + 1000)
    device.crash()
    device.power_on()
    device.default(Command.IMAGE_BLOCK_REQUEST, Status.NO_IMAGE_AVAILABLE)
    assert device.state is ClientState.IDLE


def test_a_crashed_device_is_deaf() -> None:
    device = downloading()
    device.crash()
    assert device.block(CONTENT, 0) == []
    assert device.device.wake_at == NEVER


@pytest.mark.parametrize("rate", [0.9, 1.1])
def test_a_skewed_clock_stretches_its_timers(rate: float) -> None:
    device = Dialogue()
    device.device.client.skew_clock(rate)
    device.offer(CONTENT)
    assert device.device.wake_at - device.now == pytest.approx(LAB.block_timeout * rate)


# --- attributes during a download -----------------------------------------------------------------


def test_the_attributes_follow_the_download() -> None:
    device = downloading()
    device.feed(CONTENT, until=630)
    status, offset, current, downloaded = device.read(
        Attribute.IMAGE_UPGRADE_STATUS,
        Attribute.FILE_OFFSET,
        Attribute.CURRENT_FILE_VERSION,
        Attribute.DOWNLOADED_FILE_VERSION,
    )
    assert (status.value, offset.value, current.value) == (1, 630, OLD)
    assert downloaded.value == 0xFFFFFFFF
