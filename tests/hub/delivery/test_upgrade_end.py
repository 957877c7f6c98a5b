"""Upgrade End (ZCL 11.13.9), server side: when a device may run what it holds."""

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import SendFailed, SendStatus
from ota_engine.hub.delivery.commands import Abort, ApplyNow, Assign
from ota_engine.hub.kernel.quirks import QUIRKS, Quirk, TimeForm
from ota_engine.records import Activation, SessionState
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.ota import Command, QueryNextImageResponse, UpgradeEndRequest
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    ABORT,
    ACKNOWLEDGED,
    DEVICE,
    NEW,
    OLD,
    UTC,
    WAIT_FOR_EVER,
    Client,
    Desk,
    decoded,
    image,
    offered,
    ready,
    told,
    wish,
)

ZIGBEE_EPOCH = 946_684_800


def held(
    desk: Desk, client: Client, answer: object, state: SessionState, seconds: int = WAIT_FOR_EVER
) -> None:
    assert answer == told(seconds, client.image)
    assert desk.state() is state


def unsolicited(desk: Desk, seconds: float) -> list[tuple[float, object]]:
    """What the device is sent while time passes, and when."""
    desk.sent.clear()
    desk.wait(seconds)
    return [(round(time, 3), decoded(frame)) for time, frame in desk.sent if frame.payload[2] == 7]


# --- when ------------------------------------------------------------------------------------------


def test_immediate_is_told_no_time_to_wait() -> None:
    desk, client = ready()
    held(desk, client, client.finish(), SessionState.RESTARTING, 0)
    assert ("transfer", "succeeded", "the device verified the image") in desk.outcomes()


def test_delayed_is_told_the_seconds() -> None:
    desk, client = ready(activation=Activation.DELAYED, delay=90)
    held(desk, client, client.finish(), SessionState.SCHEDULED, 90)


def test_a_device_that_asks_again_in_its_countdown_is_told_what_is_left() -> None:
    desk, client = ready(activation=Activation.DELAYED, delay=90)
    client.finish()
    desk.wait(60.0)
    assert client.end() == told(30, client.image)


def test_at_a_set_time_is_told_the_seconds_until_then() -> None:
    _, client = ready(activation=Activation.AT, at=UTC + 1800.0)
    client.query()
    client.download()
    assert client.end() == told(1800, client.image)  # 1,799.6 seconds, rounded up


def test_a_set_time_further_than_an_hour_is_held_and_released_unasked() -> None:
    desk, client = ready(activation=Activation.AT, at=UTC + 7200.0)
    held(desk, client, client.finish(), SessionState.SCHEDULED)
    assert "2027-01-15 10:00:00 UTC" in desk.status().reason
    assert unsolicited(desk, 8000.0) == [(7200.0, told(0, client.image))]
    assert desk.state() is SessionState.RESTARTING


def test_a_set_time_in_the_past_is_now() -> None:
    desk, client = ready(activation=Activation.AT, at=UTC - 1.0)
    held(desk, client, client.finish(), SessionState.RESTARTING, 0)


def test_a_set_time_needs_the_time() -> None:
    desk = Desk()
    with pytest.raises(LocalError, match="needs the time"):
        desk.assign(image(), activation=Activation.AT)


def test_wait_is_held_until_an_operator_releases_it() -> None:
    desk, client = ready(activation=Activation.WAIT)
    held(desk, client, client.finish(), SessionState.HELD)
    assert desk.status().reason == "holds the image; waits for an operator's release"
    desk.wait(86_400.0)
    (frame,) = desk.give(ApplyNow(DEVICE, "test"))
    assert decoded(frame) == told(0, client.image)
    assert desk.state() is SessionState.RESTARTING


def test_a_release_before_the_download_ends_is_kept_over_a_restart() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.query()
    desk.give(ApplyNow(DEVICE, "test"))
    desk.restart()
    client.download()
    held(desk, client, client.end(), SessionState.RESTARTING, 0)


def test_external_waits_for_a_command_and_cannot_be_released() -> None:
    desk, client = ready(activation=Activation.EXTERNAL)
    held(desk, client, client.finish(), SessionState.AWAITING_COMMAND)
    with pytest.raises(LocalError, match="signed command"):
        desk.give(ApplyNow(DEVICE, "test"))
    assert desk.state() is SessionState.AWAITING_COMMAND


def test_a_device_that_refuses_an_upgrade_time_is_left_to_its_command() -> None:
    desk, client = ready()
    client.finish()
    client.refuse(Command.UPGRADE_END_RESPONSE, Status.NOT_AUTHORIZED)
    assert desk.state() is SessionState.AWAITING_COMMAND
    assert client.end() == told(WAIT_FOR_EVER, client.image)


def test_a_new_order_for_the_same_image_changes_when_and_not_what_was_achieved() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    (frame, *_) = desk.give(
        Assign(wish(client.image, activation=Activation.DELAYED, delay=60), "t")
    )
    assert decoded(frame) == told(60, client.image)
    assert desk.state() is SessionState.SCHEDULED


# --- how times are written ---------------------------------------------------------------------------


def with_quirk(manufacturer: int, **wanted: object) -> tuple[Desk, Client]:
    return ready(None, image(manufacturer=manufacturer), **wanted)


def test_absolute_times_for_a_client_that_compares_them() -> None:
    assert (0x101E, None) in QUIRKS
    _, client = with_quirk(0x101E)
    client.query()
    client.download()
    now = int(client.desk.now + UTC) - ZIGBEE_EPOCH
    assert client.end() == told(now, client.image, now)


def test_absolute_times_of_a_delay_differ_by_it() -> None:
    _, client = with_quirk(0x101E, activation=Activation.DELAYED, delay=45)
    client.query()
    client.download()
    now = int(client.desk.now + UTC) - ZIGBEE_EPOCH
    assert client.end() == told(now + 45, client.image, now)


def test_never_nought_for_a_client_that_fails_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(QUIRKS, (0x1234, None), Quirk(time_form=TimeForm.RELATIVE_PLUS_ONE))
    _, client = with_quirk(0x1234)
    assert client.finish() == told(1, client.image)


def test_held_is_written_the_same_for_everybody() -> None:
    _, client = with_quirk(0x101E, activation=Activation.WAIT)
    assert client.finish() == told(WAIT_FOR_EVER, client.image)


# --- lost answers -------------------------------------------------------------------------------------


def test_a_repeated_request_is_answered_again_and_reported_once() -> None:
    desk, client = ready()
    client.finish()
    for _ in range(3):
        desk.wait(600.0)
        assert client.end() == told(0, client.image)
    assert [kind for kind, _, _ in desk.outcomes()] == ["transfer"]
    assert desk.state() is SessionState.RESTARTING


def test_a_device_that_lost_every_answer_is_heard_when_it_asks_after_an_hour() -> None:
    desk, client = ready()
    client.finish()
    desk.wait(3600.0)
    assert client.end() == told(0, client.image)
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED


def test_a_release_that_was_not_delivered_is_repeated() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    (frame,) = desk.give(ApplyNow(DEVICE, "test"))
    desk.give(SendFailed(frame, SendStatus.DELIVERY_FAILED, desk.now))
    assert [answer for _, answer in unsolicited(desk, 61.0)] == [told(0, client.image)]


def test_a_release_is_not_repeated_to_a_device_that_came_back() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    (frame,) = desk.give(ApplyNow(DEVICE, "test"))
    desk.give(SendFailed(frame, SendStatus.DELIVERY_FAILED, desk.now))
    client.join()
    assert unsolicited(desk, 61.0) == []


# --- failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.INVALID_IMAGE, Status.FAILURE, 0x42])
def test_a_failure_is_acknowledged_and_never_given_an_upgrade_time(status: int) -> None:
    desk, client = ready()
    client.query()
    client.download()
    assert client.end(status) == ACKNOWLEDGED
    assert desk.state() is SessionState.FAILED
    ((kind, verdict, reason),) = desk.outcomes()
    assert (kind, verdict) == ("transfer", "failed")
    assert ("0x42" if status == 0x42 else Status(status).name) in reason


def test_a_failure_may_come_as_its_status_alone() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    assert client.say(UpgradeEndRequest(Status.INVALID_IMAGE)) == [ACKNOWLEDGED]
    assert desk.state() is SessionState.FAILED


def test_a_failure_of_an_unknown_file_is_acknowledged() -> None:
    desk, client = ready()
    assert client.end(Status.INVALID_IMAGE, version=77) == ACKNOWLEDGED
    assert desk.state() is SessionState.ASSIGNED


def test_a_download_broken_off_may_be_taken_up_again() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    assert client.end(Status.ABORT) == ACKNOWLEDGED
    assert desk.state() is SessionState.STALLED
    assert desk.status().reason == "the device ended with ABORT"
    assert desk.outcomes() == []
    client.query()
    client.download(start=500)
    assert desk.state() is SessionState.VERIFYING
    assert desk.status().attempt == 1


def test_a_client_that_breaks_off_again_and_again_has_failed() -> None:
    desk, client = ready()
    for _ in range(11):
        client.query()
        client.block(0)
        client.end(Status.ABORT)
        desk.wait(10.0)
    assert desk.state() is SessionState.FAILED


def test_a_failed_device_is_offered_the_image_again_until_its_attempts_are_used_up() -> None:
    desk, client = ready()
    for attempt in (1, 2, 3):
        assert client.query() == offered(client.image)
        assert desk.status().attempt == attempt
        client.block(0)
        client.end(Status.INVALID_IMAGE)
    assert client.query() == QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)
    assert len(desk.outcomes()) == 3


def test_refusing_to_run_what_it_holds_fails_the_activation() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    client.end(Status.INVALID_IMAGE)
    assert [(kind, verdict) for kind, verdict, _ in desk.outcomes()] == [
        ("transfer", "succeeded"),
        ("activation", "failed"),
    ]


@pytest.mark.parametrize("status", [Status.INSUFFICIENT_SPACE, Status.INVALID_IMAGE])
def test_refusing_the_offer_fails_the_transfer(status: Status) -> None:
    desk, client = ready()
    client.query()
    client.refuse(Command.QUERY_NEXT_IMAGE_RESPONSE, status)
    assert desk.state() is SessionState.FAILED
    assert status.name in desk.status().reason


# --- success that is none ---------------------------------------------------------------------------


def test_success_without_a_download_is_forbidden() -> None:
    desk, client = ready()
    assert client.end() == ABORT
    client.query()
    client.download(until=500)
    assert client.end() == ABORT
    assert desk.state() is SessionState.DOWNLOADING


def test_success_of_an_unknown_file_or_device_is_forbidden() -> None:
    desk, client = ready()
    assert client.end(version=77) == ABORT
    assert Client(desk, Eui64(DEVICE + 1)).end() == ABORT


def test_success_after_an_abort_is_forbidden() -> None:
    desk, client = ready()
    client.query()
    client.download()
    desk.give(Abort(DEVICE, "wrong file", "test"))
    assert client.end() == ABORT
    assert client.query() == QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)
    assert desk.state() is SessionState.ABORTED


def test_an_abort_ends_the_download_and_stops_a_countdown() -> None:
    desk, client = ready(activation=Activation.DELAYED, delay=600)
    client.finish()
    (frame,) = desk.give(Abort(DEVICE, "wrong file", "test"))
    assert decoded(frame) == told(WAIT_FOR_EVER, client.image)


def test_a_block_of_an_aborted_download_is_answered_abort() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.give(Abort(DEVICE, "wrong file", "test"))
    answer = client.ask(50)
    assert answer is not None
    assert answer[0] == Status.ABORT  # type: ignore[index] # an ImageBlockResponse


def test_there_is_nothing_to_abort_once_it_is_told_to_apply() -> None:
    desk, client = ready()
    client.finish()
    with pytest.raises(LocalError, match="nothing that can be aborted"):
        desk.give(Abort(DEVICE, "too late", "test"))


# --- several files ----------------------------------------------------------------------------------


def test_a_device_that_needs_more_files_is_acknowledged_and_gets_them() -> None:
    first, second = image(), image(image_type=0x0085)
    desk, client = ready(of=first)
    desk.assign(second)
    client.query()
    client.download()
    assert client.end(Status.REQUIRE_MORE_IMAGE) == ACKNOWLEDGED
    assert desk.status(of=first).state is SessionState.WAIT_FOR_MORE
    assert "other files" in desk.status(of=first).reason
    other = Client(desk, of=second)
    assert other.finish() == told(0, second)
    client.join()
    other.query(NEW)
    assert desk.status(of=first).state is SessionState.WAIT_FOR_MORE  # by its own word only
    client.query(NEW)
    assert desk.status(of=first).reason == "applied with the device's last file"
    assert {status.state for status in desk.engine.status()} == {SessionState.UPDATED}
    assert sorted((kind, verdict) for kind, verdict, _ in desk.outcomes()) == [
        ("activation", "succeeded"),
        ("activation", "succeeded"),
        ("transfer", "succeeded"),
        ("transfer", "succeeded"),
    ]


def test_needing_more_files_before_this_one_is_complete_changes_nothing() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    assert client.end(Status.REQUIRE_MORE_IMAGE) == ACKNOWLEDGED
    assert desk.state() is SessionState.DOWNLOADING


def test_a_malformed_end_is_told_so() -> None:
    _, client = ready()
    (answer,) = client.raw(bytes.fromhex("010706001d12"))
    assert decoded(answer) == DefaultResponse(Command.UPGRADE_END_REQUEST, Status.MALFORMED_COMMAND)


def test_a_held_device_may_query_and_goes_on_holding() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    assert client.query(OLD) == offered(client.image)
    assert desk.state() is SessionState.HELD
