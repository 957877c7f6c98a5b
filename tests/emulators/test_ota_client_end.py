"""After the last block: verification, Upgrade End, waiting, and the restart (ZCL 11.13.9)."""

import pytest

from emulators.client.table import ClientState
from emulators.node import NEVER, Note
from emulators.platform.profiles import LAB, NXP, SILICON_LABS, ZBOSS, TimerProfile
from images import ImageSpec, build
from ota_engine.zcl import general, ota
from ota_engine.zcl.ota import Attribute, Command
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, OLD, Dialogue, image, spec

CONTENT = image(3000)
FOREVER = 0xFFFFFFFF


def ended(timers: TimerProfile = LAB, **options: object) -> Dialogue:
    """A device that has sent its Upgrade End Request."""
    device = Dialogue(spec(timers=timers, **options))  # type: ignore[arg-type] # checked by spec
    device.download(CONTENT)
    return device


def success(version: int = NEW) -> ota.UpgradeEndRequest:
    return ota.UpgradeEndRequest(Status.SUCCESS, MANUFACTURER, IMAGE_TYPE, version)


def status(device: Dialogue) -> int | None:
    return device.read(Attribute.IMAGE_UPGRADE_STATUS)[0].value


def run_until_restarted(device: Dialogue) -> None:
    while device.device.powered:
        device.alarm()
    device.alarm()


# --- verification ---------------------------------------------------------------------------------


def test_a_sound_file_ends_with_success() -> None:
    assert ended().only() == success()


@pytest.mark.parametrize("seconds", [0.0, 1800.0])
def test_verification_takes_its_time_and_the_server_hears_nothing(seconds: float) -> None:
    device = Dialogue(spec(verify_time=seconds))
    device.offer(CONTENT)
    device.feed(CONTENT)
    start = device.now
    assert (device.state, device.frames) == (ClientState.VERIFYING, [])
    assert status(device) == 2
    device.alarm()
    assert device.now - start == pytest.approx(seconds)
    assert device.only() == success()


def refused(content: bytes, **options: object) -> Dialogue:
    device = Dialogue(spec(**options))  # type: ignore[arg-type] # checked by spec
    device.download(content)
    assert device.state is ClientState.IDLE
    assert device.only() == ota.UpgradeEndRequest(
        Status.INVALID_IMAGE, MANUFACTURER, IMAGE_TYPE, NEW
    )
    return device


def reason(device: Dialogue) -> str:
    return str(device.notes[-1].detail["reason"])


def test_a_flipped_bit_is_an_invalid_image() -> None:
    content = bytearray(CONTENT)
    content[1500] ^= 1
    assert "integrity" in reason(refused(bytes(content)))


def test_a_header_of_another_length_hides_no_check_of_what_follows() -> None:
    """Behind it no element is found, and so no code that would tell that octets have changed."""
    content = bytearray(CONTENT)
    content[6], content[2000] = 0x72, content[2000] ^ 1
    assert "header is longer" in reason(refused(bytes(content)))


def test_who_wants_an_integrity_code_runs_no_file_whose_code_is_hidden() -> None:
    """The tag of the element changed on its way, and an octet of the firmware: no code is found."""
    content = bytearray(CONTENT)
    tag = len(content) - 22
    assert content[tag : tag + 2] == b"\x03\x00"
    content[tag], content[2000] = 0x13, content[2000] ^ 1
    assert "no image integrity code" in reason(refused(bytes(content), wants_integrity=True))


def test_who_wants_no_integrity_code_runs_a_file_without_one() -> None:
    plain = ImageSpec(manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=NEW)
    device = Dialogue(spec())
    device.download(build(bytes(3000), plain))
    assert device.only() == success()


def test_octets_that_are_no_ota_file_are_an_invalid_image() -> None:
    refused(bytes(500))


def test_a_file_that_is_not_the_one_offered_is_an_invalid_image() -> None:
    assert "another file" in reason(refused(image(3000, version=NEW + 1)))


def test_a_file_longer_than_its_header_says_is_an_invalid_image() -> None:
    assert "long" in reason(refused(CONTENT + bytes(100)))


def test_hardware_outside_the_files_range_is_an_invalid_image() -> None:
    assert "hardware" in reason(refused(image(3000, hardware=(0x0200, 0x02FF))))


@pytest.mark.parametrize("own", [0x0100, 0x01FF])
def test_hardware_at_either_end_of_the_range_is_fine(own: int) -> None:
    device = Dialogue(spec(hardware_version=own))
    device.download(image(3000, hardware=(0x0100, 0x01FF)))
    assert device.only() == success()


def test_a_file_for_another_device_is_an_invalid_image() -> None:
    content = build(
        bytes(100),
        ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=IMAGE_TYPE,
            file_version=NEW,
            upgrade_file_destination=0x1122,
        ),
    )
    assert "another device" in reason(refused(content))


def test_a_device_can_be_told_to_refuse_every_image() -> None:
    refused(CONTENT, forces_invalid_image=True)


def test_blocks_of_two_files_with_one_name_are_never_accepted_together() -> None:
    """Fault 26: a second server with other octets under the same identity."""
    other = image(3000, seed=2)
    device = Dialogue()
    device.offer(CONTENT)
    device.feed(CONTENT, until=1260)
    device.feed(other)
    device.alarm()
    assert device.only() == ota.UpgradeEndRequest(
        Status.INVALID_IMAGE, MANUFACTURER, IMAGE_TYPE, NEW
    )


def test_a_refused_file_leaves_nothing_behind() -> None:
    device = refused(bytes(500))
    device.crash()
    device.power_on()
    assert device.state is ClientState.IDLE


# --- the server's answer --------------------------------------------------------------------------


def test_now_is_applied_after_three_seconds() -> None:
    device = ended()
    device.end(0, 0)
    start = device.now
    assert (device.state, status(device)) == (ClientState.COUNTDOWN, 4)
    device.alarm()
    assert device.now - start == pytest.approx(3.0)
    assert not device.device.powered


@pytest.mark.parametrize(
    ("current", "upgrade"), [(0, 120), (800_000_000, 800_000_120)], ids=["relative", "absolute"]
)
def test_a_later_time_is_counted_down(current: int, upgrade: int) -> None:
    device = ended()
    device.end(current, upgrade)
    start = device.now
    device.alarm()
    assert device.now - start == pytest.approx(120)
    assert not device.device.powered


def test_equal_absolute_times_mean_now() -> None:
    device = ended()
    device.end(800_000_000, 800_000_000)
    assert device.device.wake_at - device.now == pytest.approx(3.0)


def test_an_upgrade_time_in_the_past_means_an_hour() -> None:
    device = ended()
    device.end(800_000_120, 800_000_000)
    assert device.device.wake_at - device.now == pytest.approx(3600)


def test_a_clock_that_starts_at_zero_schedules_an_absolute_time_in_decades() -> None:
    """What herdsman's UTC + 1 s did to NXP devices without a Time cluster (#1835)."""
    device = ended(NXP, clock_at_zero=True)
    device.end(800_000_000, 800_000_001)
    assert device.device.wake_at - device.now > 20 * 365 * 86_400


def test_a_silicon_labs_client_asks_again_every_hour_of_a_long_countdown() -> None:
    device = ended(SILICON_LABS)
    device.end(0, 5000)
    start = device.now
    device.alarm()
    assert device.now - start == pytest.approx(3600)
    assert device.only() == success()
    device.end(0, 1400)
    device.alarm()
    assert device.now - start == pytest.approx(5000)
    assert not device.device.powered


@pytest.mark.parametrize("policy", [0, 1])
def test_a_server_that_has_gone_moves_the_given_time_neither_forth_nor_back(policy: int) -> None:
    device = ended(SILICON_LABS, timeout_policy=policy)
    device.end(0, 50_000)
    start = device.now
    while device.device.powered:
        device.alarm()
    assert device.now - start == pytest.approx(50_000)


def test_a_hold_takes_a_given_time_back() -> None:
    device = ended(timeout_policy=1)
    device.end(0, 600)
    device.end(0, FOREVER)
    for _ in range(LAB.end_tries + 1):
        device.alarm()
    assert device.state is ClientState.WAITING_TO_UPGRADE


def test_other_clients_count_a_long_time_down_by_themselves() -> None:
    device = ended(ZBOSS)
    device.end(0, 200_000)
    assert device.device.wake_at - device.now == pytest.approx(200_000)


def test_wait_is_asked_again_at_most_an_hour_later() -> None:
    device = ended()
    device.end(0, FOREVER)
    assert (device.state, status(device)) == (ClientState.WAITING_TO_UPGRADE, 3)
    start = device.now
    device.alarm()
    assert device.now - start <= 3600
    assert device.only() == success()


def test_an_unsolicited_response_releases_a_waiting_device() -> None:
    device = ended()
    device.end(0, FOREVER)
    device.now += 100
    device.end(0, 0)
    assert device.state is ClientState.COUNTDOWN


@pytest.mark.parametrize(
    "response",
    [
        ota.UpgradeEndResponse(0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0),
        ota.UpgradeEndResponse(0xFFFF, IMAGE_TYPE, NEW, 0, 0),
        ota.UpgradeEndResponse(MANUFACTURER, 0xFFFF, NEW, 0, 0),
        ota.UpgradeEndResponse(MANUFACTURER, IMAGE_TYPE, 0xFFFFFFFF, 0, 0),
    ],
)
def test_wildcards_match_any_held_file(response: ota.UpgradeEndResponse) -> None:
    device = ended()
    device.say(response)
    assert device.state is ClientState.COUNTDOWN


def test_a_broadcast_response_releases_every_waiting_device() -> None:
    device = ended()
    device.end(0, FOREVER)
    device.broadcast(ota.UpgradeEndResponse(0xFFFF, 0xFFFF, 0xFFFFFFFF, 0, 0))
    assert device.state is ClientState.COUNTDOWN


def test_a_response_about_another_file_is_answered_invalid_value() -> None:
    device = ended()
    device.end(0, 0, version=NEW + 1)
    assert device.only() == general.DefaultResponse(
        Command.UPGRADE_END_RESPONSE, Status.INVALID_VALUE
    )
    assert device.state is ClientState.ENDING


def test_a_response_nobody_waits_for_changes_nothing() -> None:
    device = Dialogue()
    device.power_on()
    device.end(0, 0)
    assert (device.state, device.frames) == (ClientState.IDLE, [])


def test_a_countdown_can_be_moved_or_held_by_another_response() -> None:
    device = ended()
    device.end(0, 600)
    device.end(0, 60)
    assert device.device.wake_at - device.now == pytest.approx(60)
    device.end(0, FOREVER)
    assert device.state is ClientState.WAITING_TO_UPGRADE


def test_an_upgrade_the_server_forbids_is_discarded() -> None:
    device = ended()
    device.default(Command.UPGRADE_END_REQUEST, Status.ABORT)
    assert device.state is ClientState.IDLE
    assert device.device.client.holding is None


# --- silence after Upgrade End --------------------------------------------------------------------


@pytest.mark.parametrize("timers", [LAB, NXP, SILICON_LABS], ids=["lab", "nxp", "silabs"])
def test_unanswered_tries_then_policy_0_applies(timers: TimerProfile) -> None:
    device = ended(timers)
    for _ in range(timers.end_tries - 1):
        start = device.now
        device.alarm()
        assert device.now - start == pytest.approx(timers.end_retry)
        assert device.only() == success()
    device.alarm()
    assert not device.device.powered


def test_policy_1_does_not_apply_but_goes_on_asking() -> None:
    device = ended(timeout_policy=1)
    for _ in range(LAB.end_tries):
        device.alarm()
    assert device.state is ClientState.WAITING_TO_UPGRADE
    device.alarm()
    assert device.only() == success()


def test_an_answer_makes_the_count_of_tries_begin_again() -> None:
    device = ended()
    device.alarm()
    device.end(0, FOREVER)
    for _ in range(LAB.end_tries):
        device.alarm()
    assert device.state is ClientState.ENDING


# --- activation policies --------------------------------------------------------------------------


def test_out_of_band_activation_waits_for_an_external_event() -> None:
    device = ended(activation_policy=1)
    device.end(0, FOREVER)
    assert device.frames == []
    assert (device.state, status(device)) == (ClientState.EXTERNAL, 6)
    assert device.device.wake_at == NEVER


def test_a_time_is_refused_not_authorized_when_activation_is_out_of_band() -> None:
    device = ended(activation_policy=1)
    device.end(0, 0)
    assert device.only() == general.DefaultResponse(
        Command.UPGRADE_END_RESPONSE, Status.NOT_AUTHORIZED
    )
    assert device.state is ClientState.EXTERNAL


def test_out_of_band_activation_never_happens_by_silence() -> None:
    device = ended(activation_policy=1)
    for _ in range(LAB.end_tries):
        device.alarm()
    assert device.state is ClientState.EXTERNAL


def test_with_both_policies_1_the_server_is_not_even_asked() -> None:
    device = ended(activation_policy=1, timeout_policy=1)
    assert device.state is ClientState.EXTERNAL
    assert device.frames == []


@pytest.mark.parametrize("policy", [0, 1])
def test_the_policies_are_attributes(policy: int) -> None:
    device = Dialogue(spec(activation_policy=policy, timeout_policy=policy))
    device.power_on()
    records = device.read(Attribute.UPGRADE_ACTIVATION_POLICY, Attribute.UPGRADE_TIMEOUT_POLICY)
    assert [record.value for record in records] == [policy, policy]


# --- the restart ----------------------------------------------------------------------------------


def test_it_comes_back_announces_itself_and_reports_what_it_runs() -> None:
    device = ended()
    device.end()
    device.announced = 0
    run_until_restarted(device)
    report = device.sent()[0]
    assert isinstance(report, general.ReportAttributes)
    assert [(r.attribute, r.value) for r in report.records] == [
        (Attribute.CURRENT_FILE_VERSION, NEW)
    ]
    assert (device.announced, device.device.version) == (1, NEW)
    assert device.device.flash.running_content() == CONTENT


def test_it_is_deaf_while_it_restarts() -> None:
    device = ended()
    device.end()
    device.alarm()
    assert device.say(ota.ImageNotify(0, 100)) == []


def test_a_failed_self_test_rolls_back_and_reports_the_old_version() -> None:
    device = ended(self_test_fails=True)
    device.end()
    run_until_restarted(device)
    assert Note("self-test failed", {"version": NEW}) in device.notes
    device.alarm()
    report = device.sent()[0]
    assert isinstance(report, general.ReportAttributes)
    assert report.records[0].value == OLD
    assert device.device.version == OLD


def test_a_blank_image_does_not_survive_its_self_test() -> None:
    content = build(
        b"\xff" * 3000,
        ImageSpec(manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=NEW),
    )
    device = Dialogue()
    device.download(content)
    device.end()
    run_until_restarted(device)
    device.alarm()
    assert device.device.version == OLD


def test_a_held_file_survives_a_power_cut_and_is_asked_about_again() -> None:
    device = ended()
    device.end(0, FOREVER)
    device.crash()
    device.power_on()
    assert device.sent()[-1] == success()


def test_a_newer_file_replaces_one_that_waits() -> None:
    device = ended()
    device.end(0, FOREVER)
    device.say(ota.ImageNotify(0, 100))
    newer = image(2000, version=NEW + 1)
    device.say(ota.QueryNextImageResponse(0, MANUFACTURER, IMAGE_TYPE, NEW + 1, len(newer)))
    device.feed(newer)
    device.alarm()
    assert device.only() == success(NEW + 1)


@pytest.mark.parametrize(
    "response",
    [
        ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE),
        ota.QueryNextImageResponse(0, MANUFACTURER, IMAGE_TYPE, NEW, len(CONTENT)),
    ],
    ids=["none", "the same"],
)
def test_a_query_that_brings_nothing_newer_goes_back_to_asking(
    response: ota.QueryNextImageResponse,
) -> None:
    device = ended()
    device.end(0, FOREVER)
    device.say(ota.ImageNotify(0, 100))
    device.say(response)
    assert device.only() == success()


# --- several files --------------------------------------------------------------------------------

SECOND_TYPE = 0x0085
SECOND = image(2500, image_type=SECOND_TYPE, seed=9)


def collecting() -> Dialogue:
    device = Dialogue(spec(more_image_types=(SECOND_TYPE,)))
    device.download(CONTENT)
    return device


def test_a_first_of_two_files_ends_with_require_more_image() -> None:
    device = collecting()
    assert device.only() == ota.UpgradeEndRequest(
        Status.REQUIRE_MORE_IMAGE, MANUFACTURER, IMAGE_TYPE, NEW
    )
    assert (device.state, status(device)) == (ClientState.WAIT_FOR_MORE, 5)


def test_the_acknowledgement_makes_it_query_the_next_type() -> None:
    device = collecting()
    device.default(Command.UPGRADE_END_REQUEST, Status.SUCCESS)
    query = device.only()
    assert isinstance(query, ota.QueryNextImageRequest)
    assert query.image_type == SECOND_TYPE


def test_without_acknowledgement_it_asks_three_times_and_queries_anyway() -> None:
    device = collecting()
    for _ in range(LAB.end_tries - 1):
        device.alarm()
        assert isinstance(device.only(), ota.UpgradeEndRequest)
    device.alarm()
    assert isinstance(device.only(), ota.QueryNextImageRequest)


def offer_second(device: Dialogue) -> None:
    device.default(Command.UPGRADE_END_REQUEST, Status.SUCCESS)
    device.say(ota.QueryNextImageResponse(0, MANUFACTURER, SECOND_TYPE, NEW, len(SECOND)))


def test_the_last_file_ends_with_success_and_both_run() -> None:
    device = collecting()
    offer_second(device)
    device.feed(SECOND)
    device.alarm()
    assert device.only() == ota.UpgradeEndRequest(0, MANUFACTURER, SECOND_TYPE, NEW)
    device.say(ota.UpgradeEndResponse(MANUFACTURER, SECOND_TYPE, NEW, 0, 0))
    run_until_restarted(device)
    assert device.device.flash.running_content() == CONTENT + SECOND


def test_a_power_cut_between_the_files_keeps_the_first() -> None:
    device = collecting()
    device.crash()
    device.power_on()
    device.alarm()
    query = device.only()
    assert isinstance(query, ota.QueryNextImageRequest)
    assert (query.image_type, status(device)) == (SECOND_TYPE, 5)


def test_the_last_file_not_being_there_yet_leaves_it_waiting_for_more() -> None:
    device = collecting()
    device.default(Command.UPGRADE_END_REQUEST, Status.SUCCESS)
    device.say(ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE))
    assert (device.state, status(device)) == (ClientState.IDLE, 5)
    device.alarm()
    query = device.only()
    assert isinstance(query, ota.QueryNextImageRequest)
    assert query.image_type == SECOND_TYPE


def test_a_bad_last_file_discards_them_all() -> None:
    device = collecting()
    offer_second(device)
    device.feed(bytes(len(SECOND)))
    device.alarm()
    device.alarm()
    query = device.only()
    assert isinstance(query, ota.QueryNextImageRequest)
    assert query.image_type == IMAGE_TYPE
