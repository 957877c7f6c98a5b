"""Image Page Requests: the bitmap, holes, and the way back to blocks (ZCL 11.13.7)."""

import pytest

from emulators.client.table import ClientState
from emulators.platform.profiles import LAB, NXP, SILICON_LABS, TimerProfile
from ota_engine.zcl import ota
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, Dialogue, image, spec

CONTENT = image()


def paging(timers: TimerProfile = LAB, **options: object) -> Dialogue:
    device = Dialogue(spec(timers=timers, page_mode=True, **options))  # type: ignore[arg-type]
    device.offer(CONTENT)
    return device


def page_asked(device: Dialogue) -> ota.ImagePageRequest:
    request = device.sent()[-1]
    assert isinstance(request, ota.ImagePageRequest)
    return request


def block_asked(device: Dialogue) -> ota.ImageBlockRequest:
    request = device.sent()[-1]
    assert isinstance(request, ota.ImageBlockRequest)
    return request


def offsets(request: ota.ImagePageRequest) -> range:
    end = request.file_offset + request.page_size
    return range(request.file_offset, end, request.maximum_data_size)


def serve(
    device: Dialogue, request: ota.ImagePageRequest, *, without: tuple[int, ...] = ()
) -> None:
    end = request.file_offset + request.page_size
    for index, offset in enumerate(offsets(request)):
        if index not in without:
            device.block(CONTENT, offset, min(request.maximum_data_size, end - offset))


@pytest.mark.parametrize("timers", [LAB, SILICON_LABS, NXP], ids=["lab", "silabs", "nxp"])
def test_a_page_is_asked_with_the_vendors_page_block_and_spacing(timers: TimerProfile) -> None:
    device = paging(timers)
    assert page_asked(device) == ota.ImagePageRequest(
        0,
        MANUFACTURER,
        IMAGE_TYPE,
        NEW,
        0,
        timers.page_block_size,
        timers.page_size,
        timers.page_spacing_ms,
    )
    assert device.frames[-1].payload[0] == 0x11  # default response disabled


def test_a_whole_page_is_followed_by_the_next() -> None:
    device = paging()
    serve(device, page_asked(device))
    assert page_asked(device).file_offset == LAB.page_size


def test_the_last_page_is_as_short_as_the_file() -> None:
    device = paging()
    for _ in range(len(CONTENT) // LAB.page_size):
        serve(device, page_asked(device))
    last = page_asked(device)
    assert last.page_size == len(CONTENT) % LAB.page_size
    serve(device, last)
    assert device.state is ClientState.VERIFYING
    assert b"".join(device.device.flash.downloaded()) == CONTENT


def test_holes_are_asked_block_by_block_then_the_next_page() -> None:
    device = paging()
    serve(device, page_asked(device), without=(2, 5))
    device.alarm()
    assert (block_asked(device).file_offset, device.state) == (96, ClientState.FILLING)
    device.block(CONTENT, 96, 48)
    assert block_asked(device).file_offset == 240
    device.block(CONTENT, 240, 48)
    assert page_asked(device).file_offset == LAB.page_size


def test_a_straggler_that_fills_a_hole_late_is_taken() -> None:
    device = paging()
    serve(device, page_asked(device), without=(2, 5))
    device.alarm()
    device.block(CONTENT, 240, 48)
    device.block(CONTENT, 96, 48)
    assert page_asked(device).file_offset == LAB.page_size


def test_the_hole_at_the_end_of_the_last_page_is_filled() -> None:
    device = paging()
    for _ in range(len(CONTENT) // LAB.page_size):
        serve(device, page_asked(device))
    last = page_asked(device)
    serve(device, last, without=(len(offsets(last)) - 1,))
    device.alarm()
    asked = block_asked(device)
    device.block(CONTENT, asked.file_offset, asked.maximum_data_size)
    assert device.state is ClientState.VERIFYING
    assert b"".join(device.device.flash.downloaded()) == CONTENT


def test_a_client_can_lose_page_blocks_by_itself_and_fill_them() -> None:
    device = paging(page_hole_every=4)
    serve(device, page_asked(device))
    device.alarm()
    assert device.state is ClientState.FILLING
    device.feed(CONTENT)
    assert page_asked(device).file_offset == LAB.page_size


def test_silence_in_a_hole_is_retried_and_then_given_up() -> None:
    device = paging(NXP)
    request = page_asked(device)
    serve(device, request, without=(1,))
    for _ in range(NXP.error_threshold):
        device.alarm()
        assert block_asked(device).file_offset == 48
    device.alarm()
    assert device.sent() == [ota.UpgradeEndRequest(Status.ABORT, MANUFACTURER, IMAGE_TYPE, NEW)]


def test_unsupported_pages_lead_back_to_blocks() -> None:
    device = paging()
    device.default(Command.IMAGE_PAGE_REQUEST, Status.UNSUP_CLUSTER_COMMAND)
    assert block_asked(device).file_offset == 0
    device.feed(CONTENT)
    assert b"".join(device.device.flash.downloaded()) == CONTENT


def test_pages_without_any_block_lead_back_to_blocks() -> None:
    device = paging()
    device.alarm()
    assert page_asked(device).file_offset == 0
    device.alarm()
    device.alarm()
    assert block_asked(device).file_offset == 0


def test_a_server_that_cuts_pages_differently_leads_back_to_blocks() -> None:
    device = paging()
    device.block(CONTENT, 0, 48)
    device.block(CONTENT, 48, 40)
    assert block_asked(device).file_offset == 48
    device.feed(CONTENT)
    assert b"".join(device.device.flash.downloaded()) == CONTENT


def test_wait_for_data_ends_the_page_and_its_rest_is_asked_afterwards() -> None:
    device = paging()
    device.block(CONTENT, 0, 48)
    device.say(ota.ImageBlockResponse(Status.WAIT_FOR_DATA, current_time=0, request_time=30))
    assert device.state is ClientState.WAITING_FOR_DATA
    device.alarm()
    assert block_asked(device).file_offset == 48


def test_wait_for_data_before_any_block_asks_the_page_again() -> None:
    device = paging()
    device.say(ota.ImageBlockResponse(Status.WAIT_FOR_DATA, current_time=0, request_time=30))
    device.alarm()
    assert page_asked(device).file_offset == 0


def test_no_image_available_to_a_page_request_ends_idle() -> None:
    device = paging()
    device.default(Command.IMAGE_PAGE_REQUEST, Status.NO_IMAGE_AVAILABLE)
    assert device.state is ClientState.IDLE


def test_a_power_cut_inside_a_page_resumes_at_a_sector() -> None:
    device = paging()
    for _ in range(5):
        serve(device, page_asked(device))
    device.crash()
    device.power_on()
    assert page_asked(device).file_offset == 4096
