"""Querying: polls, notifies, and what an offer must be (ZCL 11.13.3 to 11.13.5)."""

import pytest

from emulators.client.table import ClientState
from emulators.platform.profiles import NXP, PROFILES, SILICON_LABS
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

NOTHING = ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)


def offer(
    *,
    manufacturer: int = MANUFACTURER,
    image_type: int = IMAGE_TYPE,
    version: int = NEW,
    size: int = 5000,
) -> ota.QueryNextImageResponse:
    return ota.QueryNextImageResponse(0, manufacturer, image_type, version, size)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_first_query_comes_within_the_start_up_delay(profile: str) -> None:
    device = Dialogue(spec(timers=PROFILES[profile]))
    device.power_on()
    assert 0 < device.device.wake_at <= device.device.spec.timers.start_up_delay


def test_two_devices_draw_different_start_up_delays() -> None:
    delays = set()
    for number in range(5):
        device = Dialogue(spec(timers=SILICON_LABS, seed=number))
        device.power_on()
        delays.add(device.device.wake_at)
    assert len(delays) == 5


def test_the_query_names_the_device_and_its_hardware() -> None:
    device = Dialogue()
    device.query()
    expected = ota.QueryNextImageRequest(1, MANUFACTURER, IMAGE_TYPE, OLD, 0x0102)
    assert device.only() == expected


def test_a_device_without_hardware_version_leaves_it_out() -> None:
    device = Dialogue(spec(hardware_version=None))
    device.query()
    assert device.only() == ota.QueryNextImageRequest(0, MANUFACTURER, IMAGE_TYPE, OLD)


def test_no_image_available_means_the_next_poll() -> None:
    device = Dialogue()
    device.query()
    device.say(NOTHING)
    asked = device.now
    assert device.state is ClientState.IDLE
    device.alarm()
    assert device.now - asked == pytest.approx(device.device.spec.timers.query_interval)
    assert isinstance(device.only(), ota.QueryNextImageRequest)


def test_an_unanswered_query_is_repeated_then_left_to_the_next_poll() -> None:
    device = Dialogue(spec(timers=NXP))
    device.query()
    device.say(NOTHING)
    device.alarm()
    for _ in range(NXP.query_tries - 1):
        device.alarm()
        assert isinstance(device.only(), ota.QueryNextImageRequest)
    device.alarm()
    assert (device.state, device.frames) == (ClientState.IDLE, [])
    assert device.device.wake_at - device.now == pytest.approx(NXP.query_interval)


def test_after_ten_unanswered_queries_the_server_is_looked_for_every_ten_minutes() -> None:
    device = Dialogue(spec(timers=SILICON_LABS))
    device.query()
    device.say(NOTHING)
    (known,) = device.read(Attribute.UPGRADE_SERVER_ID)
    assert device.device.wake_at - device.now == pytest.approx(SILICON_LABS.query_interval)
    for _ in range(SILICON_LABS.rediscover_after):
        device.alarm()
        device.alarm()
    assert device.device.wake_at - device.now == pytest.approx(600.0)
    device.alarm()
    device.say(NOTHING)
    assert device.device.wake_at - device.now == pytest.approx(SILICON_LABS.query_interval)
    assert known.status == Status.SUCCESS


# --- Image Notify ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", range(4))
def test_a_unicast_notify_always_makes_it_query(kind: int) -> None:
    fields = (MANUFACTURER, IMAGE_TYPE, OLD)[:kind]
    device = Dialogue()
    device.power_on()
    device.say(ota.ImageNotify(kind, 1, *fields))
    assert isinstance(device.only(), ota.QueryNextImageRequest)


def broadcast_notify(notify: ota.ImageNotify, seed: int = 7) -> Dialogue:
    device = Dialogue(spec(seed=seed))
    device.power_on()
    device.broadcast(notify)
    return device


@pytest.mark.parametrize(
    "notify",
    [
        ota.ImageNotify(0, 100),
        ota.ImageNotify(1, 100, MANUFACTURER),
        ota.ImageNotify(2, 100, MANUFACTURER, IMAGE_TYPE),
        ota.ImageNotify(3, 100, MANUFACTURER, IMAGE_TYPE, NEW),
        ota.ImageNotify(3, 100, MANUFACTURER, IMAGE_TYPE, 0xFFFFFFFF),
        ota.ImageNotify(2, 100, 0xFFFF, 0xFFFF),
    ],
)
def test_a_broadcast_with_full_jitter_that_fits_makes_it_query(notify: ota.ImageNotify) -> None:
    assert broadcast_notify(notify).state is ClientState.QUERYING


@pytest.mark.parametrize(
    "notify",
    [
        ota.ImageNotify(0, 0),
        ota.ImageNotify(0, 101),
        ota.ImageNotify(1, 100, 0x1234),
        ota.ImageNotify(2, 100, MANUFACTURER, 0x0085),
        ota.ImageNotify(3, 100, MANUFACTURER, IMAGE_TYPE, OLD),
    ],
    ids=["jitter 0", "jitter 101", "manufacturer", "image type", "own version"],
)
def test_a_broadcast_that_is_invalid_or_for_others_is_dropped_silently(
    notify: ota.ImageNotify,
) -> None:
    device = broadcast_notify(notify)
    assert (device.state, device.frames) == (ClientState.IDLE, [])


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x00\x64\x00", b"\x04\x64", b"\x01\x64\x1d"])
def test_a_broadcast_notify_of_a_wrong_length_or_type_is_dropped_silently(octets: bytes) -> None:
    device = Dialogue()
    device.power_on()
    device.hear(b"\x19\x01\x00" + octets, destination=0xFFFFFFFFFFFFFFFF, endpoint=0xFF)  # type: ignore[arg-type]
    assert (device.state, device.frames) == (ClientState.IDLE, [])


def test_about_the_share_named_by_the_jitter_answers_a_broadcast() -> None:
    asked = sum(
        broadcast_notify(ota.ImageNotify(0, 30), seed).state is ClientState.QUERYING
        for seed in range(300)
    )
    assert 60 <= asked <= 120


def test_a_notify_with_another_profile_or_endpoint_is_not_for_it() -> None:
    device = Dialogue()
    device.power_on()
    device.hear(b"\x19\x01\x00\x00\x64", profile=0x0104)
    device.hear(b"\x19\x01\x00\x00\x64", endpoint=2)
    assert device.state is ClientState.IDLE


def test_a_notify_during_a_download_changes_nothing() -> None:
    device = Dialogue()
    device.offer(image())
    device.say(ota.ImageNotify(0, 100))
    assert (device.state, device.frames) == (ClientState.DOWNLOADING, [])


# --- what is offered ------------------------------------------------------------------------------


def test_an_offer_that_fits_starts_the_download_at_zero() -> None:
    device = Dialogue()
    device.query()
    device.say(offer())
    assert device.only() == ota.ImageBlockRequest(2, MANUFACTURER, IMAGE_TYPE, NEW, 0, 63, None, 0)


@pytest.mark.parametrize(
    "wrong",
    [offer(manufacturer=1), offer(image_type=0x0085), offer(size=0)],
    ids=["manufacturer", "image type", "size 0"],
)
def test_an_offer_for_someone_else_is_not_taken(wrong: ota.QueryNextImageResponse) -> None:
    device = Dialogue()
    device.query()
    device.say(wrong)
    assert (device.state, device.frames) == (ClientState.IDLE, [])


def test_an_offer_larger_than_the_bank_is_answered_insufficient_space() -> None:
    device = Dialogue(spec(bank_size=4096))
    device.query()
    device.say(offer(size=4097))
    assert device.only() == general.DefaultResponse(
        Command.QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE
    )
    assert device.state is ClientState.IDLE


def test_a_silicon_labs_client_ignores_an_offer_of_its_own_version() -> None:
    device = Dialogue(spec(timers=SILICON_LABS))
    device.query()
    device.say(offer(version=OLD))
    assert device.state is ClientState.IDLE


def test_other_clients_take_their_own_version_again() -> None:
    device = Dialogue(spec(timers=NXP))
    device.query()
    device.say(offer(version=OLD))
    assert device.state is ClientState.DOWNLOADING


def test_a_client_that_refuses_downgrades_says_invalid_image() -> None:
    device = Dialogue(spec(refuses_downgrade=True))
    device.query()
    device.say(offer(version=OLD - 1))
    assert device.only() == ota.UpgradeEndRequest(
        Status.INVALID_IMAGE, MANUFACTURER, IMAGE_TYPE, OLD - 1
    )
    assert device.state is ClientState.IDLE


def test_a_client_that_does_not_refuse_them_downloads_a_lower_version() -> None:
    device = Dialogue()
    device.query()
    device.say(offer(version=OLD - 1))
    assert device.state is ClientState.DOWNLOADING


@pytest.mark.parametrize(
    "status", [Status.NO_IMAGE_AVAILABLE, Status.NOT_AUTHORIZED, Status.MALFORMED_COMMAND]
)
def test_a_refused_query_ends_idle(status: int) -> None:
    device = Dialogue()
    device.query()
    device.say(ota.QueryNextImageResponse(status))
    assert (device.state, device.frames) == (ClientState.IDLE, [])


def test_a_default_response_to_the_query_ends_idle() -> None:
    device = Dialogue()
    device.query()
    device.default(Command.QUERY_NEXT_IMAGE_REQUEST, Status.UNSUP_CLUSTER_COMMAND)
    assert device.state is ClientState.IDLE


def test_an_offer_nobody_asked_for_is_ignored() -> None:
    device = Dialogue()
    device.power_on()
    device.say(offer())
    assert (device.state, device.frames) == (ClientState.IDLE, [])


# --- device-specific files ------------------------------------------------------------------------


def test_a_special_file_type_is_asked_for_as_a_device_specific_file() -> None:
    device = Dialogue(spec(image_type=0xFFC1))
    device.query()
    assert device.only() == ota.QueryDeviceSpecificFileRequest(
        DEVICE, MANUFACTURER, 0xFFC1, OLD, 0x0002
    )


def test_the_answer_to_it_starts_a_download_like_any_other() -> None:
    device = Dialogue(spec(image_type=0xFFC1))
    device.query()
    device.say(ota.QueryDeviceSpecificFileResponse(0, MANUFACTURER, 0xFFC1, NEW, 300))
    asked = device.only()
    assert isinstance(asked, ota.ImageBlockRequest)
    assert asked.image_type == 0xFFC1


def test_no_device_specific_file_ends_idle() -> None:
    device = Dialogue(spec(image_type=0xFFC0))
    device.query()
    device.say(ota.QueryDeviceSpecificFileResponse(Status.NO_IMAGE_AVAILABLE))
    assert device.state is ClientState.IDLE
